/** The Deno task of a stage has the least permissions that it can work with. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "./helpers/golden.ts";

const DENO = join(ROOT, "node_modules/.bin/deno");

/** Below snapshots/, where alone the task may write. */
let run = "";

beforeAll(async () => {
  run = await mkdtemp(join(ROOT, "snapshots/permissions-"));
  for (const part of ["manifest.json", "pve"]) {
    await cp(join(ROOT, "snapshots/example", part), join(run, part), { recursive: true });
  }
});

afterAll(() => rm(run, { recursive: true, force: true }));

function task(...args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(DENO, ["task", "transform", ...args], { cwd: ROOT }, (error, _, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stderr });
    });
  });
}

test("it has no network, asks for nothing and writes below snapshots/ alone", async () => {
  const config: unknown = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
  const { transform } = (config as { tasks: { transform: string } }).tasks;
  expect(transform.match(/--(?:allow|deny|no)-\S+/g)).toEqual([
    "--no-prompt",
    "--allow-read=.",
    "--allow-env",
    "--allow-write=snapshots",
    "--deny-net",
  ]);
});

test("it transforms a run folder", async () => {
  const { code, stderr } = await task(run, "--quiet");
  expect(code, stderr).toBe(0);
  expect(await readdir(join(run, "netbox"))).toContain("manifest.json");
});

test("it cannot write elsewhere, and says so without a stack", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "elsewhere-"));
  const { code, stderr } = await task(run, "--out", elsewhere);
  expect(code).toBe(2);
  expect(stderr).toContain("Cannot write");
  expect(stderr).not.toContain("    at ");
  expect(await readdir(elsewhere)).toEqual([]);
  await rm(elsewhere, { recursive: true });
});

test("it cannot reach a network", async () => {
  const { code, stderr } = await task("redis://127.0.0.1:6379/0/lab");
  expect(code).not.toBe(0);
  expect(stderr).toContain("Requires net access");
});
