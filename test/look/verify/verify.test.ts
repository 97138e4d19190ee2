/** verify reports problems in a run folder with their place, and accepts correct folders. */
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../../src/base/text.ts";
import { TOOL } from "../../../src/base/tool.ts";
import type { Finding } from "../../../src/look/verify/findings.ts";
import { type Verification, verify } from "../../../src/look/verify/command.ts";
import { fileEntry } from "../../../src/run-folder/manifest.ts";
import { encodeLine } from "../../../src/run-folder/journal.ts";
import { type Acknowledgement, readPushJournal } from "../../../src/run-folder/push-journal.ts";
import { readRequest, requestId } from "../../../src/run-folder/request.ts";
import { MAPPING_VERSION } from "../../../src/transform/mapping/tables.ts";
import { anyLab, anySettings } from "../../helpers/generated-labs.ts";
import { numRuns } from "../../helpers/full-tests.ts";
import { ROOT } from "../../helpers/golden.ts";
import { JOURNAL, pushed } from "../../helpers/pushed-run.ts";
import {
  buildRunFiles,
  readRunFiles,
  resealed,
  type RunFiles,
  storeOf,
  textOf,
  transformedRun,
  withFile,
  withManifest,
} from "../../helpers/run-in-memory.ts";
import { labSite } from "../../helpers/lab.ts";
import { oneGuest } from "../../helpers/snapshot-builder.ts";

const ADDRESSES = "netbox/09-ip-address-0001.json";
const NICS = "netbox/07-vm-interface-0001.json";
const MACHINES = "netbox/11-virtual-machine-0001.json";
const LEFT_OUT = "netbox/left-out.json";

let example: RunFiles;
/** One node with one guest. */
let small: RunFiles;

beforeAll(async () => {
  example = await readRunFiles(join(ROOT, "snapshots/example"));
  small = await buildRunFiles(oneGuest());
});

function verifyRun(run: RunFiles): Promise<Verification> {
  return verify(storeOf(run));
}

/** "snapshot verified", "origin absent" */
function statesOf({ parts }: Verification): string[] {
  return parts.map(({ name, state }) => `${name} ${state}`);
}

async function findingsIn(run: RunFiles): Promise<readonly Finding[]> {
  return (await verifyRun(run)).findings;
}

describe("verify accepts a correct run folder", () => {
  test("and reports all parts as verified, including the origin of its entities", async () => {
    const verification = await verifyRun(example);
    expect(verification).toMatchObject({ findings: [], counts: {}, unchecked: [] });
    expect(statesOf(verification)).toEqual([
      "snapshot verified",
      "entities verified",
      "origin verified",
      "journals absent",
    ]);
  });

  test.each(["pve7", "pve8", "standalone-no-sys-audit", "two-sites"])(
    "with only a snapshot, partial or not: %s",
    async (name) => {
      const verification = await verifyRun(await readRunFiles(join(ROOT, "test/fixtures", name)));
      expect(verification).toMatchObject({ findings: [], unchecked: [] });
      expect(statesOf(verification).slice(0, 2)).toEqual(["snapshot verified", "entities absent"]);
    },
  );

  test.each(["example-extensions", "two-sites-prefix-per-site", "two-clusters"])(
    "with only entity files, whose origin cannot be checked: %s",
    async (name) => {
      const verification = await verifyRun(await readRunFiles(join(ROOT, "test/golden", name)));
      expect(verification.findings).toEqual([]);
      expect(statesOf(verification)).toContain("origin unchecked");
      expect(verification.unchecked).toEqual([expect.stringMatching(/^Origin of the entities/)]);
    },
  );

  test("from --bootstrap", async () => {
    const verification = await verifyRun(await readRunFiles(join(ROOT, "test/golden/bootstrap")));
    expect(verification).toMatchObject({ findings: [], unchecked: [] });
    expect(statesOf(verification)).toContain("origin verified");
  });

  test("with nodes and clusters that have a common name prefix", async () => {
    const nodes = { pve: {}, pve1: {}, pve10: {} };
    const guests = [
      { vmid: 100, node: "pve" },
      { vmid: 7, node: "pve1" },
      { vmid: 101, node: "pve" },
      { vmid: 8, node: "pve10" },
    ];
    const { findings } = await verifyRun(await buildRunFiles(labSite({ nodes, guests })));
    expect(findings).toEqual([]);
  });

  test("but rejects a folder without any part of a run", async () => {
    await expect(verifyRun(new Map())).rejects.toMatchObject({ kind: "input" });
    await expect(verifyRun(withFile(new Map(), "README.md", "x"))).rejects.toThrow("No run in");
  });
});

