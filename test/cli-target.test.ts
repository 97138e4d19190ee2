/** transform --target and run --survey: what the commands print, record and refuse. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openEntities, readTidyPlan } from "../src/run-folder/entity-set.ts";
import { openStore } from "../src/run-folder/store/store.ts";
import type { TargetManifest } from "../src/run-folder/target.ts";
import { ModelNetBox } from "./helpers/applied.ts";
import { labSite } from "./helpers/lab.ts";
import { DB, planned } from "./helpers/planning.ts";
import { cluster, WEB } from "./helpers/respecting.ts";
import { buildSnapshot } from "./helpers/snapshot-builder.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { diodeAndNetBox } from "./helpers/diode-and-netbox.ts";
import { received } from "./helpers/receiving.ts";
import { runCli } from "./helpers/run-cli.ts";
import { served } from "./helpers/serving.ts";
import { TOKEN } from "./helpers/small-netbox.ts";
import { surveyedNetBox } from "./helpers/surveying.ts";
import { type TargetObjects, writeTarget } from "./helpers/target-folder.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const SITE = "test/fixtures/pve9";
/** SITE_NAME is "Proxmox" by default. */
const SITE_OBJECT = { id: 1, name: "Headquarters", slug: "proxmox" };
const OBJECTS: TargetObjects = { site: [SITE_OBJECT] };

async function targetWith(manifest: Partial<TargetManifest> = {}): Promise<string> {
  const folder = await tempFolder();
  await writeTarget(await openStore(folder), OBJECTS, manifest);
  return folder;
}

describe("transform --target", () => {
  test("names objects as NetBox does, and records the target and what was found", async () => {
    const [target, out] = [await targetWith(), await tempFolder()];
    const args = ["transform", SITE, "--target", target, "--out", out];
    const { code, stderr } = await runCli(args);
    expect(code, stderr).toBe(0);
    const { manifest } = await openEntities(await openStore(out));
    expect(manifest.target?.url).toBe("https://netbox.example.net");
    expect(manifest.found).toMatchObject({ tag: 0, device: 0 });
    const vlans = await readFile(join(out, "netbox/06-vlan-0001.json"), "utf8");
    expect(vlans).toContain('"site":{"name":"Headquarters"}');
    expect(vlans).not.toContain('"Proxmox"');
  });

  test("without it, nothing about a target is recorded", async () => {
    const out = await tempFolder();
    await runCli(["transform", SITE, "--out", out]);
    const { manifest } = await openEntities(await openStore(out));
    expect(manifest).not.toHaveProperty("target");
    expect(manifest).not.toHaveProperty("found");
  });

  test("refuses a target that lacks a type", async () => {
    const reason = "the token may not view VLANs (ipam.view_vlan)";
    const target = await targetWith({ missing: [{ type: "vlan", cause: "denied", reason }] });
    const out = await tempFolder();
    const refused = await runCli(["transform", SITE, "--target", target, "--out", out]);
    expectError(refused, 5, "incomplete", "ipam.view_vlan", "--resume");
  });

  test("refuses a target that was made for another run", async () => {
    const scope = { entities: "0".repeat(64), snapshots: ["1".repeat(64)] };
    const target = await targetWith({ scope });
    const refused = await runCli([
      "transform",
      SITE,
      "--target",
      target,
      "--out",
      await tempFolder(),
    ]);
    expectError(refused, 5, "it contains only what another run needs", "Survey again");
  });

  test("refuses a folder without a target", async () => {
    const refused = await runCli([
      "transform",
      SITE,
      "--target",
      SITE,
      "--out",
      await tempFolder(),
    ]);
    expectError(refused, 5, SITE);
  });
});

