/** The command compare: output, exit codes, and secrets that are never printed. */
import { writeFile } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { openStore } from "../src/run-folder/store/store.ts";
import { netboxRows, SITE_ENTITIES } from "./helpers/sample-site.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { fencesIn, firstDifference, readDocument } from "./helpers/documents.ts";
import { buildSet } from "./helpers/entity-set.ts";
import { type Finished, runCli } from "./helpers/run-cli.ts";
import {
  type Row,
  type Rows,
  type SmallNetBox,
  type SmallNetBoxOptions,
  startSmallNetBox,
  TOKEN,
} from "./helpers/small-netbox.ts";
import { surveyOf } from "./helpers/surveying.ts";
import { writeTarget } from "./helpers/target-folder.ts";

const VM = "virtualization/virtual-machines";
const { fresh } = cliFolders();

/** The tests run concurrently, so all servers are closed at the end. */
const opened: SmallNetBox[] = [];
afterAll(() => Promise.all(opened.map((netbox) => netbox.close())));

async function netboxWith(
  change: (rows: Rows) => void = () => undefined,
  options: SmallNetBoxOptions = {},
): Promise<SmallNetBox> {
  const netbox = await startSmallNetBox({ rows: netboxRows(), ...options });
  opened.push(netbox);
  change(netbox.rows);
  return netbox;
}

async function runFolder(): Promise<string> {
  const run = fresh("run");
  await buildSet(run, SITE_ENTITIES);
  return run;
}

async function compare(
  netbox: SmallNetBox,
  args: readonly string[] = [],
  run?: string,
): Promise<Finished> {
  const env = { NETBOX_TOKEN: TOKEN, NETBOX_RETRY_DELAY: "1ms", NETBOX_MAX_RETRIES: "2" };
  const folder = run ?? await runFolder();
  return await runCli(["compare", folder, "--netbox", netbox.url, ...args], { env });
}

/** A virtual machine with less memory and a tag that was added by hand, and a missing disk. */
function changed(rows: Rows): void {
  Object.assign(rows[VM]?.[0] as Row, {
    memory: 1024,
    tags: [{ name: "discovered" }, { name: "mine" }],
  });
  rows["virtualization/virtual-disks"] = [];
}

const DENIED = { denied: ["ipam/prefixes"] };

