/**
 * The objects of a set by their natural keys: that none comes twice, that each stub names one, and that
 * they stand in order. Keys are all that is kept of an entity.
 */
import { NATURAL_KEYS, naturalKey } from "../../entities/natural-key.ts";
import { stepCalled, type StepName, STEPS } from "../../entities/order.ts";
import type { CustomFieldValue, Entities } from "../../entities/schema.ts";
import { compareNatural } from "../../kernel/natural-order.ts";
import { holderOf, isPart } from "../holder.ts";
import type { Findings, Place } from "./findings.ts";
import { referencesOf } from "./references.ts";

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

interface Waiting extends Place {
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
  see<Name extends StepName>(step: Name, entity: Entities[Name], place: Place): void {
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

  #checkSort<Name extends StepName>(step: Name, entity: Entities[Name], place: Place): void {
    const sort = SORTED_BY[step]?.(entity);
    if (sort === undefined) return;
    const known = this.#of(step);
    if (compareParts(known.lastSort, sort) > 0) {
      this.#findings.add("order", place, `${nameOf(step, entity)} stands behind a later one`);
    }
    known.lastSort = sort;
  }

  #checkHolder<Name extends StepName>(step: Name, entity: Entities[Name], place: Place): void {
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
