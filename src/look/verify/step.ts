/** The files of one step: what each line holds, and that they are what `transform` would write. */
import { stepCalled, type StepName } from "../../entities/order.ts";
import {
  createStepWriter,
  MAX_ENTITIES,
  MAX_FILE_BYTES,
  type Tool,
} from "../../entities/request-file.ts";
import { readRequest, type RequestJson } from "../../entities/request.ts";
import { type OtherFields, readLine } from "../../entities/shapes.ts";
import { ENTITIES_FOLDER } from "../../entities/write.ts";
import type { FileEntry } from "../../kernel/files.ts";
import { canonicalJson } from "../../kernel/json.ts";
import type { Store } from "../../kernel/store.ts";
import type { Findings } from "./findings.ts";
import { Held } from "./held.ts";
import type { Objects } from "./objects.ts";

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
  const held = new Held(entries, { store, findings: form, check: "form", maker: "transform" });
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
