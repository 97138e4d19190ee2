/** A comparison → text for a terminal, or Markdown for a comment on a pull request. */
import { printable } from "../../base/log.ts";
import { DIODE_PLUGIN } from "../../netbox/rest/client.ts";
import type { Difference, Shown } from "../../netbox/types/fields.ts";
import { groupDigits, renderTable } from "../../terminal/tables.ts";
import {
  type Line,
  markdownCode,
  markdownRow,
  markdownTable,
  markdownText,
  wrapped,
} from "../../terminal/text.ts";
import type { Judged } from "./compare.ts";
import { type CompareRecord, headlineOf, type UnjudgedGroup } from "./record.ts";

export interface CompareTextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** With what NetBox has beyond what was sent. */
  readonly isVerbose: boolean;
}

const COUNTS_HEAD = ["Step", "Entities", "Equal", "Different", "Missing", "Not judged"];

/** Source: diode-server, ingester/component.go: it acknowledges what it writes to a queue. */
const APPLIED_LATER =
  "Diode acknowledges entities before it applies them: right after a push, wait and compare again. " +
  "NetBox shows the state of each entity under Diode → Ingestion Logs";
const NO_PLUGIN =
  `Diode's plugin (${DIODE_PLUGIN}) is not installed in this NetBox: nothing can arrive in it`;

export function compareText(
  record: CompareRecord,
  { width, isVerbose }: CompareTextOptions,
): string {
  const { totals, notShown } = record;
  const sections = [
    section("Different", record.different.map(differentLines), totals.different),
    section("Missing", record.missing.map((judged) => [[1, nameOf(judged)]]), totals.missing),
    section(
      "Not judged",
      record.unjudged.map(unjudgedLines),
      record.unjudged.length + notShown.reasons,
    ),
    isVerbose ? moreSection(record) : [],
    adviceOf(record).map((advice): Line => [0, advice]),
  ];
  return [
    wrapped([[0, printable(headlineOf(record))]], width),
    renderTable(COUNTS_HEAD, countRows(record)),
    ...sections.filter((lines) => lines.length > 0)
      .map((lines) => wrapped(lines.map(printableLineOf), width)),
  ].join("\n\n");
}

/** Source: NetBox, extras/signals.py: values of a type that a custom field loses are deleted. */
const LOSS =
  "Diode replaces the object types of a custom field: a push removes those named above, and NetBox " +
  "deletes the values there. Before you push, move these values to another custom field, or push " +
  "without the step custom-field (--only)";

/** Why entities may not have arrived, and what a push would remove. */
function adviceOf({ totals, status, hasLoss }: CompareRecord): readonly string[] {
  if (totals.different + totals.missing === 0) return [];
  return [
    ...(hasLoss ? [LOSS] : []),
    status?.plugin === undefined ? NO_PLUGIN : APPLIED_LATER,
  ];
}

function countRows({ steps }: CompareRecord): readonly (readonly (string | number)[])[] {
  return steps.map(({ step, entities, equal, different, missing, unjudged }) => [
    step,
    entities,
    equal,
    different,
    missing,
    unjudged,
  ]);
}

function section(title: string, blocks: readonly (readonly Line[])[], total: number): Line[] {
  if (total === 0) return [];
  const notShown = total - blocks.length;
  const rest: Line[] = notShown > 0 ? [[1, `… and ${groupDigits(notShown)} more, see --json`]] : [];
  return [[0, title], ...blocks.flat(), ...rest];
}

function differentLines({ step, entity, url, differences, unjudged }: Judged): Line[] {
  return [
    [1, `${nameOf({ step, entity })}${url === undefined ? "" : ` ${url}`}`],
    ...differences.map((difference): Line => [2, differenceText(difference)]),
    ...unjudged.map(({ field, sentence }): Line => [2, `${field} is not judged: ${sentence}`]),
  ];
}

function unjudgedLines({ step, field, sentence, entity, count }: UnjudgedGroup): Line[] {
  const what = count === 1 ? nameOf({ step, entity }) : `${groupDigits(count)} of step ${step}`;
  return [[1, `${what}${field === undefined ? "" : ` ${field}`}: ${sentence}`]];
}

