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
import type { Decided } from "../../transform/rules/match.ts";
import { ruleAt } from "../../transform/rules/texts.ts";
import type { RuledValues } from "../../transform/sources.ts";
import type { Made, Origin } from "../../transform/transform.ts";
import type {
  AnswerRead,
  ExplainedField,
  ExplainedRead,
  FieldOutcome,
  ManifestRead,
  RuleRead,
  SettingsInForce,
  StubRead,
} from "./explanation.ts";
import { whatOf } from "./names.ts";
import { valueInNetBox } from "./netbox.ts";
import { contains, primaryAddressOf, stubTargets } from "./targets.ts";

export interface ReadContext {
  readonly finder: AnswerFinder;
  readonly settings: SettingsInForce;
  readonly capturedAt: string;
  /** The entities that a stub may name, by step. */
  readonly made: ReadonlyMap<StepName, readonly Made[]>;
}

type AnyRow = Row<never, unknown>;
type AnyTable = Readonly<Record<string, AnyRow>>;
type Json = Readonly<Record<string, unknown>>;

/** The fields of an entity in the order of its table; each custom field counts as one. */
export function explainFields(made: Made, context: ReadContext): ExplainedField[] {
  const { step } = made;
  const entity = made.entity as unknown as Json;
  const custom = (CUSTOM_FIELD_TABLES as Readonly<Record<string, AnyTable>>)[step];
  return Object.entries(TABLES[step] as AnyTable).flatMap(([name, row]) => {
    if (name !== "custom_fields" || custom === undefined) {
      return [explainField({ name, row, value: entity[name] }, made, context)];
    }
    const values = entity[name] as Json | undefined;
    const ruled = Object.keys(values ?? {}).filter((key) => !Object.hasOwn(custom, key));
    const rows = [...Object.entries(custom), ...ruled.map((key) => [key, row] as const)];
    return rows.map(([key, own]) => {
      const whole = `${name}.${key}`;
      const field = explainField({ name: whole, row: own, value: values?.[key] }, made, context);
      const reads = field.reads.filter((read) => !("rule" in read) || read.key === whole);
      return { ...field, reads };
    });
  });
}

interface Field {
  readonly name: string;
  readonly row: AnyRow;
  /** undefined if the entity does not have it. */
  readonly value: unknown;
}

function explainField(
  { name, row, value }: Field,
  made: Made,
  context: ReadContext,
): ExplainedField {
  const { kind, how, owner = "proxmox", isExtension = false } = row;
  const { source } = made;
  const taken = row.get(source as never);
  const sender = value === undefined ? primaryAddressOf(made, name, context.made) : undefined;
  const isEmpty = taken === null && row.clear !== undefined;
  const reads: readonly Read[] = isEmpty ? [...row.reads, "setting.CLEAR_EMPTY"] : row.reads;
  const netbox = valueInNetBox(made, name);
  const isNaming = made.found !== undefined && name in made.found.stub;
  const isKept = netbox !== undefined && owner !== "proxmox";
  return {
    field: name,
    fate: sender === undefined
      ? fateOf({ kind, isExtension, isNaming, isKept }, taken, value)
      : "elsewhere",
    ...(value === undefined ? {} : { value }),
    ...(netbox === undefined ? {} : { netbox }),
    row: { kind, reads: row.reads, how, ...(kind === "skipped" ? {} : { owner }) },
    reads: explainReads(reads, { source, value: value ?? sender?.entity }, context),
  };
}

interface Ownership {
  readonly kind: AnyRow["kind"];
  /** Without a value it is as a field that no run sends. */
  readonly isExtension: boolean;
  /** Does it name the object in NetBox? */
  readonly isNaming: boolean;
  /** Does NetBox have a value that is not ours? */
  readonly isKept: boolean;
}

function fateOf(
  { kind, isExtension, isNaming, isKept }: Ownership,
  taken: unknown,
  value: unknown,
): FieldOutcome {
  if (value !== undefined && isNaming) return "as-found";
  if (value !== undefined) return taken === null ? "cleared" : "sent";
  if (kind === "skipped" || (isExtension && taken === undefined)) return "never";
  if (taken === null) return "empty";
  if (taken === undefined) return "absent";
  return isKept ? "kept" : "left-out";
}

/** A value and the source that its row read. */
interface MadeValue {
  readonly source: Made["source"];
  readonly value: unknown;
}

function explainReads(
  reads: readonly Read[],
  from: MadeValue,
  context: ReadContext,
): ExplainedRead[] {
  return reads.flatMap((read): ExplainedRead[] => {
    const dot = read.indexOf(".");
    const [kind, key] = [read.slice(0, dot), read.slice(dot + 1)];
    switch (kind) {
      case "setting": {
        const { text, from: origin } = context.settings[key as SettingName];
        return [{ read, ...(text === undefined ? {} : { value: text }), from: origin }];
      }
      case "rule":
        return explainRule(read, key as keyof RuledValues, from);
      case "stub":
        return [explainStub(key as StubName, from, context)];
      case "manifest":
        return [manifestRead(context.capturedAt)];
      default:
        return explainAnswer(read, from, context);
    }
  });
}

export function manifestRead(capturedAt: string): ManifestRead {
  const pointer = "/captured_at";
  return { read: "manifest.captured_at", file: MANIFEST_FILE, pointer, value: capturedAt };
}

