/**
 * Two sets of entity files → what differs, timestamps aside. A virtual machine is the same one while its
 * VMID and the name of its cluster are, whatever it is called; its NICs and disks go with it. Memory holds
 * the hashes of one step, and what differs.
 */
import { digest } from "../../base/digest.ts";
import { labelOf, naturalKey, type StepName, STEPS } from "../../netbox/types/order.ts";
import {
  type VirtualMachine,
  type VirtualMachineRef,
  vmidOf,
} from "../../netbox/types/virtual-machine.ts";
import type { VMInterface } from "../../netbox/types/vm-interface.ts";
import type { TransformedSet } from "../../run-folder/entity-set.ts";
import type { LeftOut } from "../../run-folder/left-out.ts";
import {
  entitiesOf,
  type EntityAt,
  judgeMissing,
  readUnread,
  unreadOf,
  type UnreadOwners,
} from "../../run-folder/set-difference.ts";
import { compareFields, pushChanged } from "./compare-parts.ts";
import { type Differences, type FieldChange, Findings, type Subject } from "./differences.ts";
import { type Fields, fieldsOf, MAX_DEPTH } from "./fields.ts";
import type { Gap } from "./part.ts";

const MACHINE_IDENTITY = { name: "name", place: "custom_fields.proxmox_node.text" };

interface Side {
  readonly set: TransformedSet;
  readonly machines: Machines;
  readonly unread: UnreadOwners;
}

/** @throws AppError "input". */
export async function diffEntities(a: TransformedSet, b: TransformedSet): Promise<Differences> {
  const [before, after] = [await readSide(a), await readSide(b)];
  const findings = new Findings();
  for (const { name } of STEPS) await diffStep(name, { before, after, findings });
  return findings.sorted();
}

async function readSide(set: TransformedSet): Promise<Side> {
  return { set, machines: await readMachines(set), unread: await readUnread(set) };
}

interface Comparison {
  readonly before: Side;
  readonly after: Side;
  readonly findings: Findings;
}

async function diffStep(step: StepName, { before, after, findings }: Comparison): Promise<void> {
  const hashes = new Map<string, string>();
  for await (const { id, hash } of identified(before, step)) hashes.set(id, hash);
  const changed = new Map<string, EntityAt>();
  const added: EntityAt[] = [];
  const seen = new Set<string>();
  for await (const { id, hash, found } of identified(after, step)) {
    const old = hashes.get(id);
    seen.add(id);
    if (old === undefined) added.push(found);
    else if (old !== hash) changed.set(id, found);
  }
  const missing: EntityAt[] = [];
  const isSame = changed.size === 0 && [...hashes.keys()].every((id) => seen.has(id));
  for await (const { id, found } of isSame ? [] : identified(before, step)) {
    const now = changed.get(id);
    if (!seen.has(id)) missing.push(found);
    else if (now !== undefined) compareEntity({ old: found, now, before, after }, findings);
  }
  const { gone, unread, unreadBefore } = findings;
  for (const { notRead, ...found } of await judgeMissing(missing, before.set, after.set)) {
    const subject = subjectOf(found);
    if (notRead === undefined) gone.push(subject);
    else unread.push({ ...subject, parts: [], ...gapOf(notRead) });
  }
  for (const { notRead, ...found } of await judgeMissing(added, after.set, before.set)) {
    const subject = subjectOf(found);
    if (notRead === undefined) findings.added.push(subject);
    else unreadBefore.push({ ...subject, parts: [], ...gapOf(notRead) });
  }
}

interface Identified {
  /** One in its step: of several with one key, each has a number. */
  readonly id: string;
  readonly hash: string;
  readonly found: EntityAt;
}

async function* identified({ set, machines }: Side, step: StepName): AsyncGenerator<Identified> {
  const times = new Map<string, number>();
  for await (const found of entitiesOf(set, step)) {
    const key = machines.keyOf(found);
    const time = times.get(key) ?? 0;
    times.set(key, time + 1);
    const hash = digest(JSON.stringify([...entityFields(found, machines)].sort()));
    yield { id: `${key} ${time}`, hash, found };
  }
}

interface Twice {
  readonly old: EntityAt;
  readonly now: EntityAt;
  readonly before: Side;
  readonly after: Side;
}

/** A field that is not sent any more is left as it is in NetBox when its answer was not read. */
function compareEntity({ old, now, before, after }: Twice, findings: Findings): void {
  const gaps = { before: unreadOf(old, before.unread), after: unreadOf(now, after.unread) };
  const changes = compareFields(
    entityFields(old, before.machines),
    entityFields(now, after.machines),
  );
  const { known = [], unread = [], unreadBefore = [] } = Object.groupBy(changes, (change) => {
    if (change.after === undefined && gaps.after !== undefined) return "unread";
    return change.before === undefined && gaps.before !== undefined ? "unreadBefore" : "known";
  });
  const subject = subjectOf(now);
  const identity = now.step === "virtual-machine" ? MACHINE_IDENTITY : undefined;
  pushChanged(findings, { subject, fields: known, identity });
  if (gaps.after !== undefined && unread.length > 0) {
    findings.unread.push({ ...subject, parts: namesOf(unread), ...gapOf(gaps.after) });
  }
  if (gaps.before !== undefined && unreadBefore.length > 0) {
    findings.unreadBefore.push({ ...subject, parts: namesOf(unreadBefore), ...gapOf(gaps.before) });
  }
}

/** "platform.name" → "platform" */
function namesOf(changes: readonly FieldChange[]): string[] {
  return [...new Set(changes.map(({ field }) => field.replace(/(?<!^custom_fields)\..*$/, "")))]
    .sort();
}

/** Tags by their names: what a tag is, its own entity says. All else by its path in the entity. */
function entityFields({ entity }: EntityAt, machines: Machines): Fields {
  const { tags } = entity as { readonly tags?: unknown };
  const named = Array.isArray(tags) ? { tags: tags.map(tagName) } : {};
  return fieldsOf({ ...machines.resolve(entity), ...named }, () => true);
}

/** Files that are sealed by hand may hold anything. */
function tagName(tag: { readonly name?: unknown } | null): string {
  return String(tag?.name);
}

function subjectOf({ step, entity }: EntityAt): Subject {
  const name = labelOf(step, entity);
  const node = (entity as { custom_fields?: { proxmox_node?: { text?: string } } }).custom_fields
    ?.proxmox_node?.text;
  return { what: `${step} ${name}`, ...(node === undefined ? {} : { node }) };
}

function gapOf({ reason, sentence }: LeftOut): Gap {
  return { reason, detail: sentence };
}

/** Which guest an entity is of: by VMID and cluster, so that a new name is no new machine. */

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
