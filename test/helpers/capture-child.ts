/**
 * Parallel captures in a process that a test kills: `capture-child.ts '[{"folder":…,"texts":{…}}]'`.
 * Each resumes an unfinished capture in its folder.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { capture } from "../../src/capture/capture.ts";
import { type CaptureTexts, parseCaptureOptions } from "../../src/capture/settings.ts";
import { CAPTURE_JOURNAL_FILE } from "../../src/run-folder/capture-journal.ts";
import { openStore } from "../../src/run-folder/store/store.ts";

export interface ChildCapture {
  readonly folder: string;
  readonly texts: CaptureTexts;
}

async function run({ folder, texts }: ChildCapture): Promise<void> {
  const isResumed = await access(join(folder, CAPTURE_JOURNAL_FILE)).then(() => true, () => false);
  await capture(parseCaptureOptions(texts), {
    store: await openStore(folder),
    isResumed,
    resumeCommand: "",
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onWarning: () => undefined,
  });
}

if (import.meta.main) {
  const captures: readonly ChildCapture[] = JSON.parse(process.argv[2] ?? "");
  await Promise.all(captures.map(run));
}
