/** The example in each help text and each command in a Markdown file works in a copy of the repository. */
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type CommandRow, COMMANDS } from "../src/cli/catalog.ts";
import { cliFolders } from "./helpers/cli-folders.ts";
import { diodeAndNetBox } from "./helpers/diode-and-netbox.ts";
import { commandsIn, DOCUMENTS, firstDifference, readDocument } from "./helpers/documents.ts";
import { ROOT } from "./helpers/golden.ts";
import { type Finished, runCli, startCli } from "./helpers/run-cli.ts";
import { TOKEN } from "./helpers/small-netbox.ts";
import { surveyedNetBox } from "./helpers/surveying.ts";

type Environment = Readonly<Record<string, string>>;

/** Commands that run until they are stopped → how many lines of variables they print. */
const SERVERS: Readonly<Record<string, number>> = { "serve": 6, "receive": 3, "serve-netbox": 2 };
/** TABLE: a host in an example → the setting that names it, and the local server that replaces it. */
const REMOTES: readonly {
  readonly remote: string;
  readonly setting: string;
  readonly start: () => Promise<Environment>;
}[] = [
  { remote: "pve1.example.net", setting: "PROXMOX_HOST", start: () => served("serve") },
  {
    remote: "grpcs://diode.example.net/diode",
    setting: "DIODE_TARGET",
    start: () => served("receive"),
  },
  { remote: "https://netbox.example.net", setting: "NETBOX_URL", start: otherNetBox },
];
/** A node of the example is offline, so no capture of it is complete. */
const INCOMPLETE = 4;

/** One agent of the example never answers, and `receive` does not apply what it stores. */
const IMPATIENT = {
  PROXMOX_API_TIMEOUT: "1",
  PUSH_BOOTSTRAP_WAIT: "0",
  PUSH_RETRY_DELAY: "10ms",
  PUSH_RESEND_AFTER: "200ms",
  NETBOX_RETRY_DELAY: "10ms",
};

const { fresh } = cliFolders();

let checkout = "";

/**
 * Examples contain relative paths; the tests of this file run one after another. `chdir` is not imported by name:
 * playwright replaces process.cwd by a function that remembers the folder until process.chdir is called.
 */
beforeAll(async () => {
  checkout = await newCheckout("checkout");
  process.chdir(checkout);
});
afterAll(() => process.chdir(ROOT));

async function newCheckout(name: string): Promise<string> {
  const root = fresh(name);
  const folders = [
    "snapshots/example",
    "snapshots/example-netbox",
    "snapshots/example-policy.yaml",
    "test/fixtures",
    "test/golden/example-target",
    "test/golden/history",
  ];
  for (const folder of folders) {
    await cp(join(ROOT, folder), join(root, folder), { recursive: true });
  }
  return root;
}

const rows: readonly (readonly [string, CommandRow])[] = Object.entries(COMMANDS);
const examples = rows.map(([name, { example }]) => [name, example] as const);

/** Starts a server by its example; returns the variables that it prints. */
async function served(name: string): Promise<Environment> {
  const program = startCli((COMMANDS[name]?.example ?? "").split(" "));
  onTestFinished(async () => {
    const { code, stderr } = await program.stop("SIGINT");
    expect(code, stderr).toBe(0);
  });
  const lines = await program.lines(SERVERS[name] ?? 0);
  return Object.fromEntries(lines.map((line) => line.replace("export ", "").split("=", 2)));
}

/** A NetBox with objects, none of them from the example. */
async function otherNetBox(): Promise<Environment> {
  const { url } = await surveyedNetBox();
  return { NETBOX_URL: url, NETBOX_TOKEN: TOKEN };
}

/** The words of an example, and the settings of the local servers that replace remote ones. */
async function withLocalServers(example: string): Promise<{ words: string[]; env: Environment }> {
  const words = example.split(" ");
  let env: Environment = IMPATIENT;
  for (const { remote, setting, start } of REMOTES) {
    const at = words.indexOf(remote);
    if (at === -1) continue;
    env = { ...env, ...await start() };
    words[at] = env[setting] ?? "";
  }
  return { words, env };
}

function run(words: readonly string[], env: Environment = {}): Promise<Finished> {
  return runCli(words, { env });
}

test.each(rows)("the help of %s shows its example", async (name, { example }) => {
  const { stdout } = await runCli([name, "--help"]);
  expect(stdout).toContain(`EXAMPLE  proxmox-diode ${example}\n`);
  expect(example.split(" ")[0]).toBe(name);
});

describe("the example works in the help of", () => {
  const ending = examples.filter(([name]) => !(name in SERVERS));

  test.each(ending)("%s", async (name, example) => {
    const { words, env } = await withLocalServers(example);
    const { code, stdout, stderr } = await run(words, env);
    expect("PROXMOX_HOST" in env ? [0, INCOMPLETE] : [0], `${name}: ${stderr}`).toContain(code);
    expect(stdout).not.toBe("");
  });
});

