/** Looks up what mapping rows read: the raw values, each with its location, and the settings. */
import type { StepName } from "../../netbox/types/steps.ts";
import { missingText, payloadOf, valueOf } from "../../proxmox/answers.ts";
import { CLUSTER_FILE, nodeOfFile, sortKeyOf } from "../../proxmox/endpoints.ts";
import type { AnswerRows } from "../../proxmox/rows.ts";
import type { AnswerRef } from "../../run-folder/left-out.ts";
import { type AnswersFile, MANIFEST_FILE, type Snapshot } from "../../run-folder/snapshot.ts";
import { STUBS } from "../../transform/mapping/stubs.ts";
import type { Read, Row, StubName } from "../../transform/mapping/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../../transform/mapping/tables.ts";
import type { SettingName } from "../../transform/settings.ts";
import type { Made, Origin } from "../../transform/transform.ts";
import type {
  AnswerRead,
  ExplainedField,
  ExplainedRead,
  FieldOutcome,
  ManifestRead,
  SettingsInForce,
  StubRead,
} from "./explanation.ts";
import { whatOf } from "./names.ts";
import { contains, primaryAddressOf, stubTargets } from "./targets.ts";

export interface ReadContext {
  readonly finder: AnswerFinder;
  readonly settings: SettingsInForce;
  readonly capturedAt: string;
  /** The entities that a stub may name, by step. */
  readonly made: ReadonlyMap<StepName, readonly Made[]>;
}

/** A value and the source that its row read. */
interface MadeValue {
  readonly source: Made["source"];
  readonly value: unknown;
}

async function explainReads(
  reads: readonly Read[],
  from: MadeValue,
  context: ReadContext,
): Promise<ExplainedRead[]> {
  const explained: ExplainedRead[] = [];
  for (const read of reads) explained.push(...await explainRead(read, from, context));
  return explained;
}

async function explainRead(
  read: Read,
  from: MadeValue,
  context: ReadContext,
): Promise<ExplainedRead[]> {
  const dot = read.indexOf(".");
  const [kind, key] = [read.slice(0, dot), read.slice(dot + 1)];
  switch (kind) {
    case "setting": {
      const { text, from: origin } = context.settings[key as SettingName];
      return [{ read, ...(text === undefined ? {} : { value: text }), from: origin }];
    }
    case "stub":
      return [await explainStub(read, from, context)];
    case "manifest":
      return [manifestRead(context.capturedAt)];
    default:
      return await explainAnswer(read, from, context);
  }
}

export function manifestRead(capturedAt: string): ManifestRead {
  const pointer = "/captured_at";
  return { read: "manifest.captured_at", file: MANIFEST_FILE, pointer, value: capturedAt };
}

/** A stub that names a guest, node or part of one is explained by the reads of that thing. */
async function explainStub(read: Read, from: MadeValue, context: ReadContext): Promise<StubRead> {
  const name = read.slice("stub.".length) as StubName;
  const targets = stubTargets(name, from.value, context.made);
  if (targets.length === 0 && isEmptyValue(from.value) && STUBS[name].step !== undefined) {
    return { read, names: [], reads: [] };
  }
  const [first] = targets;
  const isThing = first !== undefined && "subject" in first.made.source;
  const source = isThing ? first.made.source : from.source;
  return {
    read,
    names: [...new Set(targets.map(({ made }) => whatOf(made)))],
    reads: await explainReads(STUBS[name].reads, { source, value: first?.stub }, context),
  };
}

/** One read for each thing that the source was read from and that has this answer. */
async function explainAnswer(
  read: Read,
  { source }: MadeValue,
  { finder }: ReadContext,
): Promise<AnswerRead[]> {
  const [name, ...rest] = read.split(".") as [keyof AnswerRows, ...string[]];
  const explained: AnswerRead[] = [];
  for (const origin of originsOf(source)) {
    const place = origin.places[name];
    const key = keyOf(rest.join("."), origin);
    if (place === undefined || key === undefined) continue;
    const row: Readonly<Record<string, unknown>> | undefined = origin[name];
    const { pointer, ...found } = await finder.find(place, row);
    const { file, path } = place;
    const at = { read, of: origin.subject.what, key, file, path, ...found };
    explained.push({ ...at, ...valueAt(row, key, pointer) });
  }
  return explained;
}

function valueAt(
  row: Readonly<Record<string, unknown>> | undefined,
  key: string,
  pointer: string | undefined,
): Pick<AnswerRead, "pointer" | "value" | "missing"> {
  if (row === undefined || pointer === undefined) return {};
  if (!Object.hasOwn(row, key)) return { pointer, missing: "not in the answer" };
  return { pointer: `${pointer}/${escapeToken(key)}`, value: row[key] };
}

/** The source itself if it is about one thing; for a shared object, everything that uses it. */
function originsOf(source: Made["source"]): readonly Origin[] {
  if ("origins" in source) return source.origins;
  return "subject" in source ? [source] : [];
}

function isEmptyValue(value: unknown): boolean {
  return value === undefined || (value !== null && Object.keys(value).length === 0);
}

/** "netN" → "net0"; undefined for things other than NICs and disks. */
function keyOf(key: string, { key: numbered }: Origin): string | undefined {
  return key === "netN" || key === "diskN" ? numbered : key;
}

/** Source: RFC 6901, section 3. */
function escapeToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

type AnyRow = Row<never, unknown>;
type AnyTable = Readonly<Record<string, AnyRow>>;
type Json = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  readonly row: AnyRow;
  /** undefined if the entity does not have it. */
  readonly value: unknown;
}

