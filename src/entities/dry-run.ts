/**
 * Files that the dry-run clients of the official Diode SDKs wrote: each is one request, in the order of
 * their names, which end in a time. There is no manifest, so their hashes are taken here.
 */
import { digest } from "../kernel/digest.ts";
import { inputError } from "../kernel/errors.ts";
import { readListed } from "../kernel/files.ts";
import { compareNatural } from "../kernel/natural-order.ts";
import { readRequired, type Store } from "../kernel/store.ts";
import type { EntityFile, EntitySet } from "./read.ts";

/** @throws AppError "input" when a file is missing. */
export async function openDryRun(store: Store, keys: readonly string[]): Promise<EntitySet> {
  const files: EntityFile[] = [];
  for (const path of [...new Set(keys)].sort(compareNatural)) {
    const bytes = await readRequired(store, path);
    const entry = { path, bytes: bytes.byteLength, sha256: digest(bytes) };
    files.push({ ...entry, step: undefined, read: () => readListed(store, entry) });
  }
  if (files.length === 0) throw inputError(`Found no dry-run file in ${store.place}`);
  return {
    place: store.place,
    sha256: digest(files.map(({ path, sha256 }) => `${sha256} ${path}\n`).join("")),
    files,
  };
}

/** The keys of a folder that holds dry-run files and no run: its JSON files, folders aside. */
export function dryRunKeys(keys: readonly string[]): readonly string[] {
  const isRun = keys.some((key) => key === "manifest.json" || key.startsWith("netbox/"));
  return isRun ? [] : keys.filter((key) => /^[^/]+\.json$/.test(key));
}
