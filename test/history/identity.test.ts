/** What changes when a setting changes that names objects in NetBox: found in real entity files. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { duplicatedAfter, identityChanges, identityError } from "../../src/history/identity.ts";
import { openEntities, type TransformedSet } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { EXIT_CODES } from "../../src/terminal/process.ts";
import { runCli } from "../helpers/run-cli.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const SNAPSHOT = "test/fixtures/pve9";
const POLICY = {
  CLUSTER_NAME: "lab",
  NODE_SITE_MAP: "pve2:London",
  PROXMOX_HOST: "pve1.example.net,pve2.example.net",
  SITE_NAME: "Amsterdam",
};

describe("identity settings", () => {
  test.each<[string, Record<string, string | undefined>, unknown[]]>([
    ["none", {}, []],
    ["the cluster", { CLUSTER_NAME: "prod" }, [["CLUSTER_NAME", undefined, "lab", "prod"]]],
    ["the tenant", { TENANT_NAME: "ops" }, [["TENANT_NAME", undefined, undefined, "ops"]]],
    ["the site", { SITE_NAME: "HQ" }, [["SITE_NAME", undefined, "Amsterdam", "HQ"]]],
    ["the first host", { PROXMOX_HOST: "pve2.example.net" }, [
      ["PROXMOX_HOST", undefined, "pve1.example.net", "pve2.example.net"],
    ]],
    ["no host", { PROXMOX_HOST: "https://pve1.example.net:8006" }, []],
    ["the order of the map", { NODE_SITE_MAP: " pve3:Paris , pve2:London " }, []],
    ["the site of a node", { NODE_SITE_MAP: "pve1:Paris" }, [
      ["NODE_SITE_MAP", "pve1", "Amsterdam", "Paris"],
      ["NODE_SITE_MAP", "pve2", "London", "Amsterdam"],
    ]],
    ["the same site in another setting", { NODE_SITE_MAP: "pve1:Amsterdam,pve2:London" }, []],
    ["another setting", { DISK_BASE_UNIT: "1000" }, []],
  ])("%s", (_what, change, expected) => {
    const now = { ...POLICY, ...change } as Record<string, string>;
    const changes = identityChanges(POLICY, now, ["pve1", "pve2"]);
    expect(changes.map(({ setting, node, from, to }) => [setting, node, from, to]))
      .toEqual(expected);
  });
});

async function transformed(...args: readonly string[]): Promise<TransformedSet> {
  const out = join(await tempFolder(), "run");
  const { code, stderr } = await runCli(["transform", SNAPSHOT, "--out", out, ...args]);
  expect(code, stderr).toBe(0);
  return await openEntities(await openStore(out));
}

async function policy(text: string): Promise<string> {
  const file = join(await tempFolder(), "policy.yaml");
  await writeFile(file, text);
  return file;
}

async function duplicated(before: readonly string[], now: readonly string[]) {
  const [base, later] = await Promise.all([transformed(...before), transformed(...now)]);
  const policies = [base, later].map(({ manifest: { snapshots: [first] } }) => first?.policy ?? {});
  const changes = identityChanges(policies[0] ?? {}, policies[1] ?? {}, ["pve1", "pve2", "pve3"]);
  const found = await duplicatedAfter(base, later, changes);
  return { base, found, error: identityError("2026-11-28T23-32-21Z", changes, found) };
}

describe("NetBox would have twice", () => {
  test("nothing, when nothing has changed", async () => {
    expect((await duplicated([], [])).found).toEqual([]);
  });

  test("the cluster and all in it, when the cluster has another name", async () => {
    const { base, found, error } = await duplicated([], ["--cluster-name", "renamed"]);
    const counts = Object.fromEntries(found.map(({ step, count }) => [step, count]));
    const all = base.manifest.counts;
    for (const step of ["cluster", "virtual-machine", "vm-interface", "virtual-disk"] as const) {
      expect(counts[step], step).toBe(all[step]);
    }
    expect(counts).not.toHaveProperty("device");
    expect(counts).not.toHaveProperty("custom-field");
    expect(EXIT_CODES[error.kind]).toBe(2);
    expect(error.message).toContain('CLUSTER_NAME was not set and is "renamed"');
    const more = (all["virtual-machine"] ?? 0) - 3;
    expect(error.message).toMatch(
      new RegExp(`; virtual machines [^;]+, [^;]+, [^;]+ and ${more} more;`),
    );
    expect(error.hint).toContain("--accept-identity-change");
  });

  test("devices, their interfaces and VLANs, when the site has another name", async () => {
    const { base, found } = await duplicated(["--site-name", "A"], ["--site-name", "B"]);
    const counts = Object.fromEntries(found.map(({ step, count }) => [step, count]));
    for (const step of ["device", "interface", "vlan"] as const) {
      expect(counts[step], step).toBe(base.manifest.counts[step]);
    }
    expect(counts).not.toHaveProperty("platform");
  });

  test("machines and devices, when they get a tenant", async () => {
    const { base, found } = await duplicated([], ["--tenant-name", "ops"]);
    const counts = Object.fromEntries(found.map(({ step, count }) => [step, count]));
    expect(counts["device"]).toBe(base.manifest.counts["device"]);
    expect(counts["virtual-machine"]).toBe(base.manifest.counts["virtual-machine"]);
    expect(counts).not.toHaveProperty("cluster");
  });

  test("machines and addresses, when rules that set tenants and VRFs are added", async () => {
    const file = await policy(`rules:
  - match: { name: "*" }
    set: { tenant: ops }
  - match: { family: 4 }
    set: { vrf: internal }`);
    const { base, found, error } = await duplicated([], ["--config", file]);
    const counts = Object.fromEntries(found.map(({ step, count }) => [step, count]));
    expect(counts["virtual-machine"]).toBe(base.manifest.counts["virtual-machine"]);
    expect(counts["ip-address"]).toBeGreaterThan(0);
    expect(counts).not.toHaveProperty("device");
    expect(error.message).toContain(
      "rules that set tenants, sites, VRFs or VLAN groups have changed",
    );
    expect(error.hint).toContain("use a target");
  });

  test("nothing, when other rules change", async () => {
    const files = await Promise.all(
      ["a", "b"].map((name) =>
        policy(`rules: [{ match: { vmid: 1-999999 }, set: { role: ${name} } }]`)
      ),
    );
    const [before = "", now = ""] = files;
    const sets = await Promise.all([before, now].map((file) => transformed("--config", file)));
    const texts = sets.map(({ manifest: { snapshots: [first] } }) => first?.policy ?? {});
    expect(identityChanges(texts[0] ?? {}, texts[1] ?? {}, [])).toEqual([]);
  });

  test("not what is new or gone for another reason", async () => {
    const { found } = await duplicated(["--nodes", "pve1"], ["--nodes", "pve2"]);
    expect(found.filter(({ step }) => step === "virtual-machine" || step === "device")).toEqual([]);
  });
});
