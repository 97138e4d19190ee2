/**
 * One survey, in a process of its own, of the NetBox that the environment names:
 * `node test/bench/measure-survey.ts FOLDER`. Prints one JSON line: { seconds, objects, peakBytes }. Imports
 * are done before the clock starts.
 */
import { type NetBoxTexts, parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openDraft } from "../../src/survey/draft.ts";
import { survey } from "../../src/survey/survey.ts";
import { keepHeapSmall } from "../../src/terminal/process.ts";
import { peakBytes } from "./measure.ts";

keepHeapSmall();
const settings = parseNetBoxSettings(process.env as NetBoxTexts);
const start = performance.now();
const head = { url: settings.url, started_at: "2026-10-05T08:30:00Z" };
const draft = await openDraft(await openStore(process.argv[2] ?? ""), head, {
  isResumed: false,
  onWarning: () => undefined,
});
const { counts } = await survey({
  ...settings,
  draft,
  scope: undefined,
  certificates: undefined,
  proxy: undefined,
  resumeCommand: "",
  signal: new AbortController().signal,
  onProgress: () => undefined,
});
const seconds = (performance.now() - start) / 1000;
const objects = Object.values(counts).reduce((sum, count) => sum + count, 0);
process.stdout.write(`${JSON.stringify({ seconds, objects, peakBytes: await peakBytes() })}\n`);
