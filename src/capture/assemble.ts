/** The journal and the list of what the snapshot shall hold → the files of the run folder, and the manifest. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../kernel/store.ts";
import { MANIFEST_FILE } from "../snapshot/paths.ts";
import type { Answer, Manifest } from "../snapshot/schema.ts";
import { type ManifestFacts, startSnapshot } from "../snapshot/write.ts";
import type { Wanted } from "./desk.ts";
import type { Journal } from "./journal.ts";

/**
 * An older snapshot in the folder goes first: from then on, until the manifest is written, the folder is
 * an unfinished one. The journal, which holds everything, goes last.
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
  const manifest = await writer.finish(facts);
  for (const path of [...manifest.files.map((file) => file.path), MANIFEST_FILE]) {
    await settle(join(store.place, path));
  }
  await journal.remove();
  return manifest;
}

async function answersOf(wanted: Wanted, journal: Journal): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [path, state] of wanted) {
    const answer = state === "asked" ? await journal.answer(path) : { skipped: state };
    if (answer !== undefined) answers.set(path, answer);
  }
  return answers;
}

/** Until the disk has it: a power cut would leave neither the file nor the journal. */
async function settle(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
