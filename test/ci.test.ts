/** The files for CI: the action and the GitLab job for users, and the workflows of this repository. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { COMMANDS } from "../src/cli/catalog.ts";
import { NETBOX_SETTINGS } from "../src/netbox/rest/settings.ts";
import { PUSH_SETTINGS } from "../src/push/settings.ts";
import { REHEARSAL_NETBOX_TOKEN } from "../src/rehearse/settings.ts";
import { parseCommandLine } from "../src/terminal/options.ts";
import { diodeAndNetBox } from "./helpers/diode-and-netbox.ts";
import { commandsIn, readDocument } from "./helpers/documents.ts";
import { ROOT } from "./helpers/golden.ts";
import { received } from "./helpers/receiving.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const ACTION_FILE = ".github/actions/push/action.yml";
const GITLAB_FILE = "src/push/gitlab-ci.yml";
const WORKFLOWS = globSync(".github/workflows/*.yml", { cwd: ROOT })
  .map((path) => path.replaceAll("\\", "/")).sort();

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly "timeout-minutes"?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions?: object;
  readonly concurrency?: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

function yaml<Document>(path: string): Document {
  return parse(readDocument(path)) as Document;
}

const action = yaml<Action>(ACTION_FILE);
const workflows = WORKFLOWS.map((path) => [path, yaml<Workflow>(path)] as const);
const steps = [
  ...action.runs.steps,
  ...workflows.flatMap(([, { jobs }]) => Object.values(jobs).flatMap((job) => job.steps)),
];

const { push: gitlab } = yaml<{ push: { script: string[]; variables: object } }>(GITLAB_FILE);
const scripts = [...steps.flatMap(({ run }) => run ?? []), ...gitlab.script];

test("the scripts name npm scripts that exist, and commands as this program takes them", () => {
  const known = JSON.parse(readDocument("package.json")) as { scripts: object };
  const named = scripts.flatMap((script) => script.match(/(?<=npm run )[\w:-]+/g) ?? []);
  expect(named).toContain("check");
  expect(named.filter((name) => !(name in known.scripts))).toEqual([]);
  const commands = scripts.flatMap((script) => commandsIn(`\`\`\`sh\n${script}\n\`\`\`\n`));
  expect(commands.map(({ words: [name] }) => name)).toEqual(["push"]);
  for (const { words: [name = "", ...args] } of commands) {
    const { options, argument } = COMMANDS[name] ?? expect.fail(`"${name}" is no command`);
    expect(() => parseCommandLine(args, options, argument)).not.toThrow();
  }
});

test("the variables of the GitLab job are settings", () => {
  const settings = { ...PUSH_SETTINGS, ...NETBOX_SETTINGS };
  expect(Object.keys(gitlab.variables).filter((name) => !(name in settings))).toEqual([]);
  // The secrets are files, which the comment in the file names.
  const files = readDocument(GITLAB_FILE).match(/\b[A-Z_]+(?=_FILE\b)/g) ?? [];
  expect(files.sort()).toEqual(["DIODE_CLIENT_SECRET", "NETBOX_TOKEN"]);
});

describe("the workflows", () => {
  test("are found", () => {
    expect(WORKFLOWS.map((path) => path.replace(/.*\//, ""))).toEqual(
      ["check.yml", "nightly.yml", "release.yml"],
    );
  });

  test.each(workflows)("give %s the least permissions, a time limit and one run at a time", (
    _path,
    { permissions, concurrency, jobs },
  ) => {
    expect(permissions).toEqual({});
    expect(concurrency).toHaveProperty("group");
    for (const job of Object.values(jobs)) {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job.permissions).toBeDefined();
    }
  });

  test("may write a release and ask for an identity only where they publish", () => {
    const writing = workflows.flatMap(([path, { jobs }]) =>
      Object.entries(jobs).flatMap(([name, { permissions = {} }]) =>
        Object.entries(permissions).filter(([, access]) => access !== "read")
          .map(([right, access]) => `${path} ${name}: ${right} ${access}`)
      )
    );
    expect(writing).toEqual([
      ".github/workflows/release.yml publish: id-token write",
      ".github/workflows/release.yml release: contents write",
    ]);
  });

  test("and the action name other actions by commit, one commit each, with its version", () => {
    const lines = [ACTION_FILE, ...WORKFLOWS].flatMap((path) =>
      readDocument(path).match(/\buses: .*/g) ?? []
    );
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      expect(line).toMatch(/^uses: actions\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    const versions = Map.groupBy(
      new Set(lines.map((line) => line.replace(/^uses: (actions\/[\w-]+)[\w/-]*@/, "$1 "))),
      (line) => line.split(" ")[0],
    );
    expect([...versions.values()].filter(({ length }) => length > 1)).toEqual([]);
  });

  test("and the action put no expression into a script: it could contain commands", () => {
    expect(scripts.length).toBeGreaterThan(10);
    expect(scripts.filter((script) => script.includes("${{"))).toEqual([]);
  });
});

