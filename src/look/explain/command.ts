/** explain <run> <thing>: where each value comes from, and why things are left out. */
import type { TargetSource } from "../../run-folder/target.ts";
import { usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import { ENTITIES_FOLDER } from "../../run-folder/entity-writer.ts";
import { type Line, MOST_CHARS, shown, terminalWidth, wrapped } from "../../terminal/document.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { OWNERS } from "../../transform/mapping/table.ts";
import { valueText } from "../inspect/text.ts";
import { OWNER_WORDS } from "../mapping.ts";
import { targetOption, targetText } from "../target.ts";
import { explain, openExplainInput } from "./explain.ts";
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

export async function runExplain(session: Session): Promise<void> {
  const [, thing] = session.operands;
  const store = await openRunFolder(session);
  if (thing === undefined) {
    throw usageError("Missing argument: the thing to explain", {
      hint: "For example: explain snapshots/example vm/101",
    });
  }
  const given = await readSettings(session.context, SETTINGS);
  const input = await openExplainInput(store, given, targetOption(session));
  const explanations = await explain(input, thing);
  const source = input.entities?.manifest.target;
  if (source !== undefined && input.target === undefined) warnOfTarget(source, session);
  else if (input.entities !== undefined) warnOfDifferences(explanations, session);
  const options = { width: terminalWidth(), isVerbose: session.isOn("verbose") };
  session.data(
    session.isJson ? printableJson(explanations, 2) : explanationText(explanations, options),
  );
}

function warnOfTarget(source: TargetSource, { log }: Session): void {
  log.warn(
    `This is what would be sent to an empty NetBox, but ${ENTITIES_FOLDER}/ was made with a target ` +
      `(${targetText(source)}): name it with --target`,
  );
}

function warnOfDifferences(explanations: readonly Explanation[], { log }: Session): void {
  const entities = explanations.flatMap((explanation) => explanation.entities);
  const { length } = entities.filter(({ line }) => line === undefined);
  if (length === 0) return;
  log.warn(
    `${length} of ${entities.length} entities explained here differ from ${ENTITIES_FOLDER}/: it was ` +
      "made from another snapshot, with other settings, another target or by another version",
  );
}

/** Labels; the lines that follow are indented by their length. */
const [FROM, RULE, OWNER] = ["from  ", "rule  ", "owner "];

/** An address has one of these at most, so the others need no explanation. */
const ONE_OF_REGEXP = /^assigned_object_/;

const OUTCOMES: Readonly<Record<Exclude<FieldOutcome, "sent">, string>> = {
  "as-found": "as NetBox has it",
  kept: "left as NetBox has it",
  elsewhere: "sent with the address",
  cleared: "cleared in NetBox",
  empty: "not sent: Proxmox VE has no value",
  absent: "not sent",
  "left-out": "left out",
  never: "never sent",
};

/** `isVerbose`: with fields that are never sent. */
export function explanationText(
  explanations: readonly Explanation[],
  { width, isVerbose }: { readonly width: number; readonly isVerbose: boolean },
): string {
  const blocks = explanations.flatMap(({ entities, ...explanation }) => {
    const shownEntities = isVerbose ? entities : entities.map(withoutUnsent);
    return thingBlocks({ ...explanation, entities: shownEntities });
  });
  if (explanations.length > 1) blocks.unshift(contents(explanations));
  return `\n${blocks.map((lines) => `${wrapped(lines, width)}\n`).join("\n")}`;
}

function contents(explanations: readonly Explanation[]): Line[] {
  const names = explanations.map(({ what }) => shown(what)).join(", ");
  return [line(0, `${groupDigits(explanations.length)} things with that name: ${names}`)];
}

function thingBlocks({ what, entities, shared, left_out, notes }: Explanation): Line[][] {
  const sharedLine = line(0, `Shared objects: ${shared.map(shown).join(", ")}`);
  return [
    [line(0, `# ${shown(what)}`)],
    ...entities.map(entityBlock),
    ...recordBlock("Left out", left_out),
    ...recordBlock("Noted", notes),
    ...(shared.length === 0 ? [] : [[sharedLine]]),
  ];
}

function entityBlock(
  { step, what, name, line: at, netbox, timestamp, fields }: ExplainedEntity,
): Line[] {
  const file = at === undefined ? "" : ` in ${at.file}:${at.line}`;
  const inNetBox = netbox ? [line(1, `in NetBox: ${shown(netbox.url)}`)] : [];
  const formatter = new ReadFormatter(what);
  return [
    line(0, `${step} ${shown(name)}${file}`),
    ...(netbox === null ? [line(1, "new in NetBox")] : inNetBox),
    ...fields.flatMap((field) => [
      ...fieldLines(field, formatter),
      ...(netbox ? ownerLines(field) : []),
    ]),
    line(1, "read from"),
    ...placeLines(formatter),
    line(2, `timestamp ${timestamp.value}  ${timestamp.file}  ${timestamp.pointer}`),
  ];
}

/** Reads with the same location share a line. */
function placeLines({ places }: ReadFormatter): Line[] {
  const byPlace = Map.groupBy(places, ([, place]) => place);
  return [...byPlace].map(([place, named]) =>
    line(2, `${named.map(([name]) => name).join(", ")}  ${place}`)
  );
}

function fieldLines(
  { field, fate, value, netbox, row, reads }: ExplainedField,
  formatter: ReadFormatter,
): Line[] {
  const text = value === undefined ? "" : fieldText(value);
  const sent = value === undefined ? "" : ` = ${text}`;
  const inNetBox = netbox === undefined || shown(netbox) === text ? "" : shown(netbox);
  const [first, ...others] = formatter.format(reads);
  return [
    line(1, `${field}${sent}${remarkText(fate, inNetBox)}`),
    ...(first === undefined ? [] : [[2, FROM + first, FROM.length + 2] as const]),
    ...others.map((text): Line => [5, text, 2]),
    [2, RULE + (row.kind === "fixed" ? `always; ${row.how}` : row.how), RULE.length],
  ];
}

/** `netbox`: what NetBox has, if it differs. */
function remarkText(fate: FieldOutcome, netbox: string): string {
  const outcome = fate === "sent" ? "" : OUTCOMES[fate];
  if (netbox === "" || fate === "as-found") return outcome === "" ? "" : ` (${outcome})`;
  if (fate === "kept") return ` (${outcome}: ${netbox})`;
  return outcome === "" ? ` (NetBox has ${netbox})` : ` (${outcome}; NetBox has ${netbox})`;
}

/** Of a field that Proxmox VE does not own alone. */
function ownerLines({ fate, value, row }: ExplainedField): Line[] {
  const { owner = "proxmox" } = row;
  if (owner === "proxmox" || (value === undefined && fate !== "kept")) return [];
  return [[2, `${OWNER}${OWNER_WORDS[owner]}: ${OWNERS[owner]}`, OWNER.length]];
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

/** Without fields that are never sent, or that exclude a field that is sent. */
function withoutUnsent(entity: ExplainedEntity): ExplainedEntity {
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

/** Of the things that share an object. */
const MAX_THINGS = 3;

/** Formats the reads of one entity, each raw value once, and collects their locations. */
class ReadFormatter {
  /** Reads about the entity itself get no name in front. */
  readonly #thing: string;
  readonly #shown = new Set<string>();
  /** "config" → its location; "SITE_NAME" → its origin. */
  readonly #places = new Map<string, string>();

  constructor(thing: string) {
    this.#thing = thing;
  }

  /**
   * `config.net0 = "virtio=…"; SITE_NAME = "London"; vm/101`, with each value only once, and then a line
   * for each other thing: `vm/104: config.tags = "prod"`.
   */
  format(reads: readonly ExplainedRead[]): string[] {
    const byThing = Map.groupBy(
      reads,
      (read) => "of" in read && read.of !== this.#thing ? read.of : "",
    );
    const own = byThing.get("") ?? [];
    const others = [...byThing].filter(([thing]) => thing !== "");
    const first = others.slice(0, MAX_THINGS);
    const hidden = others.length - first.length;
    return [
      this.#formatAll(own),
      ...first.map(([thing, its]) => `${shown(thing)}: ${this.#formatAll(its)}`),
      hidden === 0 ? "" : `and ${groupDigits(hidden)} more (--json has all)`,
    ].filter((line) => line !== "");
  }

  /** The locations of all reads so far. */
  get places(): ReadonlyMap<string, string> {
    return this.#places;
  }

  /** Values first, then what is missing: `config.cores, config.sockets (not in the answer)`. */
  #formatAll(reads: readonly ExplainedRead[]): string {
    const found = reads.filter((read) => !isLacking(read)).map((read) => this.#formatOne(read));
    const byReason = Map.groupBy(
      reads.filter(isLacking),
      ({ missing }) => missing ?? "not found",
    );
    const lacking = [...byReason].map(([missing, same]) =>
      `${same.map((read) => this.#nameOf(read)).join(", ")} (${shown(missing)})`
    );
    return [...new Set(found), ...lacking].filter((text) => text !== "").join("; ");
  }

  #formatOne(read: ExplainedRead): string {
    if ("rule" in read) {
      const name = `rule.${shown(read.key)}`;
      this.#places.set(name, shown(read.rule));
      return this.#once(name, rawText(read.value));
    }
    if ("path" in read) {
      return this.#once(this.#nameOf(read), rawText(read.value), this.#prefix(read));
    }
    if ("from" in read) return this.#formatSetting(read);
    if ("pointer" in read) return `captured_at = ${read.value}`;
    return read.names.length > 0 ? shown(read.names.join(", ")) : this.#formatAll(read.reads);
  }

  #formatSetting({ read, value, from }: SettingRead): string {
    const name = read.slice(read.indexOf(".") + 1);
    if (!value) return `${name} is not set`;
    this.#places.set(name, from);
    return this.#once(name, rawText(value));
  }

  #once(name: string, value: string, prefix = ""): string {
    if (this.#shown.has(prefix + name)) return name;
    this.#shown.add(prefix + name);
    return `${name} = ${value}`;
  }

  /** "config.net0"; notes its location. */
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

/** File and line, API path, and pointer to the row. */
function placeText({ file, line, path, pointer, value }: AnswerRead): string {
  const row = value === undefined ? pointer : pointer?.slice(0, pointer.lastIndexOf("/"));
  const parts = [line === undefined ? file : `${file}:${line}`, path, row];
  return shown(parts.filter((part) => part !== undefined).join("  "));
}

type Fields = Readonly<Record<string, unknown>>;

/** A JSON string, or a character after which a line may break. */
const JSON_TOKEN_REGEXP = /"(?:[^"\\]|\\.)*"|[,:]/g;

/** JSON, with spaces where a line may break. */
function rawText(value: unknown): string {
  const text = JSON.stringify(value);
  const isLong = text.length > MOST_CHARS;
  return shown(isLong ? text : text.replace(JSON_TOKEN_REGEXP, (token) => SPACED[token] ?? token));
}

const SPACED: Readonly<Record<string, string>> = { ",": ", ", ":": ": " };

/** A stub by its name: "web-01/net0, primary_ip4 of web-01" for the NIC of a primary address. */
function fieldText(value: unknown): string {
  if (typeof value === "string") {
    return shown(value === "" || /[\t\n]/.test(value) ? JSON.stringify(value) : value);
  }
  const { virtual_machine: machine, device = machine } = Object(value) as Fields;
  const primary = Object.keys(Object(device) as object).filter((key) => PRIMARY_FIELDS.has(key));
  const remarks = primary.map((key) => `${key} of ${valueText(device)}`);
  return shown([valueText(value), ...remarks].join(", "));
}
