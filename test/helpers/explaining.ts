/** Explanations of committed run folders and of snapshots in memory, and helpers for their parts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  explain,
  type ExplainInput,
  layeredSettings,
  openExplainInput,
} from "../../src/look/explain/explain.ts";
import type {
  AnswerRead,
  ExplainedEntity,
  ExplainedField,
  ExplainedRead,
  Explanation,
} from "../../src/look/explain/explanation.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { recordedTexts, type SettingTexts } from "../../src/transform/settings.ts";
import { ROOT } from "./golden.ts";

/** A run folder below the root of the project. */
export async function inputOf(run: string, given: SettingTexts = {}): Promise<ExplainInput> {
  return await openExplainInput(await openStore(join(ROOT, run)), given);
}

/** A snapshot in memory, without entity files. */
export function inputFrom(snapshot: Snapshot, given: SettingTexts = {}): ExplainInput {
  const recorded = recordedTexts(snapshot.manifest);
  const settings = layeredSettings({ given, "manifest.json": recorded });
  return { snapshot, settings, entities: undefined };
}

/** Explains an object of the example. */
export async function explained(what: string, given: SettingTexts = {}): Promise<Explanation[]> {
  return await explain(await inputOf("snapshots/example", given), what);
}

export function fieldOf({ fields }: ExplainedEntity, name: string): ExplainedField {
  const found = fields.find(({ field }) => field === name);
  if (found === undefined) throw new Error(`No field is called ${name}`);
  return found;
}

/** Its reads, and those of the stubs among them. */
export function allReads(reads: readonly ExplainedRead[]): ExplainedRead[] {
  return reads.flatMap((read) => "reads" in read ? [read, ...allReads(read.reads)] : [read]);
}

export function answerReads(reads: readonly ExplainedRead[]): AnswerRead[] {
  return allReads(reads).filter((read) => "path" in read);
}

/** The value at a JSON pointer (RFC 6901). */
export function atPointer(document: unknown, pointer: string): unknown {
  const tokens = pointer.split("/").slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  return tokens.reduce(
    (value: unknown, token) => (value as Readonly<Record<string, unknown>>)[token],
    document,
  );
}

/** The answer in a line of a file of a run folder: its path and its JSON. */
export async function answerInLine(
  run: string,
  { file, line }: { readonly file: string; readonly line?: number },
): Promise<[path: string, answer: unknown]> {
  const text = (await readFile(join(ROOT, run, file), "utf8")).split("\n")[(line ?? 0) - 1] ?? "";
  const [found] = Object.entries(JSON.parse(`{${text.replace(/,$/, "")}}`) as object);
  if (found === undefined) throw new Error(`Line ${line} of ${file} holds no answer`);
  return found;
}
