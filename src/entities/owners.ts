/** Whose answers an entity came from, in the words of left-out.json: "vm/101", "node/pve1". */
import { entitiesOf, type EntityAt } from "./compare.ts";
import { HostTags } from "./global-tags.ts";
import { naturalKey, vmidOf } from "./natural-key.ts";
import type { StepName } from "./order.ts";
import type { TransformedSet } from "./read.ts";
import type { DeviceRef, Entities, VirtualMachine, VirtualMachineRef } from "./schema.ts";

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
