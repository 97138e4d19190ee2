/** Steps beyond the mapping document's: files, counts and commands have them only with entities. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Findings } from "../../src/look/verify/findings.ts";
import { verifyEntities } from "../../src/look/verify/entities.ts";
import type { VerifiedEntities } from "../../src/look/verify/entities.ts";
import { shownSteps, type StepName, STEPS } from "../../src/netbox/types/steps.ts";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { type EntityFacts, writeEntities } from "../../src/run-folder/entity-writer.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { MAPPING_VERSION } from "../../src/transform/mapping/tables.ts";
import { runCli } from "../helpers/run-cli.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const tags = [{ name: "discovered" }];
const vrf = { name: "internal" };
const l2vpn = { name: "vnet1", type: "vxlan" };
const cluster = { name: "lab" };
const machine = { name: "web", cluster };
const nic = { virtual_machine: machine, name: "net0" };
const group = { name: "DC1" };

/** In the order of the steps. */
const ENTITIES: readonly (readonly [StepName, object])[] = [
  ["tag", { name: "discovered" }],
  ["cluster", { ...cluster, tags }],
  ["vrf", { ...vrf, tags }],
  ["vlan-group", { ...group, tags }],
  ["l2vpn", { ...l2vpn, tags }],
  ["vlan", { vid: "20", group, tags }],
  ["vm-interface", { ...nic, tags }],
  ["l2vpn-termination", { l2vpn, assigned_object_vm_interface: nic, tags }],
  ["ip-address", { address: "10.0.0.1/24", vrf, assigned_object_vm_interface: nic, tags }],
  ["virtual-machine", { ...machine, tags, custom_fields: {} }],
];

const FACTS: EntityFacts = {
  tool: { name: "proxmox-diode", version: "0.1.0" },
  mapping_version: MAPPING_VERSION,
  snapshots: [{ sha256: "ab", policy: {} }],
};

/** A run folder with these entities, all but those of the steps in `without`. */
async function written(
  { without = [], target }: {
    readonly without?: readonly StepName[];
    readonly target?: EntityFacts["target"];
  } = {},
): Promise<string> {
  const folder = await tempFolder();
  const capturedAt = "2026-01-02T03:04:05Z";
  const made = ENTITIES.filter(([step]) => !without.includes(step))
    .map(([step, entity]) => ({ step, entity, capturedAt }));
  const facts = target === undefined ? FACTS : { ...FACTS, target };
  await writeEntities(await openStore(folder), [{ made, leftOut: [], notes: [] }], facts);
  return folder;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, "netbox"));
  return names.filter((name) => /^\d\d/.test(name)).sort();
}

async function findingsIn(folder: string) {
  const findings = new Findings();
  const verified: VerifiedEntities | undefined = await verifyEntities(
    await openStore(folder),
    findings,
  );
  expect(verified?.manifest).toBeDefined();
  return findings.listed.map(({ check, sentence }) => [check, sentence]);
}

describe("a set with entities of an extension", () => {
  test("has files whose names sort in emission order, and is read in it", async () => {
    const folder = await written();
    const steps = ENTITIES.map(([step]) => step);
    expect(await filesIn(folder)).toEqual(steps.map((name) => {
      const step = STEPS.find((each) => each.name === name);
      return `${step?.number}-${name}-0001.json`;
    }));
    const set = await openEntities(await openStore(folder));
    expect(set.files.map(({ step }) => step)).toEqual(steps);
  });

  test("counts them in the order of the steps", async () => {
    const folder = await written();
    const { manifest } = await openEntities(await openStore(folder));
    expect(manifest.counts).toMatchObject({ "vrf": 1, "l2vpn-termination": 1, "device": 0 });
    expect(await findingsIn(folder)).toEqual([]);
  });

  test("is replaced by a set without them, and nothing of them stays", async () => {
    const extensions = STEPS.filter((step) => "extension" in step).map(({ name }) => name);
    const whole = await written();
    const plain = await written({ without: [...extensions, "vlan", "ip-address"] });
    const store = await openStore(whole);
    await writeEntities(store, [], FACTS);
    expect(await filesIn(whole)).toEqual([]);
    const manifest = await readFile(join(plain, "netbox/manifest.json"), "utf8");
    for (const name of extensions) expect(manifest).not.toContain(name);
    expect(Object.keys((await openEntities(await openStore(plain))).manifest.counts).sort())
      .toEqual(shownSteps({}).map(({ name }) => name).sort());
  });
});

describe("verify", () => {
  test.each(["vrf", "vlan-group", "l2vpn"] as const)(
    "finds a reference to a %s that has no entity",
    async (step) => {
      const found = await findingsIn(await written({ without: [step] }));
      expect(found).toEqual([["reference", expect.stringContaining(`unknown ${step}`)]]);
    },
  );

  test("with a target, it may be one that people made", async () => {
    const target = {
      url: "https://netbox.example.net",
      sha256: "ab",
      surveyed_at: "2026-01-02T03:04:05Z",
    };
    expect(await findingsIn(await written({ without: ["vrf", "vlan-group"], target }))).toEqual([]);
  });
});

describe("commands", () => {
  test("push --only vrf, or its number, selects the VRFs", async () => {
    const folder = await written();
    for (const only of ["vrf", "05a"]) {
      const { code, stdout } = await runCli(["push", folder, "--dry-run", "--only", only]);
      expect([code, stdout]).toEqual([0, expect.stringContaining("Would send 1 entity in 1 req")]);
    }
  });

  test("inspect counts a step of an extension where it has entities, and lists them", async () => {
    const [whole, plain] = [await written(), await written({ without: ["l2vpn-termination"] })];
    const inspect = async (folder: string): Promise<string> =>
      (await runCli(["inspect", folder])).stdout;
    expect(await inspect(whole)).toMatch(/^ +l2vpn-termination +1 /m);
    expect(await inspect(plain)).not.toContain("l2vpn-termination");
    const listed = await runCli(["inspect", whole, "--step", "l2vpn-termination"]);
    expect(listed.stdout).toContain("web/net0 in vnet1");
  });
});