/** "${{ inputs.a || env.B }}-x" with the values of a context. */
function evaluated(text: string, context: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_all, expression: string) => {
    const names = expression.split(" || ");
    const unknown = names.filter((name) => !/^(?:inputs|env|steps|github)\.[\w.-]+$/.test(name));
    expect(unknown, "not an expression that this test knows").toEqual([]);
    return names.map((name) => context[name] ?? "").find((value) => value !== "") ?? "";
  });
}

interface StepRun {
  readonly code: number;
  /** Of stdout and stderr. */
  readonly printed: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Runs a script of the action as a runner does. */
async function runStep(
  id: string,
  context: Readonly<Record<string, string>>,
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<StepRun> {
  const step = action.runs.steps.find((each) => each.id === id);
  const inputs = Object.keys(context).filter((name) => name.startsWith("inputs."))
    .map((name) => name.slice("inputs.".length));
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(inputs));
  const folder = await tempFolder();
  const [script, output, summary] = ["script", "output", "summary"].map((name) =>
    join(folder, name)
  ) as [string, string, string];
  for (const file of [output, summary]) await writeFile(file, "");
  await writeFile(script, step?.run ?? "");
  const given = Object.entries(step?.env ?? {})
    .map(([name, text]) => [name, evaluated(text, context)] as const);
  const { code, printed } = await new Promise<Pick<StepRun, "code" | "printed">>((resolve) => {
    const options = {
      cwd,
      env: {
        PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
        HOME: folder,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_ACTION_PATH: join(ROOT, dirname(ACTION_FILE)),
        RUNNER_TEMP: folder,
        ...env,
        ...Object.fromEntries(given),
      },
    };
    execFile(
      "bash",
      ["--noprofile", "--norc", "-eo", "pipefail", script],
      options,
      (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), printed: stdout + stderr }),
    );
  });
  const lines = (await readFile(output, "utf8")).trimEnd().split("\n");
  return {
    code,
    printed,
    outputs: Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2))),
    summary: await readFile(summary, "utf8"),
  };
}

/** What push waits for in a real Diode. */
const IMPATIENT = {
  PUSH_BOOTSTRAP_WAIT: "0",
  PUSH_RETRY_DELAY: "1ms",
  PUSH_MAX_RETRIES: "1",
  PUSH_RESEND_AFTER: "100ms",
};
const TOOL = { "steps.prepare.outputs.tool": join(ROOT, "src/cli.ts") };

/** A checkout with run folders in "my runs/". */
async function checkout(...runs: readonly string[]): Promise<string> {
  const cwd = await tempFolder();
  for (const run of runs) {
    const folder = join(cwd, "my runs", run);
    await mkdir(dirname(folder), { recursive: true });
    await cp(join(ROOT, "snapshots/example"), folder, { recursive: true });
  }
  return cwd;
}