describe("transform --since", () => {
  test("writes a plan of what is gone since, and prints how much it is", async () => {
    const netbox = new ModelNetBox();
    const [first, second] = [{ guests: [WEB, DB] }, { guests: [DB] }];
    const [before, after, target] = await Promise.all([tempFolder(), tempFolder(), tempFolder()]);
    await buildSnapshot(await openStore(before), labSite(cluster(first)));
    await buildSnapshot(await openStore(after), labSite(cluster(second)));
    netbox.apply((await planned(netbox, cluster(first))).outcome.all);
    await writeTarget(await openStore(target), Object.fromEntries(netbox.rows));
    await runCli(["transform", before, "--target", target]);
    const args = ["transform", after, "--target", target, "--since", before];
    const { code, stdout, stderr } = await runCli(args);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("\nPlan: 5 remove; see tidy\n");
    const json = await runCli([...args, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ plan: { remove: 5 } });
    const store = await openStore(after);
    const { since, items } = await readTidyPlan(store);
    expect(since).toBe((await openEntities(await openStore(before))).sha256);
    const file = items.at(-1)?.evidence.find(({ of }) => of === "target");
    expect(file).toEqual({ of: "target", file: "target/22-virtual-machine-0001.jsonl", line: 1 });
    const verified = await runCli(["verify", after, "--target", target, "--since", before]);
    expect(verified.code, verified.stdout).toBe(0);
    expect(verified.stdout).toContain("gives the same bytes");
    await runCli([...args, "--gone-status=offline"]);
    const explained = await runCli([
      "explain",
      after,
      "vm/101",
      "--target",
      target,
      "--since",
      before,
    ]);
    expect(explained.stdout, explained.stderr).toContain("status = offline");
    expect(explained.stdout).toContain('GONE_STATUS = "offline"');
    const again = await runCli(["verify", after, "--target", target, "--since", before]);
    expect(again.code, again.stdout).toBe(0);
  });

  test("refuses a target of survey --for, which lacks what is gone", async () => {
    const out = await tempFolder();
    await runCli(["transform", SITE, "--out", out]);
    const { manifest } = await openEntities(await openStore(out));
    const snapshots = manifest.snapshots.map(({ sha256 }) => sha256);
    const target = await targetWith({ scope: { entities: "0".repeat(64), snapshots } });
    const args = ["transform", SITE, "--target", target, "--since", out, "--out", out];
    expectError(await runCli(args), 2, "--since cannot be used", "without --for");
  });

  test("requires a target", async () => {
    const refused = await runCli(["transform", SITE, "--since", SITE, "--out", await tempFolder()]);
    expectError(refused, 2, "--since requires --target");
  });

  test("GONE_STATUS requires both", async () => {
    const args = ["transform", SITE, "--gone-status", "offline", "--out", await tempFolder()];
    expectError(await runCli(args), 2, "GONE_STATUS", "no --target and no --since");
    const more = ["--target", await targetWith()];
    expectError(await runCli([...args, ...more]), 2, "no --since is given");
  });
});

describe("transform --elsewhere", () => {
  /** Runs before and after WEB moved, one of the cluster that has it now, and what NetBox had. */
  async function moved() {
    const netbox = new ModelNetBox();
    const [before, after, other, target] = await Promise.all(
      Array.from({ length: 4 }, () => tempFolder()),
    ) as [string, string, string, string];
    const sites = {
      [before]: cluster({ guests: [WEB, DB] }),
      [after]: cluster({ guests: [DB], capturedAt: "2026-01-03T00:00:00Z" }),
      [other]: cluster({
        host: "10.7.7.7",
        cluster: "rtm",
        guests: [{ ...WEB, vmid: 201 }],
        capturedAt: "2026-01-03T00:10:00Z",
      }),
    };
    for (const [place, site] of Object.entries(sites)) {
      await buildSnapshot(await openStore(place), labSite(site));
    }
    netbox.apply((await planned(netbox, cluster({ guests: [WEB, DB] }))).outcome.all);
    await writeTarget(await openStore(target), Object.fromEntries(netbox.rows));
    await runCli(["transform", before, "--target", target]);
    await runCli(["transform", other, "--target", target]);
    const given = ["--target", target, "--since", before, "--elsewhere", other];
    const finished = await runCli(["transform", after, ...given]);
    return { before, after, other, target, given, finished };
  }

  test("keeps a guest that moved; verify, explain and tidy do the same again", async () => {
    const { before, after, other, target, given, finished } = await moved();
    expect(finished.code, finished.stderr).toBe(0);
    const plan = await readTidyPlan(await openStore(after));
    expect(plan.elsewhere).toEqual([(await openEntities(await openStore(other))).sha256]);
    expect(plan.items.map(({ action, name }) => `${action} ${name}`)).toEqual([
      "release 10.0.0.10/24",
    ]);
    const verified = await runCli(["verify", after, ...given]);
    expect(verified.code, verified.stdout).toBe(0);
    expect(verified.stdout).toContain("gives the same bytes");
    const unchecked = await runCli(["verify", after, ...given.slice(0, 4)]);
    expect(unchecked.stdout).toContain("name them with --elsewhere");
    const explained = await runCli(["explain", after, "vm/101", ...given]);
    expect(explained.stdout, explained.stderr).toContain("it moved to the cluster");
    const tidied = await runCli(["tidy", after, ...given, "--json"]);
    const { kept } = JSON.parse(tidied.stdout) as { kept: { because: string }[] };
    expect(kept.map(({ because }) => because)).toEqual([expect.stringContaining("vm/201")]);
    const others = ["--target", target, "--since", before, "--elsewhere", before];
    expectError(await runCli(["verify", after, ...others]), 5, "Cannot use the runs");
  });

  test("requires an earlier run", async () => {
    const args = ["transform", SITE, "--elsewhere", SITE, "--out", await tempFolder()];
    expectError(await runCli(args), 2, "--elsewhere requires --since");
    expectError(
      await runCli(["tidy", "test/golden/example-target", "--elsewhere", SITE]),
      2,
      "requires --target",
    );
    const verify = ["verify", "test/golden/example-target", "--elsewhere", SITE];
    expectError(await runCli(verify), 2, "requires --target");
  });
});