function moreSection({ more, notShown }: CompareRecord): Line[] {
  const blocks = more.map((judged) =>
    judged.more.map(({ field, values }): Line => [
      1,
      `${nameOf(judged)} ${field}: ${values.join(", ")}`,
    ])
  );
  const total = more.length + notShown.more;
  return section("More in NetBox than was sent (no difference)", blocks, total);
}

function nameOf({ step, entity }: Pick<Judged, "step" | "entity">): string {
  return `${step} ${entity}`;
}

function printableLineOf([level, text]: Line): Line {
  return [level, printable(text)];
}

/** Of each of the three lists: a comment on GitHub holds 65,536 characters. */
const MAX_LIST_CHARS = 20_000;

export function compareMarkdown(record: CompareRecord): string {
  const { different, missing, unjudged, totals, notShown } = record;
  const isAllEqual = totals.equal === totals.entities;
  return [
    `### ${isAllEqual ? "Everything arrived" : "Not everything arrived"}`,
    `${markdownText(headlineOf(record))}.`,
    countsTable(record),
    ...folded({
      title: "Different",
      head: ["Step", "Entity", "Field", "NetBox has", "Sent"],
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
      total: unjudged.length + notShown.reasons,
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
  /** The rows of each finding. */
  readonly blocks: readonly Rows[];
  /** How many findings there are, with those that the record did not keep. */
  readonly total: number;
}

/** A list that opens on a click. */
function folded({ title, head, blocks, total }: Section): string[] {
  if (total === 0) return [];
  const shown = fitting(blocks);
  const notShown = total - shown.length;
  return [
    `<details><summary>${title} (${groupDigits(total)})</summary>`,
    markdownTable(head, shown.flat()),
    ...(notShown > 0 ? [`… and ${groupDigits(notShown)} more, see \`--json\``] : []),
    "</details>",
  ];
}

/** The first blocks that fit into MAX_LIST_CHARS. */
function fitting(blocks: readonly Rows[]): readonly Rows[] {
  let chars = 0;
  const end = blocks.findIndex((rows) => {
    chars += rows.reduce((sum, row) => sum + markdownRow(row).length + 1, 0);
    return chars > MAX_LIST_CHARS;
  });
  return end === -1 ? blocks : blocks.slice(0, end);
}

/** Of a long value. */
const MAX_VALUE_CHARS = 60;
const CHARS_BEFORE = 15;

interface ShownPair {
  readonly netbox: string;
  readonly sent: string;
}

/** Long texts are cut to where they differ. */
function shownPair({ netbox, sent }: Pick<Difference, "netbox" | "sent">): ShownPair {
  const from = typeof netbox === "string" && typeof sent === "string"
    ? Math.max(firstDifference(netbox, sent) - CHARS_BEFORE, 0)
    : 0;
  return { netbox: shownText(netbox, from), sent: shownText(sent, from) };
}

/** "memory: NetBox has 4096, sent was 8192", "object_types: a push removes dcim.device" */
export function differenceText(difference: Difference): string {
  const { field, netbox, sent, lost = [] } = difference;
  if (Array.isArray(netbox) && Array.isArray(sent)) {
    const lacking = sent.filter((name) => !netbox.includes(name));
    const parts = [
      ...(lacking.length === 0 ? [] : [`NetBox lacks ${shownText(lacking, 0)}`]),
      ...(lost.length === 0 ? [] : [`a push removes ${shownText(lost, 0)}`]),
    ];
    return `${field}: ${parts.join("; ")}`;
  }
  const pair = shownPair(difference);
  return `${field}: NetBox has ${pair.netbox}, sent was ${pair.sent}`;
}

function shownText(value: Shown, from: number): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return JSON.stringify(cut(value, from));
  if (typeof value !== "object") return String(value);
  return value.length === 0 ? "nothing" : value.join(", ");
}

function cut(text: string, from: number): string {
  if (text.length <= MAX_VALUE_CHARS) return text;
  const end = from + MAX_VALUE_CHARS;
  return `${from > 0 ? "…" : ""}${text.slice(from, end)}${end < text.length ? "…" : ""}`;
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
