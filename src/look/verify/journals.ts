/** push/*.journal: unchanged, and about files and requests that are there. */
import { type Acknowledgement, readJournal } from "../../entities/journal.ts";
import { readCheckedLines } from "../../kernel/checked-lines.ts";
import { readRequired, type Store } from "../../kernel/store.ts";
import type { VerifiedEntities } from "./entities.ts";
import type { Findings } from "./findings.ts";

export interface JournalInput {
  readonly store: Store;
  readonly journals: readonly string[];
  readonly entities: VerifiedEntities | undefined;
}

/** Answers how many there are. */
export async function verifyJournals(
  { store, journals, entities }: JournalInput,
  findings: Findings,
): Promise<number> {
  for (const file of journals) {
    const bytes = await findings.attempt("journal", { file }, () => readRequired(store, file));
    const journal = bytes &&
      await findings.attempt("journal", { file }, () => readJournal(bytes, file));
    if (bytes === undefined || journal === undefined) continue;
    if (journal.isTorn) judgeTorn(file, bytes, findings);
    const { header, lines } = journal;
    if (header === undefined) continue;
    if (entities === undefined || header.entities !== entities.sha256) {
      findings.unchecked.push(
        `What ${file} acknowledges: it is about other entity files than these`,
      );
      continue;
    }
    // Of differences, requests of their own were sent.
    const ids = header.since === undefined ? entities.requestIds : undefined;
    const hashes = new Map(entities.manifest.files.map(({ path, sha256 }) => [path, sha256]));
    lines.forEach((line, i) => {
      const fault = faultOf(line, hashes, ids);
      if (fault === undefined) return;
      findings.add("journal", { file, line: i + FIRST_LINE, field: fault.field }, fault.sentence);
    });
  }
  return journals.length;
}

/** The header stands before it. */
const FIRST_LINE = 2;
const NEWLINE = 10;

/** A killed push leaves the beginning of a line; every other line that is not whole was changed. */
function judgeTorn(file: string, bytes: Uint8Array, findings: Findings): void {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const [lines, rest] = [bytes.subarray(0, end), bytes.slice(end)];
  const isMended = rest.length > 0 &&
    !readCheckedLines(rest.with(rest.length - 1, NEWLINE), file).isTorn;
  if (isMended || readCheckedLines(lines, file).isTorn) {
    findings.add("journal", { file }, "Its last line was changed");
    return;
  }
  findings.unchecked.push(`The last line of ${file}: it was cut off, and counts as not written`);
}

function faultOf(
  { file, sha256, request_id }: Acknowledgement,
  hashes: ReadonlyMap<string, string>,
  ids: ReadonlyMap<string, string> | undefined,
): { readonly field: string; readonly sentence: string } | undefined {
  const hash = hashes.get(file);
  if (hash === undefined) return { field: "file", sentence: `Names ${file}, which is not listed` };
  if (hash !== sha256) return { field: "sha256", sentence: `Is not the one of ${file}` };
  const id = ids?.get(file);
  if (id === undefined || id === request_id) return undefined;
  return { field: "request_id", sentence: `Is not the one of ${file}, ${id}` };
}
