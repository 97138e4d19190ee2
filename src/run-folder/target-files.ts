/**
 * Reads and writes the files of a target folder: target/<nn>-<type>-<nnnn>.jsonl, one NetBox object a
 * line, by id, at most 10,000 of them, so that no file is larger than what fits into memory easily.
 */
import { type AppError, inputError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { decodeUtf8, encodeUtf8 } from "../base/text.ts";
import type { NetBoxObject } from "../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../netbox/types/surveyed.ts";
import {
  checkListing,
  type FileEntry,
  fileEntry,
  readListed,
  readManifestFile,
  seal,
} from "./manifest.ts";
import type { Store } from "./store/store.ts";
import {
  TARGET_FOLDER,
  TARGET_FORMAT,
  TARGET_MANIFEST_FILE,
  TargetManifest,
  type TargetSource,
} from "./target.ts";

export const OBJECTS_PER_FILE = 10_000;

const FILE_REGEXP = /^target\/\d\d-([a-z0-9-]+)-\d{4,}\.jsonl$/;
const NAMES = new Set<string>(SURVEYED.map(({ name }) => name));

export interface TargetFolder {
  /** As the user named it, without credentials. */
  readonly place: string;
  readonly manifest: TargetManifest;
  readonly sha256: string;
  /** Objects of one type, file by file, by id. @throws AppError "input" when a file was changed. */
  objects(name: SurveyedName): AsyncGenerator<readonly NetBoxObject[]>;
  /** Where objects are. @throws AppError "input" when a file was changed. */
  locate(name: SurveyedName, ids: ReadonlySet<number>): Promise<ReadonlyMap<number, TargetLine>>;
}

export interface TargetLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Whether survey wrote the folder, finished or not; a run folder has a manifest of the same name. */
export async function isTargetFolder(store: Store): Promise<boolean> {
  const keys = await store.keys();
  if (keys.some((key) => key.startsWith(`${TARGET_FOLDER}/`))) return true;
  const bytes = keys.includes(TARGET_MANIFEST_FILE) && await store.read(TARGET_MANIFEST_FILE);
  // A manifest that cannot be read is for its own reader to report.
  return bytes ? /^ {2}"netbox": \{$/m.test(new TextDecoder().decode(bytes)) : false;
}

/** The manifest alone. @throws AppError "input". */
export async function readTargetManifest(
  store: Store,
): Promise<{ readonly manifest: TargetManifest; readonly sha256: string }> {
  return await readManifestFile(store, {
    file: TARGET_MANIFEST_FILE,
    format: "target format",
    newest: TARGET_FORMAT,
    writtenBy: "surveyed it",
    missing: noManifest,
    check: (document) => TargetManifest(document),
    hint: "Name a folder that survey wrote, such as snapshots/netbox",
    other: { key: "captured_at", what: "a run folder, which capture wrote, and no target" },
  });
}

/** @throws AppError "input" when the folder is unfinished, changed, or of a newer format. */
export async function openTargetFolder(store: Store): Promise<TargetFolder> {
  const { manifest, sha256 } = await readTargetManifest(store);
  await checkListing(store, `${TARGET_FOLDER}/`, manifest.files);
  return {
    place: store.place,
    manifest,
    sha256,
    async *objects(name) {
      for (const entry of manifest.files) {
        if (typeOfTargetFile(entry.path) === name) yield await readTargetFile(store, entry);
      }
    },
    async locate(name, ids) {
      const lines = new Map<number, TargetLine>();
      for (const entry of ids.size === 0 ? [] : manifest.files) {
        if (typeOfTargetFile(entry.path) !== name) continue;
        for (const [i, { id }] of (await readTargetFile(store, entry)).entries()) {
          if (ids.has(id)) lines.set(id, { file: entry.path, line: i + 1 });
        }
      }
      return lines;
    },
  };
}

/** "target/20-device-0001.jsonl" → "device"; undefined for what is no file of a target. */
export function typeOfTargetFile(path: string): SurveyedName | undefined {
  const name = FILE_REGEXP.exec(path)?.[1] ?? "";
  return NAMES.has(name) ? name as SurveyedName : undefined;
}

/** `number`: of the file among those of its type, from 1. */
export async function writeTargetFile(
  store: Store,
  name: SurveyedName,
  { number, objects }: { readonly number: number; readonly objects: readonly NetBoxObject[] },
): Promise<FileEntry> {
  const type = SURVEYED.find((each) => each.name === name);
  const path = `${TARGET_FOLDER}/${type?.number}-${name}-${String(number).padStart(4, "0")}.jsonl`;
  const bytes = encodeUtf8(objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
  await store.write(path, bytes);
  return fileEntry(path, bytes);
}

/** Written last: a folder without it is unfinished. */
export async function writeTargetManifest(
  store: Store,
  facts: Omit<TargetManifest, "format">,
): Promise<TargetManifest> {
  const manifest = { format: TARGET_FORMAT, ...facts };
  await store.write(TARGET_MANIFEST_FILE, encodeUtf8(seal(manifest)));
  return manifest;
}

/** @throws AppError "input" when the file is missing or was changed. */
export async function readTargetFile(
  store: Store,
  entry: FileEntry,
): Promise<readonly NetBoxObject[]> {
  const what = `"${entry.path}" in ${store.place}`;
  const lines = decodeUtf8(await readListed(store, entry), what).split("\n");
  return lines.filter((line) => line !== "").map((line, i) =>
    objectInLine(line, `line ${i + 1} of ${what}`)
  );
}

/** `what`: the line, for errors. @throws AppError "input". */
export function objectInLine(line: string, what: string): NetBoxObject {
  const object = parseJson(line, what);
  if (typeof (object as { id?: unknown } | null)?.id === "number") return object as NetBoxObject;
  throw inputError(`Cannot read ${what}: it is not an object with an id`, { hint: "Survey again" });
}

function noManifest({ place }: Store, keys: readonly string[]): AppError {
  const isUnfinished = keys.some((key) => key.startsWith(`${TARGET_FOLDER}/`));
  return inputError(
    isUnfinished
      ? `Found an unfinished survey in ${place}: it has no ${TARGET_MANIFEST_FILE}`
      : `Found no target in ${place}: it has no ${TARGET_MANIFEST_FILE}`,
    {
      hint: isUnfinished
        ? "Finish it with survey --resume"
        : "Name a folder that survey wrote, such as snapshots/netbox",
    },
  );
}

/** What an entity manifest says of the target. */
export function targetSource({ manifest, sha256 }: TargetFolder): TargetSource {
  return { url: manifest.netbox.url, sha256, surveyed_at: manifest.surveyed_at };
}

/**
 * A survey with --for contains only what one run needs: all else would look as if NetBox had none.
 * @throws AppError "input" unless it is for these snapshots. `snapshots`: hashes of their manifests.
 */
export function refuseOtherScope(
  { place, manifest: { scope } }: TargetFolder,
  snapshots: readonly string[],
): void {
  if (scope === undefined || snapshots.every((each) => scope.snapshots.includes(each))) return;
  throw inputError(`Cannot use the target in ${place}: it contains only what another run needs`, {
    hint: "Survey again: without --for, or with --for and this run",
  });
}
