/** The command line as a process, on both runtimes: what a call of `main` in a test cannot show. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { receive } from "../src/rehearse/receive/receive.ts";
import { answersIn, captured, textsFor } from "./helpers/capturing.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { diodeAndNetBox } from "./helpers/diode-and-netbox.ts";
import { buildSet, tag, vm } from "./helpers/entity-set.ts";
import { ROOT } from "./helpers/golden.ts";
import { runCli } from "./helpers/run-cli.ts";
import { type ProcessOptions, runProcess, startProcess } from "./helpers/run-process.ts";
import { served, simulated } from "./helpers/serving.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");
const COMPLETE = join(ROOT, "test/fixtures/pve9");
const PARTIAL = join(ROOT, "test/fixtures/pve7");
/** Three captures and two hundred calls on a slow machine. */
const SLOW = { timeout: 240_000 };
const IS_DENO = "Deno" in globalThis;

/** Control characters of a terminal: C0 except tab and newline, DEL, and the 8-bit controls. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

const { fresh } = cliFolders();

function transform(run: string, args: readonly string[] = [], options?: ProcessOptions) {
  return runProcess(["transform", run, ...args, "--out", fresh()], options);
}

describe("the exit code of the process", SLOW, () => {
  test.each<readonly [number, readonly string[]]>([
    [0, ["--version"]],
    [0, ["verify", EXAMPLE]],
    [2, ["no-such-command"]],
    [3, ["diff", EXAMPLE, COMPLETE, "--exit-code"]],
    [4, ["transform", PARTIAL, "--require-complete", "--out", "OUT"]],
    [5, ["inspect", "/nowhere"]],
  ])("is %i for %j", async (code, args) => {
    const given = args.map((arg) => (arg === "OUT" ? fresh() : arg));
    const [process, inside] = [await runProcess(given), await runCli(given)];
    expect(process.code, process.stderr).toBe(code);
    // `runCli` gives a test the same result.
    expect(process).toEqual(inside);
  });

  test("is 6 for a server that does not run, and 7 for refused entities", async () => {
    const run = fresh();
    await buildSet(run, { tag: [[tag("a")]] });
    const diode = await receive({ faults: [{ name: "rejected", first: 1 }] });
    const env = { ...diodeEnv(diode), PUSH_BOOTSTRAP_WAIT: "0", PUSH_MAX_RETRIES: "0" };
    expect((await runProcess(["push", run], { env })).code).toBe(7);
    await diode.close();
    expectError(await runProcess(["push", run, "--again"], { env }), 6, "ECONNREFUSED");
  });
});

describe("stdout", SLOW, () => {
  test.skipIf(!existsSync("/dev/full")).each([
    // Node's console does not report the error.
    ["--help", IS_DENO ? 2 : 0],
    ["mapping", 2],
  ])("on a full disk is reported as a usage error, not as a bug: %s", async (arg, code) => {
    const full = await open("/dev/full", "w");
    onTestFinished(() => full.close());
    const script = [...(IS_DENO ? ["run", "-A"] : []), join(ROOT, "src/cli.ts"), arg];
    const { status, stderr } = spawnSync(process.execPath, script, {
      stdio: ["ignore", full.fd, "pipe"],
      encoding: "utf8",
    });
    expect(status).toBe(code);
    if (code === 2) expect(stderr).toContain("Cannot write to stdout");
    expect(stderr).not.toContain("    at ");
  });

  test("that its reader closes ends the program without a stack trace", async () => {
    const runs = await Promise.all([
      runProcess(["transform", "--help"], { isUnread: true }),
      transform(COMPLETE, ["--json"], { isUnread: true }),
      runProcess(["mapping"], { isUnread: true }),
      runProcess(["inspect", EXAMPLE, "--left-out"], { isUnread: true }),
    ]);
    for (const { code, stderr } of runs) {
      expect(stderr).toBe("");
      expect([0, 141]).toContain(code);
    }
  });
});

test("a run works on when the reader of its stdout has ended", SLOW, async () => {
  const { receiver } = await diodeAndNetBox();
  const cwd = await tempFolder();
  const server = await served(COMPLETE.slice(ROOT.length));
  const env = {
    ...captureEnv(server),
    DIODE_TARGET: receiver.target,
    DIODE_CLIENT_ID: receiver.client.id,
    DIODE_CLIENT_SECRET: receiver.client.secret,
    PUSH_BOOTSTRAP_WAIT: "0",
  };
  const args = ["run", "--history", "history"];
  const { code, stderr } = await runProcess(args, { env, cwd, isUnread: true });
  expect(code, stderr).toBe(0);
  const log = await runProcess(["log", "history"], { cwd });
  expect(log.stdout).toContain("acknowledged");
});

describe("the environment of the process", SLOW, () => {
  test("has NO_COLOR, which at any value turns off colours in log and help", async () => {
    const env = { NO_COLOR: "yes", TERM: "xterm-256color", FORCE_COLOR: "1" };
    const runs = await Promise.all([
      transform(PARTIAL, [], { env }),
      transform(fresh("nowhere"), [], { env }),
      runProcess(["transform", "--help"], { env: { ...env, NO_COLOR: "1" } }),
    ]);
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toMatch(CONTROLS);
  });

  test("has PROXMOX_HOST, which names the run folder below snapshots/ of the working directory", async () => {
    const cwd = await tempFolder();
    const server = await served(COMPLETE.slice(ROOT.length));
    const { code, stderr } = await runProcess(["capture"], { env: captureEnv(server), cwd });
    expect(code, stderr).toBe(0);
    expect(await readdir(join(cwd, "snapshots"))).toEqual(["127.0.0.1"]);
  });
});

describe.each(["SIGINT", "SIGTERM"] as const)("%s", SLOW, (signal) => {
  test("makes capture exit with 130, and --resume continues it", async () => {
    const out = fresh();
    let asked = 0;
    let interrupt = (): void => undefined;
    const snapshot = await simulated(3, 60);
    const server = await served(snapshot, {
      latencyMs: 20,
      onRequest: () => {
        asked += 1;
        if (asked === 25) interrupt();
      },
    });
    const env = { ...captureEnv(server), PROXMOX_API_TIMEOUT: "5" };
    const child = startProcess(["capture", "--out", out], { env });
    interrupt = () => void child.stop(signal);
    const { code, stderr } = await child.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/Error: Interrupted: \d+ answers are kept in .*capture\.journal\n/);
    expect(stderr).toContain(`proxmox-diode capture --resume --out ${out}`);
    expect(await readdir(out)).toEqual(["capture.journal"]);

    expectError(await runCli(["transform", out]), 5, "unfinished", "capture --resume");
    const resumed = await runCli(["capture", "--out", out, "--resume"], { env });
    const { outcome } = snapshot.manifest;
    expect(resumed.code, resumed.stderr).toBe(outcome === "complete" ? 0 : 4);
    const whole = await captured(await served(snapshot));
    expect(await answersIn(out)).toEqual(await answersIn(whole.folder));
    expect((await readdir(out)).sort()).toEqual(["manifest.json", "pve"]);
  });

  test("makes push exit with 130, and the same command continues it", async () => {
    const received = Promise.withResolvers<void>();
    const diode = await receive({
      latencyMs: 60,
      onRequest: () => {
        if (diode.requests.length >= 3) received.resolve();
      },
    });
    onTestFinished(() => diode.close());
    const run = fresh("run");
    await buildSet(run, {
      "tag": [[tag("a")]],
      "virtual-machine": Array.from({ length: 30 }, (_, i) => [vm(`guest-${i}`)]),
    });
    const env = { ...diodeEnv(diode), PUSH_BOOTSTRAP_WAIT: "0" };
    const child = startProcess(["push", run], { env });
    await received.promise;
    const { code, stdout, stderr } = await child.stop(signal);
    expect([code, stdout]).toEqual([130, ""]);
    expect(stderr).toMatch(/Error: Interrupted: \d+ of 31 files are acknowledged/);
    expect(stderr).toContain("without --again resumes");
    expect(await runCli(["push", run], { env })).toMatchObject({ code: 0 });
    expect(new Set(diode.requests.map(({ id }) => id)).size).toBe(31);
    expect(diode.requests).toHaveLength(31);
  });

  test.each([
    ["serve", ["serve", EXAMPLE], 6],
    ["receive", ["receive"], 3],
  ])("makes %s exit with 0", async (_, args, lineCount) => {
    const program = startProcess(args);
    const lines = await program.lines(lineCount);
    const { code, stdout, stderr } = await program.stop(signal);
    expect([code, stdout]).toEqual([0, `${lines.join("\n")}\n`]);
    expect(stderr).toMatch(/Stopped after 0 requests/);
  });
});

test(
  "transform, push, verify and report run as separate processes on one run folder",
  SLOW,
  async () => {
    const run = fresh("run");
    await cp(join(EXAMPLE, "manifest.json"), join(run, "manifest.json"));
    await cp(join(EXAMPLE, "pve"), join(run, "pve"), { recursive: true });
    const diode = await receive();
    onTestFinished(() => diode.close());
    const env = { ...diodeEnv(diode), PUSH_BOOTSTRAP_WAIT: "0" };
    for (const args of [["transform", run], ["push", run], ["verify", run], ["report", run]]) {
      const { code, stderr } = await runProcess(args, { env });
      expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
    }
    expect(diode.requests).toHaveLength(13);
  },
);

function captureEnv(server: Parameters<typeof textsFor>[0]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(textsFor(server)).map(([name, text]) => [name, text ?? ""]),
  );
}

function diodeEnv({ target, client }: {
  readonly target: string;
  readonly client: { readonly id: string; readonly secret: string };
}): Record<string, string> {
  return {
    DIODE_TARGET: target,
    DIODE_CLIENT_ID: client.id,
    DIODE_CLIENT_SECRET: client.secret,
  };
}
