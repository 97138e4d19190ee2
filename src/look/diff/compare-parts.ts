/** The answers about one thing, twice → what changed, and what is not known any more. */
import { compareNatural } from "../../base/natural-order.ts";
import type { FieldChange, Findings, Subject, Unread } from "./differences.ts";
import type { Fields, Parts } from "./fields.ts";

/** A thing that is known on both sides. A part that only one side has is nothing to compare. */
export interface Twice {
  readonly subject: Subject;
  readonly before: Parts;
  readonly after: Parts;
}

/** The fields that say what a guest is called and where it runs. */
export interface Identity {
  readonly name: string;
  readonly place: string;
}

export function compareParts(
  { subject, before, after }: Twice,
  findings: Findings,
  identity?: Identity,
): void {
  const fields: FieldChange[] = [];
  for (const [part, old] of before) {
    const now = after.get(part);
    if (now !== undefined && "value" in old && "value" in now) {
      fields.push(...compareFields(old.value, now.value));
    }
  }
  pushChanged(findings, { subject, fields, identity });
  findings.unread.push(...unreadOf({ subject, before, after }));
  findings.unreadBefore.push(...unreadOf({ subject, before: after, after: before }));
}

export function compareFields(before: Fields, after: Fields): FieldChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .map((field) => ({ field, before: before.get(field), after: after.get(field) }))
    .filter((change) => change.before !== change.after);
}

/** A new name and a new place stand apart from the other fields. */
export function pushChanged(
  findings: Findings,
  { subject, fields, identity }: {
    readonly subject: Subject;
    readonly fields: readonly FieldChange[];
    readonly identity?: Identity | undefined;
  },
): void {
  if (fields.length === 0) return;
  const take = (name: string | undefined) => fields.find(({ field }) => field === name);
  const [renamed, moved] = [take(identity?.name), take(identity?.place)];
  const others = fields.filter((each) => each !== renamed && each !== moved);
  findings.changed.push({
    ...subject,
    ...(renamed && { renamed: { before: renamed.before, after: renamed.after } }),
    ...(moved && { moved: { before: moved.before, after: moved.after } }),
    fields: others.sort((a, b) => compareNatural(a.field, b.field)),
  });
}

/** Known before and not known after; parts with one reason are told together. */
function unreadOf({ subject, before, after }: Twice): Unread[] {
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
