/** netbox/ and its manifest, file by file: one file is in memory at a time, and the keys of all. */
import { digest } from "../../base/digest.ts";
import { canonicalJson } from "../../base/json.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { stepCalled, type StepName } from "../../netbox/types/order.ts";
import { type OtherFields, readLine } from "../../run-folder/shapes.ts";
import {
  ENTITY_MANIFEST_FILE,
  type EntityManifest,
  LEFT_OUT_FILE,
  readEntityManifest,
  stepOfFile,
} from "../../run-folder/entity-set.ts";
import {
  createStepWriter,
  ENTITIES_FOLDER,
  MAX_ENTITIES,
  MAX_FILE_BYTES,
  type Tool,
} from "../../run-folder/entity-writer.ts";
import {
  createLeftOutWriter,
  type LeftOutLine,
  readLeftOutLines,
} from "../../run-folder/left-out-file.ts";
import { NOTES, REASONS } from "../../run-folder/left-out.ts";
import { type FileEntry, listingFaults, readListed } from "../../run-folder/manifest.ts";
import { readRequest, type RequestJson } from "../../run-folder/request.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { Counts } from "../counts.ts";
import { type Findings, hasSameMapping, versionsOf } from "./findings.ts";
import { ExpectedFiles } from "./expected-files.ts";
import { MACHINES_FIRST, Objects } from "./objects.ts";

export interface VerifiedEntities {
  readonly manifest: EntityManifest;
  readonly sha256: string;
  /** File → the id of its request. */
  readonly requestIds: ReadonlyMap<string, string>;
}

const FOLDER = "netbox/";

/** What a bootstrap makes. */
const STATIC_STEPS: readonly string[] = ["tag", "custom-field", "cluster-type"];

/** Made of no snapshot; or else it was made by another program, and `receive` kept it. */
export function isBootstrapSet({ snapshots, counts }: EntityManifest): boolean {
  const made = Object.entries(counts).filter(([, count]) => count > 0).map(([step]) => step);
  return snapshots.length === 0 && made.every((step) => STATIC_STEPS.includes(step));
}

/** undefined when its manifest cannot be trusted, and nothing below it. */
export async function verifyEntities(
  store: Store,
  findings: Findings,
): Promise<VerifiedEntities | undefined> {
  const opened = await findings.attempt(
    "manifest",
    { file: ENTITY_MANIFEST_FILE },
    () => readEntityManifest(store),
  );
  if (opened === undefined) {
    findings.unchecked.push(`${FOLDER}, since what should be in it is not known`);
    return undefined;
  }
  const { manifest } = opened;
  const readable = await verifyListing(store, manifest, findings);
  const read: ReadFile = async (path) => {
    const entry = readable.get(path);
    return entry && await findings.attempt("hash", { file: path }, () => readListed(store, entry));
  };
  const before = findings.count;
  const requestIds = new Map<string, string>();
  const form = findings.ifSameMapping(manifest);
  const counts = await verifySteps(manifest, { store, findings, form, read, requestIds });
  const bytes = await read(LEFT_OUT_FILE);
  const records = bytes && await verifyLeftOut(bytes, { manifest, findings, form });
  if (form !== findings && form.count > 0) {
    findings.unchecked.push(
      `How ${FOLDER} is written: it was ${
        versionsOf(manifest)
      }, which writes some files differently`,
    );
  }
  // What stood in a file that cannot be read is not counted, and that is no second fault.
  const isWhole = readable.size === manifest.files.length && findings.count === before;
  if (isWhole && records) compareCounts(manifest, { counts, ...records }, findings);
  return { ...opened, requestIds };
}

/** The files of netbox/ that are there, by path. */
async function verifyListing(
  store: Store,
  { files }: EntityManifest,
  findings: Findings,
): Promise<Map<string, FileEntry>> {
  const own = { path: ENTITY_MANIFEST_FILE, bytes: 0, sha256: "" };
  const faults = await listingFaults(store, FOLDER, [...files, own]);
  for (const { path, error } of faults) findings.add("listing", { file: path }, error.message);
  const readable = new Map(files.map((entry) => [entry.path, entry]));
  for (const { path } of faults) readable.delete(path);
  for (const path of readable.keys()) {
    if (path === LEFT_OUT_FILE || stepOfFile(path) !== undefined) continue;
    findings.add("listing", { file: path }, "Is listed, and of no step");
    readable.delete(path);
  }
  if (!files.some(({ path }) => path === LEFT_OUT_FILE)) {
    findings.add("listing", { file: LEFT_OUT_FILE }, "Is not listed");
  }
  return readable;
}

