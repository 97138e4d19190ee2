/**
 * Of what an earlier set has and a later one lacks: what is gone, and what was only not read. A failed
 * read is never "gone".
 */
import { entitiesOf, type EntityAt } from "./compare.ts";
import { type LeftOut, NOT_READ } from "./left-out.ts";
import { readLeftOut } from "./left-out-file.ts";
import { naturalKey, vmidOf } from "./natural-key.ts";
import type { StepName } from "./order.ts";
import type { TransformedSet } from "./read.ts";
import type { Device, DeviceRef, Entities, VirtualMachine, VirtualMachineRef } from "./schema.ts";

export interface Missing extends EntityAt {
  /** Why nothing new is known of it; undefined: it is gone. */
  readonly notRead: LeftOut | undefined;
}

/** TABLE: the part of a guest or node that a record is about → the entities that come from it. */
const PARTS: Readonly<Record<string, readonly StepName[]>> = {
  "config": ["vm-interface", "virtual-disk", "ip-address", "vlan", "platform", "tag"],
  "agent": ["ip-address", "platform"],
  "live": ["ip-address"],
  "status": ["platform"],
  "network": ["interface", "ip-address", "vlan", "prefix"],
};

/** In the words of left-out.json, whose answers an entity came from: "vm/101", "node/pve1". */
type Owner = string;

/** The answers that all come from. */
const CLUSTER = "cluster";

/** In the words of left-out.json, whose answers were not read, and why. */
export type UnreadOwners = ReadonlyMap<Owner, readonly LeftOut[]>;

/** @throws AppError "input" when left-out.json is missing or was changed. */
export async function readUnread(set: TransformedSet): Promise<UnreadOwners> {
  const unread = [...readLeftOut(await set.readLeftOut())].filter(({ reason }) =>
    NOT_READ.has(reason)
  );
  return Map.groupBy(unread, ({ what }) => split(what).owner);
}

/** Why fields of a virtual machine or device may be absent although Proxmox has them. */
export function unreadOf({ step, entity }: EntityAt, unread: UnreadOwners): LeftOut | undefined {
  const owners = step === "virtual-machine"
    ? [guestOwner(entity as VirtualMachine)]
    : step === "device"
    ? nodeOwners(entity as Device)
    : [];
  return owners.flatMap((owner) => unread.get(owner) ?? [])[0];
}

/** @throws AppError "input". */
export async function judgeMissing(
  missing: readonly EntityAt[],
  earlier: TransformedSet,
  later: TransformedSet,
): Promise<Missing[]> {
  if (missing.length === 0) return [];
  const unread = await readUnread(later);
  const owners = await ownersOf(missing, earlier);
  return missing.map((found) => {
    const records = [CLUSTER, ...owners(found)].flatMap((owner) => unread.get(owner) ?? []);
    return { ...found, notRead: records.find((record) => hides(record, found.step)) };
  });
}

/** "vm/104/agent/get-osinfo" → { owner: "vm/104", part: "agent" }; "cluster/status" → "cluster" */
function split(what: string): { owner: Owner; part: string | undefined } {
  const [kind = "", id = "", part] = what.split("/");
  return kind === CLUSTER ? { owner: CLUSTER, part: undefined } : { owner: `${kind}/${id}`, part };
}

/** A record about a whole guest or node hides all that came from it. */
function hides({ what }: LeftOut, step: StepName): boolean {
  const { part } = split(what);
  return part === undefined || (PARTS[part]?.includes(step) ?? false);
}

/** What names a shared object is its owner; of a network, any node may be. */
async function ownersOf(missing: readonly EntityAt[], earlier: TransformedSet) {
  const machines = new Map<string, Owner>();
  const nodes: Owner[] = [];
  const users = new Map<string, Owner[]>();
  const shared = new Set(missing.map(({ step, key }) => idOf(step, key)));
  const use = (step: StepName, part: object | undefined, by: readonly Owner[]): void => {
    if (part === undefined || Object.keys(part).length === 0) return;
    const id = idOf(step, naturalKey(step, part as never));
    if (shared.has(id)) users.set(id, [...users.get(id) ?? [], ...by]);
  };
  for await (const { key, entity } of entitiesOf(earlier, "virtual-machine")) {
    const owner = guestOwner(entity);
    machines.set(key, owner);
    use("platform", entity.platform, [owner]);
    for (const tag of entity.tags) use("tag", tag, [owner]);
  }
  for await (const { entity } of entitiesOf(earlier, "device")) {
    nodes.push(...nodeOwners(entity));
    use("platform", entity.platform, nodeOwners(entity));
  }
  const machine = (ref: VirtualMachineRef): Owner[] =>
    [machines.get(naturalKey("virtual-machine", ref as VirtualMachine))].filter((owner) =>
      owner !== undefined
    );
  if (missing.some(({ step }) => step === "vlan")) {
    for await (const { entity } of entitiesOf(earlier, "vm-interface")) {
      use("vlan", entity.untagged_vlan, machine(entity.virtual_machine));
    }
  }
  const own: { readonly [Name in StepName]?: (entity: Entities[Name]) => readonly Owner[] } = {
    "virtual-machine": (entity) => [guestOwner(entity)],
    "vm-interface": ({ virtual_machine }) => machine(virtual_machine),
    "virtual-disk": ({ virtual_machine }) => machine(virtual_machine),
    "ip-address": ({ assigned_object_interface: port, assigned_object_vm_interface: nic }) => [
      ...(nic === undefined ? [] : machine(nic.virtual_machine)),
      ...(port === undefined ? [] : nodeOwners(port.device)),
    ],
    "interface": ({ device }) => nodeOwners(device),
    "device": nodeOwners,
    "prefix": () => nodes,
    "vlan": () => nodes,
  };
  return ({ step, entity, key }: EntityAt): readonly Owner[] => [
    ...(own[step] as ((entity: unknown) => readonly Owner[]) | undefined)?.(entity) ?? [],
    ...users.get(idOf(step, key)) ?? [],
  ];
}

function idOf(step: StepName, key: string): string {
  return `${step} ${key}`;
}

function guestOwner(machine: VirtualMachine): Owner {
  return `vm/${vmidOf(machine) ?? ""}`;
}

/** Of two nodes of one name, the later cluster's is called "node (cluster)". */
function nodeOwners({ name }: Pick<DeviceRef, "name">): Owner[] {
  return [`node/${name}`, `node/${name.replace(/ \([^()]*\)$/, "")}`];
}
