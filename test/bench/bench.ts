/**
 * `npm run bench [-- --only transform|capture] [--sizes 1000,10000] [--runs 3]`: tables of what the stages
 * take, on Node and on Deno. A benchmark, not a test: it judges nothing.
 */
import { parseArgs } from "node:util";
import { benchCapture } from "./capture.ts";
import { benchTransform } from "./transform.ts";

/** TABLE: stage → its benchmark, and how many guests it is tried with. */
const BENCHES = {
  transform: { bench: benchTransform, sizes: "1000,10000,100000" },
  capture: { bench: benchCapture, sizes: "1000,4000" },
} as const;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    sizes: { type: "string" },
    runs: { type: "string", default: "3" },
  },
});

for (const [stage, { bench, sizes }] of Object.entries(BENCHES)) {
  if (values.only !== undefined && values.only !== stage) continue;
  const guests = (values.sizes ?? sizes).split(",").map(Number);
  process.stdout.write(`\n${stage}\n\n${await bench(guests, Number(values.runs))}\n`);
}
