/** What every artifact is tried with, and compared with the source. */
import { spawnSync } from "node:child_process";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { canonicalJson } from "../../src/base/json.ts";
import { REHEARSAL_CLIENT } from "../../src/rehearse/settings.ts";
import { runsIn } from "../../src/run-folder/history.ts";
import { openFolder } from "../../src/run-folder/store/folder.ts";
import { ROOT } from "../helpers/golden.ts";
import type { Started } from "../helpers/run-cli.ts";
import { type ProcessOptions, runProcess, startProcess } from "../helpers/run-process.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

export type Program = NonNullable<ProcessOptions["program"]>;

/** Runs a program without a network; undefined: this system or user does not allow it. */
export const WITHOUT_NETWORK: readonly string[] | undefined =
  spawnSync("unshare", ["--net", "true"]).status === 0 ? ["unshare", "--net"] : undefined;

/** Of the source, made by the first test that asks for it. */
let ofSource: ReturnType<typeof offlineResults> | undefined;

/** `folder`: where the program runs; it may contain the program. */
export async function expectBytesOfSource(program: Program, folder?: string): Promise<void> {
  ofSource ??= offlineResults();
  expect(await offlineResults(program, folder)).toEqual(await ofSource);
}

/** The files that `transform` and `report` write, and the output of `inspect`. */
async function offlineResults(program?: Program, folder?: string) {
  const cwd = folder ?? await tempFolder();
  await cp(join(ROOT, "snapshots/example"), join(cwd, "example"), { recursive: true });
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProcess(args, { cwd, ...(program && { program }) });
    expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
    return stdout;
  };
  await run("transform", "example", "--out", "made");
  await run("report", "example", "--out", "made/report.html");
  const inspected = await run("inspect", "example", "--json");
  return { files: await treeOf(join(cwd, "made")), inspected };
}

export async function expectVersionNeeded(program: Program): Promise<void> {
  const { code, stdout, stderr } = await runProcess(["mapping"], { program });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(
    /^proxmox-diode needs Node\.js 22\.18 or Deno 2\.9 or newer; this is Node\.js \d+\.\d+\.\d+\n$/,
  );
}

/** A complete snapshot. */
const CLUSTER = "test/fixtures/pve9";

/** capture, transform and two runs of a history of a program, with `serve` and `receive` of the same program, over the loopback. */
export async function pipelineOf(program: Program, folder?: string): Promise<void> {
  const cwd = folder ?? await tempFolder();
  await cp(join(ROOT, CLUSTER, "pve"), join(cwd, "cluster/pve"), { recursive: true });
  await cp(join(ROOT, CLUSTER, "manifest.json"), join(cwd, "cluster/manifest.json"));
  const start = (...args: readonly string[]): Started => {
    const server = startProcess(args, { cwd, program });
    onTestFinished(async () => void await server.stop("SIGKILL"));
    return server;
  };
  const cluster = start("serve", "cluster");
  const diode = start("receive", "--out", "received");
  const env = {
    ...variables(await cluster.lines(6)),
    ...variables(await diode.lines(3)),
    PUSH_BOOTSTRAP_WAIT: "0",
  };
  expect(env).toMatchObject({ DIODE_CLIENT_ID: REHEARSAL_CLIENT.id });
  for (
    const args of [
      ["capture", "--out", "lab"],
      ["verify", "lab"],
      ["transform", "lab"],
      ["run", "--history", "history"],
      ["verify", "history@latest"],
      // Sends nothing.
      ["run", "--history", "history"],
      ["log", "history"],
    ]
  ) {
    const { code, stderr } = await runProcess(args, { cwd, program, env });
    expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
  }
  expect((await diode.stop("SIGINT")).code).toBe(0);
  const [run = ""] = await runsIn(openFolder(join(cwd, "history")));
  const made = await entitiesIn(join(cwd, "history", run));
  expect(made.length).toBeGreaterThan(40);
  expect(await entitiesIn(join(cwd, "received"))).toEqual(made);
}

/** The lines `export NAME=value` of a server. */
function variables(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => line.replace("export ", "").split("=", 2)));
}

/** Protobuf writes the fields of a message in another order. */
async function entitiesIn(run: string): Promise<string[]> {
  const names = (await readdir(join(run, "netbox"))).filter((name) => /^\d\d[a-z]?-/.test(name));
  const texts = names.map((name) => readFile(join(run, "netbox", name), "utf8"));
  const files = (await Promise.all(texts)).map((text) => JSON.parse(text) as EntityFile);
  return files.flatMap(({ entities }) => entities.map((entity) => canonicalJson(entity))).sort();
}

interface EntityFile {
  readonly entities: readonly object[];
}
