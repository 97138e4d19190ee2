/** Prints a diff on a terminal or as Markdown, in groups: added, changed, gone, not readable. */
import { groupDigits } from "../../terminal/tables.ts";
import {
  type Line,
  markdownCode as code,
  shown as show,
  terminalWidth,
  wrapped,
} from "../../terminal/text.ts";
import { type Compared, type DiffResult, HALVES } from "./diff.ts";
import type {
  Change,
  ChangedSubject,
  DiffSubject,
  FieldChange,
  RunDifferences,
  UnreadSubject,
} from "./differences.ts";

/** Length of a field name and both values. */
const MOST_ON_A_LINE = 66;

export function diffText({ a, b, compared }: DiffResult): string {
  const head: Line = [0, `a is ${show(a)}, b is ${show(b)}`];
  const width = terminalWidth();
  const blocks = [[head], ...compared.flatMap(halfBlocks)];
  return `\n${blocks.map((lines) => wrapped(lines, width)).join("\n\n")}\n`;
}

function halfBlocks({ half, differences }: Compared): Line[][] {
  const { added, changed, gone, unread } = differences;
  const before = unreadBeforeText(differences);
  const groups: Line[][] = [
    textGroup("Added", added.map((subject) => [[1, subjectText(subject, show)]])),
    textGroup(
      "Changed",
      changed.map((each) => [[1, changedText(each, show)], ...each.fields.flatMap(fieldLines)]),
    ),
    textGroup("Gone", gone.map((subject) => [[1, subjectText(subject, show)]])),
    textGroup(
      `Not readable in b: ${UNREAD_MEANING}`,
      [...byReason(unread, show)].map(([reason, same]) => [
        [1, reason],
        ...same.map((each): Line => [2, unreadText(each, show)]),
      ]),
    ),
  ];
  return [
    [headline(half, differences), ...(before === undefined ? [] : [[0, before] as const])],
    ...groups.filter((lines) => lines.length > 0),
  ];
}

function headline(half: Compared["half"], differences: RunDifferences): Line {
  return [0, `${HALVES[half].title}: ${countsText(differences)}`];
}

function textGroup(title: string, items: readonly (readonly Line[])[]): Line[] {
  return items.length === 0 ? [] : [[0, title], ...items.flat()];
}

/** Short values are printed on one line. */
function fieldLines({ field, before, after }: FieldChange): Line[] {
  const [name, old, now] = [show(field), sideText(before, show), sideText(after, show)];
  return name.length + old.length + now.length <= MOST_ON_A_LINE
    ? [[2, `${name}: ${old} → ${now}`]]
    : [[2, `${name}:`], [3, `- ${old}`, 2], [3, `+ ${now}`, 2]];
}

/** A comment on GitHub may have 65,536 characters, on GitLab more; each group of each half gets a share. */
const MOST_CHARS_OF_GROUP = 7000;
const MOST_FIELDS = 20;

export function diffMarkdown({ a, b, compared }: DiffResult): string {
  return [`### ${code(a)} → ${code(b)}`, ...compared.flatMap(halfSections)].join("\n\n");
}

function halfSections({ half, differences }: Compared): string[] {
  const { added, changed, gone, unread } = differences;
  const before = unreadBeforeText(differences);
  return [
    `**${HALVES[half].title}:** ${countsText(differences)}${
      before === undefined ? "" : `; ${before}`
    }`,
    ...markdownGroup("Added", added.map((subject) => `- ${subjectText(subject, code)}`)),
    ...markdownGroup(
      "Changed",
      changed.map((each) => {
        const hidden = each.fields.length - MOST_FIELDS;
        return [
          `- ${changedText(each, code)}`,
          ...each.fields.slice(0, MOST_FIELDS).map(fieldLine),
          ...(hidden > 0 ? [`  - … and ${groupDigits(hidden)} more fields`] : []),
        ].join("\n");
      }),
    ),
    ...markdownGroup("Gone", gone.map((subject) => `- ${subjectText(subject, code)}`)),
    ...markdownGroup(
      `Not readable in b (${UNREAD_MEANING})`,
      [...byReason(unread, code)].flatMap(([reason, same]) =>
        same.map((each) => `- ${unreadText(each, code)}: ${reason}`)
      ),
    ),
  ];
}

/** As many whole items as fit, and the number of the others. */
function markdownGroup(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const shown: string[] = [];
  let room = MOST_CHARS_OF_GROUP;
  for (const item of items) {
    if (item.length > room) continue;
    room -= item.length + 1;
    shown.push(item);
  }
  const hidden = items.length - shown.length;
  const rest = hidden === 0 ? [] : [`- … and ${groupDigits(hidden)} more`];
  return [`**${title}**`, [...shown, ...rest].join("\n")];
}

function fieldLine({ field, before, after }: FieldChange): string {
  return `  - ${code(field)}: ${sideText(before, code)} → ${sideText(after, code)}`;
}

/** Quotes a text from outside, for a terminal or for Markdown. */
type Show = (text: string) => string;

const EQUAL = "No differences";
const UNREAD_MEANING = "these are not gone";

/** "2 added, 3 changed (1 renamed, 1 moved), 1 gone, 4 not readable in b" */
function countsText({ added, changed, gone, unread }: RunDifferences): string {
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

function unreadBeforeText({ unreadBefore: { length } }: RunDifferences): string | undefined {
  return length === 0
    ? undefined
    : `${groupDigits(length)} not readable in a: their values in b may be old or new`;
}

/** "vm/101 web-01 on pve2" */
function subjectText({ what, name, node }: DiffSubject, show: Show): string {
  const words = [show(what), name === undefined ? "" : show(name)];
  return [...words, node === undefined ? "" : `on ${show(node)}`].filter(Boolean).join(" ");
}

/** "vm/101 web-02, renamed from web-01, moved from pve1 to pve2" */
function changedText({ renamed, moved, ...subject }: ChangedSubject, show: Show): string {
  const { node: _, ...named } = subject;
  const shown = (text: string | undefined): string => text === undefined ? "nothing" : show(text);
  return [
    subjectText(moved === undefined ? subject : named, show),
    renamed && `renamed from ${shown(renamed.before)}`,
    moved && `moved from ${shown(moved.before)} to ${shown(moved.after)}`,
  ].filter(Boolean).join(", ");
}

/** "vm/104 db (config, agent/get-osinfo)" */
function unreadText({ parts, ...subject }: UnreadSubject, show: Show): string {
  const { node: _, ...named } = subject;
  const which = parts.length === 0 ? "" : ` (${parts.map(show).join(", ")})`;
  return subjectText(named, show) + which;
}

/** "denied, 403 Permission check failed" → things that were not read for this reason. */
function byReason(
  unread: readonly UnreadSubject[],
  show: Show,
): ReadonlyMap<string, UnreadSubject[]> {
  return Map.groupBy(
    unread,
    ({ reason, detail }) => detail === "" ? reason : `${reason}, ${show(detail)}`,
  );
}

function sideText(side: Change["before"], show: Show): string {
  return side === undefined ? "(none)" : show(side);
}

function counted(count: number, word: string): string {
  return count === 0 ? "" : `${groupDigits(count)} ${word}`;
}