/** Step → entities. */
async function verifySteps(
  manifest: EntityManifest,
  reading: Pick<StepContext, "store" | "findings" | "form" | "read" | "requestIds">,
): Promise<Record<string, number>> {
  const { findings, requestIds } = reading;
  const { tool, files } = manifest;
  const isOurs = manifest.snapshots.length > 0 || isBootstrapSet(manifest);
  if (!isOurs) findings.unchecked.push(`What stands in ${FOLDER}, since transform did not make it`);
  const objects = new Objects(findings);
  const otherFields = hasSameMapping(manifest) ? "reject" : "ignore";
  const context = { ...reading, tool, isOurs, otherFields, objects } as const;
  const counted: Record<string, number> = {};
  let [fileCount, entityCount] = [0, 0];
  for (const step of MACHINES_FIRST) {
    const own = files.filter(({ path }) => stepOfFile(path) === step);
    own.sort((a, b) => compareNatural(a.path, b.path));
    const count = await verifyStep(step, own, context);
    counted[step] = count;
    fileCount += own.length;
    entityCount += count;
  }
  if (requestIds.size === fileCount && objects.count === entityCount) objects.finish();
  else if (isOurs) findings.unchecked.push("References, since not every entity can be read");
  return counted;
}

interface Counted extends LeftOutCounts {
  readonly counts: Readonly<Record<string, number>>;
}

function compareCounts(manifest: EntityManifest, counted: Counted, findings: Findings): void {
  for (const group of ["counts", "left_out", "notes"] as const) {
    const [told, found] = [manifest[group], counted[group]];
    for (const name of new Set([...Object.keys(told), ...Object.keys(found)])) {
      const [said = 0, is = 0] = [told[name], found[name]];
      if (said === is) continue;
      const place = { file: ENTITY_MANIFEST_FILE, field: `${group}.${name}` };
      findings.add("count", place, `Is ${said}, and the files hold ${is}`);
    }
  }
}

/** The files of one step: what each line holds, and that they are what `transform` would write. */

/** Reads a file once it is known to be whole; undefined when it is not. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

export interface StepContext {
  readonly store: Store;
  readonly findings: Findings;
  /** How they are written. */
  readonly form: Findings;
  readonly read: ReadFile;
  /** What wrote the files. */
  readonly tool: Tool;
  /** `transform` made them: what they hold and how they are written is known. */
  readonly isOurs: boolean;
  /** Those of another version are no fault. */
  readonly otherFields: OtherFields;
  readonly objects: Objects;
  /** File → the id of its request: to be filled. */
  readonly requestIds: Map<string, string>;
}

/** The header stands on the first line, and an entity on each line behind it. */
const FIRST_ENTITY_LINE = 2;

/** How many entities the step has; `entries` in the order of their numbers. */
export async function verifyStep(
  name: StepName,
  entries: readonly FileEntry[],
  context: StepContext,
): Promise<number> {
  const { store, findings, form, tool, objects, otherFields } = context;
  const step = stepCalled(name);
  const before = findings.count;
  const held = new ExpectedFiles(entries, {
    store,
    findings: form,
    check: "form",
    maker: "transform",
  });
  const write = (file: string, bytes: Uint8Array): Promise<void> =>
    held.compare(`${ENTITIES_FOLDER}/${file}`, bytes);
  const writer = createStepWriter(step, { tool, write });
  let count = 0;
  let isWhole = context.isOurs;
  for (const { path } of entries) {
    const entities = (await readEntities(path, context))?.entities ?? [];
    count += entities.length;
    isWhole &&= entities.length > 0;
    for (const [i, item] of entities.entries()) {
      const place = { file: path, line: i + FIRST_ENTITY_LINE };
      if (context.isOurs) {
        const line = readLine(item, step, otherFields);
        const faults = "timestamp" in line ? [] : line;
        for (const { field, problem } of faults) {
          findings.add("shape", { ...place, field }, problem);
        }
        if ("timestamp" in line) objects.see(name, line.entity, place);
        // Behind a fault, every line would be written elsewhere.
        isWhole &&= findings.count === before;
        if ("timestamp" in line && isWhole) await writer.add(line.entity, line.timestamp);
      }
      const repeated = await findings.attempt("shape", place, () => [...repeatedIn(item)]);
      for (const field of repeated ?? []) {
        findings.add("identity", { ...place, field }, "Is in its list twice");
      }
    }
  }
  if (isWhole) {
    await writer.finish();
    held.finish();
  }
  return count;
}