describe("run --survey", () => {
  const settings = async () => {
    const [cluster, diode, netbox] = await Promise.all([
      served(SITE),
      received(),
      surveyedNetBox({ rows: { "dcim/sites": [SITE_OBJECT] } }),
    ]);
    const env = {
      PROXMOX_HOST: cluster.host,
      PROXMOX_PORT: String(cluster.port),
      PROXMOX_USER: cluster.token.user,
      PROXMOX_TOKEN_NAME: cluster.token.name,
      PROXMOX_TOKEN_VALUE: cluster.token.value,
      PROXMOX_FINGERPRINT: cluster.fingerprint,
      DIODE_TARGET: diode.target,
      DIODE_CLIENT_ID: diode.client.id,
      DIODE_CLIENT_SECRET: diode.client.secret,
      PUSH_BOOTSTRAP_WAIT: "0",
      NETBOX_URL: netbox.url,
      NETBOX_TOKEN: TOKEN,
    };
    return { env, cluster, diode, netbox };
  };

  test("surveys first, and pushes what respects NetBox", async () => {
    const { env: whole } = await settings();
    const model = new ModelNetBox();
    model.make("site", { name: "Headquarters", slug: "proxmox" });
    const { receiver: diode, netbox } = await diodeAndNetBox({ model });
    const env = { ...whole, DIODE_TARGET: diode.target, NETBOX_URL: netbox.url };
    const out = join(await tempFolder(), "lab");
    const { code, stdout, stderr } = await runCli(["run", "--survey", "--json", "--out", out], {
      env,
    });
    expect(code, stdout + stderr).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as object))
      .toEqual(["survey", "capture", "transform", "push"]);
    const { manifest } = await openEntities(await openStore(out));
    expect(manifest.target?.url).toBe(env.NETBOX_URL);
    expect(JSON.stringify(diode.entities())).toContain('"name":"Headquarters"');
  });

  test("sends nothing when the survey is incomplete", async () => {
    const { env, diode } = await settings();
    const denied = await surveyedNetBox({ denied: ["ipam/vlans"] });
    const out = join(await tempFolder(), "lab");
    const args = ["run", "--survey", "--out", out];
    const { code, stderr } = await runCli(args, { env: { ...env, NETBOX_URL: denied.url } });
    expect(code).toBe(4);
    expect(stderr).toContain("could not read");
    expect(diode.requests).toEqual([]);
  });

  test("checks the settings of NetBox before the first request", async () => {
    const { env, cluster } = await settings();
    const args = ["run", "--survey", "--out", join(await tempFolder(), "lab")];
    const refused = await runCli(args, { env: { ...env, NETBOX_TOKEN: "" } });
    expectError(refused, 2, "NETBOX_TOKEN");
    expect(cluster.traffic.requests).toBe(0);
  });
});
