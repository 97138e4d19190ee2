/** left-out.json: what its records say, and that it is what `transform` would write. */
import { createLeftOutWriter } from "../../entities/left-out-file.ts";
import { type LeftOutLine, readLeftOutLines } from "../../entities/left-out-lines.ts";
import type { EntityManifest } from "../../entities/manifest.ts";
import { NOTES, REASONS } from "../../entities/left-out.ts";
import { LEFT_OUT_FILE } from "../../entities/read.ts";
import { digest } from "../../kernel/digest.ts";
import { Counts } from "../counts.ts";
import { type Findings, hasSameMapping } from "./findings.ts";

export interface LeftOutCounts {
  readonly left_out: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, number>>;
}

export interface LeftOutContext {
  /** Of the set that the records belong to. */
  readonly manifest: EntityManifest;
  readonly findings: Findings;
  /** How they are written. */
  readonly form: Findings;
}

/** undefined when the records cannot be read. */
export async function verifyLeftOut(
  bytes: Uint8Array,
  { manifest, findings, form }: LeftOutContext,
): Promise<LeftOutCounts | undefined> {
  const file = LEFT_OUT_FILE;
  const writer = createLeftOutWriter({ append: () => Promise.resolve() });
  const counts = { left_out: new Counts(), notes: new Counts() };
  const counted = await findings.attempt("shape", { file }, async () => {
    for (const each of readLeftOutLines(bytes)) {
      const { group, code, meanings } = codeOf(each);
      counts[group].add(code);
      // A newer version may have more of them.
      if (hasSameMapping(manifest) && !Object.hasOwn(meanings, code)) {
        findings.add("shape", { file, line: each.line }, `"${code}" is in no list of codes`);
      }
      if ("note" in each) await writer.add([], [each.note]);
      else await writer.add([each.leftOut], []);
    }
    return { left_out: counts.left_out.toObject(), notes: counts.notes.toObject() };
  });
  const { sha256 } = await writer.finish();
  if (counted !== undefined && sha256 !== digest(bytes)) {
    form.add("form", { file }, "Is not written as transform writes it");
  }
  return counted;
}

function codeOf(each: LeftOutLine) {
  return "note" in each
    ? { group: "notes", code: each.note.code, meanings: NOTES } as const
    : { group: "left_out", code: each.leftOut.reason, meanings: REASONS } as const;
}
