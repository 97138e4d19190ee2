/** The file list of a manifest, held against what a folder really holds. */
import { digest } from "./digest.ts";
import { inputError } from "./errors.ts";
import { compareCodeUnits } from "./natural-order.ts";
import { readRequired, safeKey, type Store } from "./store.ts";

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
  if (bytes.byteLength !== entry.bytes || digest(bytes) !== entry.sha256) {
    throw inputError(`Cannot trust "${entry.path}" in ${store.place}: it was changed`, {
      hint: "Its SHA-256 is not the one in the manifest; take the folder from its source again",
    });
  }
  return bytes;
}

/** @throws AppError "input" when `folder` holds a file that the manifest does not list, or lacks one. */
export async function checkListing(
  store: Store,
  folder: string,
  entries: readonly FileEntry[],
): Promise<void> {
  const listed = new Set<string>();
  for (const { path } of entries) {
    if (listed.has(safeKey(path))) {
      throw inputError(`Found "${path}" twice in the manifest of ${store.place}`);
    }
    listed.add(path);
  }
  const found = (await store.keys()).filter((key) => key.startsWith(folder)).sort(compareCodeUnits);
  const extra = found.find((key) => !listed.has(key));
  if (extra !== undefined) {
    throw inputError(`Found "${extra}" in ${store.place}, which its manifest does not list`, {
      hint: "Remove the file, or take the folder from its source again",
    });
  }
  const present = new Set(found);
  const missing = entries.find((entry) => !present.has(entry.path));
  if (missing !== undefined) {
    throw inputError(`Cannot find "${missing.path}" in ${store.place}, which its manifest lists`, {
      hint: "Take the folder from its source again, whole",
    });
  }
}
