/**
 * Of what an earlier set has and a later one lacks: what is gone, and what was only not read. A failed
 * read is never "gone".
 */
import type { EntityAt } from "./compare.ts";
import { type LeftOut, NOT_READ } from "./left-out.ts";
import { readLeftOut } from "./left-out-lines.ts";
import type { StepName } from "./order.ts";
import { guestOwner, nodeOwners, type Owner, Owners } from "./owners.ts";
import type { TransformedSet } from "./read.ts";
import type { Device, VirtualMachine } from "./schema.ts";

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
  const owners = await Owners.read(earlier, missing);
  return missing.map((found) => {
    const about = [CLUSTER, ...owners.of(found)].flatMap((owner) => unread.get(owner) ?? []);
    return { ...found, notRead: about.find((record) => hides(record, found.step)) };
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
