/** A comparison → text for a terminal. */
import { printable } from "../../base/log.ts";
import type { Status } from "../../netbox/rest/client.ts";
import type { Difference, Shown } from "../../netbox/types/fields.ts";
import type { StepName } from "../../netbox/types/order.ts";
import { markdownCode, markdownRow, markdownTable, markdownText } from "../../terminal/markdown.ts";
import { type Line, wrapped } from "../../terminal/paragraphs.ts";
import { groupDigits, renderTable } from "../../terminal/tables.ts";
import type { CompareVerdict, Judged } from "./compare.ts";

export interface CompareTextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Also what NetBox has more of. */
  readonly isVerbose: boolean;
}

export const COUNTS_HEAD = ["Step", "Entities", "Equal", "Different", "Missing", "Not judged"];

/** What an acknowledgement means. Source: diode-server, ingester/component.go: it writes to a queue. */
const APPLIED_LATER =
  "Diode applies later what it acknowledged: right after a push, wait and compare again. NetBox " +
  "tells what became of each entity under Diode → Ingestion Logs";
const NO_PLUGIN =
  "This NetBox has no plugin of Diode (netbox_diode_plugin): nothing can arrive in it";

export function compareText(
  record: CompareRecord,
  { width, isVerbose }: CompareTextOptions,
): string {
  const { totals, untold } = record;
  const sections = [
    section("Different", record.different.map(differentLines), totals.different),
    section("Missing", record.missing.map((judged) => [[1, nameOf(judged)]]), totals.missing),
    section(
      "Not judged",
      record.unjudged.map(unjudgedLines),
      record.unjudged.length + untold.reasons,
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
  "deletes the values there. Before you push, move these values to a custom field of another name, or " +
  "push without the step custom-field (--only)";

/** What to think of what did not arrive, and of what would be lost. */
export function adviceOf({ totals, status, hasLoss }: CompareRecord): readonly string[] {
  if (totals.different + totals.missing === 0) return [];
  return [
    ...(hasLoss ? [LOSS] : []),
    status?.plugin === undefined ? NO_PLUGIN : APPLIED_LATER,
  ];
}

export function countRows({ steps }: CompareRecord): readonly (readonly (string | number)[])[] {
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
  const untold = total - blocks.length;
  const rest: Line[] = untold > 0
    ? [[1, `… and ${groupDigits(untold)} more, which --json tells`]]
    : [];
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

function moreSection({ more, untold }: CompareRecord): Line[] {
  const blocks = more.map((judged) =>
    judged.more.map(({ field, values }): Line => [
      1,
      `${nameOf(judged)} ${field}: ${values.join(", ")}`,
    ])
  );
  return section("More in NetBox, which is no difference", blocks, more.length + untold.more);
}

function nameOf({ step, entity }: Pick<Judged, "step" | "entity">): string {
  return `${step} ${entity}`;
}

function printableLineOf([level, text]: Line): Line {
  return [level, printable(text)];
}

/** A comparison → Markdown for a comment on a pull request, which takes 65,536 characters. */

/** Of each of the three parts that a click opens. */
const MAX_LIST_CHARS = 20_000;

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
    return chars > MAX_LIST_CHARS;
  });
  return end === -1 ? blocks : blocks.slice(0, end);
}

/** What came of a comparison: how many of each, and as much of what is to be told as a report shows. */

export interface CompareSubject {
  /** The run, as the user named it. */
  readonly place: string;
  /** Of NetBox. */
  readonly url: string;
}

export type VerdictCounts = Readonly<Record<CompareVerdict, number>> & {
  readonly entities: number;
};

/** The same about so many entities of a step. */
export interface UnjudgedGroup {
  readonly step: StepName;
  readonly field: string | undefined;
  readonly sentence: string;
  /** The first of them. */
  readonly entity: string;
  readonly count: number;
}

/** More would push what matters out of sight, and memory has an end; --json tells all. */
export const MOST_SHOWN = 30;

const NONE: VerdictCounts = { entities: 0, equal: 0, different: 0, missing: 0, unjudged: 0 };

export class CompareRecord {
  readonly subject: CompareSubject;
  status: Status | undefined;
  /** It came to its end. */
  isComplete = false;
  /** A push would remove something. */
  hasLoss = false;
  /** The first so many of each. */
  readonly different: Judged[] = [];
  readonly missing: Judged[] = [];
  /** What NetBox has more of, with whatever verdict. */
  readonly more: Judged[] = [];
  readonly #counts: Map<StepName, VerdictCounts>;
  readonly #groups = new Map<string, UnjudgedGroup>();
  readonly #untold = { more: 0, reasons: 0 };

  constructor(subject: CompareSubject, steps: readonly StepName[]) {
    this.subject = subject;
    this.#counts = new Map(steps.map((step) => [step, NONE]));
  }

  get steps(): readonly (VerdictCounts & { readonly step: StepName })[] {
    return [...this.#counts].map(([step, counts]) => ({ step, ...counts }));
  }

  get totals(): VerdictCounts {
    return [...this.#counts.values()].reduce(sum, NONE);
  }

  get unjudged(): readonly UnjudgedGroup[] {
    return [...this.#groups.values()];
  }

  /** How many of those with more in NetBox, and of the reasons, found no room. */
  get untold(): { readonly more: number; readonly reasons: number } {
    return this.#untold;
  }

  add(judged: Judged): void {
    const { step, verdict } = judged;
    const counts = this.#counts.get(step) ?? NONE;
    this.#counts.set(step, sum(counts, { ...NONE, entities: 1, [verdict]: 1 }));
    if (verdict === "different") keep(this.different, judged);
    this.hasLoss ||= judged.differences.some(({ lost }) => lost !== undefined);
    if (verdict === "missing") keep(this.missing, judged);
    if (judged.more.length > 0 && !keep(this.more, judged)) this.#untold.more += 1;
    this.#group(judged);
  }

  #group({ step, entity, unjudged }: Judged): void {
    for (const { field, sentence } of unjudged) {
      const key = JSON.stringify([step, field, sentence]);
      const group = this.#groups.get(key) ?? { step, field, sentence, entity, count: 0 };
      if (group.count > 0 || this.#groups.size < MOST_SHOWN) {
        this.#groups.set(key, { ...group, count: group.count + 1 });
      } else this.#untold.reasons += 1;
    }
  }
}

/** Was there room? */
function keep(kept: Judged[], judged: Judged): boolean {
  return kept.length < MOST_SHOWN && kept.push(judged) > 0;
}

function sum(a: VerdictCounts, b: VerdictCounts): VerdictCounts {
  return {
    entities: a.entities + b.entities,
    equal: a.equal + b.equal,
    different: a.different + b.different,
    missing: a.missing + b.missing,
    unjudged: a.unjudged + b.unjudged,
  };
}

/** "All 288 entities of snapshots/example are in NetBox 4.7.3 at https://… as they were sent" */
export function headlineOf({ subject, status, totals }: CompareRecord): string {
  const { entities, equal } = totals;
  const sent = `${groupDigits(entities)} entities of ${printable(subject.place)}`;
  const where = `in NetBox ${status?.version ?? ""} at ${subject.url} as they were sent`;
  if (equal === entities) return `All ${sent} are ${where}`;
  const others = WORDS.filter(([verdict]) => totals[verdict] > 0)
    .map(([verdict, word]) => `${groupDigits(totals[verdict])} ${word}`);
  return `Of ${sent}, ${groupDigits(equal)} are ${where}; ${others.join(", ")}`;
}

const WORDS = [["different", "different"], ["missing", "missing"], [
  "unjudged",
  "not judged",
]] as const;

/** Values that differ → a few words each, cut to where they differ. */

/** Of a long text. */
const MAX_VALUE_CHARS = 60;
const CHARS_BEFORE = 15;

export interface ShownPair {
  readonly netbox: string;
  readonly sent: string;
}

/** What NetBox's list has more than it was sent is no difference, and not shown. */
export function shownPair({ netbox, sent }: Pick<Difference, "netbox" | "sent">): ShownPair {
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
