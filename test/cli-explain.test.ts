/** The command explain: its text, the settings that it uses, and the arguments that it rejects. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seal } from "../src/run-folder/manifest.ts";
import type { Explanation } from "../src/look/explain/explanation.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { labSite } from "./helpers/lab.ts";
import { runCli, type RunOptions } from "./helpers/run-cli.ts";
import { buildSnapshot, sealFiles } from "./helpers/snapshot-builder.ts";
import { hostileFiles } from "./helpers/hostile-snapshots.ts";

const EXAMPLE = "snapshots/example";
const PARTIAL = "test/fixtures/pve8";
const { fresh } = cliFolders();

async function explained(args: readonly string[], options?: RunOptions): Promise<Explanation[]> {
  const { code, stdout, stderr } = await runCli(["explain", ...args, "--json"], options);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Explanation[];
}

async function copyOf(run: string): Promise<string> {
  const folder = fresh("copy");
  await cp(join(ROOT, run), folder, { recursive: true });
  return folder;
}

/** A manifest, changed and sealed again. */
async function reseal(
  folder: string,
  name: string,
  change: (manifest: Record<string, unknown>) => object,
) {
  const file = join(folder, name);
  const manifest = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(file, seal(change(manifest)));
}

function sizeOf([explanation]: readonly Explanation[]) {
  const disk = explanation?.entities.find(({ step }) => step === "virtual-disk");
  const size = disk?.fields.find(({ field }) => field === "size");
  return { value: size?.value, line: disk?.line, setting: size?.reads[1] };
}

