/**
 * Time and memory of `transform` on generated snapshots, on Node and on Deno, compared with a program that
 * only reads, parses, writes and hashes the same bytes (the floor).
 *
 *   npm run bench -- transform [--sizes 1000,10000] [--runs 3]
 *
 * With --target: the same snapshots with a target of ten objects for each guest, among them what NetBox has
 * after a push of the snapshot, compared with a transform without a target.
 *
 *   npm run bench -- transform --target [--sizes 1000,10000] [--runs 3]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { groupDigits, renderTable } from "../../src/terminal/tables.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { measure, type Measured, median, RUNTIMES } from "./measure.ts";
import { writeTargetOfRun } from "./target-of-run.ts";

const GUESTS_PER_NODE = 3125;
const OBJECTS_PER_GUEST = 10;
const MB = 1e6;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "1000,10000,100000" },
    runs: { type: "string", default: "3" },
    target: { type: "boolean", default: false },
  },
});
const work = await mkdtemp(join(tmpdir(), "proxmox-diode-bench-"));
try {
  const rows = [];
  const benchSize = values.target ? benchTarget : benchFloor;
  for (const guests of values.sizes.split(",").map(Number)) rows.push(...await benchSize(guests));
  const head = values.target
    ? [
      "Guests",
      "Runtime",
      "Objects",
      "Without s",
      "With s",
      "Ratio",
      "Without MB",
      "With MB",
      "Bytes/object",
    ]
    : ["Guests", "Runtime", "Entities", "Seconds", "Entities/s", "Floor s", "Ratio", "Peak MB"];
  process.stdout.write(`${renderTable(head, rows)}\n`);
} finally {
  await rm(work, { recursive: true });
}

/** Returns the run folder. */
async function simulated(guests: number): Promise<string> {
  const run = join(work, String(guests));
  const nodes = Math.max(2, Math.ceil(guests / GUESTS_PER_NODE));
  await simulate(await openStore(run), { nodes, guests, seed: 1 });
  return run;
}

async function benchFloor(guests: number) {
  const run = await simulated(guests);
  const rows = [];
  for (const [name, command] of Object.entries(RUNTIMES)) {
    const pairs = [];
    // Alternating, so that changes of the machine's speed affect both.
    for (let i = 0; i < Number(values.runs); i += 1) {
      const transform = await measure(command, "measure-transform.ts", ["transform", run, run]);
      pairs.push({
        transform,
        floor: await measure(command, "measure-transform.ts", ["floor", run, run]),
      });
    }
    const seconds = median(pairs.map(({ transform }) => transform.seconds));
    const entities = pairs[0]?.transform.entities ?? 0;
    rows.push([
      guests,
      name,
      entities,
      seconds.toFixed(2),
      groupDigits(Math.round(entities / seconds)),
      median(pairs.map(({ floor }) => floor.seconds)).toFixed(2),
      median(pairs.map(({ transform, floor }) => transform.seconds / floor.seconds)).toFixed(2),
      Math.round(Math.max(...pairs.map(({ transform }) => transform.peakBytes)) / MB),
    ]);
    process.stderr.write(`${guests} guests on ${name}: done\n`);
  }
  return rows;
}

async function benchTarget(guests: number) {
  const run = await simulated(guests);
  const target = `${run}-netbox`;
  await measure(RUNTIMES.Node, "measure-transform.ts", ["transform", run, run]);
  const objects = await writeTargetOfRun(run, target, guests * OBJECTS_PER_GUEST);
  const rows = [];
  for (const [name, command] of Object.entries(RUNTIMES)) {
    const pairs: Record<"without" | "known", Measured>[] = [];
    for (let i = 0; i < Number(values.runs); i += 1) {
      const args = ["transform", run, `${run}-out`];
      const without = await measure(command, "measure-transform.ts", args);
      const known = await measure(command, "measure-transform.ts", [...args, target]);
      pairs.push({ without, known });
    }
    const [withoutBytes, knownBytes] = (["without", "known"] as const).map((which) =>
      Math.max(...pairs.map((pair) => pair[which].peakBytes))
    ) as [number, number];
    rows.push([
      guests,
      name,
      objects,
      median(pairs.map(({ without }) => without.seconds)).toFixed(2),
      median(pairs.map(({ known }) => known.seconds)).toFixed(2),
      median(pairs.map(({ without, known }) => known.seconds / without.seconds)).toFixed(2),
      Math.round(withoutBytes / MB),
      Math.round(knownBytes / MB),
      Math.round((knownBytes - withoutBytes) / objects),
    ]);
    process.stderr.write(`${guests} guests and a target on ${name}: done\n`);
  }
  return rows;
}
