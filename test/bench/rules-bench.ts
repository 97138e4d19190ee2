/**
 * Time to apply the rules of a policy file, for each guest with two NICs and three addresses, on Node and on Deno;
 * with rules of one kind and of all kinds.
 *
 *   npm run bench -- rules [--sizes 100,1000] [--runs 3]
 */
import { parseArgs } from "node:util";
import { groupDigits, renderTable } from "../../src/terminal/tables.ts";
import { measure, type Measured, median, RUNTIMES } from "./measure.ts";

const GUESTS = 100_000;
/** The kinds of rules in measure-rules.ts. */
const KINDS = ["mixed", "exact", "prefixes", "ranges", "networks", "all globs"];
const MICRO = 1e6;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "100,1000" },
    runs: { type: "string", default: "3" },
  },
});
const rows = [];
for (const rules of values.sizes.split(",")) {
  for (const kind of KINDS) {
    for (const [runtime, command] of Object.entries(RUNTIMES)) {
      const all: Measured[] = [];
      for (let i = 0; i < Number(values.runs); i += 1) {
        all.push(await measure(command, "measure-rules.ts", [kind, rules, String(GUESTS)]));
      }
      const seconds = median(all.map((measured) => measured.seconds));
      rows.push([
        groupDigits(Number(rules)),
        kind,
        runtime,
        all[0]?.entities ?? 0,
        seconds.toFixed(2),
        (seconds * MICRO / GUESTS).toFixed(1),
      ]);
    }
    process.stderr.write(`${rules} rules, ${kind}: done\n`);
  }
}
const head = ["Rules", "Kind", "Runtime", "Matched", "Seconds", "µs/guest"];
process.stdout.write(`${renderTable(head, rows)}\n`);
