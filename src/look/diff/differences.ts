/** The result of a comparison, and how it is collected: things that were added, changed, are gone or unread. */
import { compareCodeUnits, compareNatural } from "../../base/natural-order.ts";
import type { Reason } from "../../run-folder/left-out.ts";
import type { Fields, Parts } from "./fields.ts";

export interface DiffSubject {
  /** "vm/101", "node/pve1/vmbr0", "cluster", as in left-out.json; for an entity step and name: "tag prod". */
  readonly what: string;
  /** Its current name, if that is not in `what`. */
  readonly name?: string;
  /** Node of a guest. */
  readonly node?: string;
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
export interface UnreadSubject extends DiffSubject {
  /** Missing answers or fields; empty if all are missing. */
  readonly parts: readonly string[];
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

export class DifferenceCollector {
  readonly added: DiffSubject[] = [];
  readonly changed: ChangedSubject[] = [];
  readonly gone: DiffSubject[] = [];
  readonly unread: UnreadSubject[] = [];
  readonly unreadBefore: UnreadSubject[] = [];

  /** In natural order. */
  sorted(): RunDifferences {
    return {
      added: this.added.toSorted(bySubject),
      changed: this.changed.toSorted(bySubject),
      gone: this.gone.toSorted(bySubject),
      unread: this.unread.toSorted(bySubject),
      unreadBefore: this.unreadBefore.toSorted(bySubject),
    };
  }
}

export function isDifferent({ added, changed, gone, unread }: RunDifferences): boolean {
  return added.length + changed.length + gone.length + unread.length > 0;
}

function bySubject(a: DiffSubject, b: DiffSubject): number {
  return compareNatural(a.what, b.what) || compareCodeUnits(a.name ?? "", b.name ?? "");
}

/** A thing that is known on both sides. A part that only one side has is nothing to compare. */
export interface BeforeAfter {
  readonly subject: DiffSubject;
  readonly before: Parts;
  readonly after: Parts;
}

/** The fields with the name and the node of a guest. */
interface Identity {
  readonly name: string;
  readonly place: string;
}

/** The answers about one thing, before and after → what changed, and what can no longer be read. */
export function compareParts(
  { subject, before, after }: BeforeAfter,
  differences: DifferenceCollector,
  identity?: Identity,
): void {
  const fields: FieldChange[] = [];
  for (const [part, old] of before) {
    const now = after.get(part);
    if (now !== undefined && "value" in old && "value" in now) {
      fields.push(...compareFields(old.value, now.value));
    }
  }
  addChanged(differences, { subject, fields, identity });
  differences.unread.push(...unreadOf({ subject, before, after }));
  differences.unreadBefore.push(...unreadOf({ subject, before: after, after: before }));
}

export function compareFields(before: Fields, after: Fields): FieldChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .map((field) => ({ field, before: before.get(field), after: after.get(field) }))
    .filter((change) => change.before !== change.after);
}

/** A new name and a new node are kept apart from the other fields. */
export function addChanged(
  differences: DifferenceCollector,
  { subject, fields, identity }: {
    readonly subject: DiffSubject;
    readonly fields: readonly FieldChange[];
    readonly identity?: Identity | undefined;
  },
): void {
  if (fields.length === 0) return;
  const take = (name: string | undefined) => fields.find(({ field }) => field === name);
  const [renamed, moved] = [take(identity?.name), take(identity?.place)];
  const others = fields.filter((each) => each !== renamed && each !== moved);
  differences.changed.push({
    ...subject,
    ...(renamed && { renamed: { before: renamed.before, after: renamed.after } }),
    ...(moved && { moved: { before: moved.before, after: moved.after } }),
    fields: others.sort((a, b) => compareNatural(a.field, b.field)),
  });
}

/** Parts that were read before and not after, grouped by reason. */
function unreadOf({ subject, before, after }: BeforeAfter): UnreadSubject[] {
  const missing = [...before].flatMap(([part, old]) => {
    const now = after.get(part);
    return "value" in old && now !== undefined && "reason" in now ? [{ part, gap: now }] : [];
  });
  return [...Map.groupBy(missing, ({ gap }) => gap.reason)].map(([reason, gaps]) => ({
    ...subject,
    parts: gaps.map(({ part }) => part),
    reason,
    detail: [...new Set(gaps.map(({ gap }) => gap.detail))].filter(Boolean).join("; "),
  }));
}