/** A stub that names a guest, node or part of one is explained by the reads of that thing. */
function explainStub(name: StubName, from: MadeValue, context: ReadContext): StubRead {
  const read: Read = `stub.${name}`;
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
    reads: explainReads(STUBS[name].reads, { source, value: first?.stub }, context),
  };
}

/** One read for each value that a rule sets; tags and custom fields may have several. */
function explainRule(read: Read, key: keyof RuledValues, { source }: MadeValue): RuleRead[] {
  return originsOf(source).flatMap(({ subject: { what: of }, rules = {} }) =>
    decisionsOf(key, rules).map(([key, { value, rule }]) => {
      return { read, of, key, value, rule: ruleAt(rule) };
    })
  );
}

function decisionsOf(
  key: keyof RuledValues,
  { tags = [], custom_fields: fields = new Map(), ...texts }: RuledValues,
): (readonly [key: string, Decided<unknown>])[] {
  if (key === "tags") return tags.map((tag) => [key, tag]);
  if (key === "custom_fields") return [...fields].map(([name, each]) => [`${key}.${name}`, each]);
  const decided = texts[key];
  return decided === undefined ? [] : [[key, decided]];
}

function isEmptyValue(value: unknown): boolean {
  return value === undefined || (value !== null && Object.keys(value).length === 0);
}

/** One read for each thing that the source was read from and that has this answer. */
function explainAnswer(
  read: Read,
  { source }: MadeValue,
  { finder }: ReadContext,
): AnswerRead[] {
  const [name, ...rest] = read.split(".") as [keyof AnswerRows, ...string[]];
  return originsOf(source).flatMap((origin) => {
    const place = origin.places[name];
    const key = keyOf(rest.join("."), origin);
    if (place === undefined || key === undefined) return [];
    const row: AnswerRow | undefined = origin[name];
    const { pointer, ...found } = finder.find(place, row);
    const { file, path } = place;
    const at = { read, of: origin.subject.what, key, file, path, ...found };
    return [{ ...at, ...valueAt(row, key, pointer) }];
  });
}

function valueAt(
  row: AnswerRow | undefined,
  key: string,
  pointer: string | undefined,
): Pick<AnswerRead, "pointer" | "value" | "missing"> {
  if (row === undefined || pointer === undefined) return {};
  if (!Object.hasOwn(row, key)) return { pointer, missing: "not in the answer" };
  // Source: RFC 6901, section 3.
  const token = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return { pointer: `${pointer}/${token}`, value: row[key] };
}

/** The source itself if it is about one thing; for a shared object, everything that uses it. */
function originsOf(source: Made["source"]): readonly Origin[] {
  if ("origins" in source) return source.origins;
  return "subject" in source ? [source] : [];
}

/** "netN" → "net0"; undefined for things other than NICs and disks, and for other numbered keys than theirs. */
function keyOf(key: string, { key: numbered }: Origin): string | undefined {
  const isCloudInit = numbered?.startsWith("ipconfig") ?? false;
  if (key === "ipconfigN") return isCloudInit ? numbered : undefined;
  if (key !== "netN" && key !== "diskN") return key;
  return isCloudInit ? undefined : numbered;
}

type AnswerRow = Readonly<Record<string, unknown>>;

/** Location of a row in its answer, or why it has no location. */
interface FoundRow {
  /** Line of the answer in its file, from 1. */
  readonly line?: number;
  /** JSON pointer to the row. */
  readonly pointer?: string;
  readonly missing?: string;
}

interface OpenedFile {
  readonly answers: AnswersFile;
  /** API path → line. */
  readonly lines: ReadonlyMap<string, number>;
}

interface OpenedAnswer extends Omit<FoundRow, "pointer"> {
  readonly pointerOf: (row: AnswerRow) => string | undefined;
}

/** Line 1 is the opening brace; each line after it is an answer. */
const FIRST_ANSWER_LINE = 2;

/** Finds rows in the answers; reads each answer once. */
export class AnswerFinder {
  readonly #files: ReadonlyMap<string, OpenedFile>;
  readonly #answers = new Map<string, OpenedAnswer>();

  private constructor(files: ReadonlyMap<string, OpenedFile>) {
    this.#files = files;
  }

  /** Opens the files that the entities were read from. @throws AppError "input". */
  static async open(snapshot: Snapshot, made: Iterable<Made>): Promise<AnswerFinder> {
    const files = new Map<string, OpenedFile>();
    const origins = new Set([...made].flatMap(({ source }) => originsOf(source)));
    const places = [...origins].flatMap((origin) => Object.values(origin.places));
    for (const file of new Set(places.map(({ file }) => file))) {
      const node = nodeOfFile(file) ?? "";
      const answers = await (file === CLUSTER_FILE ? snapshot.cluster() : snapshot.node(node));
      if (answers === undefined) continue;
      const lines = [...answers.paths()].map((path, i) => [path, i + FIRST_ANSWER_LINE] as const);
      files.set(file, { answers, lines: new Map(lines) });
    }
    return new AnswerFinder(files);
  }

  /** `row`: what a source has of the answer; undefined if it was not read. */
  find({ file, path }: AnswerRef, row: AnswerRow | undefined): FoundRow {
    const key = `${file} ${path}`;
    const answer = this.#answers.get(key) ?? openAnswer(this.#files.get(file), path);
    this.#answers.set(key, answer);
    const { missing = "no such row in the answer", pointerOf, ...found } = answer;
    const pointer = row && pointerOf(row);
    return { ...found, ...(pointer === undefined ? { missing } : { pointer }) };
  }
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
