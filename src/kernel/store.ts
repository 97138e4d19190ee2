/**
 * Where run folders live: bytes in, bytes out, by keys such as "pve/nodes/pve1.json".
 * A plain path is a folder on disk; a URI (redis://…, s3://…) is another unstorage driver.
 */
import { inputError, reasonOf, usageError } from "./errors.ts";
import { openFolder } from "./store-folder.ts";
import { openRemote } from "./store-remote.ts";

/** A set of named byte strings. Keys are relative, use "/" and never leave the store. */
export interface Store {
  /** As the user named it, without credentials. */
  readonly place: string;
  /** All keys, unsorted. */
  keys(): Promise<string[]>;
  /** Whole file, or undefined when there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** The whole file or, when it fails, what was there before. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** The file is gone afterwards; it need not have been there. */
  remove(key: string): Promise<void>;
  /** Starts a folder anew, beside the one that is there until `commit`. */
  draft(folder: string): Promise<Draft>;
  /** Lets go of connections. */
  close(): Promise<void>;
}

/** A folder in the making. Either `commit` or `discard` ends it. */
export interface Draft {
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds to a file, which is made if need be. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes the last file and puts the draft in the place of the folder, older files gone. */
  commit(name: string, bytes: Uint8Array): Promise<void>;
  discard(): Promise<void>;
}

/** What a remote store needs beside its URI; comes from the settings. */
export interface StoreCredentials {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}

const URI_REGEXP = /^([a-z][a-z0-9+.-]+):\/\//i;
const SAFE_KEY_REGEXP = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^/\\:\0]+(?:\/[^/\\:\0]+)*$/;

/** @throws AppError "usage" for a URI that no driver serves. */
export async function openStore(place: string, credentials: StoreCredentials = {}): Promise<Store> {
  if (place === "") throw usageError("Cannot open a folder without a name");
  return URI_REGEXP.test(place) ? await openRemote(place, credentials) : openFolder(place);
}

/** Names of files come from manifests, which may be hostile. @throws AppError "input". */
export function safeKey(key: string): string {
  if (!SAFE_KEY_REGEXP.test(key)) {
    throw inputError(`Refused the file name ${JSON.stringify(key.slice(0, 120))}`, {
      hint: "File names in a run folder are relative and never leave it",
    });
  }
  return key;
}

/** @throws AppError "input" when the file is missing or cannot be read. */
export async function readRequired(store: Store, key: string): Promise<Uint8Array> {
  const bytes = await store.read(safeKey(key)).catch((cause: unknown) => {
    throw inputError(`Cannot read "${key}" in ${store.place}: ${reasonOf(cause)}`, { cause });
  });
  if (bytes === undefined) throw inputError(`Cannot find "${key}" in ${store.place}`);
  return bytes;
}
