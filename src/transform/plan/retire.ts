/**
 * retire: with GONE_STATUS, a guest that is gone keeps an entity, which gives its machine that status, and its
 * addresses become deprecated. The machine and all that people made on it stay, until GONE_AFTER is over.
 */
import { hostOf, parseAddress, splitCidr } from "../../base/ip-address.ts";
import type { Found } from "../../netbox/objects.ts";
import { NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import { type NetBoxObject, partOf, textOf } from "../../netbox/types/object-type.ts";
import { entitySortKey, naturalKey } from "../../netbox/types/order.ts";
import {
  NETBOX_VIRTUAL_MACHINE,
  type VirtualMachineRef,
} from "../../netbox/types/virtual-machine.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { clusterAnswer, type Ledger } from "../ledger.ts";
import { type Batch, type Made, make, type MakeOptions } from "../made.ts";
import type { Slugs } from "../slugs.ts";
import type { AddressSource, ClusterSource, GuestSource, Subject } from "../sources.ts";
import { vrfOf } from "../target/network.ts";
import { nameOf, type NetBoxTarget, tagNames } from "../target/target.ts";
import type { WrittenEntities } from "./written.ts";
import { BY_MACHINE, type GoneGuest, type GoneMachines } from "./gone.ts";
import type { ItemDraft, OwnObjects } from "./objects.ts";

/** A machine that keeps an entity. */
export interface RetiredGuest extends GoneGuest {
  readonly status: "offline" | "decommissioning";
  readonly found: Found;
  readonly subject: Subject;
}

/** Guests whose GONE_STATUS is not "keep". From now on the run has their machines. */
export function retire(gone: GoneMachines, target: NetBoxTarget): readonly RetiredGuest[] {
  // One that may be elsewhere stays as it is, retired or not.
  const due = gone.guests.filter((each) => {
    const elsewhere = gone.whereaboutsOf(each);
    return elsewhere === undefined
      ? !each.wait.isOver
      : !elsewhere.isMoved && gone.wasRetired(each.object);
  });
  return [...due, ...gone.stillRetired].flatMap((gone): RetiredGuest[] => {
    const { cluster: { source, label, ledger }, guest: { vmid, kind }, object } = gone;
    const status = source.policy.goneStatus;
    if (status === "keep" || (kind !== "qemu" && kind !== "lxc")) return [];
    const subject = { what: `vm/${vmid}`, answer: clusterAnswer(PATHS.resources, label) };
    const refusal = target.refusal(NETBOX_VIRTUAL_MACHINE, { object, stub: {} });
    if (refusal !== undefined) {
      ledger.leave(subject, refusal.reason, { detail: refusal.detail });
      return [];
    }
    ledger.note(subject, "retired", status);
    return [{ ...gone, status, subject, found: target.found(NETBOX_VIRTUAL_MACHINE, object) }];
  });
}

interface Making {
  readonly target: NetBoxTarget;
  readonly slugs: Slugs;
}

/** Their machines, in the order of the step. */
export function retiredMachines(retired: readonly RetiredGuest[], making: Making): Made[] {
  const made = retired.map((each) =>
    make("virtual-machine", machineSource(each), optionsOf(each, making))
  );
  return made.sort((a, b) => compareKeys(sortKey(a), sortKey(b)));
}

/** The batches, with these machines where they belong in the order of the step. */
export async function* withMachines(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  machines: readonly Made[],
): AsyncGenerator<Batch> {
  let next = 0;
  for await (const batch of batches) {
    if (next === machines.length) {
      yield batch;
      continue;
    }
    const made: Made[] = [];
    for (const each of batch.made) {
      for (
        let machine = machines[next];
        each.step === "virtual-machine" && machine !== undefined &&
        compareKeys(sortKey(machine), sortKey(each)) < 0;
        machine = machines[next]
      ) {
        made.push(machine);
        next += 1;
      }
      made.push(each);
    }
    yield { ...batch, made };
  }
  yield { made: machines.slice(next), leftOut: [], notes: [] };
}

function sortKey({ step, entity }: Made): readonly string[] {
  return entitySortKey(step, entity) ?? [];
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  return a.map((part, i) => compareNatural(part, b[i] ?? "")).find((order) => order !== 0) ?? 0;
}

function machineSource(
  { guest, cluster, found, subject, status, object }: RetiredGuest,
): GuestSource {
  return {
    subject,
    places: { resources: subject.answer },
    found,
    cluster: cluster.source,
    vmid: Number(guest.vmid),
    kind: guest.kind === "lxc" ? "lxc" : "qemu",
    node: textOf(partOf(object, "custom_fields", "proxmox_node")) ?? guest.node,
    name: nameOf(object),
    site: "",
    ref: found.stub as VirtualMachineRef,
    tags: ownTags(cluster.source, object),
    platform: undefined,
    primary: { 4: undefined, 6: undefined },
    goneStatus: status,
  };
}

/** Those of the cluster that it has: nothing is added. */
function ownTags({ tags }: ClusterSource, object: NetBoxObject): ClusterSource["tags"] {
  const names = tagNames(object);
  return tags.filter(({ name }) => names.includes(name));
}

function optionsOf({ cluster: { source } }: RetiredGuest, { target, slugs }: Making): MakeOptions {
  return { capturedAt: source.capturedAt, slugs, target };
}

/**
 * Their addresses, once all others are known: one that another machine has got meanwhile is not theirs any more. What
 * people set to another status stays.
 */
export function retiredAddresses(
  retired: readonly RetiredGuest[],
  { own, earlier, isInUse, ledger, ...making }: Making & {
    readonly own: OwnObjects;
    readonly earlier: WrittenEntities;
    readonly isInUse: (host: string) => boolean;
    readonly ledger: Ledger;
  },
): Made[] {
  const { target } = making;
  return retired.flatMap((each) => {
    const all = target.objects.having(NETBOX_IP_ADDRESS, BY_MACHINE, String(each.object.id));
    return all.flatMap((object): Made[] => {
      const source = addressSource(each, object, target);
      if (source === undefined || !own.isOurs(object) || target.isClaimed(object)) return [];
      if (isInUse(hostOf(source.address.cidr))) return [];
      const status = partOf(object, "status", "value");
      const key = naturalKey("ip-address", source.ref);
      const isOurs = status === "active" || earlier.facts.deprecated.has(key);
      if (!isOurs || !["active", "deprecated"].includes(String(status))) return [];
      const refusal = target.refusal(NETBOX_IP_ADDRESS, source.found);
      if (refusal !== undefined) {
        ledger.leave(source.subject, refusal.reason, { detail: refusal.detail });
        return [];
      }
      const found = target.found(NETBOX_IP_ADDRESS, object);
      const { stub } = source.found ?? found;
      return [
        make("ip-address", { ...source, found: { ...found, stub } }, optionsOf(each, making)),
      ];
    });
  });
}

/** Without its assignment, which stays. undefined: it cannot be read. */
function addressSource(
  { cluster, subject }: RetiredGuest,
  object: NetBoxObject,
  target: NetBoxTarget,
): AddressSource | undefined {
  const written = String(object["address"]);
  const address = parseAddress(...splitCidr(written));
  if (typeof address === "string") return undefined;
  const vrf = vrfOf(target, { object });
  return {
    subject: { ...subject, what: `${subject.what}/${written}` },
    places: { resources: subject.answer },
    found: { object, stub: { address: written, ...vrf } },
    cluster: { ...cluster.source, tags: ownTags(cluster.source, object) },
    address,
    ref: { address: written, ...vrf },
    isPrimary: false,
    status: "deprecated",
  };
}

export function retireItems(retired: readonly RetiredGuest[], own: OwnObjects): ItemDraft[] {
  const byId = retired.toSorted((a, b) => a.object.id - b.object.id);
  return byId.map(({ object, status, subject, guest, wait }) =>
    own.draft("retire", { type: "virtual-machine", object }, {
      status,
      why: [`Proxmox VE no longer lists ${subject.what}`, wait.text ?? []].flat().join(": "),
      answers: [subject.answer],
      earlier: [guest.at],
    })
  );
}
