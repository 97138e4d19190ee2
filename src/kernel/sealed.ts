/** A document that carries the SHA-256 of its own canonical bytes, with that value empty. */
import { digest } from "./digest.ts";
import { inputError } from "./errors.ts";
import { canonicalJson, parseJson } from "./json.ts";

const SEAL_REGEXP = /\n {2}"sha256": "([0-9a-f]{64})"(?=,?\n)/;
const EMPTY_SEAL = '\n  "sha256": ""';

/** Value → text: keys sorted, two spaces, final newline, `sha256` filled in. */
export function seal(document: object): string {
  const text = canonicalJson({ ...document, sha256: "" }, { indent: 2 }) + "\n";
  return text.replace(EMPTY_SEAL, `\n  "sha256": "${digest(text)}"`);
}

/**
 * Text → value and its seal. The bytes themselves are checked, so that white space counts too.
 * @throws AppError "input" when the text is not JSON, bears no seal or was changed.
 */
export function unseal(text: string, file: string): { document: unknown; sha256: string } {
  const document = parseJson(text, file);
  const sha256 = SEAL_REGEXP.exec(text)?.[1];
  if (sha256 === undefined) {
    throw inputError(`Cannot trust ${file}: it bears no "sha256" of its own`, {
      hint: "Only files that proxmox-diode wrote are read; take the folder from its source again",
    });
  }
  if (digest(text.replace(SEAL_REGEXP, EMPTY_SEAL)) !== sha256) {
    throw inputError(`Cannot trust ${file}: it was changed after it was written`, {
      hint: "Take the folder from its source again, whole",
    });
  }
  return { document, sha256 };
}
