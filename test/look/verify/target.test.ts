/** verify finds what is wrong in a target folder, and accepts what survey writes. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Verification, verifyTargetFolder } from "../../../src/look/verify/command.ts";
import {
  resealed,
  type RunFiles,
  storeOf,
  withFile,
  withManifest,
} from "../../helpers/run-in-memory.ts";
import { buildTarget } from "../../helpers/target-folder.ts";

const SITES = "target/05-site-0001.jsonl";
const DEVICES = "target/20-device-0001.jsonl";
const INTERFACES = "target/21-interface-0001.jsonl";
const ADDRESSES = "target/26-ip-address-0001.jsonl";

const HQ = { id: 3, name: "HQ" };
const PVE1 = { id: 7, name: "pve1" };
const ADDRESS = { id: 50, address: "10.0.0.1/24" };
const OBJECTS = {
  "tag": [{ id: 1, name: "discovered", slug: "discovered" }],
  "site-group": [{ id: 1, name: "Europe", slug: "europe", parent: null }],
  "site": [{ ...HQ, group: { id: 1, name: "Europe" } }, { id: 9, name: "Lab", group: null }],
  "cluster": [{ id: 2, name: "lab", scope_type: "dcim.site", scope: HQ }],
  "device": [{ ...PVE1, site: HQ, primary_ip4: ADDRESS, tags: [{ id: 1, name: "discovered" }] }],
  "interface": [
    { id: 11, name: "vmbr0", device: PVE1, type: { value: "bridge" }, bridge: null },
    { id: 12, name: "eno1", device: PVE1, type: { value: "other" }, bridge: { id: 11 } },
  ],
  "ip-address": [{
    ...ADDRESS,
    assigned_object_type: "dcim.interface",
    assigned_object: { id: 11, name: "vmbr0", device: PVE1 },
  }],
} as const;

let target: RunFiles;

beforeAll(async () => {
  target = await buildTarget(OBJECTS);
});

function verifyFiles(files: RunFiles): Promise<Verification> {
  return verifyTargetFolder(storeOf(files));
}

/** "order target/05-site-0001.jsonl:2 Out of order: …" */
async function findingsIn(files: RunFiles): Promise<string[]> {
  const { findings } = await verifyFiles(files);
  return findings.map(({ check, file, line, field, sentence }) =>
    [check, [file, line].filter((part) => part !== undefined).join(":"), field, sentence]
      .filter((part) => part !== undefined).join(" ")
  );
}

describe("verify accepts a target", () => {
  test("of which every object and reference is present", async () => {
    expect(await verifyFiles(target)).toEqual({
      parts: [{
        name: "target",
        state: "verified",
        holds: "7 files, 9 objects of 26 types: complete",
      }],
      findings: [],
      counts: {},
      unchecked: [],
    });
  });

  test("without objects", async () => {
    expect(await findingsIn(await buildTarget())).toEqual([]);
  });

  test.each(
    [
      ["types are missing", {
        missing: [{ type: "site", cause: "denied", reason: "dcim.view_site" }],
      }],
      ["it was made for one run", {
        scope: { entities: "0".repeat(64), snapshots: [] as string[] },
      }],
    ] as const,
  )("with references to objects that were not read: %s", async (why, manifest) => {
    const { site: _site, ...others } = OBJECTS;
    const missing = "missing" in manifest ? [...manifest.missing] : [];
    const partial = await buildTarget(others, { ...manifest, missing });
    expect(await verifyFiles(partial)).toMatchObject({
      findings: [],
      unchecked: [`References between objects: ${why}`],
    });
  });

  test("with references to types that a survey does not read, or did not read then", async () => {
    const rack = { id: 4, name: "lab", scope_type: "dcim.rack", scope: { id: 99 } };
    const { "site-group": _group, ...others } = OBJECTS;
    const older = withManifest(
      await buildTarget({ ...others, cluster: [rack] }),
      "manifest.json",
      ({ counts, ...document }) => {
        const { "site-group": _count, ...rest } = counts as Record<string, number>;
        return { ...document, counts: rest };
      },
    );
    expect(await findingsIn(older)).toEqual([]);
  });
});

