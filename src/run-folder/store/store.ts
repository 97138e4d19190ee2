/**
 * Where run folders live: bytes in, bytes out, by keys such as "pve/nodes/pve1.json".
 * A plain path is a folder on disk; a URI (redis://…, s3://…) is another unstorage driver.
 */
import { join } from "node:path";
import { AppError, inputError, reasonOf, usageError } from "../../base/errors.ts";
import { type Draft, openFolder, type Store } from "./folder.ts";
import { isUri } from "./place.ts";
import { openRemote, type StoreCredentials } from "./remote.ts";

export type { Draft, Store } from "./folder.ts";
export { isUri, shownPlace } from "./place.ts";
export type { StoreCredentials } from "./remote.ts";

// unstorage reads a key up to its first "?".
const SAFE_KEY_REGEXP = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^/\\:?\0]+(?:\/[^/\\:?\0]+)*$/s;

/** @throws AppError "usage" for a URI without a driver. */
export async function openStore(place: string, credentials: StoreCredentials = {}): Promise<Store> {
  if (place === "") {
    throw usageError("Cannot open a folder without a name", {
      hint: "Name the folder; the variable with its name may be unset",
    });
  }
  const store = isUri(place) ? await openRemote(place, credentials) : openFolder(place);
  return {
    ...store,
    keys: async (folder) => await store.keys(folder && safeKey(folder)),
    read: async (key) => await store.read(safeKey(key)),
    write: async (key, bytes) => await store.write(safeKey(key), bytes),
    create: async (key, bytes) => await store.create(safeKey(key), bytes),
    append: async (key, bytes) => await store.append(safeKey(key), bytes),
    remove: async (key) => await store.remove(safeKey(key)),
    removeFolder: async (folder) => await store.removeFolder(safeKey(folder)),
    draft: async (folder) => await openDraft(store, folder),
  };
}

/** A folder of a store as a store, over the same connection, which `close` leaves open. */
export function folderIn(store: Store, folder: string): Store {
  const at = (key: string): string => `${folder}/${safeKey(key)}`;
  const keys = async (below = ""): Promise<string[]> =>
    (await store.keys(below === "" ? folder : at(below))).map((key) =>
      key.slice(folder.length + 1)
    );
  return {
    place: placeIn(store.place, folder),
    keys,
    folders: async () => {
      const first = (await keys()).flatMap((key) => key.includes("/") ? key.split("/", 1) : []);
      return [...new Set(first)];
    },
    read: async (key) => await store.read(at(key)),
    write: async (key, bytes) => await store.write(at(key), bytes),
    create: async (key, bytes) => await store.create(at(key), bytes),
    append: async (key, bytes) => await store.append(at(key), bytes),
    remove: async (key) => await store.remove(at(key)),
    removeFolder: async (below) => await store.removeFolder(at(below)),
    draft: async (below) => await store.draft(at(below)),
    close: () => Promise.resolve(),
  };
}

/** "snapshots/lab" or "s3://bucket/lab", and "run" → "snapshots/lab/run", "s3://bucket/lab/run". */
export function placeIn(place: string, folder: string): string {
  if (!isUri(place)) return join(place, folder);
  const [, path = "", more = ""] = /^([^?#]*)(.*)$/s.exec(place) ?? [];
  return `${path.replace(/\/+$/, "")}/${folder}${more}`;
}

async function openDraft(store: Store, folder: string): Promise<Draft> {
  const draft = await store.draft(safeKey(folder));
  return {
    ...draft,
    write: async (name, bytes) => await draft.write(safeKey(name), bytes),
    append: async (name, bytes) => await draft.append(safeKey(name), bytes),
    commit: async (name, bytes) => await draft.commit(safeKey(name), bytes),
  };
}

/** Names of files come from manifests, which may be hostile. @throws AppError "input". */
export function safeKey(key: string): string {
  if (!isSafeKey(key)) throw refusedKey(key);
  return key;
}

export function isSafeKey(key: string): boolean {
  return SAFE_KEY_REGEXP.test(key);
}

export function refusedKey(key: string): AppError {
  return inputError(`Refused the file name ${JSON.stringify(key.slice(0, 120))}`, {
    hint: "File names in a run folder are relative and never leave it",
  });
}

/** @throws AppError "input" when the file is missing or cannot be read. */
export async function readRequired(store: Store, key: string): Promise<Uint8Array> {
  const bytes = await store.read(safeKey(key)).catch((cause: unknown) => {
    if (cause instanceof AppError) throw cause;
    throw inputError(`Cannot read "${key}" in ${store.place}: ${reasonOf(cause)}`, { cause });
  });
  if (bytes === undefined) throw inputError(`Cannot find "${key}" in ${store.place}`);
  return bytes;
}
