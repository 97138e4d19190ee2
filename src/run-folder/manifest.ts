/** Manifests: a format that this program knows, a seal, and a list of files. */
import { type } from "arktype";
import { digest, digestAside } from "../base/digest.ts";
import { AppError, inputError, reasonOf } from "../base/errors.ts";
import { canonicalJson, parseJson } from "../base/json.ts";
import { decodeUtf8 } from "../base/text.ts";
import { compareCodeUnits } from "../base/natural-order.ts";
import { isSafeKey, readRequired, refusedKey, type Store } from "./store/store.ts";

export interface ManifestKind<Manifest> {
  readonly file: string;
  /** What the number in `format` counts, such as "snapshot format". */
  readonly format: string;
  /** The newest format that this program reads. */
  readonly newest: number;
  /** For the hint of an error: "captured it". */
  readonly writtenBy: string;
  readonly check: (document: unknown) => Manifest | type.errors;
  /** The error for a folder without this file, by all keys of the folder. */
  readonly missing: (store: Store, keys: readonly string[]) => AppError;
  /** For a manifest of another shape. */
  readonly hint?: string;
  /** A key that only another kind of folder has in its manifest, and what that is. */
  readonly other?: { readonly key: string; readonly what: string };
}

/** @throws AppError "input" when it is missing, cannot be read, was changed or is of a newer format. */
export async function readManifestFile<Manifest>(
  store: Store,
  { file, format, newest, writtenBy, check, missing, hint, other }: ManifestKind<Manifest>,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const bytes = await store.read(file).catch((cause: unknown) => {
    if (cause instanceof AppError) throw cause;
    throw inputError(`Cannot read ${file} in ${store.place}: ${reasonOf(cause)}`, { cause });
  });
  if (bytes === undefined) throw missing(store, await store.keys());
  const what = `${file} in ${store.place}`;
  const { document, sha256 } = unseal(decodeUtf8(bytes, what), what);
  if (other !== undefined && Object.hasOwn(Object(document), other.key)) {
    throw inputError(`Cannot read ${store.place}: it is ${other.what}`, hint ? { hint } : {});
  }
  const found = (document as { format?: unknown } | null)?.format;
  if (typeof found === "number" && found > newest) {
    throw inputError(
      `Cannot read ${what}: it has ${format} ${found}, and this program reads up to ${newest}`,
      { hint: `Use the version of proxmox-diode that ${writtenBy}, or a newer one` },
    );
  }
  const manifest = check(document);
  if (manifest instanceof type.errors) {
    throw inputError(
      `Cannot read ${what}: ${manifest.summary.split("\n", 1)[0]}`,
      hint === undefined ? {} : { hint },
    );
  }
  return { manifest, sha256 };
}

const SEAL_REGEXP = /\n {2}"sha256": "([0-9a-f]{64})"(?=,?\n)/;
const EMPTY_SEAL = '\n  "sha256": ""';

/** Value → text: keys sorted, two spaces, final newline; `sha256` is that of the text with this value empty. */
export function seal(document: object): string {
  const text = canonicalJson({ ...document, sha256: "" }, { indent: 2 }) + "\n";
  return text.replace(EMPTY_SEAL, `\n  "sha256": "${digest(text)}"`);
}

/**
 * Text → value and its seal. The bytes themselves are checked, so that white space counts too.
 * @throws AppError "input" when the text is not JSON, has no seal or was changed.
 */
export function unseal(text: string, file: string): { document: unknown; sha256: string } {
  const document = parseJson(text, file);
  const sha256 = SEAL_REGEXP.exec(text)?.[1];
  if (sha256 === undefined) {
    throw inputError(`No checksum in ${file}`, {
      hint:
        "Only files that proxmox-diode wrote are read: copy the whole folder again from where it was made",
    });
  }
  if (digest(text.replace(SEAL_REGEXP, EMPTY_SEAL)) !== sha256) {
    throw inputError(`Cannot trust ${file}: it was changed after it was written`, {
      hint: "Copy the whole folder again from where it was made",
    });
  }
  return { document, sha256 };
}

/** A file of the run folder, as a manifest lists it. */
export const FileEntry = type({
  /** Relative to the run folder. */
  path: "string",
  bytes: "number.integer >= 0",
  sha256: "string.hex",
});
export type FileEntry = typeof FileEntry.infer;

export function fileEntry(path: string, bytes: Uint8Array): FileEntry {
  return { path, bytes: bytes.byteLength, sha256: digest(bytes) };
}

/** Reads a listed file. @throws AppError "input" when it is missing or is not what was listed. */
export async function readListed(store: Store, entry: FileEntry): Promise<Uint8Array> {
  const bytes = await readRequired(store, entry.path);
  if (bytes.byteLength !== entry.bytes || await digestAside(bytes) !== entry.sha256) {
    throw inputError(`Cannot trust "${entry.path}" in ${store.place}: it was changed`, {
      hint:
        "Its SHA-256 is not the one in the manifest: copy the whole folder again from where it was made",
    });
  }
  return bytes;
}

/** An unlisted file, or a missing one. */
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

/** All differences between the list of a manifest and the files of `folder`. */
export async function listingFaults(
  store: Store,
  folder: string,
  entries: readonly FileEntry[],
): Promise<ListingFault[]> {
  const found = (await store.keys()).filter((key) => key.startsWith(folder)).sort(compareCodeUnits);
  const present = new Set(found);
  const listed = new Set<string>();
  const duplicates: string[] = [];
  for (const { path } of entries) {
    if (listed.has(path)) duplicates.push(path);
    listed.add(path);
  }
  const refused = [...listed].filter((path) => !isSafeKey(path));
  const missing = [...listed].filter((path) => isSafeKey(path) && !present.has(path));
  return [
    ...refused.map((path) => ({ path, error: refusedKey(path) })),
    ...duplicates.map((path) => ({
      path,
      error: inputError(`Duplicate path "${path}" in the manifest of ${store.place}`),
    })),
    ...found.filter((path) => !listed.has(path)).map((path) => ({
      path,
      error: inputError(`Found "${path}" in ${store.place}, which its manifest does not list`, {
        hint: "Remove the file, or copy the whole folder again from where it was made",
      }),
    })),
    ...missing.map((path) => ({
      path,
      error: inputError(`Cannot find "${path}" in ${store.place}, which its manifest lists`, {
        hint: "Copy the whole folder again from where it was made",
      }),
    })),
  ];
}
