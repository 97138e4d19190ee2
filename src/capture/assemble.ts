/** The journal and the list of what the snapshot shall hold → the files of the run folder, and the manifest. */
import type { Store } from "../kernel/store.ts";
import type { Answer, Manifest } from "../snapshot/schema.ts";
import { type ManifestFacts, startSnapshot } from "../snapshot/write.ts";
import type { Wanted } from "./desk.ts";
import type { Journal } from "./journal.ts";

/**
 * An older snapshot in the folder goes first: from then on, until the manifest is written, the folder is
 * an unfinished one, and the journal still holds everything.
 */
export async function assemble(
  store: Store,
  { journal, files }: {
    readonly journal: Journal;
    readonly files: ReadonlyMap<string, Wanted>;
  },
  facts: ManifestFacts,
): Promise<Manifest> {
  const writer = await startSnapshot(store);
  for (const [file, wanted] of files) await writer.write(file, await answersOf(wanted, journal));
  return await writer.finish(facts);
}

async function answersOf(wanted: Wanted, journal: Journal): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [path, state] of wanted) {
    const answer = state === "asked" ? await journal.answer(path) : { skipped: state };
    if (answer !== undefined) answers.set(path, answer);
  }
  return answers;
}
