/** What every store can do; and the one that is a folder on disk. unstorage reads; it has no rename and no append. */
import { randomUUID } from "node:crypto";
import { appendFile, link, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { createStorage } from "unstorage";
import fsLite from "unstorage/drivers/fs-lite";
import { inputError, reasonOf, usageError } from "../../base/errors.ts";

/** A set of named byte strings. Keys are relative, use "/" and never leave the store. */
export interface Store {
  /** As the user named it, without credentials. */
  readonly place: string;
  /** All keys, or those in one folder; unsorted. */
  keys(folder?: string): Promise<string[]>;
  /** Names of the folders, without looking into them; unsorted. Redis has to look at all keys. */
  folders(): Promise<string[]>;
  /** Whole file, or undefined if it does not exist. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Atomic: when it fails, the old file stays. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Writes a file unless it exists: of several programs, one gets true. */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Adds to a file, which is created if needed. A remote store rewrites the whole file. */
  append(key: string, bytes: Uint8Array): Promise<void>;
  /** Does nothing when there is no such file. */
  remove(key: string): Promise<void>;
  /** Removes all files of a folder, if it exists. */
  removeFolder(folder: string): Promise<void>;
  /** Starts a new version of a folder; the old one stays until `commit`. */
  draft(folder: string): Promise<Draft>;
  /** Closes connections. */
  close(): Promise<void>;
}

/** A new version of a folder. Either `commit` or `discard` ends it. */
export interface Draft {
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds to a file, which is created if needed. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes the last file and replaces the folder, with all of its older files. */
  commit(name: string, bytes: Uint8Array): Promise<void>;
  discard(): Promise<void>;
}

export function openFolder(place: string): Store {
  const storage = createStorage<Uint8Array>({ driver: fsLite({ base: place }) });
  return {
    place,
    keys: (folder = "") => keysOf(place, join(place, folder)),
    // Joined as the paths of files are: for the system, "a/../b" is not "b" where there is no "a", or it is a link.
    folders: () => foldersOf(join(place)),
    async read(key) {
      // fs-lite reports a folder as missing, and reading a pipe may never end.
      const found = await stat(join(place, key)).catch(ignoreMissing);
      if (found === undefined) return undefined;
      if (found.isDirectory()) throw new Error("it is a folder");
      if (!found.isFile()) throw new Error("it is a pipe, a socket or a device");
      const bytes: unknown = await storage.getItemRaw(key);
      // fs-lite returns a failure such as EACCES as if it were the file.
      if (bytes instanceof Error) throw bytes;
      // Removed since it was found.
      return bytes === null ? undefined : bytes as Uint8Array;
    },
    write: (key, bytes) => writeWhole(join(place, key), bytes).catch(refusal(place, key)),
    create: (key, bytes) => createWhole(join(place, key), bytes).catch(refusal(place, key)),
    append: (key, bytes) => appendTo(join(place, key), bytes).catch(refusal(place, key)),
    remove: (key) => rm(join(place, key), { force: true }).catch(refusal(place, key)),
    removeFolder: (folder) =>
      rm(join(place, folder), { recursive: true, force: true }).catch(refusal(place, folder)),
    draft: (folder) => openDraft(place, folder).catch(refusal(place, folder)),
    close: () => storage.dispose(),
  };
}

/** unstorage leaves out names that end in "$", cuts others at "?", and fails at a folder that it may not list. */
async function keysOf(place: string, folder: string): Promise<string[]> {
  const files = await filesIn(folder).catch((cause: unknown) => unlisted(place, cause));
  return files.map((file) => relative(place, file).split(sep).join("/"));
}

async function foldersOf(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true }).catch(ignoreMissing)
    .catch((cause: unknown) => unlisted(place, cause));
  return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function unlisted(place: string, cause: unknown): never {
  if (isCode(cause, "ENOTDIR")) {
    throw inputError(`Cannot read ${place} as a run: it is not a folder`, {
      hint: "Name the folder that holds the file",
      cause,
    });
  }
  throw inputError(`Cannot list the files in ${place}: ${reasonOf(cause)}`, { cause });
}