/** TABLE: command → the setting that names the server it needs. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  capture: ["PROXMOX_HOST"],
  doctor: ["PROXMOX_HOST", "NETBOX_URL"],
  run: ["PROXMOX_HOST", "DIODE_TARGET", "NETBOX_URL"],
  push: ["DIODE_TARGET", "NETBOX_URL"],
  compare: ["NETBOX_URL"],
  survey: ["NETBOX_URL"],
  tidy: ["NETBOX_URL"],
};
/** In a document, what Diode is sent arrives in NetBox. */
const PAIR = ["DIODE_TARGET", "NETBOX_URL"];

async function appliedPair(): Promise<Environment> {
  const { receiver: { target, client }, netbox } = await diodeAndNetBox();
  return {
    DIODE_TARGET: target,
    DIODE_CLIENT_ID: client.id,
    DIODE_CLIENT_SECRET: client.secret,
    NETBOX_URL: netbox.url,
    NETBOX_TOKEN: TOKEN,
  };
}

/** Run folders that documents name as input; any other is a copy of snapshots/example. */
const INPUTS: Readonly<Record<string, string>> = {
  "snapshots/rtm": "test/fixtures/second-cluster",
  "snapshots/planned": "test/golden/example-target",
};

const documented = DOCUMENTS
  .map((path) => [path, commandsIn(readDocument(path))] as const)
  .filter(([, commands]) => commands.length > 0);

describe("the commands work in their order in", () => {
  test.each(documented)("%s", { timeout: 180_000 }, async (_path, commands) => {
    const cwd = await newCheckout("documented");
    process.chdir(cwd);
    onTestFinished(() => process.chdir(checkout));
    const servers = new Map<string, Promise<Environment>>();
    let pair: Promise<Environment> | undefined;
    for (const { words: [name = "", ...shown], output } of commands) {
      const line = [name, ...shown].join(" ");
      if (name in SERVERS) {
        expect(examples.map(([, example]) => example), "not tested").toContain(line);
        continue;
      }
      let env: Environment = IMPATIENT;
      const words = [name, ...shown];
      for (const { remote, setting, start } of REMOTES) {
        if (!NEEDS[name]?.includes(setting)) continue;
        if (!servers.has(setting)) {
          servers.set(setting, PAIR.includes(setting) ? pair ??= appliedPair() : start());
        }
        env = { ...env, ...await servers.get(setting) };
        if (words.includes(remote)) words[words.indexOf(remote)] = env[setting] ?? "";
      }
      for (const [index, word] of words.entries()) {
        const isInput = /^snapshots\/[\w-]+$/.test(word) &&
          !["--out", "--history"].includes(words[index - 1] ?? "");
        if (isInput && !existsSync(join(cwd, word))) {
          const input = INPUTS[word] ?? "snapshots/example";
          await cp(join(ROOT, input), join(cwd, word), { recursive: true });
        }
      }
      const { code, stdout, stderr } = await runCli(words, { env });
      expect("PROXMOX_HOST" in env ? [0, INCOMPLETE] : [0], `${line}: ${stderr}`).toContain(code);
      if (output === undefined) continue;
      const printed = stdout.trim().split("\n");
      expect(firstDifference(output.join("\n").trim().split("\n"), printed), line).toBeUndefined();
    }
  });
});

test("the example of serve answers capture until it is stopped", async () => {
  const env = { ...IMPATIENT, ...await served("serve") };
  const { code, stderr } = await run(["capture", "--out", "snapshots/served"], env);
  expect([0, INCOMPLETE], stderr).toContain(code);
  const verified = await run(["verify", "snapshots/served"]);
  expect(verified.code, verified.stdout).toBe(0);
});

test("the example of receive answers push until it is stopped", async () => {
  const env = { ...IMPATIENT, ...await served("receive") };
  const { code, stderr } = await run(["push", "snapshots/example"], env);
  expect(code, stderr).toBe(0);
  const verified = await run(["verify", "snapshots/example"]);
  expect(verified.code, verified.stdout).toBe(0);
  expect(verified.stdout).toMatch(/journals +verified +push\/127\.0\.0\.1/);
});

test("the example of serve-netbox answers survey until it is stopped", async () => {
  const env = { ...IMPATIENT, ...await served("serve-netbox") };
  const { code, stderr } = await run(["survey", "--out", "snapshots/surveyed"], env);
  expect(code, stderr).toBe(0);
  const verified = await run(["verify", "snapshots/surveyed"]);
  expect(verified.code, verified.stdout).toBe(0);
});
