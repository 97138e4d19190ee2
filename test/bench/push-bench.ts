/**
 * Entities per second sent to `receive` by push, by the official Python SDK with the same files, and by a bare
 * transport with prepared bytes. Measured with a `receive` that ignores entities, which is the fastest possible
 * server, and with one that decodes them and keeps entity files.
 *
 *   npm run bench -- push [--sizes 1000,10000] [--runs 3] [--no-sdk]
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { groupDigits, renderTable } from "../../src/terminal/tables.ts";
import setup from "../conformance/setup.ts";
import { runProcess, startProcess } from "../helpers/run-process.ts";
import { measure, type Measured, median, RUNTIMES } from "./measure.ts";

const GUESTS_PER_NODE = 3125;
const MB = 1e6;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    "sizes": { type: "string", default: "1000,10000" },
    "runs": { type: "string", default: "3" },
    "no-sdk": { type: "boolean", default: false },
  },
});

/** setup prints a message if Python or its packages are not available. */
let python = "";
if (!values["no-sdk"]) {
  await setup({ provide: (_: string, path: string) => (python = path) } as never);
  if (python === "") process.stderr.write("The official SDK is left out of the table\n");
}

const SENDERS: Readonly<Record<string, readonly [readonly string[], string, string]>> = {
  "push on Node": [RUNTIMES.Node, "measure-push.ts", "push"],
  "push on Deno": [RUNTIMES.Deno, "measure-push.ts", "push"],
  "bare transport": [RUNTIMES.Node, "measure-push.ts", "bare"],
  ...(python === "" ? {} : { "Python SDK": [[python], "measure_sdk.py", ""] as const }),
};

const work = await mkdtemp(join(tmpdir(), "proxmox-diode-bench-"));
const RECEIVERS: Readonly<Record<string, readonly string[]>> = {
  "looks at none": [],
  "keeps files": ["--out", join(work, "received")],
};
try {
  const rows = [];
  for (const guests of values.sizes.split(",").map(Number)) {
    const run = await makeRun(guests);
    for (const [name, args] of Object.entries(RECEIVERS)) {
      for (const cells of await benchInto(run, args)) rows.push([guests, name, ...cells]);
      process.stderr.write(`${guests} guests into a receive that ${name}: done\n`);
    }
  }
  const head = ["Guests", "Receive", "Sender", "Requests", "Entities", "Seconds", "Entities/s"];
  process.stdout.write(`${renderTable([...head, "Peak MB", "× SDK", "of bare"], rows)}\n`);
} finally {
  await rm(work, { recursive: true });
}

async function makeRun(guests: number): Promise<string> {
  const run = join(work, String(guests));
  const nodes = String(Math.max(2, Math.ceil(guests / GUESTS_PER_NODE)));
  const size = ["--guests", String(guests), "--nodes", nodes, "--seed", "1"];
  await runProcess(["simulate", ...size, "--out", run, "--quiet"], { runtime: "node" });
  await runProcess(["transform", run, "--quiet"], { runtime: "node" });
  return run;
}

async function benchInto(run: string, receiverArgs: readonly string[]) {
  const receiver = startProcess(["receive", "--json", ...receiverArgs], { runtime: "node" });
  try {
    const [line = ""] = await receiver.lines(1);
    const { target, client_id, client_secret } = JSON.parse(line) as Record<string, string>;
    return await benchSenders(run, [target, client_id, client_secret].map(String));
  } finally {
    await receiver.stop("SIGTERM");
  }
}

async function benchSenders(run: string, diode: readonly string[]) {
  const requests = (await readdir(join(run, "netbox"))).filter((name) => /^\d\d[a-z]?-/.test(name));
  const measured = new Map<string, Measured[]>(Object.keys(SENDERS).map((name) => [name, []]));
  // Alternating, so that changes of the machine's speed affect all of them.
  for (let i = 0; i < Number(values.runs); i += 1) {
    for (const [name, [command, script, what]] of Object.entries(SENDERS)) {
      const args = [...(what === "" ? [] : [what]), run, ...diode];
      measured.get(name)?.push(await measure(command, script, args));
    }
  }
  const rateOf = (name: string): number =>
    median((measured.get(name) ?? []).map(({ entities, seconds }) => entities / seconds));
  return [...measured].map(([name, runs]) => [
    name,
    requests.length,
    runs[0]?.entities ?? 0,
    median(runs.map(({ seconds }) => seconds)).toFixed(2),
    groupDigits(Math.round(rateOf(name))),
    Math.round(Math.max(...runs.map(({ peakBytes }) => peakBytes)) / MB),
    python === "" ? "" : (rateOf(name) / rateOf("Python SDK")).toFixed(1),
    (rateOf(name) / rateOf("bare transport")).toFixed(2),
  ]);
}
