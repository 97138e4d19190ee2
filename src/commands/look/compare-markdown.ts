/** A comparison → Markdown for a comment on a pull request, which takes 65,536 characters. */
import type { Judged } from "../../look/compare/findings.ts";
import { type CompareRecord, headlineOf, type UnjudgedGroup } from "./compare-record.ts";
import { adviceOf, countRows, COUNTS_HEAD } from "./compare-text.ts";
import { markdownCode, markdownRow, markdownTable, markdownText } from "../text/markdown.ts";
import { shownPair } from "./shown-text.ts";
import { groupDigits } from "../text/tables.ts";

/** Of each of the three parts that a click opens. */
const MOST_CHARS = 20_000;

export function compareMarkdown(record: CompareRecord): string {
  const { different, missing, unjudged, totals, untold } = record;
  const isAllEqual = totals.equal === totals.entities;
  return [
    `### ${isAllEqual ? "It arrived" : "Not all of it arrived"}`,
    `${markdownText(headlineOf(record))}.`,
    countsTable(record),
    ...folded({
      title: "Different",
      head: ["Step", "Entity", "Field", "NetBox has", "Sent was"],
      blocks: different.map(differentRows),
      total: totals.different,
    }),
    ...folded({
      title: "Missing",
      head: ["Step", "Entity"],
      blocks: missing.map(({ step, entity }) => [[step, markdownCode(entity)]]),
      total: totals.missing,
    }),
    ...folded({
      title: "Not judged",
      head: ["Step", "Field", "Entities", "Why"],
      blocks: unjudged.map(unjudgedRows),
      total: unjudged.length + untold.reasons,
    }),
    ...adviceOf(record).map((advice) => `${advice}.`),
  ].join("\n\n");
}

type Rows = readonly (readonly string[])[];

function countsTable(record: CompareRecord): string {
  const rows = countRows(record).map((row) =>
    row.map((cell) => (typeof cell === "number" ? groupDigits(cell) : cell))
  );
  return markdownTable(COUNTS_HEAD, rows, COUNTS_HEAD.slice(1));
}

function differentRows({ step, entity, differences }: Judged): Rows {
  return differences.map(({ field, ...values }) => {
    const { netbox, sent } = shownPair(values);
    return [step, ...[entity, field, netbox, sent].map(markdownCode)];
  });
}

function unjudgedRows({ step, field, count, sentence }: UnjudgedGroup): Rows {
  const name = field === undefined ? "" : markdownCode(field);
  return [[step, name, groupDigits(count), markdownCode(sentence)]];
}

interface Section {
  readonly title: string;
  readonly head: readonly string[];
  /** The rows of each thing that there is to tell. */
  readonly blocks: readonly Rows[];
  /** How many things there are, those that no record has kept included. */
  readonly total: number;
}

/** Details that a click opens. */
function folded({ title, head, blocks, total }: Section): string[] {
  if (total === 0) return [];
  const shown = fitting(blocks);
  const untold = total - shown.length;
  return [
    `<details><summary>${title} (${groupDigits(total)})</summary>`,
    markdownTable(head, shown.flat()),
    ...(untold > 0 ? [`… and ${groupDigits(untold)} more, which \`--json\` tells`] : []),
    "</details>",
  ];
}

/** The first blocks, as long as there is room. */
function fitting(blocks: readonly Rows[]): readonly Rows[] {
  let chars = 0;
  const end = blocks.findIndex((rows) => {
    chars += rows.reduce((sum, row) => sum + markdownRow(row).length + 1, 0);
    return chars > MOST_CHARS;
  });
  return end === -1 ? blocks : blocks.slice(0, end);
}
