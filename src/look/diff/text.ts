/** A diff → text that fits a terminal: a group each for what was added, changed, is gone, was not read. */
import { markdownCode as code } from "../../terminal/markdown.ts";
import { type Line, shown as show, terminalWidth, wrapped } from "../../terminal/paragraphs.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { type Compared, type DiffResult, HALVES } from "./diff.ts";
import type { Change, Changed, Differences, FieldChange, Subject, Unread } from "./differences.ts";

/** Of a field's name and both of its values. */
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

function headline(half: Compared["half"], differences: Differences): Line {
  return [0, `${HALVES[half].title}: ${countsText(differences)}`];
}

function textGroup(title: string, items: readonly (readonly Line[])[]): Line[] {
  return items.length === 0 ? [] : [[0, title], ...items.flat()];
}

/** Both on one line when they are short. */
function fieldLines({ field, before, after }: FieldChange): Line[] {
  const [name, old, now] = [show(field), sideText(before, show), sideText(after, show)];
  return name.length + old.length + now.length <= MOST_ON_A_LINE
    ? [[2, `${name}: ${old} → ${now}`]]
    : [[2, `${name}:`], [3, `- ${old}`, 2], [3, `+ ${now}`, 2]];
}

/** A diff → Markdown for the comment of a pull request. */

/**
 * GitHub takes 65,536 characters, and GitLab more. Each group of each half has a share of its own, so that
 * none crowds out another.
 */
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

/** Whole items, as long as there is room for them, and how many there was none for. */
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
  const rest = hidden === 0 ? [] : [`- … and ${groupDigits(hidden)} more that are not shown here`];
  return [`**${title}**`, [...shown, ...rest].join("\n")];
}

function fieldLine({ field, before, after }: FieldChange): string {
  return `  - ${code(field)}: ${sideText(before, code)} → ${sideText(after, code)}`;
}

/** The words that the text and the Markdown of a diff share. */

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
