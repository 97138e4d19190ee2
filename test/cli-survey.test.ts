/** The command survey: output, exit codes, resuming, and secrets that are never printed. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openStore } from "../src/run-folder/store/store.ts";
import { openTargetFolder } from "../src/run-folder/target-files.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { buildSet } from "./helpers/entity-set.ts";
import { SITE_ENTITIES } from "./helpers/sample-site.ts";
import { type Finished, runCli, startCli } from "./helpers/run-cli.ts";
import {
  type SmallNetBox,
  type SmallNetBoxOptions,
  startSmallNetBox,
  TOKEN,
} from "./helpers/small-netbox.ts";
import { idsIn, manyTags, surveyedRows } from "./helpers/surveying.ts";

const { fresh } = cliFolders();

/** The tests run concurrently, so all servers are closed at the end. */
const opened: SmallNetBox[] = [];
afterAll(() => Promise.all(opened.map((netbox) => netbox.close())));

async function netboxWith(options: SmallNetBoxOptions = {}): Promise<SmallNetBox> {
  const netbox = await startSmallNetBox({ ...options, rows: surveyedRows(options.rows) });
  opened.push(netbox);
  return netbox;
}

const ENV = { NETBOX_TOKEN: TOKEN, NETBOX_RETRY_DELAY: "1ms", NETBOX_MAX_RETRIES: "2" };

function survey(
  { url }: SmallNetBox,
  folder: string,
  args: readonly string[] = [],
): Promise<Finished> {
  return runCli(["survey", "--netbox", url, "--out", folder, ...args], { env: ENV });
}

const DENIED = { denied: ["ipam/vlans", "virtualization/virtual-machines"] };