describe.concurrent("the text of explain", () => {
  test("fits 80 columns without a terminal", async () => {
    const { stdout } = await runCli(["explain", EXAMPLE, "vm/101", "--verbose"]);
    const widths = stdout.split("\n").map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
    expect(widths.length).toBeGreaterThan(100);
  });

  test("lists fields that are never sent only with --verbose", async () => {
    const [brief, verbose] = await Promise.all([
      runCli(["explain", EXAMPLE, "vm/101"]),
      runCli(["explain", EXAMPLE, "vm/101", "--verbose"]),
    ]);
    expect(brief.stdout).not.toContain("never sent");
    expect(verbose.stdout).toMatch(/\n {2}disk \(never sent\)\n {4}rule {2}NetBox derives it/);
  });

  test("names the interface of an address, and only with --verbose the fields that were not sent", async () => {
    const [brief, verbose] = await Promise.all([
      runCli(["explain", EXAMPLE, "ip/10.20.20.21"]),
      runCli(["explain", EXAMPLE, "ip/10.20.20.21", "--verbose"]),
    ]);
    const nic = /\n {2}assigned_object_vm_interface = git\/net0, primary_ip4 of git\n/;
    expect(brief.stdout).toMatch(nic);
    expect(brief.stdout).not.toContain("assigned_object_interface");
    expect(verbose.stdout).toMatch(nic);
    expect(verbose.stdout).toContain("\n  assigned_object_interface (not sent)\n");
  });

  test("separates values from rules, and lists missing answers together", async () => {
    const { stdout } = await runCli(["explain", EXAMPLE, "vm/119"]);
    expect(stdout).toContain(
      "\n  status = active\n" +
        '    from  resources.status = "running"; SUSPENDED_STATUS is not set;\n' +
        "            GONE_STATUS is not set; resources.lock (not in the answer);\n" +
        "            config.lock (403 Permission check failed (/vms/119, VM.Audit))\n" +
        "    rule  running → active, stopped → offline, any other → staged; stopped\n" +
        "          with the lock `suspended`, SUSPENDED_STATUS; of a guest that is gone,\n" +
        "          GONE_STATUS\n",
    );
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "from resources.maxcpu = 2; config.cores, config.sockets (403 Permission check failed",
    );
  });

  test("shows a few of many sources of an object, and counts the rest", async () => {
    const { stdout } = await runCli(["explain", EXAMPLE, "tag/prod"]);
    expect(stdout).toMatch(/\n {10}vm\/100: resources\.tags = "firewall;infra;prod"; config\.tags/);
    expect(stdout).toMatch(/\n {10}and \d+ more \(--json has all\)\n/);
  });

  test("lists all matches first, and has a heading for each", async () => {
    const { stdout } = await runCli(["explain", EXAMPLE, "ip/192.168.99.1"]);
    expect(stdout).toMatch(/^\n4 things with that name: node\/pve1\/vmbr1/);
    expect(stdout.match(/^# .*$/gm)).toHaveLength(4);
  });

  test("is printed with --quiet too", async () => {
    const { stdout, stderr } = await runCli(["explain", EXAMPLE, "vm/101", "--quiet"]);
    expect(stdout).toContain("# vm/101");
    expect(stderr).toBe("");
  });
});

describe.concurrent("the settings of explain", () => {
  test("come from netbox/manifest.json, so that the explanation fits the files", async () => {
    const folder = await copyOf(EXAMPLE);
    await runCli(["transform", folder, "--disk-base-unit=1000", "--quiet"]);
    const size = sizeOf(await explained([folder, "vm/101"]));
    expect(size).toEqual({
      value: "64000",
      line: { file: "netbox/12-virtual-disk-0001.json", line: 3 },
      setting: { read: "setting.DISK_BASE_UNIT", value: "1000", from: "netbox/manifest.json" },
    });
  });

  test("come from manifest.json and the defaults when there are no entity files", async () => {
    const [explanation] = await explained(["test/fixtures/two-sites", "node/north1"]);
    const site = explanation?.entities[0]?.fields.find(({ field }) => field === "site");
    expect(site).toMatchObject({
      value: { name: "Leeds Depot" },
      reads: [{
        reads: [
          { read: "setting.SITE_NAME", from: expect.any(String) },
          { read: "setting.NODE_SITE_MAP", from: "manifest.json" },
          { read: "setting.CLUSTER_SCOPE", value: "auto", from: "default" },
        ],
      }],
    });
    expect(explanation?.entities[0]).not.toHaveProperty("line");
  });

  test("come from flags and variables first, with a warning that the files differ", async () => {
    const args = ["explain", EXAMPLE, "disk/101/scsi0", "--json"];
    const [flag, variable] = await Promise.all([
      runCli([...args, "--disk-base-unit=1000"]),
      runCli(args, { env: { DISK_BASE_UNIT: "1000" } }),
    ]);
    for (const { code, stdout, stderr } of [flag, variable]) {
      expect(code).toBe(0);
      expect(stderr).toContain("1 of 1 entities explained here differ");
      expect(sizeOf(JSON.parse(stdout) as Explanation[])).toMatchObject({
        value: "64000",
        setting: { value: "1000", from: "given" },
      });
    }
  });

  test("can come from a policy file", async () => {
    const folder = await copyOf(PARTIAL);
    const policy = join(folder, "..", "policy.yaml");
    await writeFile(policy, "config:\n  SITE_NAME: Dock\n");
    const [explanation] = await explained([folder, "node/hv1", "--config", policy]);
    const site = explanation?.entities[0]?.fields.find(({ field }) => field === "site");
    expect(site).toMatchObject({
      value: { name: "Dock" },
      reads: [{ reads: [{ from: "given" }, {}, {}] }],
    });
  });
});

describe.concurrent("explain", () => {
  test("explains the new snapshot and warns when a run was captured again after transform", async () => {
    const folder = fresh("captured-again");
    await buildSnapshot(folder, labSite({ guests: [{ vmid: 101, row: { name: "one" } }] }));
    await runCli(["transform", folder, "--quiet"]);
    await buildSnapshot(folder, labSite({ guests: [{ vmid: 101, row: { name: "other" } }] }));
    const { code, stdout, stderr } = await runCli(["explain", folder, "vm/101"]);
    expect(code).toBe(0);
    expect(stdout).toContain("virtual-machine other\n");
    expect(stderr).toContain("another snapshot");
  });

  test("reads entity files of a newer patch version, also with unknown settings", async () => {
    const folder = await copyOf(EXAMPLE);
    await reseal(folder, "netbox/manifest.json", (manifest) => {
      const [snapshot] = manifest["snapshots"] as [{ policy: object }];
      const policy = { ...snapshot.policy, NEW_SETTING: "on" };
      return {
        ...manifest,
        tool: { name: "proxmox-diode", version: "0.1.9" },
        snapshots: [{ ...snapshot, policy, more: 1 }],
        more: [],
      };
    });
    const { code, stdout, stderr } = await runCli(["explain", folder, "vm/101"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("netbox/11-virtual-machine-0001.json:3");
  });

  test("reads a snapshot of a newer patch version", async () => {
    const folder = await copyOf(PARTIAL);
    await reseal(folder, "manifest.json", (manifest) => ({
      ...manifest,
      tool: { name: "proxmox-diode", version: "0.1.9" },
      settings: { ...manifest["settings"] as object, NEW_SETTING: "on" },
      more: [],
    }));
    const [explanation] = await explained([folder, "node/hv1"]);
    expect(explanation?.entities[0]).toMatchObject({ step: "device", name: "hv1" });
  });

  test("reports which answers of a partial snapshot are missing, and that the object is not gone", async () => {
    const { code, stdout } = await runCli(["explain", EXAMPLE, "node/pve4"]);
    expect(code).toBe(0);
    expect(stdout).toContain("nodeStatus.pveversion (595 No route to host)");
    expect(stdout.replace(/\s+/g, " ")).toContain("nothing new is known of it; it is not gone");
  });

  test("exits with 5 for a newer format, and names both formats", async () => {
    const folder = await copyOf(EXAMPLE);
    await reseal(folder, "netbox/manifest.json", (manifest) => ({ ...manifest, format: 2 }));
    expectError(await runCli(["explain", folder, "vm/101"]), 5, "format 2", "up to 1");
  });

  test("exits with 5 when entity files were changed", async () => {
    const folder = await copyOf(EXAMPLE);
    const file = "netbox/11-virtual-machine-0001.json";
    const text = await readFile(join(folder, file), "utf8");
    await writeFile(join(folder, file), text.replace('"git"', '"got"'));
    expectError(await runCli(["explain", folder, "vm/101"]), 5, file, "changed");
  });

  test.each([
    ["test/golden/bootstrap", ["but no snapshot", "bootstrap wrote them"]],
    ["test/golden/pve9", ["but no snapshot", "the snapshot that they were made from"]],
    ["test/golden/two-clusters", ["but no snapshot", "pve8, second-cluster"]],
    ["test", ["no snapshot", "capture"]],
    ["snapshots/nowhere", ["does not exist", "snapshots/example"]],
  ])(
    "exits with 5 for %s, which has no snapshot, and explains what the folder is",
    async (folder, words) => {
      expectError(await runCli(["explain", folder, "vm/101"]), 5, ...words);
    },
  );
});

describe.concurrent("explain exits with 2", () => {
  test.each([
    [[], "run folder"],
    [[EXAMPLE], "thing"],
    [[EXAMPLE, "vm/101", "vm/102"], '"vm/102"'],
    [[EXAMPLE, "vm/101", "--out=x"], "--out"],
    [[EXAMPLE, "vm/101", "--cluster-scope=moon"], "CLUSTER_SCOPE"],
    [[EXAMPLE, "vm/gti"], "vm/git"],
    [[EXAMPLE, "web-01/x"], "kind/name"],
    [[EXAMPLE, "nic/net0"], "vm/100/net0, vm/101/net0"],
    [["test/fixtures/pve9", "netbox/11-virtual-machine-0001.json:2"], "not transformed yet"],
  ])("for the arguments %j", async (args, word) => {
    expectError(await runCli(["explain", ...args]), 2, word);
  });
});

describe.concurrent("a hostile text in a snapshot", () => {
  // deno-lint-ignore no-control-regex
  const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
  const HOSTILE = "<b>\u001b]0;owned\u0007\u009b31mred\u007f\r\n</b>";
  const SITE = labSite({
    cluster: HOSTILE,
    nodes: { pve1: { network: [{ iface: HOSTILE, cidr: "10.0.0.1/24", type: HOSTILE }] } },
    guests: [
      {
        vmid: 101,
        row: { name: HOSTILE, tags: HOSTILE, hastate: HOSTILE },
        config: { net0: `virtio=BC:24:11:00:00:01,${HOSTILE}`, description: HOSTILE, [HOSTILE]: 1 },
        osinfo: { status: 500, error: HOSTILE },
      },
    ],
    recorded: { SITE_NAME: HOSTILE },
  });

  /** Made once for all tests. */
  const hostileRun = async (): Promise<string> => {
    const folder = fresh("hostile");
    await buildSnapshot(folder, SITE);
    await runCli(["transform", folder, "--quiet"]);
    return folder;
  };
  let written: Promise<string> | undefined;

  test.each(["vm/101", "node/pve1", `vm/${HOSTILE}`, `tag/<b>`, "vm/absent"])(
    "never reaches a terminal unescaped: %j",
    async (what) => {
      const folder = await (written ??= hostileRun());
      for (const form of ["--verbose", "--json", "--log-format=json"]) {
        const { code, stdout, stderr } = await runCli(["explain", folder, what, form]);
        expect(stderr).not.toContain("bug");
        expect([0, 2]).toContain(code);
        expect(stdout + stderr).not.toMatch(CONTROLS);
      }
    },
  );

  test("is unchanged in JSON", async () => {
    const [explanation] = await explained([await (written ??= hostileRun()), "vm/101"]);
    const comments = explanation?.entities[0]?.fields.find(({ field }) => field === "comments");
    expect(comments?.reads[0]).toMatchObject({ read: "config.description", value: HOSTILE });
  });

  test("causes no error when it is nested deeper than any stack", async () => {
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const folder = fresh("deep");
    const row = `"name":"a","tags":${deep},"hastate":${deep},"maxcpu":3`;
    await sealFiles(folder, hostileFiles({ row, config: `{"cores":2,"x":${deep}}` }));
    for (const options of [["--verbose"], ["--json"]]) {
      const { code, stdout, stderr } = await runCli(["explain", folder, "vm/101", ...options]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("vcpus");
    }
  });
});
