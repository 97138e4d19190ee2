/**
 * The objects of a set by their natural keys: that none comes twice, that each stub names one, and that
 * they stand in order. Keys are all that is kept of an entity.
 */
import { compareNatural } from "../../base/natural-order.ts";
import { holderOf, isPart } from "../../netbox/types/holder.ts";
import { NATURAL_KEYS, naturalKey } from "../../netbox/types/natural-key.ts";
import { stepCalled, type StepName, STEPS } from "../../netbox/types/order.ts";
import type { CustomFieldValue, Entities } from "../../netbox/types/schema.ts";
import type { FindingPlace, Findings } from "./findings.ts";

/** TABLE: what the entities of a step are sorted by, part by part: "pve", 100 stands before "pve1", 7. */
const SORTED_BY: { readonly [Name in StepName]?: (entity: Entities[Name]) => readonly string[] } = {
  "tag": ({ name }) => [name],
  "custom-field": ({ name }) => [name],
  "cluster": ({ name }) => [name],
  "platform": ({ name }) => [name],
  "vlan": ({ vid, site }) => [`${vid} ${site?.name}`],
  "prefix": (prefix) => [prefixInSite(prefix)],
  "virtual-machine": (
    { cluster, custom_fields: fields },
  ) => [cluster.name, textOf(fields["proxmox_node"]), textOf(fields["proxmox_vmid"])],
};

/** The order in which the steps are to be shown: holders before their parts. */
export const HOLDERS_FIRST: readonly StepName[] = STEPS.map(({ name }) => name)
  .sort((a, b) => Number(isPart(a)) - Number(isPart(b)));

interface Waiting extends FindingPlace {
  readonly name: string;
}

/** What is known of one step. */
class Known {
  /** Key → how many came before it. */
  readonly ranks = new Map<string, number>();
  /** Keys that did not come yet → the first stub that names each. */
  readonly awaited = new Map<string, Waiting>();
  lastSort: readonly string[] = [];
  /** Holders are of one of two steps, and only those of one step have an order among them. */
  readonly lastHolder = { "virtual-machine": -1, "device": -1 };
}

export class Objects {
  readonly #findings: Findings;
  #count = 0;
  readonly #steps = new Map<StepName, Known>(STEPS.map(({ name }) => [name, new Known()]));

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** How many were seen. */
  get count(): number {
    return this.#count;
  }

  /** The next entity of a step, whose shape was checked. */
  see<Name extends StepName>(step: Name, entity: Entities[Name], place: FindingPlace): void {
    this.#count += 1;
    const known = this.#of(step);
    const key = keyOf(step, entity);
    if (known.ranks.has(key)) {
      this.#findings.add("identity", place, `${nameOf(step, entity)} comes twice`);
    } else known.ranks.set(key, known.ranks.size);
    known.awaited.delete(key);
    this.#checkSort(step, entity, place);
    this.#checkHolder(step, entity, place);
    for (
      const { step: target, stub, field } of referencesOf(entity, `${stepCalled(step).field}.`)
    ) {
      const { ranks, awaited } = this.#of(target);
      const named = naturalKey(target, stub as never);
      if (ranks.has(named) || awaited.has(named)) continue;
      awaited.set(named, { ...place, field, name: nameOf(target, stub) });
    }
  }

  /** All entities were seen: what is awaited still does not exist. */
  finish(): void {
    for (const { awaited } of this.#steps.values()) {
      for (const { name, ...place } of awaited.values()) {
        this.#findings.add("reference", place, `Names ${name}, which is no entity of the set`);
      }
    }
  }