/** A recursive readdir fails when a folder is removed meanwhile, such as the draft of another program. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
  const found = (entries ?? []).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
  return (await Promise.all(found)).flat();
}

/**
 * Under another name first, and on the disk before it is renamed: a reader, or a power cut, sees the old file or
 * the new one, never half of one. The library for this, write-file-atomic, needs a newer Node than we do.
 */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(dirname(file));
  const part = join(dirname(file), `.${basename(file)}.part`);
  try {
    await writeFile(part, bytes, { flush: true });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** A link to a complete file: a reader never sees half of it, and a link never replaces a file. */
async function createWhole(file: string, bytes: Uint8Array): Promise<boolean> {
  await makeFolder(dirname(file));
  const part = join(dirname(file), `.${basename(file)}.part-${randomUUID()}`);
  try {
    await writeFile(part, bytes, { flush: true });
    await link(part, file);
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    if (!NO_LINKS.some((code) => isCode(error, code))) throw error;
    return await createInPlace(file, bytes);
  } finally {
    await rm(part, { force: true });
  }
  return true;
}

/** What a file system without links answers, such as FAT or some network shares. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

async function createInPlace(file: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await writeFile(file, bytes, { flag: "wx", flush: true });
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
  return true;
}

async function appendTo(file: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(dirname(file));
  await appendFile(file, bytes);
}

/** Older drafts than this were left by a program that was killed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Each draft has its own folder: of two programs that write at the same time, the last one wins. */
async function openDraft(place: string, folder: string): Promise<Draft> {
  const target = join(place, folder);
  const refused = refusal(place, folder);
  const part = join(place, `.${folder}.part-${randomUUID()}`);
  await makeFolder(part);
  await removeAbandoned(place, `.${folder}.part-`);
  const old = `${part}.old`;
  const commit = async (name: string, bytes: Uint8Array): Promise<void> => {
    await writeFile(join(part, name), bytes);
    await rename(target, old).catch(ignoreMissing);
    try {
      await rename(part, target);
    } catch (error) {
      await rename(old, target).catch(ignoreMissing);
      throw error;
    }
    await rm(old, { recursive: true, force: true });
  };
  return {
    write: (name, bytes) => writeFile(join(part, name), bytes).catch(refused),
    append: (name, bytes) => appendFile(join(part, name), bytes).catch(refused),
    commit: (name, bytes) => commit(name, bytes).catch(refused),
    discard: () => rm(part, { recursive: true, force: true }),
  };
}

async function removeAbandoned(place: string, prefix: string): Promise<void> {
  for (const name of (await readdir(place)).filter((found) => found.startsWith(prefix))) {
    const draft = await stat(join(place, name)).catch(ignoreMissing);
    if (draft === undefined || draft.mtimeMs > Date.now() - ABANDONED_MS) continue;
    await rm(join(place, name), { recursive: true, force: true });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isCode(error, "ENOENT")) throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** What the disk refuses, the user can fix: missing permissions, or no space left. */
function refusal(place: string, key: string): (cause: unknown) => never {
  return (cause) => {
    throw usageError(`Cannot write "${key}" in ${place}: ${reasonOf(cause)}`, {
      hint: "Check permissions and free space, or name another folder",
      cause,
    });
  };
}

/**
 * As mkdir with `recursive`, which never ends on Node where a folder exists and yet cannot hold another one: below a
 * broken link, on a stale mount, in /proc.
 * @throws Error of the file system.
 */
export async function makeFolder(path: string): Promise<void> {
  const refusal = await refusalOf(path);
  if (refusal === undefined) return;
  const above = dirname(path);
  if (refusal.code !== "ENOENT" || above === path) throw refusal;
  await makeFolder(above);
  const again = await refusalOf(path);
  if (again !== undefined) throw again;
}

/** undefined when the folder exists afterwards. */
async function refusalOf(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    return found?.isDirectory() === true ? undefined : error as NodeJS.ErrnoException;
  }
}
