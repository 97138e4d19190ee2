/**
 * What an earlier set has and a later one lacks: is it gone, or was it only not read? A failed read is
 * never "gone". left-out.json of the later set lists the guests and nodes whose answers were not read.
 */
import { machineOf, naturalKey } from "../netbox/types/order.ts";
import { isExtension, type StepName } from "../netbox/types/steps.ts";
import { HostTags } from "../netbox/types/tag.ts";
import {
  type VirtualMachine,
  type VirtualMachineIdentity,
  vmidOf,
} from "../netbox/types/virtual-machine.ts";
import type { TransformedSet } from "./entity-set.ts";
import { readLeftOut } from "./left-out-file.ts";
import { type LeftOut, NOT_READ } from "./left-out.ts";
import { entitiesOf, type EntityAt } from "./set-difference.ts";

/** A guest or node as left-out.json names it: "vm/101", "node/pve1"; or "cluster". */
type Owner = string;

/** The answers that all entities come from. */
const CLUSTER = "cluster";

/** TABLE: the part of a guest or node that a record is about → the entities that come from it. */
const PARTS: Readonly<Record<string, readonly StepName[]>> = {
  "config": [
    "vm-interface",
    "virtual-disk",
    "ip-address",
    "vlan",
    "platform",
    "tag",
    "vrf",
    "vlan-group",
    "l2vpn",
    "l2vpn-termination",
  ],
  "agent": ["ip-address", "platform", "vrf"],
  "live": ["ip-address", "vrf"],
  "status": ["platform"],
  "network": ["interface", "ip-address", "vlan", "prefix", "vrf", "vlan-group"],
  "sdn": ["vlan", "prefix", "vrf", "l2vpn", "l2vpn-termination", "ip-address"],
};

/** Owner → why its answers were not read. */
export type UnreadOwners = ReadonlyMap<Owner, readonly LeftOut[]>;

/** @throws AppError "input" when left-out.json is missing or was changed. */
export async function readUnread(set: TransformedSet): Promise<UnreadOwners> {
  return unreadIn([...readLeftOut(await set.readLeftOut())]);
}

/** `records`: of left-out.json. */
export function unreadIn(records: readonly LeftOut[]): UnreadOwners {
  const unread = records.filter(({ reason }) => NOT_READ.has(reason));
  return Map.groupBy(unread, ({ what }) => split(what).owner);
}

/** TABLE: fields of a virtual machine that come neither from its row nor from its config → the entities from the same answers. */
const FIELD_STEPS: Readonly<Record<string, StepName>> = {
  platform: "platform",
  primary_ip4: "ip-address",
  primary_ip6: "ip-address",
};

/** Why a field of a virtual machine or device may be absent although Proxmox VE has it. */
export function unreadOf(
  { step, entity }: EntityAt,
  field: string,
  unread: UnreadOwners,
): LeftOut | undefined {
  const owners = step === "virtual-machine"
    ? [guestOwner(entity)]
    : step === "device"
    ? nodeOwners(entity)
    : [];
  return owners.flatMap((owner) => unread.get(owner) ?? []).find(({ what }) => {
    const { part } = split(what);
    const source = FIELD_STEPS[field];
    return step === "device" || part === undefined || part === "config" ||
      (source !== undefined && PARTS[part]?.includes(source));
  });
}

export type Missing = EntityAt & {
  /** Why nothing new is known of it; undefined: it is gone. */
  readonly notRead: LeftOut | undefined;
};

/** @throws AppError "input". */
export async function judgeMissing(
  missing: readonly EntityAt[],
  earlier: TransformedSet,
  later: TransformedSet,
): Promise<Missing[]> {
  return missing.length === 0 ? [] : await judgeBy(await readUnread(later), missing, earlier);
}

/** `unread`: of the later set. @throws AppError "input". */
export async function judgeBy(
  unread: UnreadOwners,
  missing: readonly EntityAt[],
  earlier: TransformedSet,
): Promise<Missing[]> {
  if (missing.length === 0) return [];
  const owners = await Owners.read(earlier, missing);
  return missing.map((found) => {
    const about = [CLUSTER, ...owners.of(found)].flatMap((owner) => unread.get(owner) ?? []);
    return { ...found, notRead: about.find((record) => hides(record, found.step)) };
  });
}