// The runners of Windows have a bash, but paths in this test are not made for it.
describe.skipIf(process.platform === "win32")("the action", () => {
  const CONTEXT = {
    "inputs.run": "my runs/lab",
    "inputs.tool": "tools/proxmox-diode.mjs",
    "inputs.target": "grpcs://diode.example.net/diode",
    "github.run_id": "17",
    "github.run_attempt": "2",
  };

  test("keeps the journals of all run folders beside the one that is pushed", async () => {
    const cwd = await checkout("lab");
    const { code, outputs } = await runStep("prepare", CONTEXT, { cwd });
    expect(code).toBe(0);
    const prefix = "proxmox-diode-grpcs___diode.example.net_diode-";
    expect(outputs).toEqual({
      tool: "tools/proxmox-diode.mjs",
      journals: "my runs/*/push/*.journal",
      "any-run": prefix,
      "same-run": `${prefix}lab-`,
      key: `${prefix}lab-17-2`,
    });
  });

  test("leaves the journals of a store where they are, and tells clusters apart", async () => {
    const { outputs } = await runStep("prepare", {
      ...CONTEXT,
      "inputs.run": "s3://bucket/lab/today",
      "inputs.cache-key": "Amsterdam, east",
    }, { cwd: await tempFolder() });
    expect(outputs).toMatchObject({
      journals: "",
      key: "proxmox-diode-Amsterdam__east-today-17-2",
    });
  });

  test.each(["my runs/history@latest", "my runs/history@2026-11-28"])(
    "keeps the journals of all runs of a history: %s",
    async (run) => {
      const inputs = { ...CONTEXT, "inputs.run": run };
      const { outputs } = await runStep("prepare", inputs, { cwd: await tempFolder() });
      expect(outputs).toMatchObject({ journals: "my runs/history/*/push/*.journal" });
    },
  );

  test("confirms, writes a summary, and prints no secret", { timeout: 120_000 }, async () => {
    const { receiver, netbox } = await diodeAndNetBox();
    const cwd = await checkout("lab");
    const { code, printed, outputs, summary } = await runStep("push", {
      ...TOOL,
      "inputs.run": "my runs/lab",
      "inputs.target": receiver.target,
      "inputs.client-id": receiver.client.id,
      "inputs.client-secret": receiver.client.secret,
      "inputs.netbox-url": netbox.url,
      "inputs.netbox-token": REHEARSAL_NETBOX_TOKEN,
    }, { cwd, env: IMPATIENT });
    expect(code, printed).toBe(0);
    expect(outputs).toEqual({ "exit-code": "0", state: "confirmed" });
    expect(summary).toMatch(/^### Push to .*\n[^]*Confirmed/);
    for (const text of [printed, summary]) {
      expect(text).not.toContain(receiver.client.secret);
      expect(text).not.toContain(REHEARSAL_NETBOX_TOKEN);
    }
    const journals = globSync("my runs/*/push/*.journal", { cwd });
    expect(journals).toHaveLength(1);
    expect(readFileSync(join(cwd, journals[0] ?? ""), "utf8")).toContain("confirmed_at");
  });

  test("takes settings of the job, and passes options on, one a line", async () => {
    const diode = await received();
    const cwd = await checkout("monday", "tuesday");
    const settings = {
      ...TOOL,
      "env.DIODE_TARGET": diode.target,
      "env.DIODE_CLIENT_ID": diode.client.id,
      "env.DIODE_CLIENT_SECRET": diode.client.secret,
    };
    const push = (inputs: Readonly<Record<string, string>>): Promise<StepRun> =>
      runStep("push", { ...settings, ...inputs }, { cwd, env: IMPATIENT });
    const first = await push({ "inputs.run": "my runs/monday" });
    expect(first.outputs, first.printed).toEqual({ "exit-code": "0", state: "acknowledged" });
    const second = await push({
      "inputs.run": "my runs/tuesday",
      "inputs.since": "my runs/monday",
      "inputs.args": "--dry-run\n\n--junit\nmy report.xml\n",
    });
    expect(second.outputs, second.printed).toEqual({ "exit-code": "0", state: "dry-run" });
    expect(second.printed).toContain("no entity is new or has changed");
    expect(readFileSync(join(cwd, "my report.xml"), "utf8")).toContain("<testsuite");
  });

  test("fails with the exit code of push", async () => {
    const diode = await received();
    const { code, outputs, summary } = await runStep("push", {
      ...TOOL,
      "inputs.run": "my runs/lab",
      "inputs.target": diode.target,
      "inputs.client-id": diode.client.id,
      "inputs.client-secret": "wrong",
    }, { cwd: await checkout("lab"), env: IMPATIENT });
    expect(code).toBe(6);
    expect(outputs).toEqual({ "exit-code": "6", state: "partial" });
    expect(summary).toContain("**Failed:**");
  });

  test("has the outputs that its description names", () => {
    const values = Object.values(action.outputs).map(({ value }) => value);
    expect(values).toEqual([
      "${{ steps.push.outputs.exit-code }}",
      "${{ steps.push.outputs.state }}",
    ]);
  });

  test("is used in the documentation with inputs that it has", () => {
    const [, used = ""] = /uses: \S+\/\.github\/actions\/push@\S+\n([\s\S]*?)```/
      .exec(readDocument("src/push/README.md")) ?? [];
    const given = parse(used.replace(/^ {2}/gm, "")) as { with: object };
    expect(Object.keys(given.with)).toContain("client-secret");
    expect(Object.keys(given.with).filter((name) => !(name in action.inputs))).toEqual([]);
  });
});
