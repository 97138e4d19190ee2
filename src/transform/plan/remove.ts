/**
 * remove: what an earlier run wrote, the new one was read completely without, and NetBox still has as ours. An object
 * is kept, with all that it is a part of, if something that no run wrote depends on it.
 */
import { hostOf } from "../../base/ip-address.ts";
import { machineOf as owningMachine } from "../../netbox/types/order.ts";
import { BY_HOST, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import { sentFields } from "../../netbox/types/filled-in.ts";
import { NETBOX_INTERFACE } from "../../netbox/types/interface.ts";
import { byOwner, type NetBoxObject, partOf, textOf } from "../../netbox/types/object-type.ts";
import type { Device } from "../../netbox/types/device.ts";
import type { IPAddress } from "../../netbox/types/ip-address.ts";
import { NETBOX_VIRTUAL_DISK } from "../../netbox/types/virtual-disk.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import { NETBOX_VM_INTERFACE } from "../../netbox/types/vm-interface.ts";
import type { WrittenLine } from "../../run-folder/earlier-set.ts";
import type { AnswerRef } from "../../run-folder/left-out.ts";
import type { Carried, KeptItem } from "../../run-folder/tidy-plan.ts";
import { nameOf } from "../target/target.ts";
import type { Observations, TypedObject } from "./collect.ts";
import { dependents, peoplesValues, type RemovalFacts } from "./dependents.ts";
import {
  carriedGuest,
  isDeprecated,
  type Lacking,
  REMOVABLE,
  type RemovableName,
  type WrittenEntities,
} from "./written.ts";
import { BY_MACHINE, type GoneMachines } from "./gone.ts";
import type { ItemDraft, OwnObjects } from "./objects.ts";

/** Something of ours in NetBox that is gone. */
interface Candidate extends TypedObject {
  readonly type: RemovableName;
  readonly at: WrittenLine;
  readonly why: string;
  readonly answers: readonly AnswerRef[];
  /** Fields that the earlier run sent, although otherwise only people fill them in. */
  readonly sent?: readonly string[];
}

export interface RemoveInput extends RemovalFacts {
  readonly missing: readonly Lacking[];
  readonly observations: Observations;
  readonly own: OwnObjects;
  readonly gone: GoneMachines;
  readonly earlier: WrittenEntities;
  /** "vm/101", "node/pve1": what the new run knows of, although it has no entity of it. */
  readonly mentioned: ReadonlySet<string>;
  /** Does any interface of the run have the address, sent or not? */
  readonly isInUse: (host: string) => boolean;
  /** Machines that are retired, and stay with all their parts. */
  readonly retired: ReadonlySet<NetBoxObject>;
}

export function planRemovals(
  input: RemoveInput,
): {
  readonly drafts: readonly ItemDraft[];
  readonly kept: readonly KeptItem[];
  readonly carried: Carried["entities"];
} {
  const { own } = input;
  const candidates = candidatesOf(input);
  const kept = keptReasons(candidates, input);
  const rank = ({ type }: Candidate): number => REMOVABLE.indexOf(type);
  const sorted = [...candidates.values()].sort((a, b) =>
    rank(a) - rank(b) || depthOf(b, own) - depthOf(a, own) || a.object.id - b.object.id
  );
  return {
    drafts: sorted.filter(({ object }) => !kept.has(object)).map((candidate) => {
      const { why, answers, at, sent = [] } = candidate;
      return own.draft("remove", candidate, {
        why,
        answers,
        earlier: [at],
        ...(sent.length > 0 && { sent: [...sent] }),
      });
    }),
    kept: [
      ...sorted.flatMap((candidate) => {
        const because = kept.get(candidate.object);
        return because === undefined ? [] : [own.kept("remove", candidate, because)];
      }),
      ...staying(input),
    ],
    carried: input.missing.filter((found) => isLeft(found, input)).map((
      { step, entity, guest },
    ) => ({
      step,
      entity,
      ...(guest && { guest: carriedGuest(guest) }),
    })),
  };
}

/** Machines that are gone, and not for long enough, or perhaps only from this cluster. */
function staying({ gone, own, retired }: RemoveInput): KeptItem[] {
  return gone.all.flatMap((typed) => {
    const because = retired.has(typed.object) ? undefined : gone.reasonToStay(typed.object);
    return because === undefined ? [] : [own.kept("remove", typed, because)];
  });
}

/** Does NetBox have it, of ours, and nothing of this run has it? */
function isLeft(found: Lacking, input: RemoveInput): boolean {
  const { own } = input;
  const machine = machineIn(found, input);
  const object = found.step === "virtual-machine" || found.step === "device"
    ? machine
    : machine && partIn(found, machine, own);
  return object !== undefined && own.isOurs(object) && !own.target.isClaimed(object);
}

function candidatesOf(input: RemoveInput): ReadonlyMap<NetBoxObject, Candidate> {
  const { missing, own: { target } } = input;
  const candidates = new Map<NetBoxObject, Candidate>();
  for (const found of missing) {
    if (found.notRead !== undefined) continue;
    const candidate = candidateOf(found, input);
    if (candidate === undefined || target.isClaimed(candidate.object)) continue;
    if (found.step === "ip-address" && input.isInUse(hostOf((found.entity as IPAddress).address))) {
      continue;
    }
    candidates.set(candidate.object, candidate);
  }
  // A run that retires a machine writes none of its parts: an earlier run did.
  const retired = [...candidates.values()].filter(({ type, object }) =>
    type === "virtual-machine" && input.gone.wasRetired(object)
  );
  for (const candidate of retired) {
    for (const part of partsOf(candidate.object, input)) {
      const whole = { ...candidate, ...part, sent: [] };
      if (!candidates.has(part.object)) candidates.set(part.object, whole);
    }
  }
  return candidates;
}

/** The parts of a virtual machine that are ours, and their addresses. */
function partsOf(
  { id }: NetBoxObject,
  input: RemoveInput,
): { readonly type: RemovableName; readonly object: NetBoxObject }[] {
  const { own } = input;
  const { target: { objects } } = own;
  const having = (type: typeof NETBOX_VM_INTERFACE | typeof NETBOX_VIRTUAL_DISK) =>
    objects.having(type, byOwner("virtual_machine"), String(id));
  const addresses = objects.having(NETBOX_IP_ADDRESS, BY_MACHINE, String(id));
  return [
    ...having(NETBOX_VIRTUAL_DISK).map((object) => ({ type: "virtual-disk" as const, object })),
    ...addresses.map((object) => ({ type: "ip-address" as const, object })),
    ...having(NETBOX_VM_INTERFACE).map((object) => ({ type: "vm-interface" as const, object })),
  ].filter(({ object }) =>
    own.isOurs(object) && !input.isMoving(object) &&
    !("address" in object && input.isInUse(hostOf(String(object["address"]))))
  );
}

/** undefined: NetBox has no such object of ours, or it may still exist. */
function candidateOf(found: Lacking, input: RemoveInput): Candidate | undefined {
  const { own, gone } = input;
  const { at } = found;
  if (found.step === "virtual-machine") {
    const { guest } = found;
    const object = guest && gone.machineOf(guest);
    if (guest === undefined || object === undefined || !isGone(object, guest.vmid, input)) {
      return undefined;
    }
    const why = `Proxmox VE no longer lists vm/${guest.vmid}`;
    return { type: found.step, object, at, why, answers: gone.answersOf(object) };
  }
  if (found.step === "device") {
    const object = gone.deviceOf(found.entity as Device);
    if (object === undefined || !isNodeGone(object, input)) return undefined;
    const sent = sentFields(found.step, found.entity);
    const answers = gone.answersOf(object);
    return { type: found.step, object, at, sent, why: whyNode(object), answers };
  }
  const machine = machineIn(found, input);
  const object = machine && partIn(found, machine, own);
  if (machine === undefined || object === undefined || !own.isOurs(object)) return undefined;
  const seen = seenWithout(found, machine, input);
  const type = found.step as RemovableName;
  return seen && { type, object, at, sent: sentFields(type, found.entity), ...seen };
}

function isGone(machine: NetBoxObject, vmid: string, input: RemoveInput): boolean {
  const { gone, retired, mentioned } = input;
  return gone.get(machine) !== undefined && gone.reasonToStay(machine) === undefined &&
    !retired.has(machine) && !mentioned.has(`vm/${vmid}`);
}

function isNodeGone(device: NetBoxObject, { gone, mentioned }: RemoveInput): boolean {
  return gone.isNodeGone(device) && gone.reasonToStay(device) === undefined &&
    !mentioned.has(`node/${nameOf(device)}`);
}

function whyNode(device: NetBoxObject): string {
  return `Proxmox VE no longer has the node "${nameOf(device)}"`;
}

/** What NetBox has of the guest or node that the earlier run gave a part to. */
function machineIn(
  { step, entity, guest }: Lacking,
  { gone, own }: Pick<RemoveInput, "gone" | "own">,
): NetBoxObject | undefined {
  if (isDeprecated({ step, entity })) return holderOf(entity as IPAddress, own);
  if (guest !== undefined) return gone.machineOf(guest);
  if (step === "device") return gone.deviceOf(entity as Device);
  const machine = owningMachine(step, entity as never);
  return machine?.step === "device" ? gone.deviceOf(machine.ref) : undefined;
}

/** Of an address that was sent without its assignment, because its guest was gone. */
function holderOf(
  { address, vrf }: IPAddress,
  { target: { objects } }: OwnObjects,
): NetBoxObject | undefined {
  const same = objects.having(NETBOX_IP_ADDRESS, BY_HOST, hostOf(address))
    .find((each) => textOf(partOf(each, "vrf", "name")) === (vrf?.name ?? null));
  return objects.get(
    NETBOX_VIRTUAL_MACHINE,
    partOf(same, "assigned_object", "virtual_machine", "id"),
  );
}

/** By its name, or its host part and routing table, on this machine. */
function partIn(
  { step, entity }: Lacking,
  machine: NetBoxObject,
  { target: { objects } }: OwnObjects,
): NetBoxObject | undefined {
  const id = String(machine.id);
  const named = (parts: readonly NetBoxObject[]): NetBoxObject | undefined =>
    parts.find((part) => nameOf(part) === (entity as { readonly name: string }).name);
  if (step === "interface") return named(objects.having(NETBOX_INTERFACE, byOwner("device"), id));
  if (step === "vm-interface") {
    return named(objects.having(NETBOX_VM_INTERFACE, byOwner("virtual_machine"), id));
  }
  if (step === "virtual-disk") {
    return named(objects.having(NETBOX_VIRTUAL_DISK, byOwner("virtual_machine"), id));
  }
  const { address, vrf, assigned_object_interface: port } = entity as IPAddress;
  const kind = port === undefined ? "virtual_machine" : "device";
  return objects.having(NETBOX_IP_ADDRESS, BY_HOST, hostOf(address)).find((each) => {
    const holder = partOf(each, "assigned_object", kind, "id");
    const isFree = (each["assigned_object"] ?? null) === null;
    return textOf(partOf(each, "vrf", "name")) === (vrf?.name ?? null) &&
      (isFree || holder === machine.id);
  });
}

/** Why a part is gone; undefined: not all parts of its kind were read. */
function seenWithout(
  { step, entity }: Lacking,
  machine: NetBoxObject,
  input: RemoveInput,
): Pick<Candidate, "why" | "answers"> | undefined {
  const { gone, observations } = input;
  const guest = gone.get(machine);
  if (guest !== undefined) {
    return isGone(machine, guest.guest.vmid, input)
      ? {
        why: `Proxmox VE no longer lists vm/${guest.guest.vmid}`,
        answers: gone.answersOf(machine),
      }
      : undefined;
  }
  const seen = observations.machines.get(machine);
  if (seen === undefined) {
    const isNode = step === "interface" || "assigned_object_interface" in entity;
    return isNode && isNodeGone(machine, input)
      ? { why: whyNode(machine), answers: gone.answersOf(machine) }
      : undefined;
  }
  const isRead = {
    "vm-interface": seen.isNicsRead ?? false,
    "virtual-disk": seen.isDisksRead ?? false,
    "interface": seen.ports !== undefined &&
      !seen.ports.has((entity as { readonly name: string }).name),
    "ip-address": isAddressGone(entity as IPAddress, machine, input),
  }[step as string] ?? false;
  const why = `Proxmox VE no longer has it on ${seen.subject.what}`;
  return isRead ? { why, answers: seen.answers } : undefined;
}

function isAddressGone(
  { address }: IPAddress,
  machine: NetBoxObject,
  { observations }: RemoveInput,
): boolean {
  const host = hostOf(address ?? "");
  const seen = observations.machines.get(machine);
  return (seen?.families.includes(host.includes(":") ? 6 : 4) ?? false) &&
    !observations.hasUnassigned(machine, host);
}

/** Interfaces on others come before them: NetBox does not delete a parent before its child. */
function depthOf({ type, object }: TypedObject, { target: { objects } }: OwnObjects): number {
  let depth = 0;
  let parent = type === "interface" ? partOf(object, "parent", "id") : undefined;
  for (; parent !== undefined && depth < 100; depth += 1) {
    parent = partOf(objects.get(NETBOX_INTERFACE, parent), "parent", "id");
  }
  return depth;
}

/** Object → why it is kept. Parts come first: what has one that is kept is kept, too. */
function keptReasons(
  candidates: ReadonlyMap<NetBoxObject, Candidate>,
  input: RemoveInput,
): ReadonlyMap<NetBoxObject, string> {
  const { own } = input;
  const kept = new Map<NetBoxObject, string>();
  // An address that another machine gets leaves with the next push.
  const isLeaving = ({ type, object }: TypedObject): boolean =>
    (candidates.has(object) && !kept.has(object)) ||
    (type === "ip-address" && input.isMoving(object));
  for (let before = -1; before !== kept.size;) {
    before = kept.size;
    for (const candidate of candidates.values()) {
      if (kept.has(candidate.object)) continue;
      const obstacle = peoplesValues(candidate, input) ??
        dependents(candidate, own).filter((other) => !isLeaving(other))
          .map((other) => `${own.placeIn(other)} depends on it and stays`)[0];
      if (obstacle !== undefined) kept.set(candidate.object, obstacle);
    }
  }
  return kept;
}