  #checkSort<Name extends StepName>(step: Name, entity: Entities[Name], place: FindingPlace): void {
    const sort = SORTED_BY[step]?.(entity);
    if (sort === undefined) return;
    const known = this.#of(step);
    if (compareParts(known.lastSort, sort) > 0) {
      this.#findings.add("order", place, `${nameOf(step, entity)} stands behind a later one`);
    }
    known.lastSort = sort;
  }

  #checkHolder<Name extends StepName>(
    step: Name,
    entity: Entities[Name],
    place: FindingPlace,
  ): void {
    const holder = holderOf(step, entity);
    if (holder === undefined) return;
    // One that is unknown is no reference, and found as such.
    const rank = this.#of(holder.step).ranks.get(naturalKey(holder.step, holder.ref as never));
    if (rank === undefined) return;
    const { lastHolder } = this.#of(step);
    if (rank < lastHolder[holder.step]) {
      const name = nameOf(step, entity);
      this.#findings.add("order", place, `${name} stands behind a part of a later ${holder.step}`);
    }
    lastHolder[holder.step] = rank;
  }

  #of(step: StepName): Known {
    return this.#steps.get(step) as Known;
  }
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (const [i, part] of a.entries()) {
    const order = compareNatural(part, b[i] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

/** With PREFIX_SCOPE=site a network is a prefix in each of its sites; nothing refers to prefixes. */
function keyOf<Name extends StepName>(step: Name, entity: Entities[Name]): string {
  return step === "prefix" ? prefixInSite(entity as Entities["prefix"]) : naturalKey(step, entity);
}

function prefixInSite({ prefix, scope_site }: Entities["prefix"]): string {
  return `${prefix} ${scope_site?.name}`;
}

/** 'virtual-machine "web-01"' */
function nameOf(step: StepName, stub: object): string {
  const { name } = NATURAL_KEYS[step] as { name: (entity: object) => string };
  return `${step} "${name(stub)}"`;
}

function textOf(value: CustomFieldValue | undefined): string {
  return value !== undefined && "text" in value ? value.text : "";
}

/** Which object each field of an entity names. */

/** The object is no entity of ours: NetBox has it, or makes it, as the user's own. */
const USERS = "user's";

/** TABLE: field of an entity or of a stub → the step whose entity it names, wherever it stands. */
const NAMED_BY: Readonly<Record<string, StepName | typeof USERS>> = {
  tags: "tag",
  type: "cluster-type",
  cluster: "cluster",
  platform: "platform",
  untagged_vlan: "vlan",
  virtual_machine: "virtual-machine",
  device: "device",
  parent: "interface",
  bridge: "interface",
  lag: "interface",
  assigned_object_interface: "interface",
  assigned_object_vm_interface: "vm-interface",
  primary_ip4: "ip-address",
  primary_ip6: "ip-address",
  site: USERS,
  scope_site: USERS,
  tenant: USERS,
  device_type: USERS,
  role: USERS,
  manufacturer: USERS,
  primary_mac_address: USERS,
};

const CUSTOM_FIELDS = "custom_fields";

export interface Reference {
  readonly step: StepName;
  /** What names the object: the stub, or for a custom field its name. */
  readonly stub: object;
  /** "vm_interface.virtual_machine.cluster", "tag.tags[2]" */
  readonly field: string;
}

/** All that an entity names, stubs in stubs included; `within` stands before each field. */
export function* referencesOf(entity: object, within: string): Generator<Reference> {
  for (const [name, value] of Object.entries(entity)) {
    if (typeof value !== "object" || value === null) continue;
    const field = `${within}${name}`;
    if (name === CUSTOM_FIELDS) yield* customFieldsOf(value as object, field);
    const step = NAMED_BY[name];
    if (step === undefined) continue;
    if (Array.isArray(value)) {
      for (const [i, stub] of value.entries()) {
        yield* referenceOf(stub as object, step, `${field}[${i}]`);
      }
    } else yield* referenceOf(value as object, step, field);
  }
}

function* referenceOf(
  stub: object,
  step: StepName | typeof USERS,
  field: string,
): Generator<Reference> {
  // An empty stub clears a relation, and names nothing.
  if (Object.keys(stub).length === 0) return;
  if (step !== USERS) yield { step, stub, field };
  yield* referencesOf(stub, `${field}.`);
}

function* customFieldsOf(fields: object, field: string): Generator<Reference> {
  for (const name of Object.keys(fields)) {
    yield { step: "custom-field", stub: { name }, field: `${field}.${name}` };
  }
}
