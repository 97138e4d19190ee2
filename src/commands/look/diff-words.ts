/** The words that the text and the Markdown of a diff share. */
import type { Change, Changed, Differences, Subject, Unread } from "../../look/diff/differences.ts";
import { groupDigits } from "../text/tables.ts";

/** How a text from outside is shown. */
export type Show = (text: string) => string;

export const EQUAL = "No differences";
export const UNREAD_MEANING = "nothing new is known of these; they are not gone";

/** "2 added, 3 changed (1 renamed, 1 moved), 1 gone, 4 not readable in b" */
export function countsText({ added, changed, gone, unread }: Differences): string {
  const kinds = [
    counted(changed.filter(({ renamed }) => renamed).length, "renamed"),
    counted(changed.filter(({ moved }) => moved).length, "moved"),
  ].filter(Boolean);
  const more = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  const counts = [
    counted(added.length, "added"),
    counted(changed.length, "changed") + (changed.length === 0 ? "" : more),
    counted(gone.length, "gone"),
    counted(unread.length, "not readable in b"),
  ].filter(Boolean);
  return counts.length === 0 ? EQUAL : counts.join(", ");
}

/** What was not read in a is no difference, and is not passed over. */
export function unreadBeforeText({ unreadBefore: { length } }: Differences): string | undefined {
  return length === 0
    ? undefined
    : `${groupDigits(length)} not readable in a: what b says there may be old or new`;
}

/** "vm/101 web-01 on pve2" */
export function subjectText({ what, name, node }: Subject, show: Show): string {
  const words = [show(what), name === undefined ? "" : show(name)];
  return [...words, node === undefined ? "" : `on ${show(node)}`].filter(Boolean).join(" ");
}

/** "vm/101 web-02, renamed from web-01, moved from pve1 to pve2" */
export function changedText({ renamed, moved, ...subject }: Changed, show: Show): string {
  const { node: _, ...named } = subject;
  const shown = (text: string | undefined): string => text === undefined ? "nothing" : show(text);
  return [
    subjectText(moved === undefined ? subject : named, show),
    renamed && `renamed from ${shown(renamed.before)}`,
    moved && `moved from ${shown(moved.before)} to ${shown(moved.after)}`,
  ].filter(Boolean).join(", ");
}

/** "vm/104 db (config, agent/get-osinfo)" */
export function unreadText({ parts, ...subject }: Unread, show: Show): string {
  const { node: _, ...named } = subject;
  const which = parts.length === 0 ? "" : ` (${parts.map(show).join(", ")})`;
  return subjectText(named, show) + which;
}

/** "denied, 403 Permission check failed" → what was not read for that reason. */
export function byReason(unread: readonly Unread[], show: Show): ReadonlyMap<string, Unread[]> {
  return Map.groupBy(
    unread,
    ({ reason, detail }) => detail === "" ? reason : `${reason}, ${show(detail)}`,
  );
}

export function sideText(side: Change["before"], show: Show): string {
  return side === undefined ? "(none)" : show(side);
}

function counted(count: number, word: string): string {
  return count === 0 ? "" : `${groupDigits(count)} ${word}`;
}
