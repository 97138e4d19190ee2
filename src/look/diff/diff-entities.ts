/**
 * Compares two sets of entity files, without timestamps. A virtual machine is identified by its VMID
 * and the name of its cluster, so a renamed one is still the same; its NICs and disks go with it.
 */
import { digest } from "../../base/digest.ts";
import { isSameReference } from "../../netbox/types/contained.ts";
import { labelOf, naturalKey } from "../../netbox/types/order.ts";
import type { PrimaryAddresses } from "../../netbox/types/ip-address.ts";
import { type VirtualMachineIdentity, vmidOf } from "../../netbox/types/virtual-machine.ts";
import type { TransformedSet } from "../../run-folder/entity-set.ts";
import type { LeftOut } from "../../run-folder/left-out.ts";
import {
  judgeMissing,
  readUnread,
  unreadOf,
  type UnreadOwners,
} from "../../run-folder/not-read.ts";
import {
  type ComparedSet,
  compareSets,
  entitiesOf,
  type EntityAt,
} from "../../run-folder/set-difference.ts";
import { ownersOf } from "../../transform/target/respect.ts";
import {
  compareFields,
  DifferenceCollector,
  type DiffSubject,
  type DiffThing,
  type FieldChange,
  type Fields,
  fieldsOf,
  type Gap,
  MAX_DEPTH,
  type RunDifferences,
} from "./differences.ts";

const MACHINE_IDENTITY = { name: "name", place: "custom_fields.proxmox_node.text" };

/** Natural key of a virtual machine → "cluster/101", which a renamed guest keeps. */
export type MachineIds = ReadonlyMap<string, string>;

interface Side extends ComparedSet {
  readonly ids: MachineIds;
  readonly unread: UnreadOwners;
  readonly subjectOf: (found: EntityAt) => DiffSubject;
}

/** `ids`: of the set that has the entity. */
export type ThingOf = (found: EntityAt, ids: MachineIds) => DiffThing;

/** @throws AppError "input". */
export async function diffEntities(
  a: TransformedSet,
  b: TransformedSet,
  thingOf?: ThingOf,
): Promise<RunDifferences> {
  const [before, after] = [await readSide(a, thingOf), await readSide(b, thingOf)];
  const findings = new DifferenceCollector();
  const [added, missing]: [EntityAt[], EntityAt[]] = [[], []];
  for await (const step of compareSets(before, after)) {
    for (const change of step.changed) compareEntity(change, { before, after }, findings);
    added.push(...step.added);
    missing.push(...step.missing);
  }
  for (const found of await judgeMissing(missing, a, b)) {
    findings.addAlone("before", before.subjectOf(found), gapOf(found.notRead));
  }
  for (const found of await judgeMissing(added, b, a)) {
    findings.addAlone("after", after.subjectOf(found), gapOf(found.notRead));
  }
  return findings.sorted();
}

/** @throws AppError "input". */
export async function readMachineIds(set: TransformedSet): Promise<MachineIds> {
  const ids = new Map<string, string>();
  for await (const { key, entity } of entitiesOf(set, "virtual-machine")) {
    const vmid = vmidOf(entity);
    if (vmid !== undefined) ids.set(key, `${entity.cluster.name}/${vmid}`);
  }
  return ids;
}

async function readSide(set: TransformedSet, thingOf: ThingOf | undefined): Promise<Side> {
  const ids = await readMachineIds(set);
  return {
    set,
    ids,
    subjectOf: (found) => ({
      ...subjectOf(found),
      ...(thingOf && { thing: thingOf(found, ids) }),
    }),
    unread: await readUnread(set),
    identityOf: (found) => identityOf(found, ids),
    contentOf: (found) => digest(JSON.stringify([...entityFields(found, ids)].sort())),
  };
}

