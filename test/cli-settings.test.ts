/** Settings on the command line: their sources, the order of precedence, and messages about invalid ones. */
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { type Finished, runCli, type RunOptions } from "./helpers/run-cli.ts";
import { sealSnapshot } from "./helpers/seal-snapshot.ts";

const COMPLETE = join(ROOT, "test/fixtures/pve9");

const { fresh } = cliFolders();

async function policyFile(text: string): Promise<string> {
  const file = fresh("policy.yaml");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Runs transform and returns the policy that its manifest records. */
async function policyOf(run: string, args: readonly string[], options?: RunOptions) {
  const out = fresh();
  const finished = await runCli(["transform", run, ...args, "--out", out], options);
  expect(finished).toMatchObject({ code: 0, stderr: "" });
  const text = await readFile(join(out, "netbox/manifest.json"), "utf8");
  const manifest = JSON.parse(text) as { snapshots: { policy: Record<string, string> }[] };
  return manifest.snapshots[0]?.policy ?? {};
}

function expectRefusal(finished: Finished, ...words: readonly string[]): void {
  expectError(finished, 2, ...words);
}

describe.concurrent("settings", () => {
  test("come from the flag, the environment, the policy file, the manifest or the default, in this order", async () => {
    const recorded = fresh("recorded");
    await cp(COMPLETE, recorded, { recursive: true });
    await sealSnapshot(recorded, { settings: { SITE_NAME: "of the manifest" } });
    const config = await policyFile("config:\n  SITE_NAME: of the file\n");
    const env = { SITE_NAME: "of the environment" };
    const sites = await Promise.all([
      policyOf(recorded, ["--site-name=of the flag", "--config", config], { env }),
      policyOf(recorded, ["--config", config], { env }),
      policyOf(recorded, ["--config", config]),
      policyOf(recorded, []),
      policyOf(COMPLETE, []),
    ]);
    expect(sites.map((policy) => policy["SITE_NAME"]))
      .toEqual(["of the flag", "of the environment", "of the file", "of the manifest", "Proxmox"]);
    expect(sites[4]).toMatchObject({ PROXMOX_HOST: "cedar1.example.net", nodes: "*" });
  });

  test("ignore empty variables and empty keys of the policy file", async () => {
    const config = await policyFile("config:\n  CLUSTER_NAME:\nscope:\n");
    const env = { SITE_NAME: "", CLUSTER_SCOPE: "", SOURCE_DATE_EPOCH: "" };
    const policy = await policyOf(COMPLETE, ["--config", config], { env });
    expect(policy).toMatchObject({ SITE_NAME: "Proxmox", CLUSTER_SCOPE: "auto" });
  });

  test("ignore blank values everywhere and use the value that capture recorded", async () => {
    const recorded = fresh("recorded");
    await cp(COMPLETE, recorded, { recursive: true });
    const settings = { SITE_NAME: "of the manifest", NODE_SITE_MAP: "cedar1:Recorded" };
    await sealSnapshot(recorded, { settings });
    const config = await policyFile("config:\n  SITE_NAME:\n  BOOTSTRAP:\nscope:\n  nodes: []\n");
    const blank = await Promise.all([
      policyOf(recorded, ["--config", config]),
      policyOf(recorded, ["--site-name=", "--node-site-map= ", "--nodes=", "--proxmox-host="]),
      policyOf(recorded, [], { env: { SITE_NAME: " ", BOOTSTRAP: " " } }),
    ]);
    for (const policy of blank) {
      expect(policy).toMatchObject({ ...settings, PROXMOX_HOST: "cedar1.example.net" });
    }
  });

  test("are true by a flag alone, false by --no-, and accept a word such as on", async () => {
    const env = { CLEAR_EMPTY: "true", DEVICE_CLUSTER: "yes" };
    const args = ["--all-interfaces", "--no-clear-empty", "--lxc-live-addresses=on"];
    expect(await policyOf(COMPLETE, args, { env })).toMatchObject({
      ALL_INTERFACES: "true",
      CLEAR_EMPTY: "false",
      LXC_LIVE_ADDRESSES: "on",
      DEVICE_CLUSTER: "yes",
    });
  });
});

describe.concurrent("an invalid setting is rejected with its name, its value and what is allowed:", () => {
  const args = (): string[] => ["transform", COMPLETE, "--out", fresh()];
  const INVALID = [
    { name: "ALL_INTERFACES", value: "maybe", allowed: "true or false" },
    { name: "NODE_SITE_MAP", value: "pve1", allowed: "pve1:London" },
    { name: "PROXMOX_NODES", value: "*,pve1", allowed: '"*" alone' },
  ];

  test.each(INVALID)("$name by flag, environment and policy file", async (wrong) => {
    const { name, value, allowed } = wrong;
    const setting = name === "PROXMOX_NODES" ? "nodes" : name;
    const flag = `--${setting.toLowerCase().replaceAll("_", "-")}=${value}`;
    const part = name === "PROXMOX_NODES" ? "scope" : "config";
    const config = await policyFile(`${part}:\n  ${setting}: "${value}"\n`);
    const refused = await Promise.all([
      runCli([...args(), flag]),
      runCli(args(), { env: { [name]: value } }),
      runCli([...args(), "--config", config]),
    ]);
    for (const each of refused) expectRefusal(each, setting, `"${value}"`, allowed);
  });

  test("a choice by flag, environment and policy file", async () => {
    const config = await policyFile("config:\n  DISK_BASE_UNIT: 512\n");
    const [flag, variable, file] = await Promise.all([
      runCli([...args(), "--cluster-scope=region"]),
      runCli(args(), { env: { PREFIX_SCOPE: "rack" } }),
      runCli([...args(), "--config", config]),
    ]);
    expectRefusal(flag, "CLUSTER_SCOPE", '"region"', "auto, site or none");
    expectRefusal(variable, "PREFIX_SCOPE", '"rack"', "auto or site");
    expectRefusal(file, "DISK_BASE_UNIT", '"512"', "1024 or 1000");
  });

  test("BOOTSTRAP with several run folders, none of which is changed", async () => {
    const [one, two] = [fresh("one"), fresh("two")];
    for (const run of [one, two]) await cp(COMPLETE, run, { recursive: true });
    const before = await readdir(one);
    const refused = await runCli(["transform", one, two], { env: { BOOTSTRAP: "true" } });
    expectRefusal(refused, "BOOTSTRAP", "several run folders");
    expect(await readdir(one)).toEqual(before);
  });

  test("BOOTSTRAP and SOURCE_DATE_EPOCH", async () => {
    const [word, time] = await Promise.all([
      runCli(args(), { env: { BOOTSTRAP: "maybe" } }),
      runCli(["bootstrap", "--out", fresh()], { env: { SOURCE_DATE_EPOCH: "yesterday" } }),
    ]);
    expectRefusal(word, "BOOTSTRAP", '"maybe"', "true or false");
    expectRefusal(time, "SOURCE_DATE_EPOCH", '"yesterday"', "seconds since");
  });
});

describe.concurrent("a policy file", () => {
  test("can contain the settings of all stages and a list of nodes, and its secrets are not printed", async () => {
    const config = await policyFile(`# one file for every stage
config:
  PROXMOX_HOST: pve.example.org:8006
  PROXMOX_PORT: 8006
  PROXMOX_TOKEN_VALUE: s3cr3t-t0ken
  PROXMOX_SSL_VERIFY: false
  ALL_INTERFACES: true
  DISK_BASE_UNIT: 1000
scope:
  nodes: [cedar1, cedar2]
`);
    const out = fresh();
    const args = ["transform", COMPLETE, "--config", config, "--out", out, "--verbose"];
    const { code, stdout, stderr } = await runCli(args);
    expect(code, stderr).toBe(0);
    const manifest = await readFile(join(out, "netbox/manifest.json"), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({
      snapshots: [{
        policy: { nodes: "cedar1,cedar2", ALL_INTERFACES: "true", DISK_BASE_UNIT: "1000" },
      }],
    });
    const tags = await readFile(join(out, "netbox/01-tag-0001.json"), "utf8");
    expect(tags).toContain('"proxmox-pve.example.org"');
    expect(stdout + stderr + manifest).not.toContain("s3cr3t");
  });

  test("keeps digits as they are written", async () => {
    const config = await policyFile("config:\n  SITE_NAME: 0012\n  CLUSTER_NAME: 1.10\n");
    expect(await policyOf(COMPLETE, ["--config", config]))
      .toMatchObject({ SITE_NAME: "0012", CLUSTER_NAME: "1.10" });
  });

  test.each([
    ["an unknown key", "config:\n  SITE: x\n", '"SITE"'],
    ["rules below config", "config:\n  rules: x\n", '"rules"'],
    ["a key that every object has", "config:\n  constructor: x\n", '"constructor"'],
    ["an unknown part", "configuration:\n  SITE_NAME: x\n", '"configuration"'],
    ["a setting in the scope", "scope:\n  SITE_NAME: x\n", '"SITE_NAME"'],
    ["bad YAML", "config: [\n", "line"],
    ["a key twice", "config:\n  SITE_NAME: a\n  SITE_NAME: b\n", "unique"],
    ["a list where a text belongs", "config:\n  SITE_NAME: [a]\n", '"SITE_NAME"'],
    ["objects for nodes", "scope:\n  nodes: [{a: 1}]\n", "nodes"],
    ["an alias to nothing", "config: *x\n", "policy"],
  ])("with %s is rejected with its path", async (_, text, word) => {
    const config = await policyFile(text);
    const args = ["transform", COMPLETE, "--config", config, "--out", fresh()];
    expectRefusal(await runCli(args), config, word, "What to do: ");
  });

  test("that does not exist is rejected with its path", async () => {
    const config = fresh("none.yaml");
    const args = ["transform", COMPLETE, "--config", config, "--out", fresh()];
    expectRefusal(await runCli(args), config, "What to do: Check the path");
  });
});