async function readEntities(
  path: string,
  { read, findings, requestIds }: StepContext,
): Promise<RequestJson | undefined> {
  const bytes = await read(path);
  if (bytes === undefined) return undefined;
  const place = { file: path };
  if (bytes.byteLength > MAX_FILE_BYTES) {
    findings.add("limit", place, `Has ${bytes.byteLength} bytes, of ${MAX_FILE_BYTES} at the most`);
  }
  const request = await findings.attempt("shape", place, () => readRequest(bytes, path));
  if (request !== undefined) requestIds.set(path, textOf(request["id"]));
  const count = request?.entities.length ?? 0;
  if (count > MAX_ENTITIES) {
    findings.add("limit", place, `Has ${count} entities, of ${MAX_ENTITIES} at the most`);
  }
  return request;
}

/**
 * Items that their list has already, at any depth, as "virtual_machine.tags[3]".
 * @throws AppError "input" when an item is nested too deep.
 */
function* repeatedIn(entity: unknown): Generator<string> {
  const open = [{ field: "", value: entity }];
  for (const { field, value } of open) {
    if (typeof value !== "object" || value === null) continue;
    const known = new Set<string>();
    for (const [key, part] of Object.entries(value) as [string, unknown][]) {
      const isItem = Array.isArray(value);
      const at = isItem ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
      open.push({ field: at, value: part });
      if (!isItem) continue;
      const text = itemText(part, field);
      if (known.has(text)) yield at;
      known.add(text);
    }
  }
}

/** The same for items that NetBox takes for one: it knows a tag by its name. */
function itemText(item: unknown, list: string): string {
  const { name } = Object(item) as { readonly name?: unknown };
  return list.endsWith("tags") && typeof name === "string" ? name : canonicalJson(item);
}

/** Whatever else stands there is no text, and told as a fault of form. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** left-out.json: what its records say, and that it is what `transform` would write. */

export interface LeftOutCounts {
  readonly left_out: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, number>>;
}

export interface LeftOutContext {
  /** Of the set that the records belong to. */
  readonly manifest: EntityManifest;
  readonly findings: Findings;
  /** How they are written. */
  readonly form: Findings;
}

/** undefined when the records cannot be read. */
export async function verifyLeftOut(
  bytes: Uint8Array,
  { manifest, findings, form }: LeftOutContext,
): Promise<LeftOutCounts | undefined> {
  const file = LEFT_OUT_FILE;
  const writer = createLeftOutWriter({ append: () => Promise.resolve() });
  const counts = { left_out: new Counts(), notes: new Counts() };
  const counted = await findings.attempt("shape", { file }, async () => {
    for (const each of readLeftOutLines(bytes)) {
      const { group, code, meanings } = codeOf(each);
      counts[group].add(code);
      // A newer version may have more of them.
      if (hasSameMapping(manifest) && !Object.hasOwn(meanings, code)) {
        findings.add("shape", { file, line: each.line }, `"${code}" is in no list of codes`);
      }
      if ("note" in each) await writer.add([], [each.note]);
      else await writer.add([each.leftOut], []);
    }
    return { left_out: counts.left_out.toObject(), notes: counts.notes.toObject() };
  });
  const { sha256 } = await writer.finish();
  if (counted !== undefined && sha256 !== digest(bytes)) {
    form.add("form", { file }, "Is not written as transform writes it");
  }
  return counted;
}

function codeOf(each: LeftOutLine) {
  return "note" in each
    ? { group: "notes", code: each.note.code, meanings: NOTES } as const
    : { group: "left_out", code: each.leftOut.reason, meanings: REASONS } as const;
}