describe.concurrent("survey", () => {
  test("exits with 0 and counts what it read", async () => {
    const netbox = await netboxWith();
    const folder = fresh();
    const { code, stdout, stderr } = await survey(netbox, folder);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^Surveyed NetBox 4.7.3 at ${netbox.url}: \\d+ objects in ${folder}, complete\n$`),
    );
  });

  test("replaces an older survey in a folder that is called like the entity files of a run", async () => {
    const netbox = await netboxWith();
    const folder = fresh("netbox");
    for (let i = 0; i < 2; i += 1) {
      const { code, stderr } = await survey(netbox, folder);
      expect(code, stderr).toBe(0);
    }
  });

  test("exits with 4 and lists the permissions that the token lacks", async () => {
    const folder = fresh();
    const netbox = await netboxWith(DENIED);
    const { code, stdout } = await survey(netbox, folder);
    expect(code).toBe(4);
    expect(stdout).toContain(", partial\n");
    expect(stdout).toMatch(/^ {2}vlan +denied +ipam.view_vlan$/m);
    expect(stdout).toMatch(/^ {2}virtual-machine +denied +virtualization.view_virtualmachine$/m);
    expect(stdout).toContain(
      `\n    proxmox-diode survey --resume --out ${folder} --netbox ${netbox.url}\n`,
    );
  });

  test("prints JSON with --json, and nothing with --quiet", async () => {
    const netbox = await netboxWith(DENIED);
    const folder = fresh();
    const { stdout } = await survey(netbox, folder, ["--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      folder,
      netbox: { url: netbox.url, version: "4.7.3", plugin: "1.18.1" },
      outcome: "partial",
      counts: { device: 1 },
      missing: [
        { type: "vlan", cause: "denied", permission: "ipam.view_vlan" },
        { type: "virtual-machine", cause: "denied" },
      ],
    });
    const quiet = await survey(netbox, fresh(), ["--quiet"]);
    expect([quiet.code, quiet.stdout, quiet.stderr]).toEqual([4, "", ""]);
  });

  test("logs retries as warnings", async () => {
    const netbox = await netboxWith({
      faultOf: (_, index) => index === 3 ? { status: 503 } : undefined,
    });
    const { code, stderr } = await survey(netbox, fresh());
    expect(code).toBe(0);
    expect(stderr).toContain("HTTP 503; trying again in");
  });

  test("exits with 130 on Ctrl-C, and --resume reads the rest", async () => {
    const rows = { "extras/tags": manyTags(25_000) };
    let stop = (): void => undefined;
    const netbox = await netboxWith({
      rows,
      faultOf({ url }) {
        if (url.searchParams.get("offset") === "18981") stop();
        return undefined;
      },
    });
    const folder = fresh();
    const args = ["survey", "--netbox", netbox.url, "--out", folder];
    const started = startCli(args, { env: ENV });
    stop = () => void started.stop("SIGINT");
    const { code, stderr } = await started.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/Interrupted: 10,0\d\d objects kept in/);
    expect(stderr).toContain(`resume with: proxmox-diode survey --resume --out ${folder}`);
    stop = () => undefined;
    const before = netbox.asked.length;
    const resumed = await runCli([...args, "--resume"], { env: ENV });
    expect(resumed.code, resumed.stderr).toBe(0);
    const queries = netbox.asked.slice(before).filter(({ url }) => url.pathname.includes("/tags/"));
    expect(queries.every(({ url }) => url.searchParams.get("id__gt") === "10000")).toBe(true);
    expect(await idsIn(folder, "tag")).toEqual(rows["extras/tags"].map(({ id }) => id));
    expect((await readdir(folder)).sort()).toEqual(["manifest.json", "target"]);
  });

  test("keeps what it read when NetBox fails, and discards it with a warning without --resume", async () => {
    let isDown = true;
    const netbox = await netboxWith({
      rows: { "extras/tags": manyTags(12_000) },
      faultOf: ({ url }) =>
        isDown && url.searchParams.get("offset") === "10989" ? { status: 500 } : undefined,
    });
    const folder = fresh();
    const failed = await survey(netbox, folder);
    expectError(failed, 6, "HTTP 500", "objects kept in", "--resume");
    isDown = false;
    const { code, stderr } = await survey(netbox, folder);
    expect(code).toBe(0);
    expect(stderr).toMatch(/Discarding 10,0\d\d objects of an interrupted survey/);
  });
});

describe.concurrent("survey rejects, with a hint,", () => {
  test("a missing URL of NetBox, and a token that NetBox refuses, which it never prints", async () => {
    expectError(await runCli(["survey"]), 2, "NETBOX_URL (--netbox) is required");
    const { url } = await netboxWith();
    const finished = await runCli(["survey", "--netbox", url, "--out", fresh(), "--verbose"], {
      env: { NETBOX_TOKEN: "nbt_other.t0p-s3cret" },
    });
    expectError(finished, 6, "Invalid v2 token", "NETBOX_TOKEN");
    expect(finished.stderr).not.toContain("t0p-s3cret");
  });

  test("--resume in a folder without a survey, or with one of another NetBox", async () => {
    const netbox = await netboxWith();
    const folder = fresh();
    expectError(await survey(netbox, folder, ["--resume"]), 2, "Found nothing to resume");
    await survey(netbox, folder);
    const another = await netboxWith();
    expectError(
      await survey(another, folder, ["--resume"]),
      2,
      `it was started with NETBOX_URL "${netbox.url}"`,
    );
  });

  test("a folder that holds a run, or a survey of another NetBox", async () => {
    const netbox = await netboxWith();
    const run = fresh();
    await mkdir(join(run, "netbox"), { recursive: true });
    await writeFile(join(run, "netbox/manifest.json"), "{}");
    expectError(await survey(netbox, run), 2, "it holds a run", "--out");
    const folder = fresh();
    await survey(netbox, folder);
    expectError(await survey(await netboxWith(), folder), 2, `it holds a survey of ${netbox.url}`);
  });

  test("a journal of a newer format", async () => {
    const netbox = await netboxWith();
    const folder = fresh();
    await mkdir(folder, { recursive: true });
    const { encodeLine } = await import("../src/run-folder/journal.ts");
    await writeFile(join(folder, "survey.journal"), encodeLine({ format: 9 }));
    expectError(await survey(netbox, folder, ["--resume"]), 5, "journal format 9");
  });
});

describe.concurrent("survey --for", () => {
  test("reads what a run can meet, and resumes only for the same run", async () => {
    const netbox = await netboxWith({ denied: ["ipam/vrfs"] });
    const [run, another, folder] = [fresh("run"), fresh("run"), fresh()];
    const set = await buildSet(run, SITE_ENTITIES);
    await buildSet(another, { tag: [[{ name: "other" }]] });
    const { code, stdout } = await survey(netbox, folder, ["--for", run]);
    expect(code).toBe(4);
    expect(stdout).toContain(`survey --resume --out ${folder} --for ${run} --netbox `);
    const { manifest } = await openTargetFolder(await openStore(folder));
    expect(manifest.scope).toMatchObject({ entities: set.sha256 });
    expectError(
      await survey(netbox, folder, ["--resume", "--for", another]),
      2,
      "it was started with another --for",
    );
    expect((await survey(netbox, folder, ["--resume", "--for", run])).code).toBe(4);
  });

  test("rejects a run that is not transformed", async () => {
    expectError(
      await survey(await netboxWith(), fresh(), ["--for", fresh("run")]),
      5,
      "Found no entity files",
    );
  });
});
