/** Which guest an entity is of: by VMID and cluster, so that a new name is no new machine. */
import { entitiesOf, type EntityAt } from "../../entities/compare.ts";
import { naturalKey, vmidOf } from "../../entities/natural-key.ts";
import type { StepName } from "../../entities/order.ts";
import type { TransformedSet } from "../../entities/read.ts";
import { MAX_DEPTH } from "./fields.ts";
import type { VirtualMachine, VirtualMachineRef, VMInterface } from "../../entities/schema.ts";

/** What belongs to a machine and is told apart by a name of its own. */
const PARTS: ReadonlySet<StepName> = new Set(["vm-interface", "virtual-disk"]);

export class Machines {
  readonly #idByKey: ReadonlyMap<string, string>;

  /** Natural key of a virtual machine → "cluster/101". */
  constructor(idByKey: ReadonlyMap<string, string>) {
    this.#idByKey = idByKey;
  }

  /** The same text for the same thing, on both sides of a comparison. */
  keyOf({ step, entity, key }: EntityAt): string {
    if (step === "virtual-machine") return this.#idOf(entity as VirtualMachine);
    if (!PARTS.has(step)) return key;
    const { virtual_machine, name } = entity as VMInterface;
    return JSON.stringify([this.#idOf(virtual_machine), name]);
  }

  /** The entity, with "cluster/101" where a virtual machine is referred to. */
  resolve(entity: object, depth = 0): object {
    const resolved = (field: string, value: unknown): unknown => {
      if (!isObject(value) || depth === MAX_DEPTH) return value;
      if (field === "virtual_machine" && isReference(value)) return this.#named(value);
      return this.resolve(value, depth + 1);
    };
    return Object.fromEntries(
      Object.entries(entity).map(([field, value]) => [field, resolved(field, value)]),
    );
  }

  /** An address says there whether it is its machine's primary one. */
  #named(machine: VirtualMachineRef): string {
    const isPrimary = (machine.primary_ip4 ?? machine.primary_ip6) !== undefined;
    return isPrimary ? `${this.#idOf(machine)}, primary` : this.#idOf(machine);
  }

  #idOf(machine: object): string {
    const key = naturalKey("virtual-machine", machine as VirtualMachine);
    return this.#idByKey.get(key) ?? key;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReference(value: object): value is VirtualMachineRef {
  return "name" in value && typeof value.name === "string" && "cluster" in value &&
    isObject(value.cluster);
}

/** @throws AppError "input". */
export async function readMachines(set: TransformedSet): Promise<Machines> {
  const ids = new Map<string, string>();
  for await (const { key, entity } of entitiesOf(set, "virtual-machine")) {
    const vmid = vmidOf(entity);
    if (vmid !== undefined) ids.set(key, `${entity.cluster.name}/${vmid}`);
  }
  return new Machines(ids);
}
