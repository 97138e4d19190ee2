/**
 * Two sets of entity files, an earlier and a later one → what differs, step by step. The same entity is
 * one of the same type and natural key; it differs when anything but its timestamp does.
 */
import { digest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import { canonicalJson } from "../base/json.ts";
import type { Device, DeviceRef } from "../netbox/types/device.ts";
import {
  type Entities,
  naturalKey,
  stepCalled,
  type StepName,
  STEPS,
} from "../netbox/types/order.ts";
import { HostTags } from "../netbox/types/tag.ts";
import {
  type VirtualMachine,
  type VirtualMachineRef,
  vmidOf,
} from "../netbox/types/virtual-machine.ts";
import type { EntityFile, TransformedSet } from "./entity-set.ts";
import { readLeftOut } from "./left-out-file.ts";
import { type LeftOut, NOT_READ } from "./left-out.ts";
import { readRequest } from "./request.ts";

/** An entity of a run folder, and where it stands. */
export interface EntityAt<Name extends StepName = StepName> {
  readonly step: Name;
  readonly entity: Entities[Name];
  readonly key: string;
  readonly file: EntityFile;
  /** Index in the file's list of entities. */
  readonly index: number;
}

export interface StepDifferences {
  readonly step: StepName;
  /** In both. */
  readonly same: number;
  /** Of the later set: with another content, and new. */
  readonly changed: readonly EntityAt[];
  readonly added: readonly EntityAt[];
  /** Of the earlier set: in the later one, nothing is called so. */
  readonly missing: readonly EntityAt[];
}

/** Memory holds the hashes of one step, and what differs. @throws AppError "input". */
export async function* compareSets(
  earlier: TransformedSet,
  later: TransformedSet,
): AsyncGenerator<StepDifferences> {
  for (const { name: step } of STEPS) {
    const before = new Map<string, Set<string>>();
    for await (const { key, entity } of entitiesOf(earlier, step)) {
      // Where the mapping makes several of one key, each is an entity of its own.
      const contents = before.get(key) ?? new Set();
      before.set(key, contents.add(contentHash(entity)));
    }
    const seen = new Set<string>();
    const changed: EntityAt[] = [];
    const added: EntityAt[] = [];
    let same = 0;
    for await (const found of entitiesOf(later, step)) {
      const contents = before.get(found.key);
      seen.add(found.key);
      if (contents === undefined) added.push(found);
      else if (contents.has(contentHash(found.entity))) same += 1;
      else changed.push(found);
    }
    const isMissing = [...before.keys()].some((key) => !seen.has(key));
    const missing = isMissing ? await unseen(earlier, step, seen) : [];
    yield { step, same, changed, added, missing };
  }
}

/** All entities of a step, in order, one file in memory at a time. @throws AppError "input". */
export async function* entitiesOf<Name extends StepName>(
  set: TransformedSet,
  step: Name,
): AsyncGenerator<EntityAt<Name>> {
  const { field } = stepCalled(step);
  for (const file of set.files.filter((each) => each.step === step)) {
    const what = `"${file.path}" in ${set.place}`;
    const { entities } = readRequest(await file.read(), what);
    for (const [index, item] of entities.entries()) {
      const entity = (item as Record<string, unknown> | null)?.[field] as Entities[Name];
      yield { step, entity, key: keyOf(step, entity, `${what}, entity ${index}`), file, index };
    }
  }
}

/** What `transform` wrote has all that its key is made of; a folder may be sealed by hand. */
function keyOf<Name extends StepName>(step: Name, entity: Entities[Name], what: string): string {
  try {
    return naturalKey(step, entity);
  } catch (cause) {
    throw inputError(`Cannot read ${what}: it is no ${step} with a key of its own`, { cause });
  }
}

async function unseen(set: TransformedSet, step: StepName, seen: ReadonlySet<string>) {
  const missing: EntityAt[] = [];
  const told = new Set(seen);
  for await (const found of entitiesOf(set, step)) {
    if (told.has(found.key)) continue;
    told.add(found.key);
    missing.push(found);
  }
  return missing;
}

/** Equal for equal entities, whatever the order of their keys. */
export function contentHash(entity: object): string {
  return digest(canonicalJson(entity));
}

/**
 * Of what an earlier set has and a later one lacks: what is gone, and what was only not read. A failed
 * read is never "gone".
 */

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

/** Whose answers an entity came from, in the words of left-out.json: "vm/101", "node/pve1". */

export type Owner = string;

/** Of entities of one set. */
export class Owners {
  readonly #set: TransformedSet;
  readonly #hostTags = new HostTags();
  /** Natural key of a virtual machine → its guest. */
  readonly #guests = new Map<string, Owner>();
  readonly #nodes: Owner[] = [];
  /** Shared objects that were asked for → all that name them. */
  readonly #users = new Map<string, Owner[]>();

  private constructor(set: TransformedSet, asked: readonly EntityAt[]) {
    this.#set = set;
    for (const { step, key } of asked) this.#users.set(idOf(step, key), []);
  }

  /** @throws AppError "input". */
  static async read(set: TransformedSet, asked: readonly EntityAt[]): Promise<Owners> {
    const owners = new Owners(set, asked);
    for await (const { entity } of entitiesOf(set, "cluster")) owners.#hostTags.add(entity);
    await owners.#readGuests();
    await owners.#readNodes();
    if (asked.some(({ step }) => step === "vlan")) await owners.#readNics();
    return owners;
  }

  of({ step, entity, key }: EntityAt): readonly Owner[] {
    const own = this.#own[step] as ((entity: unknown) => readonly Owner[]) | undefined;
    return [...own?.(entity) ?? [], ...this.#users.get(idOf(step, key)) ?? []];
  }

  /** TABLE: of an entity that is not shared. A network may have been seen on any node. */
  readonly #own: { readonly [Name in StepName]?: (entity: Entities[Name]) => readonly Owner[] } = {
    "virtual-machine": (entity) => [guestOwner(entity)],
    "vm-interface": ({ virtual_machine }) => this.#guest(virtual_machine),
    "virtual-disk": ({ virtual_machine }) => this.#guest(virtual_machine),
    "ip-address": ({ assigned_object_interface: port, assigned_object_vm_interface: nic }) => [
      ...(nic === undefined ? [] : this.#guest(nic.virtual_machine)),
      ...(port === undefined ? [] : nodeOwners(port.device)),
    ],
    "interface": ({ device }) => nodeOwners(device),
    "device": nodeOwners,
    "prefix": () => this.#nodes,
    "vlan": () => this.#nodes,
  };

  async #readGuests(): Promise<void> {
    for await (const { key, entity } of entitiesOf(this.#set, "virtual-machine")) {
      const owner = guestOwner(entity);
      this.#guests.set(key, owner);
      this.#use("platform", entity.platform, [owner]);
      // Those of the whole run do not depend on what was read of a guest.
      for (const tag of this.#hostTags.ownTags(entity)) this.#use("tag", tag, [owner]);
    }
  }

  async #readNodes(): Promise<void> {
    for await (const { entity } of entitiesOf(this.#set, "device")) {
      this.#nodes.push(...nodeOwners(entity));
      this.#use("platform", entity.platform, nodeOwners(entity));
    }
  }

  async #readNics(): Promise<void> {
    for await (const { entity } of entitiesOf(this.#set, "vm-interface")) {
      this.#use("vlan", entity.untagged_vlan, this.#guest(entity.virtual_machine));
    }
  }

  /** `part` names a shared object, or is empty: then it names none. */
  #use(step: StepName, part: object | undefined, by: readonly Owner[]): void {
    if (part === undefined || Object.keys(part).length === 0) return;
    this.#users.get(idOf(step, naturalKey(step, part as never)))?.push(...by);
  }

  #guest(ref: VirtualMachineRef): readonly Owner[] {
    const owner = this.#guests.get(naturalKey("virtual-machine", ref as object as VirtualMachine));
    return owner === undefined ? [] : [owner];
  }
}

function idOf(step: StepName, key: string): string {
  return `${step} ${key}`;
}

export function guestOwner(machine: VirtualMachine): Owner {
  return `vm/${vmidOf(machine) ?? ""}`;
}

/** Of two nodes of one name, the later cluster's is called "node (cluster)". */
export function nodeOwners({ name }: Pick<DeviceRef, "name">): Owner[] {
  return [`node/${name}`, `node/${name.replace(/ \([^()]*\)$/, "")}`];
}
