/**
 * What `transform` takes on generated snapshots, on Node and on Deno, and how that compares to the floor
 * below any program that reads, parses, writes and hashes the same bytes.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { groupDigits, renderTable } from "../../src/commands/tables.ts";
import { openStore } from "../../src/kernel/store.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";

const MEASURE = fileURLToPath(new URL("transform-once.ts", import.meta.url));
const RUNTIMES = {
  Node: ["node"],
  Deno: ["deno", "run", "-A", "--v8-flags=--heap-growing-percent=50"],
} as const;
const GUESTS_PER_NODE = 3125;
const MB = 1e6;

interface Measured {
  readonly seconds: number;
  readonly entities: number;
  readonly peakBytes: number;
}

/** A table. `sizes`: numbers of guests; `runs`: of each, of which the median is shown. */
export async function benchTransform(sizes: readonly number[], runs: number): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "proxmox-diode-bench-"));
  try {
    const rows = [];
    for (const guests of sizes) rows.push(...await benchSize(guests, { work, runs }));
    const head = [
      "Guests",
      "Runtime",
      "Entities",
      "Seconds",
      "Entities/s",
      "Floor s",
      "Ratio",
      "Peak MB",
    ];
    return renderTable(head, rows);
  } finally {
    await rm(work, { recursive: true });
  }
}

async function benchSize(guests: number, { work, runs }: { work: string; runs: number }) {
  const run = join(work, String(guests));
  const nodes = Math.max(2, Math.ceil(guests / GUESTS_PER_NODE));
  await simulate(await openStore(run), { nodes, guests, seed: 1 });
  const rows = [];
  for (const [name, command] of Object.entries(RUNTIMES)) {
    const pairs = [];
    // In turn, so that a change of the machine's speed meets both.
    for (let i = 0; i < runs; i += 1) {
      const transform = await measure(command, ["transform", run, run]);
      pairs.push({ transform, floor: await measure(command, ["floor", run, run]) });
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

async function measure(
  [program = "", ...flags]: readonly string[],
  args: readonly string[],
): Promise<Measured> {
  const { stdout } = await promisify(execFile)(program, [...flags, MEASURE, ...args]);
  return JSON.parse(stdout) as Measured;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
