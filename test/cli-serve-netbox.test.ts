/** The command serve-netbox: what it prints, how it is stopped, and what it rejects. */
import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { REHEARSAL_NETBOX_TOKEN } from "../src/rehearse/settings.ts";
import { openStore } from "../src/run-folder/store/store.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { runCli, startCli, type Started } from "./helpers/run-cli.ts";
import { objectsIn, surveyedNetBox, surveyOf } from "./helpers/surveying.ts";
import { writeTarget } from "./helpers/target-folder.ts";

const { fresh } = cliFolders();

async function targetFolder(): Promise<string> {
  const folder = fresh("target");
  await surveyOf(await surveyedNetBox(), folder);
  return folder;
}

function started(args: readonly string[], env: Record<string, string> = {}): Started {
  const program = startCli(["serve-netbox", ...args], { env });
  onTestFinished(async () => void await program.stop("SIGKILL"));
  return program;
}

/** "export NAME=value" lines → { NAME: "value" } */
function variables(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => line.replace("export ", "").split("=", 2)));
}

test("prints the variables that survey needs, and exits with 0 on Ctrl-C", async () => {
  const folder = await targetFolder();
  const program = started([folder]);
  const lines = await program.lines(2);
  expect(lines).toEqual([
    expect.stringMatching(/^export NETBOX_URL=http:\/\/127\.0\.0\.1:\d+$/),
    `export NETBOX_TOKEN=${REHEARSAL_NETBOX_TOKEN}`,
  ]);
  const out = fresh("again");
  const surveyed = await runCli(["survey", "--out", out], { env: variables(lines) });
  expect([surveyed.code, surveyed.stderr]).toEqual([0, ""]);
  expect(await objectsIn(out, "device")).toEqual(await objectsIn(folder, "device"));
  const { code, stderr } = await program.stop("SIGINT");
  expect(code).toBe(0);
  expect(stderr).toMatch(/Serving \S+ at http:\/\/127\.0\.0\.1:\d+/);
  expect(stderr).toMatch(/Stopped after \d+ requests/);
});

test("uses TLS with --tls, and does not print a token of the user", async () => {
  const file = fresh("ca.pem").replace("/ca.pem", ".pem");
  const program = started([await targetFolder(), "--tls", file], { NETBOX_TOKEN: "nbt_a.own" });
  const env = variables(await program.lines(2));
  expect(env).toEqual({ NETBOX_URL: expect.stringContaining("https://"), NETBOX_CERT_FILE: file });
  expect(await readFile(file, "utf8")).toContain("BEGIN CERTIFICATE");
  const { code, stderr } = await runCli(["survey", "--out", fresh()], {
    env: { ...env, NETBOX_TOKEN: "nbt_a.own" },
  });
  expect([code, stderr]).toEqual([0, ""]);
});

test("denies what --deny names and what the survey could not read; --fail fails", async () => {
  const store = await openStore(fresh("target"));
  const missing = [{ type: "tag", cause: "denied", reason: "no" }] as const;
  await writeTarget(store, {}, { missing: [...missing] });
  const program = started([store.place, "--deny", "ipam.view_vlan", "--fail", "503x1"]);
  const env = { ...variables(await program.lines(2)), NETBOX_RETRY_DELAY: "1ms" };
  const { code, stderr, stdout } = await runCli(["survey", "--out", fresh(), "--json"], { env });
  expect(code).toBe(4);
  expect(stderr).toContain("HTTP 503");
  const types = (JSON.parse(stdout).missing as { type: string }[]).map(({ type }) => type);
  expect(types).toEqual(["tag", "vlan"]);
});

test("rejects a missing target, unknown permissions and unknown faults", async () => {
  expectError(await runCli(["serve-netbox"]), 2, "A target folder is required");
  const folder = await targetFolder();
  const denied = await runCli(["serve-netbox", folder, "--deny", "ipam.view_vlans"]);
  expectError(denied, 2, '"ipam.view_vlans"', "ipam.view_vlan,");
  const failing = await runCli(["serve-netbox", folder, "--fail", "599:0.1"]);
  expectError(failing, 2, 'Invalid fault "599:0.1"');
});
