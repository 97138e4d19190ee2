/**
 * release: an address that a run gives to one machine, while NetBox keeps it as the primary one of another; or that a
 * guest has taken to another cluster.
 */
import { assignmentOf, BY_HOST, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import { type NetBoxObject, partOf } from "../../netbox/types/object-type.ts";
import type { WrittenLine } from "../../run-folder/earlier-set.ts";
import type { KeptItem, PlanChange } from "../../run-folder/tidy-plan.ts";
import { nameOf } from "../target/target.ts";
import type { ContestedAddress, Observations, TypedObject } from "./collect.ts";
import { BY_MACHINE, type GoneMachines } from "./gone.ts";
import type { ItemDraft, OwnObjects } from "./objects.ts";

const PRIMARY_FIELDS = ["primary_ip4", "primary_ip6"] as const;

export function planReleases(
  { observations, own, gone }: {
    readonly observations: Observations;
    readonly own: OwnObjects;
    readonly gone: GoneMachines | undefined;
  },
): { readonly drafts: readonly ItemDraft[]; readonly kept: readonly KeptItem[] } {
  const drafts: ItemDraft[] = [];
  const kept: KeptItem[] = [];
  const byId = observations.contested.toSorted((a, b) => a.address.id - b.address.id);
  for (const contested of byId) {
    const { address, holder, kind, subject } = contested;
    if (!own.isOurs(holder)) continue;
    const lost = lossOf(contested, observations, gone);
    if (lost === undefined) continue;
    const typed = { type: "ip-address", object: address } as const;
    const machine = {
      type: kind === "device" ? "device" : "virtual-machine",
      object: holder,
    } as const;
    const cleared = primaryChanges(machine, address);
    const obstacle = !own.isOurs(address)
      ? "it has no tags of a run: people made it"
      : cleared.length === 0
      ? `it is the out-of-band address of ${own.placeIn(machine)}`
      : undefined;
    if (obstacle !== undefined) {
      kept.push(own.kept("release", typed, `${subject.what} has it now, but ${obstacle}`));
      continue;
    }
    drafts.push(own.draft("release", typed, {
      changes: [...cleared, unassigned(address)],
      why:
        `${subject.what} has it now, and NetBox does not move it, because it is the primary address of ` +
        `"${nameOf(holder)}", ${lost.why}`,
      answers: [subject.answer, ...lost.answers],
      objects: [machine],
      earlier: lost.earlier,
    }));
  }
  const isContested = new Set(byId.map(({ address }) => address));
  const taken = gone === undefined ? [] : takenAlong(gone, own);
  return {
    drafts: [
      ...drafts,
      ...taken.filter(({ address }) => !isContested.has(address)).map(({ draft }) => draft),
    ],
    kept,
  };
}

/** Primary addresses that guests still have in other clusters, whose machines cannot get them otherwise. */
function takenAlong(
  gone: GoneMachines,
  own: OwnObjects,
): { readonly address: NetBoxObject; readonly draft: ItemDraft }[] {
  return gone.guests.flatMap((each) => {
    const { object, guest } = each;
    const elsewhere = gone.whereaboutsOf(each);
    const machine = { type: "virtual-machine", object } as const;
    const addresses = own.target.objects.having(NETBOX_IP_ADDRESS, BY_MACHINE, String(object.id));
    return addresses.flatMap((address) => {
      const cleared = primaryChanges(machine, address);
      const isTaken = elsewhere?.hosts.has(BY_HOST.of(address) ?? "") ?? false;
      if (!isTaken || cleared.length === 0 || !own.isOurs(address)) return [];
      const draft = own.draft("release", { type: "ip-address", object: address }, {
        changes: [...cleared, unassigned(address)],
        why: `vm/${guest.vmid} has it in another cluster: ${elsewhere?.because}`,
        answers: gone.answersOf(object),
        objects: [machine],
        earlier: [guest.at],
      });
      return [{ address, draft }];
    });
  });
}

interface Loss {
  readonly why: string;
  readonly answers: ItemDraft["answers"];
  readonly earlier: readonly WrittenLine[];
}

/** Why the holder no longer has the address; undefined: it may still have it. */
function lossOf(
  { holder, host }: ContestedAddress,
  observations: Observations,
  gone: GoneMachines | undefined,
): Loss | undefined {
  const family = host.includes(":") ? 6 : 4;
  const seen = observations.machines.get(holder);
  if (seen !== undefined) {
    const has = observations.hasUnassigned(holder, host);
    if (has || !seen.families.includes(family)) return undefined;
    const why = `which no longer has it: all addresses of ${seen.subject.what} were read`;
    return { why, answers: seen.answers, earlier: [] };
  }
  const earlier = gone?.lineOf(holder);
  if (earlier === undefined || gone === undefined) return undefined;
  return {
    why: "which Proxmox VE no longer has",
    answers: gone.answersOf(holder),
    earlier: [earlier],
  };
}

function primaryChanges({ type, object }: TypedObject, { id }: NetBoxObject): PlanChange[] {
  return PRIMARY_FIELDS.filter((field) => partOf(object, field, "id") === id)
    .map((field) => ({ type, id: object.id, field, from: id, to: null }));
}

function unassigned(address: NetBoxObject): PlanChange {
  const { id } = address;
  return {
    type: "ip-address",
    id,
    field: "assigned_object",
    from: assignmentOf(address),
    to: null,
  };
}
