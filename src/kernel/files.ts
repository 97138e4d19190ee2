/** The file list of a manifest, held against what a folder really holds. */
import { digest, digestAside } from "./digest.ts";
import { type AppError, inputError } from "./errors.ts";
import { compareCodeUnits } from "./natural-order.ts";
import { isSafeKey, readRequired, refusedKey, type Store } from "./store.ts";

export interface FileEntry {
  /** Relative to the run folder. */
  readonly path: string;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

export function fileEntry(path: string, bytes: Uint8Array): FileEntry {
  return { path, bytes: bytes.byteLength, sha256: digest(bytes) };
}

/** Reads a listed file. @throws AppError "input" when it is missing or is not what was listed. */
export async function readListed(store: Store, entry: FileEntry): Promise<Uint8Array> {
  const bytes = await readRequired(store, entry.path);
  if (bytes.byteLength !== entry.bytes || await digestAside(bytes) !== entry.sha256) {
    throw inputError(`Cannot trust "${entry.path}" in ${store.place}: it was changed`, {
      hint: "Its SHA-256 is not the one in the manifest; take the folder from its source again",
    });
  }
  return bytes;
}

/** A file that is there and should not be, or the other way round. */
export interface ListingFault {
  readonly path: string;
  readonly error: AppError;
}

/** @throws AppError "input" when `folder` holds a file that the manifest does not list, or lacks one. */
export async function checkListing(
  store: Store,
  folder: string,
  entries: readonly FileEntry[],
): Promise<void> {
  const [fault] = await listingFaults(store, folder, entries);
  if (fault !== undefined) throw fault.error;
}

/** Everything that tells the list of a manifest from what `folder` holds. */
export async function listingFaults(
  store: Store,
  folder: string,
  entries: readonly FileEntry[],
): Promise<ListingFault[]> {
  const found = (await store.keys()).filter((key) => key.startsWith(folder)).sort(compareCodeUnits);
  const present = new Set(found);
  const listed = new Set<string>();
  const twice: string[] = [];
  for (const { path } of entries) {
    if (listed.has(path)) twice.push(path);
    listed.add(path);
  }
  const refused = [...listed].filter((path) => !isSafeKey(path));
  const missing = [...listed].filter((path) => isSafeKey(path) && !present.has(path));
  return [
    ...refused.map((path) => ({ path, error: refusedKey(path) })),
    ...twice.map((path) => ({
      path,
      error: inputError(`Found "${path}" twice in the manifest of ${store.place}`),
    })),
    ...found.filter((path) => !listed.has(path)).map((path) => ({
      path,
      error: inputError(`Found "${path}" in ${store.place}, which its manifest does not list`, {
        hint: "Remove the file, or take the folder from its source again",
      }),
    })),
    ...missing.map((path) => ({
      path,
      error: inputError(`Cannot find "${path}" in ${store.place}, which its manifest lists`, {
        hint: "Take the folder from its source again, whole",
      }),
    })),
  ];
}