describe("verify finds in a target", () => {
  test("a manifest that was changed", async () => {
    const changed = new Map(target);
    changed.set("manifest.json", new TextEncoder().encode('{"netbox": {}}\n'));
    const { parts, findings, unchecked } = await verifyFiles(changed);
    expect(parts).toEqual([{ name: "target", state: "faulty", holds: "" }]);
    expect(findings).toMatchObject([{ check: "manifest", file: "manifest.json" }]);
    expect(unchecked).toEqual(["target/: its manifest is not valid"]);
  });

  test("a file that was changed, is missing or is not listed", async () => {
    expect(await findingsIn(withFile(target, SITES, '{"id":3}\n'))).toEqual([
      expect.stringMatching(/^hash target\/05-site-0001\.jsonl /),
    ]);
    expect(await findingsIn(withFile(target, SITES, undefined))).toEqual([
      expect.stringMatching(/^listing target\/05-site-0001\.jsonl Cannot find/),
    ]);
    expect(await findingsIn(withFile(target, "target/05-site-0002.jsonl", "{}"))).toEqual([
      expect.stringMatching(/^listing target\/05-site-0002\.jsonl Found/),
    ]);
  });

  test("a file that belongs to no type", async () => {
    const renamed = new Map(
      [...target].map(([path, bytes]) =>
        [path === SITES ? "target/05-house-0001.jsonl" : path, bytes] as const
      ),
    );
    const files = withManifest(renamed, "manifest.json", ({ files, ...document }) => ({
      ...document,
      files: (files as { path: string }[]).map((entry) => ({
        ...entry,
        path: entry.path.replace("05-site", "05-house"),
      })),
    }));
    expect(await findingsIn(files)).toContain(
      "listing target/05-house-0001.jsonl Listed, but belongs to no type of objects",
    );
  });

  test.each([
    ["no object", (text: string) => `7\n${text}`, [`shape ${SITES}:1 `]],
    ["no id", (text: string) => text.replace('"id":3', '"id":"3"'), [`shape ${SITES}:1 `]],
    ["a line that is cut off", (text: string) => text.slice(0, -4), [
      `shape ${SITES} The last line has no end`,
      `shape ${SITES}:2 `,
    ]],
  ])("%s", async (_, change, expected) => {
    const found = await findingsIn(resealed(target, SITES, change));
    expect(found.map((finding, i) => finding.slice(0, expected[i]?.length))).toEqual(expected);
  });

  test("duplicate ids, and ids out of order", async () => {
    const reversed = (text: string) => `${text.trimEnd().split("\n").toReversed().join("\n")}\n`;
    expect(await findingsIn(resealed(target, INTERFACES, reversed)))
      .toEqual([`order ${INTERFACES}:2 Out of order: 11 follows 12`]);
    const doubled = (text: string) => text + text;
    expect(await findingsIn(resealed(target, DEVICES, doubled)))
      .toEqual([`identity ${DEVICES}:2 Duplicate device 7`]);
  });

  test("ids of one type in two files", async () => {
    const files = new Map(target);
    const second = SITES.replace("0001", "0002");
    files.set(second, files.get(SITES) as Uint8Array);
    const both = withManifest(files, "manifest.json", ({ files: listed, ...document }) => ({
      ...document,
      files: (listed as { path: string }[]).flatMap((entry) =>
        entry.path === SITES ? [entry, { ...entry, path: second }] : [entry]
      ),
    }));
    expect(await findingsIn(both)).toEqual([
      `identity ${second}:1 Duplicate site 3`,
      `identity ${second}:2 Duplicate site 9`,
    ]);
  });

  test("counts and an outcome that differ from the objects", async () => {
    const counts = { tag: 2, site: 2, house: 1 };
    const missing = [{ type: "tag", cause: "refused", reason: "500" }] as const;
    const { tag, site } = OBJECTS;
    const changed = withManifest(
      await buildTarget({ tag, site: site.map(({ group: _group, ...each }) => each) }),
      "manifest.json",
      (document) => ({ ...document, counts, missing }),
    );
    expect(await findingsIn(changed)).toEqual([
      "count manifest.json outcome Manifest says complete, but lists 1 missing types",
      "count manifest.json missing[0].type Manifest lists tag as missing, but counts its objects",
      "count manifest.json counts.tag Manifest says 2, files contain 1",
      'count manifest.json counts.house Unknown type "house"',
    ]);
  });

  test.each([
    ["a device of an interface", { device: [] }, `${INTERFACES}:1 device`, "device 7"],
    ["a scope", { site: [OBJECTS.site[1]] }, "target/15-cluster-0001.jsonl:1 scope", "site 3"],
    ["a primary address", { "ip-address": [] }, `${DEVICES}:1 primary_ip4`, "ip-address 50"],
    ["a tag in a list", { tag: [] }, `${DEVICES}:1 tags`, "tag 1"],
    ["a group", { "site-group": [] }, `${SITES}:1 group`, "site-group 1"],
    ["a bridge", { interface: [OBJECTS.interface[1]] }, `${INTERFACES}:1 bridge`, "interface 11"],
  ])("a reference to %s that does not exist", async (_, changed, place, named) => {
    const findings = await findingsIn(await buildTarget({ ...OBJECTS, ...changed }));
    expect(findings).toContain(`reference ${place} Reference to unknown ${named}`);
  });

  test("the interface of an address that does not exist", async () => {
    const findings = await findingsIn(await buildTarget({ ...OBJECTS, interface: [] }));
    expect(findings).toEqual([
      `reference ${ADDRESSES}:1 assigned_object Reference to unknown interface 11`,
    ]);
  });
});