test("verify finds no problems in the output for any site and any settings", async () => {
  await fc.assert(
    fc.asyncProperty(anyLab(), anySettings(), async (lab, settings) => {
      const { findings, unchecked } = await verifyRun(
        await buildRunFiles(labSite(lab), { settings }),
      );
      expect([findings, unchecked]).toEqual([[], []]);
    }),
    { numRuns: numRuns(60) },
  );
});

test("verify detects any flipped bit in any file", async () => {
  const run = pushed(small);
  const files = [...run];
  const bits = files.reduce((sum, [, bytes]) => sum + bytes.length * 8, 0);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bits - 1 }), async (bit) => {
      const [file, bytes] = flipped(files, bit);
      const { findings } = await verifyRun(new Map(run).set(file, bytes));
      expect(findings.map((finding) => finding.file)).toContain(file);
    }),
    { numRuns: numRuns(1000) },
  );
});

/** The file that contains the bit, with that bit flipped. */
function flipped(files: readonly [string, Uint8Array][], bit: number): [string, Uint8Array] {
  let at = bit;
  for (const [file, bytes] of files) {
    if (at < bytes.length * 8) {
      const changed = new Uint8Array(bytes);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      return [file, changed];
    }
    at -= bytes.length * 8;
  }
  throw new Error(`There is no bit ${bit}`);
}

