/** A comparison → text for a terminal. */
import { printable } from "../../kernel/log.ts";
import type { Judged } from "../../look/compare/findings.ts";
import { type CompareRecord, headlineOf, type UnjudgedGroup } from "./compare-record.ts";
import { type Line, wrapped } from "../text/paragraphs.ts";
import { differenceText } from "./shown-text.ts";
import { groupDigits, renderTable } from "../text/tables.ts";

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
