/** Things as comparable fields, and what differs: things that were added, changed, are gone or unread. */
import { canonicalJson } from "../../base/json.ts";
import { compareCodeUnits, compareNatural } from "../../base/natural-order.ts";
import type { Reading } from "../../proxmox/answers.ts";
import type { Reason } from "../../run-folder/left-out.ts";

export interface DiffSubject {
  /** "vm/101", "node/pve1/vmbr0", "cluster", as in left-out.json; for an entity step and name: "tag prod". */
  readonly what: string;
  /** Its current name, if that is not in `what`. */
  readonly name?: string;
  /** Node of a guest. */
  readonly node?: string;
  /** Of an entity; only if `diffEntities` is told how to find it. */
  readonly thing?: DiffThing;
}

/** The thing that an entity describes, which keeps its name when the entity is renamed. */
export interface DiffThing {
  /** As `explain` calls it: "vm/101", "node/pve1"; of a part also which one: "vm/101/net0". */
  readonly path: string;
  /** Only where several clusters have things of this name. */
  readonly cluster?: string;
  /** The guest or node that it is a part of, as an entity: "virtual-machine web-01". */
  readonly machine?: string;
  /** Its other names: "mac/BC:24:11:00:00:01". */
  readonly also?: string;
}

/** undefined: no value. */
export interface Change {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface FieldChange extends Change {
  readonly field: string;
}

export interface ChangedSubject extends DiffSubject {
  readonly renamed?: Change;
  /** From node to node. */
  readonly moved?: Change;
  /** All other changes. */
  readonly fields: readonly FieldChange[];
}

/** Known on one side but not read on the other, which does not mean that it is gone. */
export interface UnreadSubject extends DiffSubject, Gap {
  /** Missing answers or fields; empty if all are missing. */
  readonly parts: readonly string[];
}

export interface Gap {
  readonly reason: Reason;
  readonly detail: string;
}

export interface RunDifferences {
  readonly added: readonly DiffSubject[];
  readonly changed: readonly ChangedSubject[];
  readonly gone: readonly DiffSubject[];
  /** Not readable in b. */
  readonly unread: readonly UnreadSubject[];
  /** Not readable in a: the values in b may be old or new, so they are not differences. */
  readonly unreadBefore: readonly UnreadSubject[];
}

/** The answers about one thing on both sides. */
interface BeforeAfter {
  readonly subject: DiffSubject;
  readonly before: Parts;
  readonly after: Parts;
}

/** The fields with the name and the node of a guest. */
interface Identity {
  readonly name: string;
  readonly place: string;
}

export class DifferenceCollector implements RunDifferences {
  readonly added: DiffSubject[] = [];
  readonly changed: ChangedSubject[] = [];
  readonly gone: DiffSubject[] = [];
  readonly unread: UnreadSubject[] = [];
  readonly unreadBefore: UnreadSubject[] = [];

  /** A thing that only one side has. `gap`: why it was not read on the other. */
  addAlone(on: "before" | "after", subject: DiffSubject, gap: Gap | undefined): void {
    if (gap !== undefined) this.addUnread(on, { ...subject, parts: [] }, gap);
    else this[on === "before" ? "gone" : "added"].push(subject);
  }

  /** Parts that were read only on one side. */
  addUnread(
    on: "before" | "after",
    subject: Omit<UnreadSubject, keyof Gap>,
    { reason, detail }: Gap,
  ): void {
    this[on === "before" ? "unread" : "unreadBefore"].push({ ...subject, reason, detail });
  }

  /** A new name and a new node are kept apart from the other fields. */
  addChanged(subject: DiffSubject, fields: readonly FieldChange[], identity?: Identity): void {
    if (fields.length === 0) return;
    const take = (name: string | undefined) => fields.find(({ field }) => field === name);
    const [renamed, moved] = [take(identity?.name), take(identity?.place)];
    const others = fields.filter((each) => each !== renamed && each !== moved);
    this.changed.push({
      ...subject,
      ...(renamed && { renamed: { before: renamed.before, after: renamed.after } }),
      ...(moved && { moved: { before: moved.before, after: moved.after } }),
      fields: others.sort((a, b) => compareNatural(a.field, b.field)),
    });
  }

