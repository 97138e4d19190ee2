/** A folder's manifest: sealed, and of a format that this program knows. */
import { AppError, inputError, reasonOf } from "./errors.ts";
import { unseal } from "./sealed.ts";
import type { Store } from "./store.ts";
import { decodeUtf8 } from "./utf8.ts";

export interface ManifestKind {
  readonly file: string;
  /** What the number in `format` counts, such as "snapshot format". */
  readonly format: string;
  /** The newest format that this program reads. */
  readonly newest: number;
  /** The program that wrote it, as the hint of an error names it: "captured it". */
  readonly writtenBy: string;
}

/** What a manifest says, and its own hash; its shape is yet to be checked. */
export interface ManifestDocument {
  readonly document: unknown;
  readonly sha256: string;
  /** Names the file in error texts. */
  readonly what: string;
}

/**
 * undefined when there is none.
 * @throws AppError "input" when it cannot be read, was changed or is of a newer format.
 */
export async function readManifestFile(
  store: Store,
  { file, format, newest, writtenBy }: ManifestKind,
): Promise<ManifestDocument | undefined> {
  const bytes = await store.read(file).catch((cause: unknown) => {
    if (cause instanceof AppError) throw cause;
    throw inputError(`Cannot read ${file} in ${store.place}: ${reasonOf(cause)}`, { cause });
  });
  if (bytes === undefined) return undefined;
  const what = `${file} in ${store.place}`;
  const { document, sha256 } = unseal(decodeUtf8(bytes, what), what);
  const found = (document as { format?: unknown } | null)?.format;
  if (typeof found === "number" && found > newest) {
    throw inputError(
      `Cannot read ${what}: it has ${format} ${found}, and this program reads up to ${newest}`,
      { hint: `Use the version of proxmox-diode that ${writtenBy}, or a newer one` },
    );
  }
  return { document, sha256, what };
}