describe.concurrent("compare", () => {
  test("exits with 0 and reports that NetBox has everything as it was sent", async () => {
    const netbox = await netboxWith();
    const { code, stdout, stderr } = await compare(netbox, ["--exit-code"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.replace(/\s+/g, " ")).toContain(
      `are in NetBox 4.7.3 at ${netbox.url} as they were sent`,
    );
    expect(stdout).toMatch(/^ {2}virtual-machine +2 +2 +0 +0 +0$/m);
  });

  test("exits with 3 with --exit-code, and reports differences and missing entities", async () => {
    const { code, stdout } = await compare(await netboxWith(changed, DENIED), ["--exit-code"]);
    expect(code).toBe(3);
    expect(stdout).toContain("    memory: NetBox has 1024, sent was 4096\n");
    expect(stdout).toContain("\nMissing\n  virtual-disk web-01/scsi0\n");
    expect(stdout).not.toContain("mine");
  });

  test("prints the output that its documentation shows", async () => {
    const netbox = await netboxWith(changed);
    const { stdout } = await compare(netbox);
    const printed = stdout.replaceAll(netbox.url, "https://netbox.example.net")
      .trim().split("\n");
    const sample = fencesIn(readDocument("src/look/README.md")).find(({ lines }) =>
      lines.some((line) => line.endsWith("Not judged"))
    );
    expect(firstDifference(sample?.lines ?? ["no sample"], printed), stdout).toBeUndefined();
  });

  test("exits with 4 with --exit-code when it could not judge everything", async () => {
    const { code, stdout } = await compare(await netboxWith(undefined, DENIED), ["--exit-code"]);
    expect(code).toBe(4);
    expect(stdout).toContain("(ipam.view_prefix)");
  });

  test("prints nothing with --quiet, and exits with 0 without --exit-code", async () => {
    const { code, stdout, stderr } = await compare(await netboxWith(changed), ["--quiet"]);
    expect([code, stdout, stderr]).toEqual([0, "", ""]);
  });

  test("requests only the types of --only, and lists additional tags in NetBox with --verbose", async () => {
    const netbox = await netboxWith(changed);
    const { stdout } = await compare(netbox, ["--only", "tag,11", "--verbose"]);
    expect(stdout).toContain("  virtual-machine web-01 tags: mine\n");
    expect(new Set(netbox.asked.map(({ url }) => url.pathname))).toEqual(
      new Set([
        "/api/status/",
        "/api/extras/tags/",
        "/api/virtualization/clusters/",
        "/api/virtualization/virtual-machines/",
      ]),
    );
  });

  test("prints only the comment with --markdown", async () => {
    const { stdout } = await compare(await netboxWith(changed), ["--markdown", "--quiet"]);
    expect(stdout).toMatch(/^### Not everything arrived\n/);
  });

  test("prints valid JSON with --json even when NetBox fails half way", async () => {
    const netbox = await netboxWith(changed, {
      faultOf: ({ url }) => url.pathname.includes("disks") ? { status: 500 } : undefined,
    });
    const { code, stdout, stderr } = await compare(netbox, ["--json"]);
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({
      complete: false,
      findings: [{ entity: "web-01", verdict: "different" }],
    });
    expect(stderr).toContain("HTTP 500");
  });
});

describe.concurrent("compare --target", () => {
  /** Survey, then NetBox is gone. */
  async function targetOf(change?: (rows: Rows) => void, options?: SmallNetBoxOptions) {
    const netbox = await netboxWith(change, options);
    const folder = fresh("target");
    await surveyOf(netbox, folder);
    await netbox.close();
    return { folder, url: netbox.url };
  }

  test("needs no network and no token, and names the survey", async () => {
    const { folder, url } = await targetOf();
    const run = await runFolder();
    const { code, stdout, stderr } = await runCli(
      ["compare", run, "--target", folder, "--exit-code", "--only", "virtual-machine"],
      { env: { NETBOX_URL: url } },
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      new RegExp(
        `are in the target ${folder}, surveyed \\S+Z from NetBox 4.7.3 at ${url}, as they would be sent`,
      ),
    );
  });

  test("finds the same differences, and links to pages of NetBox", async () => {
    const { folder, url } = await targetOf(changed, DENIED);
    const run = await runFolder();
    const { code, stdout } = await runCli(["compare", run, "--target", folder, "--exit-code"]);
    expect(code).toBe(3);
    expect(stdout).toContain(`      ${url}/virtualization/virtual-machines/7/\n`);
    expect(stdout).toContain("    memory: NetBox has 1024, sent was 4096\n");
    expect(stdout).toContain("\nMissing\n  virtual-disk web-01/scsi0\n");
    expect(stdout.replace(/\s+/g, " ")).toContain("the token may not view prefixes");
    expect(stdout).toContain("survey again");
    expect(stdout).not.toContain("--for");
  });

  test("refuses a target that was made for another run", async () => {
    const store = await openStore(fresh("target"));
    await writeTarget(store, {}, { scope: { entities: "ab".repeat(32), snapshots: [] } });
    const refused = await runCli(["compare", "snapshots/example", "--target", store.place]);
    expectError(refused, 5, "it contains only what another run needs");
  });

  test("names the target in JSON", async () => {
    const { folder, url } = await targetOf(changed);
    const run = await runFolder();
    const { stdout } = await runCli(["compare", run, "--target", folder, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      netbox: { url, version: "4.7.3" },
      target: { place: folder, surveyed_at: expect.stringMatching(/Z$/) },
      run,
      complete: true,
    });
  });

  test("rejects --netbox, and a folder that is no target", async () => {
    const run = await runFolder();
    expectError(
      await runCli(["compare", run, "--target", run, "--netbox", "https://netbox.example.net"]),
      2,
      "--netbox and --target exclude each other",
    );
    expectError(await runCli(["compare", run, "--target", run]), 5, "Found no target in");
  });
});

describe.concurrent("compare rejects, with a hint,", () => {
  test("a missing run folder, and two output formats", async () => {
    expectError(await runCli(["compare"]), 2, "A run folder is required");
    expectError(await runCli(["compare", "x", "--json", "--markdown"]), 2, "--markdown");
  });

  test("a run folder that was not transformed", async () => {
    const run = fresh("run");
    const netbox = await netboxWith();
    expectError(await compare(netbox, [], run), 5, "Found no entity files");
    expect(netbox.asked).toEqual([]);
  });

  test("a missing URL of NetBox, and a missing token", async () => {
    const run = await runFolder();
    expectError(await runCli(["compare", run]), 2, "NETBOX_URL (--netbox) is required");
    const { url } = await netboxWith();
    expectError(
      await runCli(["compare", run, "--netbox", url]),
      2,
      "NETBOX_TOKEN (--netbox-token-file) is required",
    );
  });

  test("a token that NetBox refuses, and never prints it", async () => {
    const { url } = await netboxWith();
    const finished = await runCli(["compare", await runFolder(), "--netbox", url, "--verbose"], {
      env: { NETBOX_TOKEN: "nbt_other.t0p-s3cret" },
    });
    expectError(finished, 6, "Invalid v2 token", "NETBOX_TOKEN");
    expect(finished.stderr).not.toContain("t0p-s3cret");
  });

  test("an entity file that was changed after transform wrote it", async () => {
    const run = await runFolder();
    await writeFile(`${run}/netbox/01-tag-0001.json`, "{}");
    expectError(await compare(await netboxWith(), [], run), 5, "it was changed");
  });
});

describe.concurrent("compare reads its settings", () => {
  test("from a token file and the environment", async () => {
    const netbox = await netboxWith();
    const run = await runFolder();
    const file = `${run}/token`;
    await writeFile(file, `${TOKEN}\n`);
    const env = { NETBOX_URL: `${netbox.url}/api/` };
    const byFlag = await runCli(["compare", run, "--netbox-token-file", file], { env });
    expect([byFlag.code, byFlag.stderr]).toEqual([0, ""]);
    const byVariable = await runCli(["compare", run], { env: { ...env, NETBOX_TOKEN_FILE: file } });
    expect([byVariable.code, byVariable.stderr]).toEqual([0, ""]);
  });

  test("from a policy file", async () => {
    const netbox = await netboxWith();
    const run = await runFolder();
    const file = `${run}/policy.yaml`;
    await writeFile(file, `config:\n  NETBOX_URL: ${netbox.url}\n  NETBOX_CONCURRENCY: 2\n`);
    const { code, stderr } = await runCli(["compare", run, "--config", file], {
      env: { NETBOX_TOKEN: TOKEN },
    });
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("for TLS: it trusts the CA of --cert-file, and warns about --skip-tls-verify", async () => {
    const netbox = await netboxWith(undefined, { isTls: true });
    const run = await runFolder();
    const file = `${run}/ca.pem`;
    await writeFile(file, netbox.certificate?.certificatePem ?? "");
    const trusted = await compare(netbox, ["--cert-file", file], run);
    expect([trusted.code, trusted.stderr]).toEqual([0, ""]);
    const unverified = await compare(netbox, ["--skip-tls-verify"], run);
    expect(unverified.code).toBe(0);
    expect(unverified.stderr).toContain("TLS verification is off (NETBOX_SKIP_TLS_VERIFY)");
  });
});
