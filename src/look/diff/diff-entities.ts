/**
 * Two sets of entity files → what differs, timestamps aside. A virtual machine is the same one while its
 * VMID and the name of its cluster are, whatever it is called; its NICs and disks go with it. Memory holds
 * the hashes of one step, and what differs.
 */
import { entitiesOf, type EntityAt } from "../../entities/compare.ts";
import type { LeftOut } from "../../entities/left-out.ts";
import { NATURAL_KEYS } from "../../entities/natural-key.ts";
import { judgeMissing, readUnread, unreadOf, type UnreadOwners } from "../../entities/not-read.ts";
import { type StepName, STEPS } from "../../entities/order.ts";
import type { TransformedSet } from "../../entities/read.ts";
import { digest } from "../../kernel/digest.ts";
import { compareFields, pushChanged } from "./compare-parts.ts";
import { type Differences, type FieldChange, Findings, type Subject } from "./differences.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { type Machines, readMachines } from "./machines.ts";
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
  const name = (NATURAL_KEYS[step].name as (entity: unknown) => string)(entity);
  const node = (entity as { custom_fields?: { proxmox_node?: { text?: string } } }).custom_fields
    ?.proxmox_node?.text;
  return { what: `${step} ${name}`, ...(node === undefined ? {} : { node }) };
}

function gapOf({ reason, sentence }: LeftOut): Gap {
  return { reason, detail: sentence };
}
