/** The example in each help text works, in a copy of a checkout; what serves is asked, and stopped. */
import { readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type CommandRow, COMMANDS } from "../src/cli/catalog.ts";
import { cliFolders } from "./helpers/cli-folders.ts";
import { smallNetBox } from "./helpers/comparing.ts";
import { ROOT } from "./helpers/golden.ts";
import { README } from "./helpers/readme.ts";
import { type Finished, runCli, startCli } from "./helpers/run-cli.ts";
import { TOKEN } from "./helpers/small-netbox.ts";

type Environment = Readonly<Record<string, string>>;

/** The commands that go on until they are stopped → how many lines they print for those who ask. */
const SERVERS: Readonly<Record<string, number>> = { serve: 6, receive: 3 };
/** What an example reaches over a network → the setting that names it, and what stands in for it here. */
const REMOTES: readonly {
  readonly remote: string;
  readonly setting: string;
  readonly standIn: () => Promise<Environment>;
}[] = [
  { remote: "pve1.example.net", setting: "PROXMOX_HOST", standIn: () => served("serve") },
  {
    remote: "grpcs://diode.example.net/diode",
    setting: "DIODE_TARGET",
    standIn: () => served("receive"),
  },
  { remote: "https://netbox.example.net", setting: "NETBOX_URL", standIn: otherNetBox },
];
/** The example is a cluster with a node that is away, of which no capture is complete. */
const INCOMPLETE = 4;

/** The example has an agent that never answers, and nobody applies what `receive` keeps. */
const IMPATIENT = { PROXMOX_API_TIMEOUT: "1", PUSH_BOOTSTRAP_WAIT: "0" };

const { fresh } = cliFolders();
let checkout = "";

beforeAll(async () => {
  checkout = fresh("checkout");
  for (const folder of ["snapshots/example", "test/fixtures"]) {
    await cp(join(ROOT, folder), join(checkout, folder), { recursive: true });
  }
});

const rows: readonly (readonly [string, CommandRow])[] = Object.entries(COMMANDS);
const examples = rows.map(([name, { example }]) => [name, example] as const);

/** Starts a server by its example; answers what it tells those who ask. */
async function served(name: string): Promise<Environment> {
  const program = startCli((COMMANDS[name]?.example ?? "").split(" "), { cwd: checkout });
  onTestFinished(async () => {
    const { code, stderr } = await program.stop("SIGINT");
    expect(code, stderr).toBe(0);
  });
  const lines = await program.lines(SERVERS[name] ?? 0);
  return Object.fromEntries(lines.map((line) => line.replace("export ", "").split("=", 2)));
}

/** It holds something, and nothing of the example. */
async function otherNetBox(): Promise<Environment> {
  const { url } = await smallNetBox();
  return { NETBOX_URL: url, NETBOX_TOKEN: TOKEN };
}

/** The words of an example, and the settings with which they reach what stands in for a remote. */
async function reached(example: string): Promise<{ words: string[]; env: Environment }> {
  const words = example.split(" ");
  let env: Environment = IMPATIENT;
  for (const { remote, setting, standIn } of REMOTES) {
    const at = words.indexOf(remote);
    if (at === -1) continue;
    env = { ...env, ...await standIn() };
    words[at] = env[setting] ?? "";
  }
  return { words, env };
}

function run(words: readonly string[], env: Environment = {}): Promise<Finished> {
  return runCli(words, { cwd: checkout, env });
}

test.each(rows)("the help of %s shows it", async (name, { example }) => {
  const { stdout } = await runCli([name, "--help"]);
  expect(stdout).toContain(`EXAMPLE  proxmox-diode ${example}\n`);
  expect(example.split(" ")[0]).toBe(name);
});

describe("of a command that ends, it does what it says", () => {
  const ending = examples.filter(([name]) => !(name in SERVERS));

  test.each(ending)("%s", async (name, example) => {
    const { words, env } = await reached(example);
    const { code, stdout, stderr } = await run(words, env);
    expect("PROXMOX_HOST" in env ? [0, INCOMPLETE] : [0], `${name}: ${stderr}`).toContain(code);
    expect(stdout).not.toBe("");
  });
});

/** A command line in README, and what README shows of its output; "…" stands for any lines. */
const SHOWN_REGEXP = /^ {4}npx node src\/cli\.ts ((?:inspect|verify) .+)\n\n((?:(?: {4}.*)?\n)+)/gm;
const shown = [...readFileSync(README, "utf8").matchAll(SHOWN_REGEXP)]
  .map(([, line = "", output = ""]) => [line, output] as const);

test("README shows the output of some", () => {
  expect(shown.length).toBeGreaterThan(2);
});

test.each(shown)("README shows what %s prints", async (line, output) => {
  const { code, stdout } = await run(line.replaceAll("'", "").split(" "));
  expect(code).toBe(0);
  const printed = stdout.split("\n");
  const lines = output.split("\n").map((each) => each.slice(4)).filter((each) =>
    each.trim() !== "…"
  );
  expect(printed).toEqual(expect.arrayContaining(lines));
});

test("of serve, it answers capture until it is stopped", async () => {
  const env = { ...IMPATIENT, ...await served("serve") };
  const { code, stderr } = await run(["capture", "--out", "snapshots/served"], env);
  expect([0, INCOMPLETE], stderr).toContain(code);
  const verified = await run(["verify", "snapshots/served"]);
  expect(verified.code, verified.stdout).toBe(0);
});

test("of receive, it answers push until it is stopped", async () => {
  const env = { ...IMPATIENT, ...await served("receive") };
  const { code, stderr } = await run(["push", "snapshots/example"], env);
  expect(code, stderr).toBe(0);
  const verified = await run(["verify", "snapshots/example"]);
  expect(verified.code, verified.stdout).toBe(0);
  expect(verified.stdout).toMatch(/journals +verified +push\/127\.0\.0\.1/);
});