/**
 * "vm/104/agent/get-osinfo" → { owner: "vm/104", part: "agent" }; "cluster/status" → "cluster", and of SDN alone
 * "cluster/sdn/zones".
 */
function split(what: string): { owner: Owner; part: string | undefined } {
  const [kind = "", id = "", part] = what.split("/");
  return kind === CLUSTER
    ? { owner: CLUSTER, part: id === "sdn" ? id : undefined }
    : { owner: `${kind}/${id}`, part };
}

/** A record about a whole guest or node hides all that came from it. */
function hides({ what }: LeftOut, step: StepName): boolean {
  const { part } = split(what);
  return part === undefined || (PARTS[part]?.includes(step) ?? false);
}

/** The guests and nodes whose answers the entities of a set came from. */
class Owners {
  readonly #set: TransformedSet;
  readonly #hostTags = new HostTags();
  /** Natural key of a virtual machine → its guest. */
  readonly #guests = new Map<string, Owner>();
  readonly #nodes: Owner[] = [];
  /** Shared objects in question → all owners that name them. */
  readonly #users = new Map<string, Owner[]>();

  private constructor(set: TransformedSet, asked: readonly EntityAt[]) {
    this.#set = set;
    for (const { step, key } of asked) this.#users.set(`${step} ${key}`, []);
  }

  /** `asked`: entities of the set. @throws AppError "input". */
  static async read(set: TransformedSet, asked: readonly EntityAt[]): Promise<Owners> {
    const owners = new Owners(set, asked);
    for await (const { entity } of entitiesOf(set, "cluster")) owners.#hostTags.add(entity);
    await owners.#readGuests();
    await owners.#readNodes();
    if (asked.some(({ step }) => step === "vlan")) await owners.#readNics();
    return owners;
  }

  of(found: EntityAt): readonly Owner[] {
    return [...this.#own(found), ...this.#users.get(`${found.step} ${found.key}`) ?? []];
  }

  #own({ step, entity }: EntityAt): readonly Owner[] {
    if (step === "virtual-machine") return [guestOwner(entity)];
    if (step === "device") return nodeOwners(entity);
    // A network may have been seen on any node.
    if (step === "prefix" || step === "vlan") return this.#nodes;
    const machine = machineOf(step, entity);
    // Of a VRF, a VLAN group or an L2VPN, anything in it may have been seen anywhere.
    if (machine === undefined && isExtension(step)) {
      return [...this.#nodes, ...this.#guests.values()];
    }
    if (machine === undefined) return [];
    return machine.step === "device" ? nodeOwners(machine.ref) : this.#guest(machine.ref);
  }

  async #readGuests(): Promise<void> {
    for await (const { key, entity } of entitiesOf(this.#set, "virtual-machine")) {
      const owner = guestOwner(entity);
      this.#guests.set(key, owner);
      this.#use("platform", entity.platform, [owner]);
      // The tags of the whole run do not depend on what was read of a guest.
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
      for (const vlan of [entity.untagged_vlan, ...entity.tagged_vlans ?? []]) {
        this.#use("vlan", vlan, this.#guest(entity.virtual_machine));
      }
    }
  }

  /** `stub`: of a shared object; an empty one clears a relation. */
  #use(step: StepName, stub: object | undefined, by: readonly Owner[]): void {
    if (stub === undefined || Object.keys(stub).length === 0) return;
    this.#users.get(`${step} ${naturalKey(step, stub as never)}`)?.push(...by);
  }

  #guest(ref: VirtualMachineIdentity): readonly Owner[] {
    const owner = this.#guests.get(naturalKey("virtual-machine", ref));
    return owner === undefined ? [] : [owner];
  }
}

function guestOwner(machine: VirtualMachine): Owner {
  return `vm/${vmidOf(machine) ?? ""}`;
}

/** The second of two nodes of one name is called "node (cluster)". */
function nodeOwners({ name }: { readonly name: string }): Owner[] {
  return [`node/${name}`, `node/${name.replace(/ \([^()]*\)$/, "")}`];
}