  /** A part that only one side has is nothing to compare. */
  compareParts({ subject, before, after }: BeforeAfter, identity?: Identity): void {
    const fields: FieldChange[] = [];
    for (const [part, old] of before) {
      const now = after.get(part);
      if (now !== undefined && "value" in old && "value" in now) {
        fields.push(...compareFields(old.value, now.value));
      }
    }
    this.addChanged(subject, fields, identity);
    this.#addUnreadParts("before", { subject, before, after });
    this.#addUnreadParts("after", { subject, before: after, after: before });
  }

  /** Parts that were read before and not after, grouped by reason. */
  #addUnreadParts(on: "before" | "after", { subject, before, after }: BeforeAfter): void {
    const missing = [...before].flatMap(([part, old]) => {
      const now = after.get(part);
      return "value" in old && now !== undefined && "reason" in now ? [{ part, gap: now }] : [];
    });
    for (const [reason, gaps] of Map.groupBy(missing, ({ gap }) => gap.reason)) {
      const parts = gaps.map(({ part }) => part);
      const details = new Set(gaps.map(({ gap }) => gap.detail));
      const detail = [...details].filter(Boolean).join("; ");
      this.addUnread(on, { ...subject, parts }, { reason, detail });
    }
  }

  /** In natural order. */
  sorted(): RunDifferences {
    const { added, changed, gone, unread, unreadBefore } = this;
    for (const list of [added, changed, gone, unread, unreadBefore]) list.sort(bySubject);
    return { added, changed, gone, unread, unreadBefore };
  }
}

export function isDifferent({ added, changed, gone, unread }: RunDifferences): boolean {
  return added.length + changed.length + gone.length + unread.length > 0;
}

function bySubject(a: DiffSubject, b: DiffSubject): number {
  return compareNatural(a.what, b.what) || compareCodeUnits(a.name ?? "", b.name ?? "");
}

export function compareFields(before: Fields, after: Fields): FieldChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .map((field) => ({ field, before: before.get(field), after: after.get(field) }))
    .filter((change) => change.before !== change.after);
}

export type Fields = ReadonlyMap<string, string>;

/** The answers about a thing, by their names in left-out.json: "config", "agent/get-osinfo". */
export type Parts = ReadonlyMap<string, Reading<Fields>>;

/** TABLE: unordered lists, by their separator. */
const SETS: Readonly<Record<string, RegExp>> = {
  tags: /[;, ]+/,
  altnames: /, /,
  slaves: / +/,
  bridge_ports: / +/,
  ovs_ports: / +/,
  ovs_bonds: / +/,
  nodes: /[,; ]+/,
  exitnodes: /[,; ]+/,
  peers: /[,; ]+/,
};

/** Off is the same as absent: releases differ in which of the two they send. */
const OFF_WHEN_ABSENT: ReadonlySet<string> = new Set(["template"]);

/** Deeper than any value of Proxmox VE or Diode; deeper values are compared as JSON. */
export const MAX_DEPTH = 8;

/**
 * { cpuinfo: { cores: 4 } } → "cpuinfo.cores" → "4", for the keys that `isCompared`.
 * @throws AppError "input" if a value is nested too deep.
 */
export function fieldsOf(data: object, isCompared: (key: string) => boolean): Fields {
  return new Map(
    leavesOf(data, "", 0).flatMap(([key, value]): [string, string][] => {
      const text = isCompared(key) ? fieldText(key, value) : undefined;
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

/** 4 and "4" are equal; so are "", null and absent. */
function fieldText(key: string, value: unknown): string | undefined {
  const text = plainText(key, value);
  if (text === "" || (text === "0" && OFF_WHEN_ABSENT.has(key))) return undefined;
  const separator = SETS[key];
  if (separator === undefined) return text;
  const parts = text.split(separator).filter((part) => part !== "").sort();
  return parts.length === 0 ? undefined : parts.join(", ");
}

function plainText(key: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return value.join(", ");
  }
  return typeof value === "object" ? canonicalJson(value, { what: key }) : String(value);
}

function leavesOf(value: object, prefix: string, depth: number): [string, unknown][] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const path = prefix + key;
    const isBranch = typeof item === "object" && item !== null && !Array.isArray(item) &&
      depth < MAX_DEPTH;
    return isBranch ? leavesOf(item, `${path}.`, depth + 1) : [[path, item]];
  });
}
