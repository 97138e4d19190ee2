/** What changed since the runs before: a line for each thing, and how many entities that is. */
import { compareNatural } from "../base/natural-order.ts";
import { kindOf } from "../look/explain/names.ts";
import {
  diffEntities,
  fieldName,
  type MachineIds,
  readMachineIds,
  subjectOf,
  type ThingOf,
} from "../look/diff/diff-entities.ts";
import type {
  ChangedSubject,
  DiffSubject,
  DiffThing,
  FieldChange,
  RunDifferences,
  UnreadSubject,
} from "../look/diff/differences.ts";
import { NodeNames } from "../look/node-names.ts";
import { labelOf, machineOf, naturalKey } from "../netbox/types/order.ts";
import type { VirtualMachineIdentity } from "../netbox/types/virtual-machine.ts";
import { STEPS } from "../netbox/types/steps.ts";
import type { TransformedSet } from "../run-folder/entity-set.ts";
import { readUnread } from "../run-folder/not-read.ts";
import { CHANGE_KINDS, type RunChange, type RunRecord } from "../run-folder/run-record.ts";
import { entitiesOf, type EntityAt } from "../run-folder/set-difference.ts";
import type { StoredRun } from "./stored-run.ts";

export interface RunChanges {
  /** Entities, as `diff` counts them; undefined: there is no earlier run, so the lines say what is there. */
  readonly counts: RunRecord["changes"];
  readonly lines: readonly RunChange[];
}

/** Runs before the last one that are searched for what the last one could not read. */
const MAX_RUNS_BACK = 20;

/**
 * Compares with the run before; and what that one could not read, with the newest run that could. `earlier`: newest
 * first; runs without entities are passed over. @throws AppError "input" if a file of a run was changed.
 */
export async function changesBetween(
  earlier: AsyncIterable<Pick<StoredRun, "name" | "entities">>,
  now: TransformedSet,
): Promise<RunChanges> {
  const thingOf = await thingNames(now);
  let found: RunFindings | undefined;
  let since = "";
  let runsBack = 0;
  for await (const { name, entities } of earlier) {
    if (entities === undefined) continue;
    if (found === undefined) {
      found = await findingsOf({ last: entities, now, thingOf });
      since = name;
    } else await found.lookBack(entities);
    if (!found.isSearching || runsBack === MAX_RUNS_BACK) break;
    runsBack += 1;
  }
  if (found === undefined) return { counts: undefined, lines: await thingsIn(now) };
  const counts = {
    since,
    added: found.added.length,
    changed: found.changed.length,
    gone: found.gone.length,
    unread: found.unread.length,
    read: found.read.length + found.firstRead.length,
  };
  return { counts, lines: linesOf(found) };
}

interface ComparedSets {
  readonly last: TransformedSet;
  readonly now: TransformedSet;
  readonly thingOf: ThingOf;
}

async function findingsOf(sets: ComparedSets): Promise<RunFindings> {
  const { last, now, thingOf } = sets;
  const differences = await diffEntities(last, now, thingOf);
  const unreadNow = await unreadAnswers(now);
  const readAgain = [...await unreadAnswers(last)].filter((what) => !unreadNow.has(what));
  return new RunFindings(sets, differences, readAgain);
}

/** The differences to the last run, and those that its failed reads hide. */
class RunFindings {
  readonly #sets: ComparedSets;
  /** Answers that the last run did not read, and that no older run was found to have read. */
  #readAgain: readonly string[];
  readonly #firstRead: Map<string, UnreadSubject>;
  /** What is compared with an older run already, so that a still older one has no say in it. */
  readonly #compared = new Set<string>();
  readonly added: DiffSubject[];
  readonly changed: ChangedSubject[];
  readonly gone: DiffSubject[];
  readonly unread: readonly UnreadSubject[];
  /** Readable again. */
  readonly read: UnreadSubject[] = [];

  constructor(sets: ComparedSets, differences: RunDifferences, readAgain: readonly string[]) {
    this.#sets = sets;
    this.#readAgain = readAgain;
    this.#firstRead = new Map(differences.unreadBefore.map((each) => [keyOf(each), each]));
    this.added = [...differences.added];
    this.changed = [...differences.changed];
    this.gone = [...differences.gone];
    this.unread = differences.unread;
  }

