/** A diff → text that fits a terminal: a group each for what was added, changed, is gone, was not read. */
import type { Differences, FieldChange } from "../../look/diff/differences.ts";
import { type Compared, type DiffResult, HALVES } from "./diff-halves.ts";
import {
  byReason,
  changedText,
  countsText,
  sideText,
  subjectText,
  UNREAD_MEANING,
  unreadBeforeText,
  unreadText,
} from "./diff-words.ts";
import { type Line, shown as show, terminalWidth, wrapped } from "../text/paragraphs.ts";

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
    group("Added", added.map((subject) => [[1, subjectText(subject, show)]])),
    group(
      "Changed",
      changed.map((each) => [[1, changedText(each, show)], ...each.fields.flatMap(fieldLines)]),
    ),
    group("Gone", gone.map((subject) => [[1, subjectText(subject, show)]])),
    group(
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

function group(title: string, items: readonly (readonly Line[])[]): Line[] {
  return items.length === 0 ? [] : [[0, title], ...items.flat()];
}

/** Both on one line when they are short. */
function fieldLines({ field, before, after }: FieldChange): Line[] {
  const [name, old, now] = [show(field), sideText(before, show), sideText(after, show)];
  return name.length + old.length + now.length <= MOST_ON_A_LINE
    ? [[2, `${name}: ${old} → ${now}`]]
    : [[2, `${name}:`], [3, `- ${old}`, 2], [3, `+ ${now}`, 2]];
}
