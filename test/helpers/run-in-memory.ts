/**
 * Run folders in memory, which a test can change:
 *
 *   const run = await heldRun("snapshots/example");
 *   const broken = resealed(run, "netbox/01-tag-0001.json", (text) => text.replace("a", "b"));
 *   await verify(storeOf(broken));
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import { TOOL } from "../../src/base/tool.ts";
import { type Tool, writeEntities } from "../../src/run-folder/entity-writer.ts";
import { fileEntry, seal, unseal } from "../../src/run-folder/manifest.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Store } from "../../src/run-folder/store/store.ts";
import { MAPPING_VERSION } from "../../src/transform/mapping/tables.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { recordedTexts, type SettingTexts } from "../../src/transform/settings.ts";
import { transform } from "../../src/transform/transform.ts";
import { buildSnapshot, type Site } from "./snapshot-builder.ts";

/** Path → bytes. */
export type RunFiles = ReadonlyMap<string, Uint8Array>;

export async function readRunFiles(folder: string): Promise<RunFiles> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map(async ({ parentPath, name }) => {
    const file = join(parentPath, name);
    const key = relative(folder, file).replaceAll("\\", "/");
    return [key, new Uint8Array(await readFile(file))] as const;
  });
  return new Map(await Promise.all(files));
}

export async function writeRunFiles(run: RunFiles, folder: string): Promise<void> {
  for (const [key, bytes] of run) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), bytes);
  }
}

export function storeOf(run: RunFiles): Store {
  return storeIn(new Map(run));
}

/** A store in a map. */
export function storeIn(files: Map<string, Uint8Array>): Store {
  const write = (key: string, bytes: Uint8Array): Promise<void> => {
    files.set(key, new Uint8Array(bytes));
    return Promise.resolve();
  };
  const append = (key: string, bytes: Uint8Array): Promise<void> =>
    write(key, new Uint8Array([...files.get(key) ?? [], ...bytes]));
  return {
    place: "memory",
    keys: (folder) => Promise.resolve([...files.keys()].filter((key) => isIn(key, folder))),
    folders: () =>
      Promise.resolve([...new Set([...files.keys()].flatMap((key) => folderOf(key) ?? []))]),
    read: (key) => Promise.resolve(files.get(key)),
    write,
    async create(key, bytes) {
      if (files.has(key)) return false;
      await write(key, bytes);
      return true;
    },
    append,
    remove: (key) => Promise.resolve(void files.delete(key)),
    removeFolder(folder) {
      for (const key of files.keys()) if (isIn(key, folder)) files.delete(key);
      return Promise.resolve();
    },
    draft(folder) {
      const at = (name: string): string => `${folder}/${name}`;
      for (const key of files.keys()) if (key.startsWith(`${folder}/`)) files.delete(key);
      return Promise.resolve({
        write: (name, bytes) => write(at(name), bytes),
        append: (name, bytes) => append(at(name), bytes),
        commit: (name, bytes) => write(at(name), bytes),
        discard: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  };
}

function isIn(key: string, folder: string | undefined): boolean {
  return folder === undefined || key.startsWith(`${folder}/`);
}

function folderOf(key: string): string | undefined {
  return key.includes("/") ? key.split("/", 1)[0] : undefined;
}

/** The run with a file added or replaced, or removed (undefined). */
export function withFile(run: RunFiles, file: string, content: string | undefined): RunFiles {
  const changed = new Map(run);
  if (content === undefined) changed.delete(file);
  else changed.set(file, encodeUtf8(content));
  return changed;
}

export function textOf(run: RunFiles, file: string): string {
  const bytes = run.get(file);
  if (bytes === undefined) throw new Error(`There is no ${file}`);
  return decodeUtf8(bytes, file);
}

/** The run with a changed file and updated hashes in all manifests above it. */
export function resealed(
  run: RunFiles,
  file: string,
  change: (text: string) => string,
): RunFiles {
  const text = change(textOf(run, file));
  if (text === textOf(run, file)) throw new Error(`Nothing was changed in ${file}`);
  const changed = withFile(run, file, text);
  const manifest = file.startsWith("netbox/") ? "netbox/manifest.json" : "manifest.json";
  const { path, bytes, sha256 } = fileEntry(file, encodeUtf8(text));
  return withManifest(changed, manifest, (document) => ({
    ...document,
    files: (document["files"] as { path: string }[]).map((entry) =>
      entry.path === path ? { path, bytes, sha256 } : entry
    ),
  }));
}

type Document = Readonly<Record<string, unknown>>;

/** The run with a changed manifest, sealed again; entity files still refer to its snapshot. */
export function withManifest(
  run: RunFiles,
  file: string,
  change: (document: Document) => object,
): RunFiles {
  const { document, sha256: before } = unseal(textOf(run, file), file);
  const text = seal(change(document as Document));
  const { sha256: after } = unseal(text, file);
  const changed = withFile(run, file, text);
  if (file !== "manifest.json" || !run.has("netbox/manifest.json")) return changed;
  return withManifest(changed, "netbox/manifest.json", (entities) => ({
    ...entities,
    snapshots: (entities["snapshots"] as { sha256: string }[]).map((snapshot) =>
      snapshot.sha256 === before ? { ...snapshot, sha256: after } : snapshot
    ),
  }));
}

export interface TransformOptions {
  readonly tool?: Tool;
  readonly mappingVersion?: number;
  readonly settings?: SettingTexts;
}

/** The same snapshot, and the entity files that `transform` makes of it. */
export async function transformedRun(
  run: RunFiles,
  { tool = TOOL, mappingVersion = MAPPING_VERSION, settings = {} }: TransformOptions = {},
): Promise<RunFiles> {
  const files = new Map(run);
  const store = storeIn(files);
  const snapshot = await openSnapshot(store);
  const texts = { ...recordedTexts(snapshot.manifest), ...settings };
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  const policy = Object.fromEntries(given) as Record<string, string>;
  const batches = transform([{ snapshot, policy: parsePolicy(texts) }]);
  await writeEntities(store, batches, {
    tool,
    mapping_version: mappingVersion,
    snapshots: [{ sha256: snapshot.sha256, policy }],
  });
  return files;
}

/** A site as capture writes it, and `transform` after it. */
export async function buildRunFiles(site: Site, options: TransformOptions = {}): Promise<RunFiles> {
  const files = new Map<string, Uint8Array>();
  await buildSnapshot(storeIn(files), site);
  return await transformedRun(files, options);
}
