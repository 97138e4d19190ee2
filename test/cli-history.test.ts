/** Commands with a selector instead of a run folder. */
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { runCli } from "./helpers/run-cli.ts";
import { treeOf } from "./helpers/temp-folder.ts";

const EXAMPLE = "snapshots/example";
const [OLD, NEW] = ["2026-11-27T10-00-00Z", "2026-11-28T23-32-21Z"];
const { fresh } = cliFolders();

async function history(): Promise<string> {
  const folder = fresh("prod");
  for (const name of [OLD, NEW]) await cp(EXAMPLE, join(folder, name), { recursive: true });
  await cp(`${EXAMPLE}-netbox`, join(folder, `${NEW}-netbox`), { recursive: true });
  return folder;
}

describe("a selector", () => {
  test("is a run for commands that read, also as the value of an option", async () => {
    const place = await history();
    const inspected = await runCli(["inspect", `${place}@latest`, "--json"]);
    expect(inspected.code, inspected.stderr).toBe(0);
    expect(inspected.stderr).toContain(`@latest is ${NEW}`);
    const diffed = await runCli([
      "diff",
      `${place}@latest~1`,
      `${place}@2026-11-28`,
      "--exit-code",
    ]);
    expect(diffed.code, diffed.stderr).toBe(0);
    const reported = await runCli(["report", `${place}@latest`, "--against", `${place}@latest~1`]);
    expect(reported.code, reported.stderr).toBe(0);
    expect(reported.stderr).toContain(`@latest~1 is ${OLD}`);
    expect(Object.keys(await treeOf(join(place, NEW)))).toContain("report.html");
  });

  test("with -netbox is the survey of the run", async () => {
    const place = await history();
    const verified = await runCli(["verify", `${place}@latest-netbox`]);
    expect(verified.code, verified.stderr).toBe(0);
    expect(verified.stdout).toContain("target");
    expectError(await runCli(["verify", `${place}@latest~1-netbox`]), 5, "no survey of the run");
  });

  test("is the run that transform writes into, and that push sends", async () => {
    const place = await history();
    await rm(join(place, NEW, "netbox"), { recursive: true });
    const done = await runCli(["transform", `${place}@latest`]);
    expect(done.code, done.stderr).toBe(0);
    const [made, expected] = await Promise.all([
      treeOf(join(place, NEW, "netbox")),
      treeOf(join(EXAMPLE, "netbox")),
    ]);
    expect(made).toEqual(expected);
    const pushed = await runCli(["push", `${place}@latest`, "--dry-run"]);
    expect(pushed.code, pushed.stderr).toBe(0);
  });

  test("is not the value of --out", async () => {
    const place = await history();
    const refused = await runCli(["simulate", "--out", `${place}@latest`]);
    expectError(refused, 2, "@latest", "Name a folder");
    expect(Object.keys(await treeOf(join(place, NEW)))).toContain("manifest.json");
  });

  test("of no run is an error that names the nearest", async () => {
    const place = await history();
    expectError(await runCli(["inspect", `${place}@2026-11-26`]), 5, "2026-11-27T10:00:00Z");
    expectError(await runCli(["inspect", `${fresh()}@latest`]), 5, "Found no run in");
  });

  test("is a folder if there is one with this name", async () => {
    const place = await history();
    await rename(join(place, OLD), `${place}@latest`);
    const inspected = await runCli(["inspect", `${place}@latest`, "--json"]);
    expect(inspected.code, inspected.stderr).toBe(0);
    expect(inspected.stderr).not.toContain(NEW);
    // A new folder may have such a name where there is no history.
    const out = `${fresh("lab")}@2026-11-27`;
    await mkdir(join(out, ".."), { recursive: true });
    const made = await runCli(["simulate", "--guests", "1", "--nodes", "1", "--out", out]);
    expect(made.code, made.stderr).toBe(0);
    expect((await runCli(["inspect", out])).code).toBe(0);
  });
});
