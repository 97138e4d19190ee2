/**
 * One capture, in a process of its own, from the cluster that the environment names:
 * `node test/bench/measure-capture.ts WORK`. Prints one JSON line: { seconds, calls, peakBytes }. Imports are
 * done before the clock starts.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { capture } from "../../src/capture/capture.ts";
import { type CaptureTexts, parseCaptureOptions } from "../../src/capture/settings.ts";
import { keepHeapSmall } from "../../src/terminal/process.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { peakBytes } from "./measure.ts";

keepHeapSmall();
const folder = join(process.argv[2] ?? "", "captured");
await rm(folder, { recursive: true, force: true });
const options = parseCaptureOptions(process.env as CaptureTexts);
const start = performance.now();
const { manifest } = await capture(options, {
  store: await openStore(folder),
  isResumed: false,
  resumeCommand: "",
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onWarning: () => undefined,
});
const seconds = (performance.now() - start) / 1000;
const calls = manifest.counts.attempts;
process.stdout.write(`${JSON.stringify({ seconds, calls, peakBytes: await peakBytes() })}\n`);
