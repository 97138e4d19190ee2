/** A diff → Markdown for the comment of a pull request. */
import type { FieldChange } from "../../look/diff/differences.ts";
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
import { markdownCode as code } from "../text/markdown.ts";
import { groupDigits } from "../text/tables.ts";

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
    ...group("Added", added.map((subject) => `- ${subjectText(subject, code)}`)),
    ...group(
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
    ...group("Gone", gone.map((subject) => `- ${subjectText(subject, code)}`)),
    ...group(
      `Not readable in b (${UNREAD_MEANING})`,
      [...byReason(unread, code)].flatMap(([reason, same]) =>
        same.map((each) => `- ${unreadText(each, code)}: ${reason}`)
      ),
    ),
  ];
}

/** Whole items, as long as there is room for them, and how many there was none for. */
function group(title: string, items: readonly string[]): string[] {
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
