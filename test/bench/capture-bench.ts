/**
 * Time of `capture` from a served cluster of ten nodes with a latency of 20 ms, on Node and on Deno. Compared
 * with the ideal (calls × latency ÷ allowed concurrency, summed over the types of calls), and with proxmoxer
 * (PyPI), which makes the same calls one after another.
 *
 *   npm run bench -- capture [--sizes 1000,4000] [--runs 3]
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { groupDigits, renderTable } from "../../src/terminal/tables.ts";
import { type Calls, healthySite } from "./healthy-site.ts";
import { RUNTIMES } from "./measure.ts";

const LATENCY_MS = 20;
const NODES = 10;
/** Defaults of PROXMOX_CONCURRENCY and PROXMOX_AGENT_CONCURRENCY. */
const CONCURRENCY = 8;
const AGENTS_PER_NODE = 2;
const MB = 1e6;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ONCE = join(ROOT, "test/bench/measure-capture.ts");
const VENV = join(ROOT, "test/.cache/proxmoxer");

interface Measured {
  readonly seconds: number;
  readonly calls: number;
  readonly peakBytes: number;
}

type Environment = Readonly<Record<string, string>>;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "1000,4000" },
    runs: { type: "string", default: "3" },
  },
});
const guestCounts = values.sizes.split(",").map(Number);
process.stdout.write(`${await benchCapture(guestCounts, Number(values.runs))}\n`);

/** A table. `sizes`: numbers of guests; `runs`: of each, of which the median is shown. */
async function benchCapture(sizes: readonly number[], runs: number): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "proxmox-diode-bench-"));
  const python = await proxmoxer();
  try {
    const rows = [];
    for (const guests of sizes) {
      const site = join(work, String(guests));
      const calls = await healthySite(site, { nodes: NODES, guests });
      const server = await serving(site);
      try {
        const ideal = idealSeconds(calls);
        for (const [name, command] of Object.entries(RUNTIMES)) {
          const measured = await repeated(
            runs,
            () => measure([...command, ONCE, work], server.env),
          );
          rows.push(rowOf(name, guests, { ...measured, ideal, expected: calls }));
        }
        if (python !== undefined) {
          const script = join(ROOT, "test/bench/with-proxmoxer.py");
          const measured = await measure([python, script], server.env);
          rows.push(rowOf("proxmoxer", guests, { ...measured, ideal, expected: calls }));
        }
      } finally {
        server.stop();
      }
    }
    const head = ["Guests", "With", "Calls", "Planned", "Seconds", "Ideal s", "Ratio", "Peak MB"];
    return renderTable(head, rows);
  } finally {
    await rm(work, { recursive: true });
  }
}

function rowOf(
  name: string,
  guests: number,
  result: Measured & { readonly ideal: number; readonly expected: Calls },
) {
  const { seconds, calls, ideal, expected, peakBytes } = result;
  process.stderr.write(`${guests} guests with ${name}: done\n`);
  return [
    guests,
    name,
    calls,
    groupDigits(total(expected)),
    seconds.toFixed(2),
    ideal.toFixed(2),
    (seconds / ideal).toFixed(2),
    Math.round(peakBytes / MB),
  ];
}

function total(calls: Calls): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

/** With ten nodes, the limit per node never applies: only PROXMOX_CONCURRENCY does. */
function idealSeconds({ agents, ...others }: Calls): number {
  const perAgent = Math.min(CONCURRENCY, AGENTS_PER_NODE * NODES);
  const ordinary = Object.values(others).reduce((sum, count) => sum + count, 0);
  return (ordinary / CONCURRENCY + agents / perAgent) * LATENCY_MS / 1000;
}

async function serving(site: string): Promise<{ env: Environment; stop: () => void }> {
  const args = ["src/cli.ts", "serve", site, "--latency", `${LATENCY_MS}ms`, "--json"];
  const child = spawn("node", args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const printed = JSON.parse(line.toString()) as Record<string, string | number>;
  return {
    env: {
      PROXMOX_HOST: String(printed["host"]),
      PROXMOX_PORT: String(printed["port"]),
      PROXMOX_USER: String(printed["user"]),
      PROXMOX_TOKEN_NAME: String(printed["token_name"]),
      PROXMOX_TOKEN_VALUE: String(printed["token_value"]),
      PROXMOX_FINGERPRINT: String(printed["fingerprint"]),
    },
    stop: () => child.kill(),
  };
}

async function repeated(runs: number, run: () => Promise<Measured>): Promise<Measured> {
  const all: Measured[] = [];
  for (let i = 0; i < runs; i += 1) all.push(await run());
  const sorted = all.toSorted((a, b) => a.seconds - b.seconds);
  const median = sorted[Math.floor(sorted.length / 2)];
  if (median === undefined) throw new Error("--runs is at least 1");
  return { ...median, peakBytes: Math.max(...all.map(({ peakBytes }) => peakBytes)) };
}

async function measure([program = "", ...args]: readonly string[], env: Environment) {
  const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Measured;
}

/** Python with proxmoxer in a virtual environment; undefined with a message if it cannot be installed. */
async function proxmoxer(): Promise<string | undefined> {
  const python = join(VENV, "bin/python");
  const run = promisify(execFile);
  try {
    if (!existsSync(python)) await run("python3", ["-m", "venv", VENV]);
    await run(python, ["-m", "pip", "install", "--quiet", "proxmoxer", "requests"]);
    return python;
  } catch {
    process.stderr.write("proxmoxer is left out: it needs python3 with venv, and PyPI\n");
    return undefined;
  }
}