  /** No run that was looked at could read them. */
  get firstRead(): readonly UnreadSubject[] {
    return [...this.#firstRead.values()];
  }

  get isSearching(): boolean {
    return this.#readAgain.length > 0 || this.#firstRead.size > 0;
  }

  /** `older`: than all runs before. */
  async lookBack(older: TransformedSet): Promise<void> {
    const unreadInOlder = await unreadAnswers(older);
    const stillUnread = this.#readAgain.filter((what) => unreadInOlder.has(what));
    // It lacks the same answers.
    if (stillUnread.length === this.#readAgain.length) return;
    this.#readAgain = stillUnread;
    const { last, now, thingOf } = this.#sets;
    const hidden = (await diffEntities(older, last, thingOf)).unread;
    const differences = await diffEntities(older, now, thingOf);
    const notInOlder = new Set(differences.unreadBefore.map(keyOf));
    for (const [key, subject] of this.#firstRead) {
      if (notInOlder.has(key)) continue;
      this.#firstRead.delete(key);
      this.read.push(subject);
    }
    this.#take(differences, this.#notCompared([...this.read, ...hidden]));
  }

  /** Thing → its fields that the last run could not read; empty: all. */
  #notCompared(subjects: readonly UnreadSubject[]): ReadonlyMap<string, readonly string[]> {
    const fields = new Map<string, readonly string[]>();
    for (const subject of subjects) {
      const key = keyOf(subject);
      const parts = subject.parts.filter((part) => !this.#compared.has(`${key} ${part}`));
      if (this.#compared.has(key) || (parts.length === 0 && subject.parts.length > 0)) continue;
      if (parts.length === 0) this.#compared.add(key);
      for (const part of parts) this.#compared.add(`${key} ${part}`);
      fields.set(key, [...fields.get(key) ?? [], ...parts]);
    }
    return fields;
  }

  #take({ added, changed, gone }: RunDifferences, hidden: ReadonlyMap<string, readonly string[]>) {
    this.added.push(...added.filter((subject) => hidden.has(keyOf(subject))));
    this.gone.push(...gone.filter((subject) => hidden.has(keyOf(subject))));
    for (const change of changed) {
      const names = hidden.get(keyOf(change));
      if (names === undefined) continue;
      this.#addChanged(names.length === 0 ? change : onlyFields(change, names));
    }
  }

  #addChanged(change: ChangedSubject): void {
    if (fieldChanges(change).length === 0) return;
    const index = this.changed.findIndex((each) => keyOf(each) === keyOf(change));
    const known = this.changed[index];
    if (known === undefined) this.changed.push(change);
    else this.changed[index] = { ...known, fields: [...known.fields, ...change.fields] };
  }
}

function onlyFields(
  { renamed: _name, moved: _node, ...change }: ChangedSubject,
  names: readonly string[],
): ChangedSubject {
  const fields = change.fields.filter(({ field }) => names.includes(fieldName(field)));
  return { ...change, fields };
}

/** Names of the answers that a run could not read: "vm/101/agent/get-osinfo". */
async function unreadAnswers(set: TransformedSet): Promise<ReadonlySet<string>> {
  return new Set([...(await readUnread(set)).values()].flat().map(({ what }) => what));
}

/** The same text for the same thing in all runs. */
function keyOf({ what, thing }: DiffSubject): string {
  const { path = what, cluster } = thing ?? {};
  return JSON.stringify([path, cluster, what.split(" ", 1)[0]]);
}

/** How the things of a run are called. */
async function thingNames(set: TransformedSet): Promise<ThingOf> {
  const clusters = new Set<string>();
  for await (const { entity } of entitiesOf(set, "cluster")) clusters.add(entity.name);
  const isOne = clusters.size < 2;
  const nodes = new NodeNames(set.manifest.snapshots);
  // Two clusters may have a node of the same name each.
  const nodePath = (device: string): string => `node/${isOne ? nodes.of(device) : device}`;
  const guest = (ref: VirtualMachineIdentity, ids: MachineIds) => {
    const [, cluster = ref.cluster.name, vmid = ref.name] =
      /^(.*)\/(\d+)$/s.exec(ids.get(naturalKey("virtual-machine", ref)) ?? "") ?? [];
    return { path: `vm/${vmid}`, ...(isOne ? {} : { cluster }) };
  };
  return (found, ids) => {
    const { step, entity } = found;
    const label = labelOf(step, entity);
    if (step === "virtual-machine") return guest(entity, ids);
    if (step === "device") return { path: nodePath(entity.name) };
    const machine = machineOf(step, entity);
    if (machine === undefined) {
      return { path: `${kindOf(step)}/${step === "vlan" ? entity.vid : label}` };
    }
    const owner = machine.step === "device"
      ? { path: nodePath(machine.ref.name) }
      : guest(machine.ref, ids);
    return {
      ...owner,
      path: `${owner.path}/${partName(found)}`,
      machine: `${machine.step} ${machine.ref.name}`,
      ...alsoOf(found),
    };
  };
}

/** "net0"; of an address "net0/10.0.0.5/24"; of its place in an L2VPN "net0/l2vpn". */
function partName({ step, entity }: EntityAt): string {
  if (step !== "ip-address" && step !== "l2vpn-termination") {
    return String((entity as { readonly name?: unknown }).name);
  }
  const part = entity.assigned_object_vm_interface ?? entity.assigned_object_interface;
  return `${part?.name}/${step === "ip-address" ? entity.address : "l2vpn"}`;
}

function alsoOf({ step, entity }: EntityAt): Pick<DiffThing, "also"> {
  if (step !== "vm-interface" && step !== "interface") return {};
  const mac = entity.primary_mac_address?.mac_address;
  return mac === undefined ? {} : { also: `mac/${mac}` };
}

/** All things of a run, as the first run of a history records them. @throws AppError "input". */
export async function thingsIn(set: TransformedSet): Promise<RunChange[]> {
  const thingOf = await thingNames(set);
  const ids = await readMachineIds(set);
  const subjects: DiffSubject[] = [];
  for (const { name } of STEPS) {
    for await (const found of entitiesOf(set, name)) {
      subjects.push({ ...subjectOf(found), thing: thingOf(found, ids) });
    }
  }
  return aloneLines("present", subjects).sort(byThing);
}

function linesOf(found: RunFindings): RunChange[] {
  const lines = [
    ...aloneLines("added", found.added),
    ...found.changed.map(changedLine),
    ...aloneLines("gone", found.gone),
    ...unreadLines("unread", found.unread),
    ...unreadLines("read", found.read),
    ...unreadLines("first-read", found.firstRead),
  ];
  return lines.sort(byThing);
}

function byThing(a: RunChange, b: RunChange): number {
  return compareNatural(a.what, b.what) || compareNatural(a.cluster ?? "", b.cluster ?? "") ||
    KINDS.indexOf(a.change) - KINDS.indexOf(b.change) || compareNatural(a.entity, b.entity);
}

const KINDS = Object.keys(CHANGE_KINDS);

/** A guest or node and its parts make one line; parts whose machine stays, one each. */
function aloneLines(change: RunChange["change"], subjects: readonly DiffSubject[]): RunChange[] {
  return [...Map.groupBy(subjects, machineKey).values()].flatMap((same) => {
    const machine = same.find(({ thing }) => thing?.machine === undefined);
    const parts = same.filter((subject) => subject !== machine);
    if (machine === undefined) return parts.map((part) => lineOf(change, part, [part]));
    return [{ ...lineOf(change, machine, same), ...partsOf(parts) }];
  });
}

/** One line for each guest or node and reason, since a failed read hides many of its parts. */
function unreadLines(
  change: RunChange["change"],
  subjects: readonly UnreadSubject[],
): RunChange[] {
  const groups = Map.groupBy(subjects, (subject) => `${subject.reason} ${machineKey(subject)}`);
  return [...groups.values()].map((same) => {
    const [first] = same as [UnreadSubject];
    const { thing } = first;
    const parts = same.filter((subject) => subject.thing?.machine !== undefined);
    const entity = thing?.machine ?? first.what;
    const node = same.find((subject) => subject.node !== undefined)?.node;
    const names = new Set(same.flatMap((subject) => subject.parts));
    const fields = [...names].sort(compareNatural).map((field) => ({ field }));
    return {
      ...lineOf(change, { ...first, ...(node === undefined ? {} : { node }) }, same),
      what: machinePath(first),
      entity,
      ...partsOf(parts),
      ...(fields.length === 0 ? {} : { fields }),
      reason: first.reason,
    };
  });
}

function machineKey(subject: DiffSubject): string {
  return JSON.stringify([machinePath(subject), subject.thing?.cluster]);
}

/** "vm/101/net0" → "vm/101"; that of a thing without parts is its own. */
function machinePath({ what, thing }: DiffSubject): string {
  const { path = what, machine } = thing ?? {};
  return machine === undefined ? path : path.split("/", 2).join("/");
}

/** `all`: of which its other names are. */
function lineOf(
  change: RunChange["change"],
  { what, thing, node }: DiffSubject,
  all: readonly DiffSubject[],
): RunChange {
  const also = [...new Set(all.flatMap((subject) => subject.thing?.also ?? []))];
  return {
    what: thing?.path ?? what,
    entity: what,
    ...(thing?.cluster === undefined ? {} : { cluster: thing.cluster }),
    change,
    ...(node === undefined ? {} : { node }),
    ...(also.length === 0 ? {} : { also }),
  };
}

function partsOf(subjects: readonly DiffSubject[]): Pick<RunChange, "parts"> {
  const parts = subjects.map(({ what, thing }) =>
    (thing?.path ?? what).split("/").slice(2).join("/")
  );
  return parts.length === 0 ? {} : { parts: parts.sort(compareNatural) };
}

function changedLine(change: ChangedSubject): RunChange {
  const fields = fieldChanges(change).map(recordedField);
  const line = lineOf("changed", change, [change]);
  const others = [...line.also ?? [], ...formerNames(change, line.what)];
  return { ...line, ...(others.length === 0 ? {} : { also: others }), fields };
}

function fieldChanges({ renamed, moved, fields }: ChangedSubject): FieldChange[] {
  return [
    ...(renamed ? [{ field: "name", ...renamed }] : []),
    ...(moved ? [{ field: "node", ...moved }] : []),
    ...fields,
  ];
}

/** The guest or node that an address was taken from; the MAC address that a NIC had. */
function formerNames({ fields }: ChangedSubject, what: string): string[] {
  const names = fields.flatMap(({ field, before }) => {
    const nameOf = Object.hasOwn(FORMER_NAMES, field) ? FORMER_NAMES[field] : undefined;
    return (before === undefined ? undefined : nameOf?.(before)) ?? [];
  });
  return names.filter((name) => !what.startsWith(`${name}/`));
}

/** TABLE: field → what its old value is a name of. */
const FORMER_NAMES: Readonly<Record<string, (before: string) => string | undefined>> = {
  "assigned_object_vm_interface.virtual_machine": (before) => {
    const vmid = /\/(\d+)(?:, primary)?$/.exec(before)?.[1];
    return vmid && `vm/${vmid}`;
  },
  "assigned_object_interface.device.name": (before) => `node/${before}`,
  "primary_mac_address.mac_address": (before) => `mac/${before}`,
};

/** Of a value; it is there to be read, and the run folder has all of it. */
const MAX_CHARS = 200;

function recordedField(
  { field, before, after }: FieldChange,
): NonNullable<RunChange["fields"]>[0] {
  const from = differingPart(before, after);
  const to = differingPart(after, before);
  return { field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** A long text from shortly before where it differs from the other one: "… the end". */
function differingPart(text: string | undefined, other = ""): string | undefined {
  if (text === undefined || text.length <= MAX_CHARS) return text;
  const longest = Math.max(text.length - MAX_CHARS, 0);
  let at = 0;
  while (at < text.length && text[at] === other[at]) at += 1;
  const from = Math.min(Math.max(at - MAX_CHARS / 4, 0), longest);
  const part = text.slice(from, from + MAX_CHARS);
  return `${from === 0 ? "" : "…"}${part}${from + MAX_CHARS < text.length ? "…" : ""}`;
}
