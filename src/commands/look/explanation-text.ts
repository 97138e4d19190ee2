/** Explanations → text for a terminal: a block for each entity, a paragraph for each of its fields. */
import type { LeftOut, Note } from "../../entities/left-out.ts";
import type {
  ExplainedEntity,
  ExplainedField,
  Explanation,
  Fate,
} from "../../look/explain/explanation.ts";
import { type Line, shown, wrapped } from "../text/paragraphs.ts";
import { ReadTeller } from "./read-teller.ts";
import { groupDigits } from "../text/tables.ts";
import { valueText } from "./value-text.ts";

export interface ExplanationTextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Fields that no row of the table sends, too. */
  readonly isVerbose: boolean;
}

/** How a line of reads goes on below `from`, and a rule below `rule`. */
const [FROM, RULE] = ["from  ", "rule  "];

/** Diode takes one of these: where one is sent, the others have nothing to tell. */
const ONE_OF_REGEXP = /^assigned_object_/;

const FATES: Readonly<Record<Exclude<Fate, "sent">, string>> = {
  elsewhere: "sent with the address",
  cleared: "emptied in NetBox",
  empty: "not sent: Proxmox says that there is none",
  absent: "not sent",
  "left-out": "left out",
  never: "never sent",
};

export function explanationText(
  explanations: readonly Explanation[],
  { width, isVerbose }: ExplanationTextOptions,
): string {
  const blocks = explanations.flatMap(({ entities, ...explanation }) => {
    const told = isVerbose ? entities : entities.map(withoutUntold);
    return thingBlocks({ ...explanation, entities: told });
  });
  if (explanations.length > 1) blocks.unshift(contents(explanations));
  return `\n${blocks.map((lines) => `${wrapped(lines, width)}\n`).join("\n")}`;
}

function contents(explanations: readonly Explanation[]): Line[] {
  const names = explanations.map(({ what }) => shown(what)).join(", ");
  return [line(0, `${groupDigits(explanations.length)} things of that name: ${names}`)];
}

function thingBlocks({ what, entities, shared, left_out, notes }: Explanation): Line[][] {
  const others = line(0, `Shared with others: ${shared.map(shown).join(", ")}`);
  return [
    [line(0, `# ${shown(what)}`)],
    ...entities.map(entityBlock),
    ...recordBlock("Left out", left_out),
    ...recordBlock("Noted", notes),
    ...(shared.length === 0 ? [] : [[others]]),
  ];
}

function entityBlock({ step, what, name, line: at, timestamp, fields }: ExplainedEntity): Line[] {
  const file = at === undefined ? "" : ` in ${at.file}:${at.line}`;
  const teller = new ReadTeller(what);
  return [
    line(0, `${step} ${shown(name)}${file}`),
    ...fields.flatMap((field) => fieldLines(field, teller)),
    line(1, "read from"),
    ...placeLines(teller),
    line(2, `timestamp ${timestamp.value}  ${timestamp.file}  ${timestamp.pointer}`),
  ];
}

/** Things that stand in one place share a line. */
function placeLines({ places }: ReadTeller): Line[] {
  const byPlace = Map.groupBy(places, ([, place]) => place);
  return [...byPlace].map(([place, named]) =>
    line(2, `${named.map(([name]) => name).join(", ")}  ${place}`)
  );
}

function fieldLines(
  { field, fate, value, row, reads }: ExplainedField,
  teller: ReadTeller,
): Line[] {
  const sent = value === undefined ? "" : ` = ${valueText(value)}`;
  const remark = fate === "sent" ? "" : ` (${FATES[fate]})`;
  const [first, ...others] = teller.tell(reads);
  return [
    line(1, `${field}${sent}${remark}`),
    ...(first === undefined ? [] : [[2, FROM + first, FROM.length + 2] as const]),
    ...others.map((text): Line => [5, text, 2]),
    [2, RULE + (row.kind === "fixed" ? `always; ${row.how}` : row.how), RULE.length],
  ];
}

function recordBlock(head: string, records: readonly (LeftOut | Note)[]): Line[][] {
  if (records.length === 0) return [];
  const lines = records.flatMap((record) => [
    line(1, `${shown(record.what)} (${"reason" in record ? record.reason : record.code})`),
    line(3, shown(record.sentence)),
    line(3, shown(`${record.answer.file}  ${record.answer.path}`)),
  ]);
  return [[line(0, head), ...lines]];
}

/** Without what no row ever sends, and what another field is sent instead of. */
function withoutUntold(entity: ExplainedEntity): ExplainedEntity {
  const isOne = ({ field, fate }: ExplainedField) => ONE_OF_REGEXP.test(field) && fate === "sent";
  const isOneSent = entity.fields.some(isOne);
  const fields = entity.fields.filter(({ field, fate }) =>
    fate !== "never" && !(isOneSent && fate === "absent" && ONE_OF_REGEXP.test(field))
  );
  return { ...entity, fields };
}

function line(level: number, text: string): Line {
  return [level, text];
}
