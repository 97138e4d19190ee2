/** Explanations → text for a terminal: a block for each entity, a paragraph for each of its fields. */
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import { type Line, MOST_CHARS, shown, wrapped } from "../../terminal/paragraphs.ts";
import { groupDigits } from "../../terminal/tables.ts";
import type {
  AnswerRead,
  ExplainedEntity,
  ExplainedField,
  ExplainedRead,
  Explanation,
  FieldOutcome,
  SettingRead,
} from "./explanation.ts";
import { PRIMARY_FIELDS } from "./targets.ts";

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

const FATES: Readonly<Record<Exclude<FieldOutcome, "sent">, string>> = {
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
  const teller = new ReadFormatter(what);
  return [
    line(0, `${step} ${shown(name)}${file}`),
    ...fields.flatMap((field) => fieldLines(field, teller)),
    line(1, "read from"),
    ...placeLines(teller),
    line(2, `timestamp ${timestamp.value}  ${timestamp.file}  ${timestamp.pointer}`),
  ];
}

/** Things that stand in one place share a line. */
function placeLines({ places }: ReadFormatter): Line[] {
  const byPlace = Map.groupBy(places, ([, place]) => place);
  return [...byPlace].map(([place, named]) =>
    line(2, `${named.map(([name]) => name).join(", ")}  ${place}`)
  );
}

function fieldLines(
  { field, fate, value, row, reads }: ExplainedField,
  teller: ReadFormatter,
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

/** What the rows of one entity read → text; each raw value is told once. */

/** How many of the things that share an object are shown. */
const MOST_THINGS = 3;

/** Collects where the reads of one entity stand, while they are put into words. */
export class ReadFormatter {
  /** What left-out.json calls the entity: its own reads need no name before them. */
  readonly #thing: string;
  readonly #told = new Set<string>();
  /** "config" → where it stands; "SITE_NAME" → who said so. */
  readonly #places = new Map<string, string>();

  constructor(thing: string) {
    this.#thing = thing;
  }

  /**
   * `config.net0 = "virtio=…"; SITE_NAME = "London"; vm/101`, the second time without the value; then a
   * line for each other thing: `vm/104: config.tags = "prod"`.
   */
  tell(reads: readonly ExplainedRead[]): string[] {
    const byThing = Map.groupBy(
      reads,
      (read) => "of" in read && read.of !== this.#thing ? read.of : "",
    );
    const own = byThing.get("") ?? [];
    const others = [...byThing].filter(([thing]) => thing !== "");
    const told = others.slice(0, MOST_THINGS);
    const hidden = others.length - told.length;
    return [
      this.#tellAll(own),
      ...told.map(([thing, its]) => `${shown(thing)}: ${this.#tellAll(its)}`),
      hidden === 0 ? "" : `and ${groupDigits(hidden)} more (--json names all)`,
    ].filter((line) => line !== "");
  }

  /** Where all that was told stands. */
  get places(): ReadonlyMap<string, string> {
    return this.#places;
  }

  /** What there is, then what there is not: `config.cores, config.sockets (not in the answer)`. */
  #tellAll(reads: readonly ExplainedRead[]): string {
    const told = reads.filter((read) => !isLacking(read)).map((read) => this.#tellOne(read));
    const byReason = Map.groupBy(
      reads.filter(isLacking),
      ({ missing }) => missing ?? "not found",
    );
    const lacking = [...byReason].map(([missing, same]) =>
      `${same.map((read) => this.#nameOf(read)).join(", ")} (${shown(missing)})`
    );
    return [...new Set(told), ...lacking].filter((text) => text !== "").join("; ");
  }

  #tellOne(read: ExplainedRead): string {
    if ("path" in read) {
      return this.#once(this.#nameOf(read), rawText(read.value), this.#prefix(read));
    }
    if ("from" in read) return this.#tellSetting(read);
    if ("pointer" in read) return `captured_at = ${read.value}`;
    return read.names.length > 0 ? shown(read.names.join(", ")) : this.#tellAll(read.reads);
  }

  #tellSetting({ read, value, from }: SettingRead): string {
    const name = read.slice(read.indexOf(".") + 1);
    if (!value) return `${name} is not set`;
    this.#places.set(name, from);
    return this.#once(name, rawText(value));
  }

  #once(name: string, value: string, prefix = ""): string {
    if (this.#told.has(prefix + name)) return name;
    this.#told.add(prefix + name);
    return `${name} = ${value}`;
  }

  /** "config.net0", whose place is told below. */
  #nameOf(read: AnswerRead): string {
    const answer = read.read.slice(0, read.read.indexOf("."));
    this.#places.set(`${this.#prefix(read)}${answer}`, placeText(read));
    return `${answer}.${shown(read.key)}`;
  }

  #prefix({ of }: AnswerRead): string {
    return of === this.#thing ? "" : `${shown(of)}: `;
  }
}

function isLacking(read: ExplainedRead): read is AnswerRead {
  return "path" in read && read.value === undefined;
}

/** Of a key, the place of its row. */
function placeText({ file, line, path, pointer, value }: AnswerRead): string {
  const row = value === undefined ? pointer : pointer?.slice(0, pointer.lastIndexOf("/"));
  const parts = [line === undefined ? file : `${file}:${line}`, path, row];
  return shown(parts.filter((part) => part !== undefined).join("  "));
}

/** Values → one line, as a terminal may show it. */

type Fields = Readonly<Record<string, unknown>>;

/** What stubs, MAC addresses and custom fields are known by: the first that is there. */
const TELLING_KEYS = ["name", "model", "address", "mac_address", "text", "integer"];

/** A text in JSON, or one of the signs that a line may be broken after. */
const JSON_TOKEN_REGEXP = /"(?:[^"\\]|\\.)*"|[,:]/g;

/** Of a field: { name: "web-01", cluster: … } → web-01; a list → its items; a text as it is. */
export function valueText(value: unknown): string {
  return shown(Array.isArray(value) ? value.map(summaryOf).join(", ") : summaryOf(value));
}

/** As Proxmox sent it: JSON, with blanks where a line may be broken. */
export function rawText(value: unknown): string {
  const text = JSON.stringify(value);
  const isLong = text.length > MOST_CHARS;
  return shown(isLong ? text : text.replace(JSON_TOKEN_REGEXP, (token) => SPACED[token] ?? token));
}

const SPACED: Readonly<Record<string, string>> = { ",": ", ", ":": ": " };

function summaryOf(value: unknown): string {
  if (typeof value === "string") return isPlain(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const fields = value as Fields;
  const machine = fields["virtual_machine"] ?? fields["device"];
  if (typeof machine === "object" && machine !== null) return partText(fields, machine);
  const telling = TELLING_KEYS.find((key) => Object.hasOwn(fields, key));
  if (telling !== undefined) return String(fields[telling]);
  const entries = Object.entries(fields).map(([key, item]) => `${key}: ${summaryOf(item)}`);
  return entries.length === 0 ? "{}" : entries.join(", ");
}

/** "web-01/net0, primary_ip4 of web-01": the stub of an address's NIC tells its machine so. */
function partText({ name }: Fields, machine: object): string {
  const holder = summaryOf(machine);
  const primary = Object.keys(machine).filter((key) => PRIMARY_FIELDS.has(key));
  return [`${holder}/${String(name)}`, ...primary.map((key) => `${key} of ${holder}`)].join(", ");
}

/** On one line, and there is something. */
function isPlain(text: string): boolean {
  return text !== "" && !/[\t\n]/.test(text);
}
