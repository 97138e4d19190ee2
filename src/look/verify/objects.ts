/**
 * The objects of a set by their natural keys: that there are no duplicates, that each stub names one,
 * and that they are in order. Keys are all that is kept of an entity.
 */
import { isOwnCustomField } from "../../netbox/names.ts";
import { canonicalJson } from "../../base/json.ts";
import { compareNatural } from "../../base/natural-order.ts";
import {
  type Entities,
  entitySortKey,
  isPart,
  labelOf,
  machineOf,
  naturalKey,
  referencesOf,
} from "../../netbox/types/order.ts";
import { isExtension, type StepName, STEPS } from "../../netbox/types/steps.ts";
import { prefixInSite } from "../../netbox/types/prefix.ts";
import type { FindingPlace, Findings } from "./findings.ts";

/** The order in which the steps are to be read: machines before their parts. */
export const MACHINES_FIRST: readonly StepName[] = STEPS.map(({ name }) => name)
  .sort((a, b) => Number(isPart(a)) - Number(isPart(b)));

/** What is known of one step. */
class KnownObjects {
  /** Key → how many came before it. */
  readonly ranks = new Map<string, number>();
  /** Keys that were not seen yet → the first stub that names each. */
  readonly awaited = new Map<string, FindingPlace & { readonly name: string }>();
  lastSortKey: readonly string[] = [];
  /** Rank of the last part's machine: only those of one step are in order. */
  readonly lastMachine = { "virtual-machine": -1, "device": -1 };
}

export class Objects {
  readonly #findings: Findings;
  #count = 0;
  readonly #steps = new Map<StepName, KnownObjects>(
    STEPS.map(({ name }) => [name, new KnownObjects()]),
  );

  readonly #hasTarget: boolean;

  /** With a target, stubs may name VRFs and VLAN groups that NetBox has and no entity writes. */
  constructor(findings: Findings, hasTarget: boolean) {
    this.#findings = findings;
    this.#hasTarget = hasTarget;
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
      this.#findings.add("identity", place, `Duplicate ${nameOf(step, entity)}`);
    } else known.ranks.set(key, known.ranks.size);
    known.awaited.delete(key);
    this.#checkOrder(step, entity, place);
    for (const { step: target, stub, field } of referencesOf(step, entity)) {
      // A custom field of the user's, which a rule sets, is in NetBox alone.
      const { name } = stub as { readonly name?: string };
      if (target === "custom-field" && name !== undefined && !isOwnCustomField(name)) continue;
      const { ranks, awaited } = this.#of(target);
      const named = naturalKey(target, stub as never);
      if (ranks.has(named) || awaited.has(named)) continue;
      awaited.set(named, { ...place, field, name: nameOf(target, stub as never) });
    }
  }

  /** All entities were seen: what is still awaited does not exist. */
  finish(): void {
    for (const [step, { awaited }] of this.#steps) {
      if (this.#hasTarget && isExtension(step)) continue;
      for (const { name, ...place } of awaited.values()) {
        this.#findings.add("reference", place, `Reference to unknown ${name}`);
      }
    }
  }

  #checkOrder<Name extends StepName>(
    step: Name,
    entity: Entities[Name],
    place: FindingPlace,
  ): void {
    const known = this.#of(step);
    const name = nameOf(step, entity);
    // Some steps have no sort key.
    const sortKey = entitySortKey(step, entity) ?? [];
    const orders = known.lastSortKey.map((part, i) => compareNatural(part, sortKey[i] ?? ""));
    if ((orders.find((order) => order !== 0) ?? 0) > 0) {
      this.#findings.add("order", place, `Out of order: ${name}`);
    }
    known.lastSortKey = sortKey;
    const machine = machineOf(step, entity);
    if (machine === undefined) return;
    const rank = this.#of(machine.step).ranks.get(naturalKey(machine.step, machine.ref));
    // An unknown machine is a finding of its own.
    if (rank === undefined) return;
    if (rank < known.lastMachine[machine.step]) {
      this.#findings.add("order", place, `Out of order: ${name} follows a later ${machine.step}`);
    }
    known.lastMachine[machine.step] = rank;
  }

  #of(step: StepName): KnownObjects {
    return this.#steps.get(step) as KnownObjects;
  }
}

/** With PREFIX_SCOPE=site a network is a prefix in each of its sites; nothing refers to prefixes. */
function keyOf<Name extends StepName>(step: Name, entity: Entities[Name]): string {
  return step === "prefix" ? prefixInSite(entity as Entities["prefix"]) : naturalKey(step, entity);
}

/** 'virtual-machine "web-01"' */
function nameOf<Name extends StepName>(step: Name, entity: Entities[Name]): string {
  return `${step} "${labelOf(step, entity)}"`;
}

/**
 * Items that occur twice in their list, at any depth: "virtual_machine.tags[3]".
 * @throws AppError "input" if an item is nested too deep.
 */
export function* repeatedIn(entity: unknown): Generator<string> {
  const open = [{ field: "", value: entity }];
  for (const { field, value } of open) {
    if (typeof value !== "object" || value === null) continue;
    const known = new Set<string>();
    for (const [key, part] of Object.entries(value) as [string, unknown][]) {
      const isItem = Array.isArray(value);
      const at = isItem ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
      open.push({ field: at, value: part });
      if (!isItem) continue;
      const text = itemText(part, field);
      if (known.has(text)) yield at;
      known.add(text);
    }
  }
}

/** Equal for items that are one object in NetBox, which identifies a tag by its name. */
function itemText(item: unknown, list: string): string {
  const { name } = Object(item) as { readonly name?: unknown };
  return list.endsWith("tags") && typeof name === "string" ? name : canonicalJson(item);
}