/** A field that is no longer sent stays in NetBox; it is no change when its answer was not read. */
function compareEntity(
  { before: old, after: now }: { readonly before: EntityAt; readonly after: EntityAt },
  sides: { readonly before: Side; readonly after: Side },
  findings: DifferenceCollector,
): void {
  const subject = sides.after.subjectOf(now);
  /** Why a field that one side has may be missing on the other: the side that has it, and the record. */
  const gapIn = ({ field, before, after }: FieldChange) => {
    const name = fieldName(field);
    if (after === undefined) {
      return { on: "before", record: unreadOf(now, name, sides.after.unread) } as const;
    }
    if (before !== undefined) return undefined;
    return { on: "after", record: unreadOf(old, name, sides.before.unread) } as const;
  };
  const fields = compareFields(
    entityFields(old, sides.before.ids),
    entityFields(now, sides.after.ids),
  ).filter((change) => !isOnlyWording(change, { old, now }))
    .map((change) => ({ change, gap: gapIn(change) }));
  const identity = now.step === "virtual-machine" ? MACHINE_IDENTITY : undefined;
  const known = fields.filter(({ gap }) => gap?.record === undefined);
  findings.addChanged(subject, known.map(({ change }) => change), identity);
  for (const on of ["before", "after"] as const) {
    const unread = fields.filter(({ gap }) => gap?.on === on && gap.record !== undefined);
    for (const [record, same] of Map.groupBy(unread, ({ gap }) => gap?.record)) {
      const gap = gapOf(record);
      const parts = namesOf(same.map(({ change }) => change));
      if (gap !== undefined) findings.addUnread(on, { ...subject, parts }, gap);
    }
  }
}

/**
 * Is it only how the entity is written? With a target, it lacks fields that NetBox has and people may change, and names
 * other objects with no more than it takes to find them.
 */
function isOnlyWording(
  { field, before, after }: FieldChange,
  { old, now }: { readonly old: EntityAt; readonly now: EntityAt },
): boolean {
  if (before !== undefined && after !== undefined) return false;
  const [name = field] = field.split(".", 1);
  const [was, is] = [old, now].map(({ entity }) => (entity as Record<string, unknown>)[name]);
  if (was !== undefined && is !== undefined) return isSameReference(now.step, name, [was, is]);
  return ownersOf(now.step)[name]?.owner === "first-writer";
}

function namesOf(changes: readonly FieldChange[]): string[] {
  return [...new Set(changes.map(({ field }) => fieldName(field)))].sort();
}

/** "platform.name" → "platform" */
export function fieldName(path: string): string {
  return path.replace(/(?<!^custom_fields)\..*$/, "");
}

/** Tags by their names, since a tag is an entity of its own; all else by its path in the entity. */
function entityFields({ entity }: EntityAt, ids: MachineIds): Fields {
  const { tags } = entity as { readonly tags?: unknown };
  const named = Array.isArray(tags) ? { tags: tags.map(tagName) } : {};
  return fieldsOf({ ...resolved(entity, ids), ...named }, () => true);
}

/** Files that were sealed by hand may hold anything. */
function tagName(tag: { readonly name?: unknown } | null): string {
  return String(tag?.name);
}

export function subjectOf({ step, entity }: EntityAt): DiffSubject {
  const name = labelOf(step, entity);
  const node = (entity as { custom_fields?: { proxmox_node?: { text?: string } } }).custom_fields
    ?.proxmox_node?.text;
  return { what: `${step} ${name}`, ...(node === undefined ? {} : { node }) };
}

function gapOf(record: LeftOut | undefined): Gap | undefined {
  return record && { reason: record.reason, detail: record.sentence };
}

/** The same text for the same thing in both sets. */
function identityOf({ step, entity, key }: EntityAt, ids: MachineIds): string {
  if (step === "virtual-machine") return idOf(entity, ids);
  if (step !== "vm-interface" && step !== "virtual-disk") return key;
  return JSON.stringify([idOf(entity.virtual_machine, ids), entity.name]);
}

/** The entity, with "cluster/101" where a virtual machine is referred to. */
function resolved(entity: object, ids: MachineIds, depth = 0): object {
  const valueOf = (field: string, value: unknown): unknown => {
    if (!isObject(value) || depth === MAX_DEPTH) return value;
    if (field !== "virtual_machine" || !isReference(value)) return resolved(value, ids, depth + 1);
    // An address has its machine's primary address in the reference to the machine.
    const isPrimary = (value.primary_ip4 ?? value.primary_ip6) !== undefined;
    return isPrimary ? `${idOf(value, ids)}, primary` : idOf(value, ids);
  };
  return Object.fromEntries(
    Object.entries(entity).map(([field, value]) => [field, valueOf(field, value)]),
  );
}

function idOf(machine: VirtualMachineIdentity, ids: MachineIds): string {
  const key = naturalKey("virtual-machine", machine);
  return ids.get(key) ?? key;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReference(value: object): value is VirtualMachineIdentity & PrimaryAddresses {
  return "name" in value && typeof value.name === "string" && "cluster" in value &&
    isObject(value.cluster);
}
