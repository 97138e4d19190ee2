/**
 * One command of the program, in a process of its own: `node test/bench/measure-log.ts log FOLDER [THING]`. Prints
 * one JSON line: { seconds, entities, peakBytes }, with the time since the start of the process, imports included,
 * and the lines of the output.
 */
import { Writable } from "node:stream";
import { main } from "../../src/cli/main.ts";
import { peakBytes } from "./measure.ts";

let lines = 0;
const stdout = new Writable({
  write(chunk: Buffer, _encoding, done) {
    lines += chunk.toString().split("\n").length - 1;
    done();
  },
});
const code = await main(process.argv.slice(2), {
  env: {},
  stdout,
  stderr: process.stderr,
  help: () => undefined,
  onStop: () => () => undefined,
  exit: (exitCode) => process.exit(exitCode),
});
if (code !== 0) throw new Error(`It ended with ${code}`);
const measured = {
  seconds: performance.now() / 1000,
  entities: lines,
  peakBytes: await peakBytes(),
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