/** The fields of an entity in the order of its table. */
export async function explainFields(made: Made, context: ReadContext): Promise<ExplainedField[]> {
  const explained: ExplainedField[] = [];
  for (const field of fieldsOf(made)) explained.push(await explainField(field, made, context));
  return explained;
}

/** Each custom field counts as a field if the step has a table of them. */
function fieldsOf({ step, entity }: Made): Field[] {
  const custom = (CUSTOM_FIELD_TABLES as Readonly<Record<string, AnyTable>>)[step];
  return Object.entries(TABLES[step] as AnyTable).flatMap(([name, row]) => {
    const value = (entity as unknown as Json)[name];
    if (name !== "custom_fields" || custom === undefined) return [{ name, row, value }];
    return Object.entries(custom).map(([key, own]) => (
      { name: `${name}.${key}`, row: own, value: (value as Json | undefined)?.[key] }
    ));
  });
}

async function explainField(
  { name, row, value }: Field,
  made: Made,
  context: ReadContext,
): Promise<ExplainedField> {
  const { kind, how } = row;
  const { source } = made;
  const taken = row.get(source as never);
  const sender = value === undefined ? primaryAddressOf(made, name, context.made) : undefined;
  const isEmpty = taken === null && row.clear !== undefined;
  const reads: readonly Read[] = isEmpty ? [...row.reads, "setting.CLEAR_EMPTY"] : row.reads;
  return {
    field: name,
    fate: sender === undefined ? fateOf(row, taken, value) : "elsewhere",
    ...(value === undefined ? {} : { value }),
    row: { kind, reads: row.reads, how },
    reads: await explainReads(reads, { source, value: value ?? sender?.entity }, context),
  };
}

function fateOf({ kind }: AnyRow, taken: unknown, value: unknown): FieldOutcome {
  if (value !== undefined) return taken === null ? "cleared" : "sent";
  if (kind === "skipped") return "never";
  if (taken === null) return "empty";
  return taken === undefined ? "absent" : "left-out";
}

/** Location of a row in its answer, or why it has no location. */
interface FoundRow {
  /** Line of the answer in its file, from 1. */
  readonly line?: number;
  /** JSON pointer to the row. */
  readonly pointer?: string;
  readonly missing?: string;
}

type AnswerRow = Readonly<Record<string, unknown>>;

interface OpenedFile {
  readonly answers: AnswersFile;
  /** API path → line. */
  readonly lines: ReadonlyMap<string, number>;
}

interface OpenedAnswer {
  readonly line?: number;
  readonly missing?: string;
  readonly pointerOf: (row: AnswerRow) => string | undefined;
}

/** Line 1 is the opening brace; each line after it is an answer. */
const FIRST_ANSWER_LINE = 2;

/** Finds rows in the answers; opens each file and each answer once. */
export class AnswerFinder {
  readonly #snapshot: Snapshot;
  readonly #files = new Map<string, Promise<OpenedFile | undefined>>();
  readonly #answers = new Map<string, OpenedAnswer>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** `row`: what a source has of the answer; undefined if it was not read. */
  async find({ file, path }: AnswerRef, row: AnswerRow | undefined): Promise<FoundRow> {
    const key = `${file} ${path}`;
    const answer = this.#answers.get(key) ?? openAnswer(await this.#open(file), path);
    this.#answers.set(key, answer);
    const { line, missing = "no such row in the answer", pointerOf } = answer;
    const pointer = row && pointerOf(row);
    return {
      ...(line === undefined ? {} : { line }),
      ...(pointer === undefined ? { missing } : { pointer }),
    };
  }

  #open(file: string): Promise<OpenedFile | undefined> {
    const known = this.#files.get(file) ?? openFile(file, this.#snapshot);
    this.#files.set(file, known);
    return known;
  }
}

async function openFile(file: string, snapshot: Snapshot): Promise<OpenedFile | undefined> {
  const node = nodeOfFile(file);
  const answers = file === CLUSTER_FILE
    ? await snapshot.cluster()
    : node && await snapshot.node(node);
  if (!answers) return undefined;
  const lines = [...answers.paths()].map((path, i) => [path, i + FIRST_ANSWER_LINE] as const);
  return { answers, lines: new Map(lines) };
}

function openAnswer(file: OpenedFile | undefined, path: string): OpenedAnswer {
  const answer = file?.answers.get(path);
  const line = file?.lines.get(path);
  const missing = missingText(path, answer);
  const { pointer, reading } = payloadOf(path, answer);
  return {
    ...(line === undefined ? {} : { line }),
    ...(missing === undefined ? {} : { missing }),
    pointerOf: rowFinder(valueOf(reading), { pointer, path }),
  };
}

/** Rows of a list are found by their key, other values by comparison. */
function rowFinder(
  value: unknown,
  { pointer, path }: { readonly pointer: string; readonly path: string },
): (row: AnswerRow) => string | undefined {
  if (!Array.isArray(value)) return (row) => contains(value, row) ? pointer : undefined;
  const key = sortKeyOf(path) ?? "";
  const keyOf = (row: AnswerRow | null | undefined) => JSON.stringify(row?.[key]);
  const byKey = Map.groupBy(value.keys(), (i) => keyOf(value[i] as AnswerRow | null));
  return (row) => {
    const index = byKey.get(keyOf(row))?.find((i) => contains(value[i], row));
    return index === undefined ? undefined : `${pointer}/${index}`;
  };
}