describe("verify reports, with file, line and field,", () => {
  /** Exchanges lines 2 and 3; both end with a comma. */
  const swapped = (text: string): string => {
    const [head, first, second, ...rest] = text.split("\n");
    return [head, second, first, ...rest].join("\n");
  };
  const duplicated = (text: string): string => text.replace(/\n(\{.*),\n/, "\n$1,\n$1,\n");

  type Fault = [what: string, change: (run: RunFiles) => RunFiles, found: Partial<Finding>];
  const FAULTS: readonly Fault[] = [
    [
      "a file that was changed",
      (run) => withFile(run, NICS, textOf(run, NICS).replace("net0", "net9")),
      { check: "hash", file: NICS },
    ],
    [
      "a missing file",
      (run) => withFile(run, "pve/nodes/pve4.json", undefined),
      { check: "listing", file: "pve/nodes/pve4.json" },
    ],
    [
      "an extra file",
      (run) => withFile(run, "netbox/14-extra-0001.json", "{}"),
      { check: "listing", file: "netbox/14-extra-0001.json" },
    ],
    [
      "a listed file that belongs to no step",
      (run) => {
        const file = fileEntry("netbox/extra.json", encodeUtf8("{}\n"));
        return withManifest(withFile(run, file.path, "{}\n"), "netbox/manifest.json", (m) => ({
          ...m,
          files: [...(m["files"] as object[]), file],
        }));
      },
      { check: "listing", file: "netbox/extra.json", sentence: "Listed, but belongs to no step" },
    ],
    [
      "a manifest that was changed",
      (run) =>
        withFile(run, "manifest.json", textOf(run, "manifest.json").replace("partial", "Partial")),
      { check: "manifest", file: "manifest.json" },
    ],
    [
      "a manifest of a newer format",
      (run) => withManifest(run, "netbox/manifest.json", (m) => ({ ...m, format: 2 })),
      {
        check: "manifest",
        file: "netbox/manifest.json",
        sentence: expect.stringMatching(/entity format 2.* reads up to 1/) as never,
      },
    ],
    [
      "an unfinished snapshot",
      (run) => withFile(run, "manifest.json", undefined),
      { check: "manifest", file: "manifest.json" },
    ],
    [
      "an invalid answer",
      (run) => resealed(run, "pve/nodes/pve4.json", (t) => t.replace('"status":595', '"status":1')),
      { check: "shape", file: "pve/nodes/pve4.json", line: expect.any(Number) as never },
    ],
    [
      "a file without answers",
      (run) => resealed(run, "pve/nodes/pve4.json", () => "[]"),
      { check: "shape", file: "pve/nodes/pve4.json" },
    ],
    [
      "an answer that belongs to another node",
      (run) =>
        resealed(run, "pve/nodes/pve4.json", (t) => t.replaceAll("/nodes/pve4", "/nodes/pve9")),
      { check: "shape", line: 2, sentence: "Belongs in pve/nodes/pve9.json" },
    ],
    [
      "answers out of order",
      (run) => resealed(run, "pve/nodes/pve4.json", swapped),
      { check: "order", file: "pve/nodes/pve4.json", line: 3 },
    ],
    [
      "rows out of order",
      (run) =>
        resealed(run, "pve/cluster.json", (t) => t.replace('"id":"lxc/110"', '"id":"qemu/999"')),
      {
        check: "order",
        file: "pve/cluster.json",
        field: "/cluster/resources?type=vm",
        sentence: "data[1] is out of order",
      },
    ],
    [
      "wrong counts of a snapshot",
      (run) =>
        withManifest(run, "manifest.json", (m) => ({
          ...m,
          counts: { answers: 113, failed: 0, nodes: 4 },
        })),
      { check: "count", file: "manifest.json", field: "counts.failed" },
    ],
    [
      "a missing answer that the manifest does not list",
      (run) =>
        withManifest(run, "manifest.json", (m) => ({
          ...m,
          incomplete: (m["incomplete"] as { path: string }[]).slice(1),
        })),
      {
        check: "count",
        file: "pve/nodes/pve2.json",
        sentence: expect.stringMatching(
          /^Missing answer \(\S+\) that the manifest does not list/,
        ) as never,
      },
    ],
    [
      "an answer that the manifest lists as missing",
      (run) =>
        withManifest(run, "manifest.json", (m) => ({
          ...m,
          incomplete: [...(m["incomplete"] as object[]), { path: "/nodes", reason: "timeout" }],
        })),
      { check: "count", file: "pve/cluster.json", field: "/nodes" },
    ],
    [
      "an incomplete path that was not requested",
      (run) =>
        withManifest(run, "manifest.json", (m) => ({
          ...m,
          incomplete: [{ path: "/nodes/pve9/status", reason: "timeout" }],
        })),
      { check: "count", file: "manifest.json", field: "incomplete[0].path" },
    ],
    [
      "an unknown outcome",
      (run) => withManifest(run, "manifest.json", (m) => ({ ...m, outcome: "complete" })),
      { check: "count", file: "manifest.json", field: "outcome" },
    ],
    [
      "an ID that is not a string",
      (run) => resealed(run, NICS, (t) => t.replace(/"id":"[^"]*"/, '"id":{"toString":1}')),
      { check: "form", file: NICS, line: 1, field: "id" },
    ],
    [
      "a stub without an entity",
      (run) => resealed(run, NICS, (t) => t.replace('{"name":"git"', '{"name":"gone"')),
      {
        check: "reference",
        file: NICS,
        line: 5,
        field: "vm_interface.virtual_machine",
        sentence: 'Reference to unknown virtual-machine "gone"',
      },
    ],
    [
      "a stub without an entity, in a list",
      (run) =>
        resealed(run, MACHINES, (t) => t.replace('{"name":"discovered"', '{"name":"undiscovered"')),
      { check: "reference", file: MACHINES, line: 2, field: "virtual_machine.tags[1]" },
    ],
    [
      "a stub without an entity, in another stub",
      (run) =>
        resealed(run, NICS, (t) => t.replace('"type":{"name":"Proxmox"}', '"type":{"name":"KVM"}')),
      {
        check: "reference",
        file: NICS,
        line: 2,
        field: "vm_interface.virtual_machine.cluster.type",
      },
    ],
    [
      "a primary address that no machine has",
      (run) =>
        resealed(
          run,
          ADDRESSES,
          (t) =>
            t.replace(
              '"primary_ip4":{"address":"10.20.20.21/24"',
              '"primary_ip4":{"address":"9.9.9.9/24"',
            ),
        ),
      {
        check: "reference",
        file: ADDRESSES,
        field: "ip_address.assigned_object_vm_interface.virtual_machine.primary_ip4",
        sentence: 'Reference to unknown ip-address "9.9.9.9/24"',
      },
    ],
    [
      "a custom field that is not defined",
      (run) => resealed(run, MACHINES, (t) => t.replace("proxmox_ha_state", "proxmox_state")),
      {
        check: "reference",
        file: MACHINES,
        line: 2,
        field: "virtual_machine.custom_fields.proxmox_state",
      },
    ],
    [
      "a duplicate object",
      (run) => resealed(run, "netbox/05-platform-0001.json", duplicated),
      { check: "identity", file: "netbox/05-platform-0001.json", line: 3 },
    ],
    [
      "a duplicate tag of which only one has a slug",
      (run) =>
        resealed(
          run,
          MACHINES,
          (t) => t.replace('{"name":"discovered"}', '{"name":"proxmox-ve","slug":"x"}'),
        ),
      {
        check: "identity",
        file: MACHINES,
        line: 2,
        field: "virtual_machine.tags[1]",
        sentence: "Duplicate item",
      },
    ],
    [
      "a duplicate tag in a stub",
      (run) =>
        resealed(
          run,
          "netbox/13-device-0001.json",
          (t) => t.replace('"tags":[{"name":"proxmox-ve"}', '"tags":[{"name":"discovered"}'),
        ),
      {
        check: "identity",
        file: "netbox/13-device-0001.json",
        line: 2,
        field: "device.device_type.manufacturer.tags[1]",
      },
    ],
    [
      "a duplicate object type",
      (run) =>
        resealed(
          run,
          "netbox/02-custom-field-0001.json",
          (t) => t.replace('["dcim.device"]', '["dcim.device","ipam.vlan","dcim.device"]'),
        ),
      {
        check: "identity",
        file: "netbox/02-custom-field-0001.json",
        line: 2,
        field: "custom_field.object_types[2]",
      },
    ],
    [
      "shared objects out of order",
      (run) => resealed(run, "netbox/01-tag-0001.json", swapped),
      { check: "order", file: "netbox/01-tag-0001.json", line: 3 },
    ],
    [
      "machines out of order",
      (run) => resealed(run, MACHINES, swapped),
      { check: "order", file: MACHINES, line: 3 },
    ],
    [
      "parts out of the order of their machines",
      (run) =>
        resealed(run, NICS, (t) => {
          const [head, ...lines] = t.split("\n");
          return [head, ...lines.slice(1, 4), lines[0], ...lines.slice(4)].join("\n");
        }),
      { check: "order", file: NICS, line: 5 },
    ],
    [
      "an unknown field of an entity",
      (run) => resealed(run, MACHINES, (t) => t.replace('"status":', '"cpu":4,"status":')),
      { check: "shape", file: MACHINES, line: 2, field: "virtual_machine.cpu" },
    ],
    [
      "a value of another type in a stub",
      (run) => resealed(run, NICS, (t) => t.replace('"vid":"60"', '"vid":60')),
      { check: "shape", file: NICS, line: 2, field: "vm_interface.untagged_vlan" },
    ],
    [
      "an invalid time",
      (run) => resealed(run, NICS, (t) => t.replace('"2026-10-05T08:30:00Z"', '"yesterday"')),
      { check: "shape", file: NICS, line: 2, field: "timestamp" },
    ],
    [
      "an entity of another step",
      (run) => resealed(run, NICS, (t) => t.replace('"vm_interface":', '"interface":')),
      { check: "shape", file: NICS, line: 2 },
    ],
    [
      "a file without a request",
      (run) => resealed(run, NICS, () => '{"entities":[]}'),
      { check: "shape", file: NICS },
    ],
    [
      "an ID that does not match the entities",
      (run) => resealed(run, NICS, (t) => t.replace(/"id":"./, '"id":"_')),
      { check: "form", file: NICS, line: 1, field: "id" },
    ],
    [
      "a line in another format",
      (run) => resealed(run, NICS, (t) => t.replace('"enabled":true', '"enabled": true')),
      { check: "form", file: NICS },
    ],
    [
      "a missing entity file",
      (run) => withFile(run, "netbox/01-tag-0001.json", undefined),
      { check: "listing", file: "netbox/01-tag-0001.json" },
    ],
    [
      "wrong counts of entity files",
      (run) =>
        withManifest(run, "netbox/manifest.json", (m) => ({
          ...m,
          notes: { cut: 7 },
        })),
      { check: "count", file: "netbox/manifest.json", field: "notes.cut" },
    ],
    [
      "an unknown reason",
      (run) => resealed(run, LEFT_OUT, (t) => t.replace('"no-address"', '"no-idea"')),
      { check: "shape", file: LEFT_OUT, line: 2 },
    ],
    [
      "an invalid record",
      (run) => resealed(run, LEFT_OUT, (t) => t.replace('"reason":"no-address",', "")),
      { check: "shape", file: LEFT_OUT, sentence: expect.stringContaining("line 2") as never },
    ],
    [
      "records in another format",
      (run) => resealed(run, LEFT_OUT, (t) => t.replace('"reason":', '"reason": ')),
      { check: "form", file: LEFT_OUT },
    ],
    [
      "a setting that does not match the entities",
      (run) =>
        withManifest(run, "netbox/manifest.json", (m) => ({
          ...m,
          snapshots: (m["snapshots"] as { policy: object }[]).map((snapshot) => ({
            ...snapshot,
            policy: { ...snapshot.policy, SITE_NAME: "Elsewhere" },
          })),
        })),
      {
        check: "origin",
        file: MACHINES,
        line: 2,
        field: "virtual_machine.cluster.scope_site.name",
      },
    ],
    [
      "an invalid setting",
      (run) =>
        withManifest(run, "netbox/manifest.json", (m) => ({
          ...m,
          snapshots: (m["snapshots"] as { policy: object }[]).map((snapshot) => ({
            ...snapshot,
            policy: { ...snapshot.policy, CLUSTER_SCOPE: "nonsense" },
          })),
        })),
      { check: "shape", file: "netbox/manifest.json", field: "snapshots[0].policy" },
    ],
    [
      "a value that differs from the answers",
      (run) => resealed(run, MACHINES, (t) => t.replace('"memory":"4096"', '"memory":"8192"')),
      {
        check: "origin",
        file: MACHINES,
        line: 2,
        field: "virtual_machine.memory",
        sentence: 'Found "8192", expected "4096"',
      },
    ],
    [
      "entity files made from another snapshot",
      (run) => {
        const { snapshots } = JSON.parse(textOf(run, "netbox/manifest.json")) as {
          snapshots: object[];
        };
        const later = withManifest(run, "manifest.json", (m) => ({
          ...m,
          captured_at: "2026-10-06T08:30:00Z",
        }));
        return withManifest(later, "netbox/manifest.json", (m) => ({ ...m, snapshots }));
      },
      { check: "origin", file: "netbox/manifest.json", field: "snapshots[0].sha256" },
    ],
  ];

  test.each(FAULTS)("%s", async (_what, change, found) => {
    expect(await findingsIn(change(example))).toContainEqual(expect.objectContaining(found));
  });
});

describe("limits of verify", () => {
  const OTHER = {
    tool: { name: "proxmox-diode", version: "0.1.9" },
    mappingVersion: MAPPING_VERSION + 1,
  };
  const VERSIONS = `made by version 0.1.9 (mapping version ${MAPPING_VERSION + 1}), and this is ` +
    `version ${TOOL.version} (mapping version ${MAPPING_VERSION})`;
  const DISKS = "netbox/12-virtual-disk-0001.json";
  const withDescription = (text: string): string =>
    withOwnId(text.replace('"tags":', '"description":"new in 0.1.9","tags":'));

  test("differences from another mapping version are not problems", async () => {
    const run = await transformedRun(small, OTHER);
    expect(await verifyRun(run)).toMatchObject({ findings: [], unchecked: [] });
    const { parts, findings, unchecked } = await verifyRun(resealed(run, DISKS, withDescription));
    expect(findings).toEqual([]);
    expect(unchecked).toEqual([
      `Origin of the entities: they were ${VERSIONS}, which writes some files differently`,
    ]);
    expect(parts[2]).toMatchObject({ name: "origin", state: "unchecked" });
  });

  test("differences from another release with the same mapping version are problems", async () => {
    const run = await transformedRun(small, { tool: OTHER.tool });
    expect(await verifyRun(run)).toMatchObject({ findings: [], unchecked: [] });
    expect((await verifyRun(run)).parts[2]).toMatchObject({ name: "origin", state: "verified" });
    const changed = resealed(
      run,
      DISKS,
      (text) => withOwnId(text.replace('"size":"', '"size":"9')),
    );
    expect(await findingsIn(changed)).toContainEqual(
      expect.objectContaining({ check: "origin", file: DISKS, field: "virtual_disk.size" }),
    );
    const described = await findingsIn(resealed(run, DISKS, withDescription));
    expect(described.map(({ check }) => check)).toContain("shape");
    const record = resealed(run, LEFT_OUT, (text) => text.replace('"notes":[', '"notes":[ '));
    expect((await findingsIn(record)).map(({ check }) => check)).toContain("form");
  });

  test("entities of a release without a mapping version are only verified if the bytes are the same", async () => {
    const older = withManifest(
      await transformedRun(small, { tool: { name: "proxmox-diode", version: "0.0.9" } }),
      "netbox/manifest.json",
      (manifest) => ({ ...manifest, mapping_version: undefined }),
    );
    const same = await verifyRun(older);
    expect(same).toMatchObject({ findings: [], unchecked: [] });
    expect(same.parts[2]).toMatchObject({ name: "origin", state: "verified" });
    const changed = resealed(
      older,
      DISKS,
      (text) => withOwnId(text.replace('"size":"', '"size":"9')),
    );
    expect(await verifyRun(changed)).toMatchObject({
      findings: [],
      unchecked: [
        "Origin of the entities: they were made by version 0.0.9 (which records no mapping " +
        `version), and this is version ${TOOL.version} (mapping version ${MAPPING_VERSION}), ` +
        "which writes some files differently",
      ],
    });
  });

  test("files of another mapping version may have another format", async () => {
    const run = await transformedRun(example, OTHER);
    const newer = resealed(
      resealed(run, NICS, (text) => text.replace('"entities":', '"metadata":{},"entities":')),
      LEFT_OUT,
      (text) => text.replace('"what":', '"severity":"low","what":'),
    );
    const { findings, unchecked } = await verifyRun(newer);
    expect(findings).toEqual([]);
    expect(unchecked).toEqual([
      `Format of netbox/: it was ${VERSIONS}, which writes some files differently`,
      expect.stringContaining("Origin of the entities"),
    ]);
  });

  test("records of another version may have other reasons", async () => {
    const run = await transformedRun(example, OTHER);
    const newer = withManifest(
      resealed(run, LEFT_OUT, (text) => text.replace('"no-address"', '"new-reason"')),
      "netbox/manifest.json",
      (m) => {
        const leftOut = m["left_out"] as Record<string, number>;
        const before = { ...leftOut, "no-address": (leftOut["no-address"] ?? 0) - 1 };
        return { ...m, left_out: { ...before, "new-reason": 1 } };
      },
    );
    expect((await verifyRun(newer)).findings).toEqual([]);
  });

  test("entities received from another program are checked only for hashes and counts", async () => {
    const received = withManifest(
      new Map([...small].filter(([file]) => file.startsWith("netbox/"))),
      "netbox/manifest.json",
      (m) => ({ ...m, snapshots: [] }),
    );
    const { findings, unchecked } = await verifyRun(received);
    expect(findings).toEqual([]);
    expect(unchecked[0]).toBe("Content of netbox/: transform did not write it");
    const repeated = resealed(
      received,
      MACHINES,
      (text) => text.replace('"tags":[', '"tags":[{"name":"discovered"},'),
    );
    expect(await findingsIn(repeated)).toEqual([
      expect.objectContaining({ check: "identity", field: "virtual_machine.tags[2]" }),
    ]);
  });

  test("files that no manifest lists are not checked", async () => {
    const { findings, unchecked } = await verifyRun(withFile(small, "report.html", "<p>"));
    expect([findings, unchecked]).toEqual([[], ["report.html: no manifest lists it"]]);
  });

  test("references are not checked if a file cannot be read", async () => {
    const { findings, unchecked } = await verifyRun(withFile(small, MACHINES, undefined));
    expect(findings).toEqual([expect.objectContaining({ check: "listing", file: MACHINES })]);
    expect(unchecked).toEqual([
      "References: not every entity can be read",
      "Origin of the entities: fix the problems in the files first",
    ]);
  });
});

test("verify counts all problems, and lists the first ones of each check", async () => {
  const broken = resealed(
    withFile(
      resealed(example, NICS, (text) => text.replaceAll('"discovered"', '"gone"')),
      "pve/x",
      "",
    ),
    LEFT_OUT,
    (text) => text.replaceAll('"reason":', '"reason": '),
  );
  const { findings, counts } = await verifyRun(broken);
  expect(Object.keys(counts)).toEqual(expect.arrayContaining(["listing", "form", "reference"]));
  // An unknown name is reported only once, at the first reference.
  expect(counts.reference).toBe(1);
  const unsorted = resealed(example, "netbox/05-platform-0001.json", (text) => {
    const [head = "", ...lines] = text.split("\n");
    const items = lines.slice(0, -2).map((line) => line.replace(/,$/, "")).toReversed();
    return `${head}\n${items.join(",\n")}\n]}\n`;
  });
  const upsideDown = await verifyRun(unsorted);
  expect(upsideDown.counts.order).toBe(27);
  expect(upsideDown.findings.filter(({ check }) => check === "order")).toHaveLength(25);
  expect(findings.length).toBeGreaterThan(2);
});

test("verify detects a request above Diode's limits", async () => {
  const tags = Array.from({ length: 1001 }, (_, i) => {
    const tag = { name: `t${i}`, slug: `t${i}` };
    return JSON.stringify({ timestamp: "2026-01-02T03:04:05Z", tag });
  });
  const many = resealed(
    small,
    "netbox/01-tag-0001.json",
    (text) => `${text.split("\n", 1)[0]}\n${tags.join(",\n")}\n]}\n`,
  );
  const file = "netbox/01-tag-0001.json";
  const sentence = "1001 entities; the limit is 1000";
  expect(await findingsIn(many)).toContainEqual({ check: "limit", file, sentence });
  const long = resealed(
    small,
    MACHINES,
    (text) => text.replace('"status":', `"comments":"${"x".repeat(3 * 2 ** 20)}","status":`),
  );
  expect(await findingsIn(long)).toContainEqual(
    expect.objectContaining({ check: "limit", file: MACHINES }),
  );
});

describe("a push journal", () => {
  test("with all files is verified", async () => {
    const verification = await verifyRun(pushed(small));
    expect(verification).toMatchObject({ findings: [], unchecked: [] });
    expect(statesOf(verification)).toContain("journals verified");
  });

  test("for other entity files is only checked for changes", async () => {
    const { findings, unchecked } = await verifyRun(pushed(small, { header: { entities: "00" } }));
    expect(findings).toEqual([]);
    expect(unchecked).toEqual([expect.stringContaining("about other entity files")]);
  });

  test.each([
    ["file", { file: "netbox/99.json" }],
    ["sha256", { sha256: "00" }],
    ["request_id", { request_id: "00000000-0000-0000-0000-000000000000" }],
  ])("with another %s is reported", async (field, change) => {
    const run = pushed(small, { line: (line, i) => i === 1 ? { ...line, ...change } : line });
    expect(await findingsIn(run)).toEqual([
      expect.objectContaining({ check: "journal", file: JOURNAL, line: 3, field }),
    ]);
  });

  test("of a push with --since has its own request IDs", async () => {
    const line = (each: Acknowledgement): Acknowledgement => ({ ...each, request_id: "another" });
    expect(await findingsIn(pushed(small, { header: { since: "00" }, line }))).toEqual([]);
  });

  test("that is cut off in its last line is noted, but correct", async () => {
    const run = pushed(small);
    const bytes = run.get(JOURNAL) ?? new Uint8Array();
    const start = bytes.lastIndexOf(10, bytes.length - 2) + 2;
    for (const end of [start, start + 1, start + 40, bytes.length - 1]) {
      const { findings, unchecked } = await verifyRun(
        new Map(run).set(JOURNAL, bytes.slice(0, end)),
      );
      expect([findings, unchecked], `${end}`).toEqual([
        [],
        [expect.stringMatching(/last line of push.*cut off/)],
      ]);
    }
  });

  test("of a newer format is not read", async () => {
    expect(await findingsIn(pushed(small, { header: { format: 4 } }))).toEqual([
      expect.objectContaining({ check: "journal", sentence: expect.stringContaining("format 4") }),
    ]);
  });

  test.each(["except", "doubled"] as const)(
    "of which %s names entities that a file does not have is reported",
    async (field) => {
      const run = pushed(small, { header: { format: 3 } });
      const { entries } = readPushJournal(run.get(JOURNAL) ?? new Uint8Array(), JOURNAL);
      const [{ file, sha256 } = { file: "", sha256: "" }] = entries;
      const { entities } = readRequest(run.get(file) ?? new Uint8Array(), file);
      const withIndex = (index: number): RunFiles => {
        const line = { file, sha256, confirmed_at: "2026-10-05T09:00:07Z", [field]: [index] };
        return new Map(run).set(
          JOURNAL,
          Buffer.concat([run.get(JOURNAL) ?? new Uint8Array(), encodeLine(line)]),
        );
      };
      expect(await findingsIn(withIndex(entities.length - 1))).toEqual([]);
      expect(await findingsIn(withIndex(entities.length))).toEqual([
        expect.objectContaining({ check: "journal", file: JOURNAL, field }),
      ]);
    },
  );
});

/** Request IDs are derived from the entities. */
function withOwnId(text: string): string {
  const entities = text.slice(text.indexOf('"entities":') + '"entities":'.length, -"}\n".length);
  return text.replace(/"id":"[^"]*"/, `"id":"${requestId(encodeUtf8(entities))}"`);
}
