/** The command report: where it writes the page, and what it never replaces. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { recordedHistory, runOfDay } from "./helpers/recorded-history.ts";
import { runCli } from "./helpers/run-cli.ts";
import { hasBoth, runProcess } from "./helpers/run-process.ts";
import { pageText } from "./helpers/report-page.ts";
import { treeOf } from "./helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");
const STANDALONE = join(ROOT, "test/fixtures/standalone");

const { fresh } = cliFolders();

async function copyOf(folder: string): Promise<string> {
  const copy = fresh("run");
  await cp(folder, copy, { recursive: true });
  return copy;
}

describe.concurrent("report", { timeout: 180_000 }, () => {
  test("writes one file into the run folder, and replaces only that file the second time", async () => {
    const folder = await copyOf(EXAMPLE);
    const before = await treeOf(folder);
    const first = await runCli(["report", folder]);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect(first.stdout).toContain(`Wrote ${folder}/report.html: 4 nodes, 41 guests, 136 left out`);
    const page = await readFile(join(folder, "report.html"), "utf8");
    const again = await runCli(["report", folder, "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ guests: 41, left_out: 136, incomplete: 19 });
    const after = await treeOf(folder);
    expect(after).toEqual({ ...before, "report.html": after["report.html"] });
    expect(await readFile(join(folder, "report.html"), "utf8")).toBe(page);
    expect((await runCli(["verify", folder])).code).toBe(0);
  });

  test("shows the runs of the history up to its own, and only those", async () => {
    const history = fresh("history");
    await recordedHistory(history);
    const textOf = async (run: string): Promise<string> => {
      expect((await runCli(["report", join(history, run)])).code).toBe(0);
      return pageText(await readFile(join(history, run, "report.html"), "utf8"));
    };
    const text = await textOf(runOfDay("2026-11-27"));
    expect(text).toContain("HistoryThis run and the 3 before it, oldest first.");
    expect(text).toContain("2026-11-24T06-00-00Znothing to compare with");
    expect(text).toContain("2026-11-27T06-00-00Z3 added, 2 changed");
    expect(text).not.toContain("2026-11-29");
    // It has no record.
    expect(await textOf(runOfDay("2026-11-28"))).not.toContain("History");
  });

  test("writes to the path of --out, with the changes since the run of --against", async () => {
    const out = join(fresh("pages"), "lab.html");
    const earlier = join(ROOT, "test/fixtures/standalone-no-sys-audit");
    const { code, stderr } = await runCli([
      "report",
      STANDALONE,
      "--out",
      out,
      "--against",
      earlier,
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const text = pageText(await readFile(out, "utf8"));
    expect(text).toContain(`Compared with the earlier run ${earlier}.`);
    expect(text).toContain("Inventory of Proxmox VE");
  });

  test("never replaces a file that it did not write", async () => {
    const out = join(fresh("pages"), "precious.html");
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, "<!doctype html>\n<p>mine");
    expectError(await runCli(["report", EXAMPLE, "--out", out]), 2, "precious.html", "--out");
    expect(await readFile(out, "utf8")).toBe("<!doctype html>\n<p>mine");
    expectError(await runCli(["report", EXAMPLE, "--out", dirname(out)]), 2, "Cannot");
  });

  test("requires a run folder that contains a run, and an earlier run that can be compared", async () => {
    const out = join(fresh("pages"), "a.html");
    expectError(await runCli(["report"]), 2, "run folder");
    expectError(await runCli(["report", fresh()]), 5, "No run in");
    expectError(
      await runCli(["report", EXAMPLE, "--out", out, "--against", fresh()]),
      5,
      "Nothing to compare",
    );
  });

  test.skipIf(!hasBoth())("writes the same bytes on Node and on Deno", async () => {
    const outs = [join(fresh("pages"), "node.html"), join(fresh("pages"), "deno.html")] as const;
    for (const [i, runtime] of (["node", "deno"] as const).entries()) {
      const { code, stderr } = await runProcess(["report", EXAMPLE, "--out", outs[i] ?? ""], {
        runtime,
      });
      expect(code, stderr).toBe(0);
    }
    expect(await readFile(outs[0], "utf8")).toBe(await readFile(outs[1], "utf8"));
  });
});
