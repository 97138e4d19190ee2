/** inspect summarizes a run folder and lists its contents, whatever its state. */
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parseFilter } from "../../../src/look/inspect/filter.ts";
import { inspect, type Inspection } from "../../../src/look/inspect/inspect.ts";
import {
  entityList,
  FAILED,
  GUESTS,
  leftOutList,
  type ListSource,
  listSource,
} from "../../../src/look/inspect/lists.ts";
import { readRunInventory } from "../../../src/look/inventory.ts";
import { type ItemSource, itemSource, openRun } from "../../../src/look/run.ts";
import { shownSteps } from "../../../src/netbox/types/steps.ts";
import { encodeLine } from "../../../src/run-folder/journal.ts";
import { anyLab } from "../../helpers/generated-labs.ts";
import { ROOT } from "../../helpers/golden.ts";
import { JOURNAL, pushed } from "../../helpers/pushed-run.ts";
import {
  buildRunFiles,
  readRunFiles,
  resealed,
  type RunFiles,
  storeOf,
  textOf,
  withFile,
  withManifest,
} from "../../helpers/run-in-memory.ts";
import { labSite } from "../../helpers/lab.ts";
import { oneGuest } from "../../helpers/snapshot-builder.ts";

let example: RunFiles;

beforeAll(async () => {
  example = await readRunFiles(join(ROOT, "snapshots/example"));
});

async function inspectRun(run: RunFiles): Promise<Inspection> {
  const opened = await openRun(storeOf(run));
  return await inspect(opened, itemSource(opened));
}

async function sourceOf(
  run: RunFiles,
  filters: Parameters<typeof parseFilter>[0] = {},
): Promise<ListSource> {
  const opened = await openRun(storeOf(run));
  const items = itemSource(opened);
  if (items === undefined) throw new Error("Nothing to list");
  return listSource(opened, items, parseFilter(filters));
}

function without(run: RunFiles, folder: string): RunFiles {
  return new Map([...run].filter(([file]) => !file.startsWith(folder)));
}

describe("inspect", () => {
  test("summarizes the snapshot, its inventory, the entity files and the journals", async () => {
    const inspection = await inspectRun(pushed(example));
    expect(inspection).toMatchObject({
      snapshot: {
        host: "pve1.example.net",
        version: "9.2.4",
        captured_at: "2026-10-05T08:30:00Z",
        outcome: "partial",
        incomplete: 19,
        causes: { denied: 3, unreachable: 10 },
        answers: 114,
        failed: 8,
      },
      inventory: {
        from: "netbox",
        clusters: ["brightwater"],
        sites: ["Brightwater HQ"],
        guests: {
          qemu: { active: 14, offline: 10, staged: 1 },
          lxc: { active: 9, offline: 3 },
        },
        counts: { device: 4, "virtual-machine": 37, vlan: 9 },
        left_out: { template: 2 },
        strangers: 0,
      },
      entities: {
        tool: "proxmox-diode 0.1.0",
        is_of_this_snapshot: true,
        snapshots: [{
          settings: { PROXMOX_HOST: "pve1.example.net", SITE_NAME: "Brightwater HQ" },
        }],
      },
      journals: [{ file: JOURNAL, is_about_these: true, files: 13, entities: 289, refused: 0 }],
      remarks: [],
    });
  });

  test("shows each node with its release, size and guests", async () => {
    const { inventory } = await inspectRun(example);
    expect(inventory?.nodes).toHaveLength(4);
    expect(inventory?.nodes[2]).toEqual({
      name: "pve3",
      status: "active",
      platform: "Proxmox VE 8.4",
      site: "Brightwater HQ",
      cpus: 32,
      memory_mib: 64_212,
      guests: 8,
    });
    // The size of an unreachable node is unknown.
    expect(inventory?.nodes[3]).toEqual({
      name: "pve4",
      status: "offline",
      site: "Brightwater HQ",
      guests: 2,
    });
  });

  test("shows, for a snapshot only, the counts that transform would give", async () => {
    const alone = await inspectRun(without(example, "netbox/"));
    const both = await inspectRun(example);
    expect(alone.entities).toBeUndefined();
    expect(alone.inventory).toEqual({ ...both.inventory, from: "transform" });
  });

  test("shows, for entity files only, their counts, also for several clusters", async () => {
    const { snapshot, inventory, entities } = await inspectRun(
      await readRunFiles(join(ROOT, "test/golden/two-clusters")),
    );
    expect(snapshot).toBeUndefined();
    expect(inventory?.clusters).toHaveLength(2);
    expect(inventory?.nodes.reduce((sum, { guests }) => sum + guests, 0))
      .toBe(inventory?.counts["virtual-machine"]);
    expect(entities).toMatchObject({
      is_of_this_snapshot: false,
      snapshots: [{ name: "pve8" }, { name: "second-cluster" }],
    });
  });

  test("shows, for a bootstrap, only counts", async () => {
    const { inventory } = await inspectRun(await readRunFiles(join(ROOT, "test/golden/bootstrap")));
    expect(inventory).toMatchObject({ clusters: [], nodes: [], counts: { tag: 2 } });
  });

  test("warns about entity files older than the snapshot, and counts the snapshot", async () => {
    const later = withManifest(
      without(example, "netbox/"),
      "manifest.json",
      (m) => ({ ...m, captured_at: "2026-10-06T08:30:00Z" }),
    );
    const old = [...example].filter(([file]) => file.startsWith("netbox/"));
    const { inventory, entities, remarks } = await inspectRun(new Map([...later, ...old]));
    expect(inventory?.from).toBe("transform");
    expect(entities?.is_of_this_snapshot).toBe(false);
    expect(remarks).toEqual([expect.stringContaining("made from another snapshot")]);
  });

  test.each([
    ["snapshot", "manifest.json", "capture --resume"],
    ["entities", "netbox/manifest.json", "run transform again"],
  ])("shows, for an unfinished folder, the finished part: %s", async (part, manifest, remark) => {
    const inspection = await inspectRun(withFile(example, manifest, undefined));
    expect(inspection).not.toHaveProperty(part);
    expect(inspection.inventory?.counts["device"]).toBe(4);
    expect(inspection.remarks).toEqual([expect.stringContaining(remark)]);
  });

  test("warns if no part of the folder is finished, and shows no counts", async () => {
    const opened = await openRun(storeOf(withFile(new Map(), "pve/cluster.json", "{}\n")));
    expect(itemSource(opened)).toBeUndefined();
    const { inventory, remarks } = await inspect(opened, undefined);
    expect([inventory, remarks]).toEqual([undefined, [expect.stringContaining("unfinished")]]);
  });

  test("shows all known values of a folder from a newer version", async () => {
    const newer = withManifest(
      resealed(
        example,
        "netbox/13-device-0001.json",
        (text) => text.replaceAll('"status":', '"cooling_method":"air","status":'),
      ),
      "netbox/manifest.json",
      (m) => ({ ...m, tool: { name: "proxmox-diode", version: "0.1.9" }, left_out: { newer: 3 } }),
    );
    const { inventory, entities } = await inspectRun(newer);
    expect(entities?.tool).toBe("proxmox-diode 0.1.9");
    expect(inventory).toMatchObject({ left_out: { newer: 3 }, strangers: 0 });
    expect(inventory?.nodes).toHaveLength(4);
  });

  test("counts entities from another program that differ from the format of transform", async () => {
    const received = withManifest(
      resealed(
        without(example, "pve/"),
        "netbox/13-device-0001.json",
        (text) => text.replace('"site":{"name":"Brightwater HQ"},', ""),
      ),
      "netbox/manifest.json",
      (m) => ({ ...m, snapshots: [] }),
    );
    const { inventory } = await inspectRun(
      new Map([...received].filter(([f]) => f !== "manifest.json")),
    );
    expect(inventory?.strangers).toBe(1);
    expect(inventory?.nodes).toHaveLength(3);
  });

  test("rejects a folder that was changed", async () => {
    const changed = withFile(example, "netbox/13-device-0001.json", "{}");
    await expect(inspectRun(changed)).rejects.toMatchObject({ kind: "input" });
    await expect(inspectRun(new Map())).rejects.toThrow("No run in");
  });
});

async function rowsOf<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found = [];
  for await (const row of rows) found.push(row);
  return found;
}

describe("the order of tags does not matter to inspect", () => {
  const sorted = <Row extends { readonly tags: readonly string[] }>(rows: readonly Row[]): Row[] =>
    rows.map((row) => ({ ...row, tags: row.tags.toSorted() }));

  test.each(["snapshots/example", "test/golden/two-clusters"])("%s", async (folder) => {
    const run = await readRunFiles(join(ROOT, folder));
    const reversed = withTagsReversed(run);
    expect(reversed).not.toEqual(run);
    expect((await inspectRun(reversed)).inventory).toEqual((await inspectRun(run)).inventory);
    const rows = await rowsOf(GUESTS.rows(await sourceOf(run)));
    expect(rows.some(({ tags }) => tags.length > 0)).toBe(true);
    expect(sorted(await rowsOf(GUESTS.rows(await sourceOf(reversed))))).toEqual(sorted(rows));
    const wholeOf = async (held: RunFiles) => {
      const opened = await openRun(storeOf(held));
      const source = itemSource(opened) as ItemSource;
      const { nodes, guests, ...others } = await readRunInventory(opened, source, "whole");
      return {
        nodes: nodes.map((node) => ({ ...node, guests: node.guests.map(({ key }) => key) })),
        guests: guests.map(({ row, ...guest }) => ({ ...guest, row: sorted([row]) })),
        others,
      };
    };
    const whole = await wholeOf(run);
    expect(whole.nodes.every(({ cluster }) => cluster !== undefined)).toBe(true);
    expect(await wholeOf(reversed)).toEqual(whole);
  });

  function withTagsReversed(run: RunFiles): RunFiles {
    const files = [...run.keys()].filter((file) => /^netbox\/\d/.test(file));
    return files.reduce((held, file) => {
      const reversed = textOf(run, file).replace(
        /"tags":\[([^\]]*)\]/g,
        (_, list: string) => `"tags":[${list.split(/(?<=\}),/).toReversed().join(",")}]`,
      );
      return reversed === textOf(run, file) ? held : resealed(held, file, () => reversed);
    }, run);
  }
});

describe("a list", () => {
  test("of guests includes left-out guests and is sorted by VMID", async () => {
    const guests = await rowsOf(GUESTS.rows(await sourceOf(example)));
    expect(guests).toHaveLength(41);
    expect(guests.filter((guest) => guest.left_out === undefined)).toHaveLength(37);
    expect(guests.find(({ vmid }) => vmid === "101")).toEqual({
      vmid: "101",
      name: "git",
      cluster: "brightwater",
      node: "pve1",
      kind: "qemu",
      status: "active",
      vcpus: 8,
      memory_mib: 16_384,
      platform: expect.any(String),
      primary_ip4: "10.20.20.21/24",
      primary_ip6: expect.any(String),
      nics: 1,
      disks: 2,
      addresses: 3,
      tags: expect.arrayContaining(["prod"]),
    });
    expect(guests.filter((guest) => guest.left_out === "template")).toMatchObject([
      { name: expect.any(String), node: expect.any(String), kind: "qemu" },
      { name: expect.any(String), node: expect.any(String) },
    ]);
  });

  test("of guests is the same from netbox/ and from a transform in memory", async () => {
    const read = await rowsOf(GUESTS.rows(await sourceOf(example)));
    const made = await rowsOf(GUESTS.rows(await sourceOf(without(example, "netbox/"))));
    expect(made).toEqual(read);
  });

  test("of guests counts each NIC and disk once on any site", async () => {
    await fc.assert(
      fc.asyncProperty(anyLab(), async (lab) => {
        const run = await buildRunFiles(labSite(lab));
        const { inventory } = await inspectRun(run);
        const rows = await rowsOf(GUESTS.rows(await sourceOf(run)));
        const made = rows.filter((row) => row.left_out === undefined);
        const sum = (count: "nics" | "disks"): number =>
          made.reduce((total, row) => total + row[count], 0);
        expect([made.length, sum("nics"), sum("disks")]).toEqual([
          inventory?.counts["virtual-machine"],
          inventory?.counts["vm-interface"],
          inventory?.counts["virtual-disk"],
        ]);
      }),
      { numRuns: 30 },
    );
  });

  test("of left-out records contains all reasons or one", async () => {
    const { inventory } = await inspectRun(example);
    const all = await rowsOf(leftOutList("true").rows(await sourceOf(example)));
    const counted = Object.groupBy(all, ({ reason }) => reason);
    const counts = Object.entries(counted).map(([reason, rows]) => [reason, rows?.length]);
    expect(Object.fromEntries(counts)).toEqual(inventory?.left_out);
    expect(await rowsOf(leftOutList("duplicate-address").rows(await sourceOf(example))))
      .toHaveLength(4);
  });

  test.each(shownSteps({}).map(({ name }) => name))(
    "of %s contains each entity with its file and line",
    async (step) => {
      const { inventory } = await inspectRun(example);
      const rows = await rowsOf(entityList(step).rows(await sourceOf(example)));
      expect(rows).toHaveLength(inventory?.counts[step] ?? 0);
      expect(rows[0]).toMatchObject({ file: expect.stringContaining(step), line: 2 });
      const made = await rowsOf(entityList(step).rows(await sourceOf(without(example, "netbox/"))));
      expect(made.map(({ entity }) => entity)).toEqual(rows.map(({ entity }) => entity));
    },
  );

  test("of failures contains unread answers and rejected files", async () => {
    const run = pushed(example, {
      line: (line, i) => i === 2 ? { ...line, errors: ["entity 0: no such type"] } : line,
    });
    const rows = await rowsOf(FAILED.rows(await sourceOf(run)));
    expect(rows).toHaveLength(20);
    expect(rows).toContainEqual({
      what: "/nodes/pve3/qemu/130/config?current=1",
      reason: "timeout",
      cause: "timed-out",
      file: "manifest.json",
    });
    expect(rows.at(-1)).toEqual({
      what: "netbox/03-cluster-type-0001.json",
      reason: "entity 0: no such type",
      file: JOURNAL,
    });
  });

  test("of failures contains what did not arrive in NetBox, by file and line", async () => {
    const run = pushed(example, { header: { format: 3 } });
    const file = "netbox/03-cluster-type-0001.json";
    const line = { file, sha256: "00", confirmed_at: "2026-10-05T09:00:07Z" };
    const journal = run.get(JOURNAL) ?? new Uint8Array();
    const looks = [{ ...line, except: [0, 1] }, { ...line, except: [0] }].map(encodeLine);
    const looked = new Map(run).set(JOURNAL, Buffer.concat([journal, ...looks]));
    expect((await rowsOf(FAILED.rows(await sourceOf(looked)))).at(-1)).toEqual({
      what: `${file}:2`,
      reason: "NetBox was not seen to have it as it was sent",
      file: JOURNAL,
    });
    expect((await inspectRun(looked)).journals).toMatchObject([{ confirmed: 0, not_arrived: 1 }]);
  });

  describe("with filters", () => {
    test.each<[Parameters<typeof parseFilter>[0], string[]]>([
      [{ vmid: "101" }, ["101"]],
      [{ vmid: "101, 103" }, ["101", "103"]],
      [{ name: "GIT" }, ["101"]],
      [{ name: "*", vmid: "103" }, ["103"]],
      [{ name: "gi*,dns?" }, ["101"]],
      [{ node: "pve4" }, ["150", "151"]],
      [{ node: "pve1", tag: "prod", name: "*1" }, ["100", "104", "110"]],
      [{ tag: "no-such-tag" }, []],
      [{ name: ".*" }, []],
    ])("%j contains the matching guests", async (filters, vmids) => {
      const rows = await rowsOf(GUESTS.rows(await sourceOf(example, filters)));
      expect(rows.filter(({ left_out }) => left_out === undefined).map(({ vmid }) => vmid))
        .toEqual(vmids);
    });

    test("by VMID contains the components of the matching guests", async () => {
      const byVmid = await sourceOf(example, { vmid: "101" });
      const nics = await rowsOf(entityList("vm-interface").rows(byVmid));
      expect(nics.map(({ name }) => name)).toEqual(["git/net0"]);
      expect(await rowsOf(entityList("ip-address").rows(byVmid))).toHaveLength(3);
      expect(await rowsOf(entityList("virtual-machine").rows(byVmid))).toHaveLength(1);
      expect(await rowsOf(entityList("device").rows(byVmid))).toEqual([]);
      const records = await rowsOf(leftOutList("true").rows(byVmid));
      expect(records.every(({ what }) => what.startsWith("vm/101/"))).toBe(true);
    });

    test("by node contains the node, its components and its guests", async () => {
      const onNode = await sourceOf(example, { node: "pve3" });
      const names = async (step: "device" | "interface"): Promise<string[]> =>
        (await rowsOf(entityList(step).rows(onNode))).map(({ name }) => name);
      expect(await names("device")).toEqual(["pve3"]);
      expect((await names("interface")).every((name) => name.startsWith("pve3/"))).toBe(true);
      expect(await rowsOf(entityList("virtual-machine").rows(onNode))).toHaveLength(8);
      const failed = await rowsOf(FAILED.rows(onNode));
      expect(failed).toHaveLength(8);
      expect(failed.every(({ what }) => what.startsWith("/nodes/pve3/"))).toBe(true);
    });

    test("by name contains matching shared objects", async () => {
      const rows = await rowsOf(
        entityList("platform").rows(await sourceOf(example, { name: "debian*" })),
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every(({ name }) => name.startsWith("Debian"))).toBe(true);
    });
  });
});

test("names that are properties of JavaScript objects are ordinary names", async () => {
  const site = oneGuest({ row: { name: "__proto__", tags: "constructor" }, node: "toString" });
  const run = await buildRunFiles(site);
  const hostile = withManifest(
    run,
    "netbox/manifest.json",
    (m) => ({ ...m, left_out: JSON.parse('{"__proto__":1,"constructor":2}') as object }),
  );
  const { inventory } = await inspectRun(hostile);
  expect(inventory?.nodes).toMatchObject([{ name: "toString", guests: 1 }]);
  expect(Object.keys(inventory?.left_out ?? {})).toContain("constructor");
  expect(({} as Record<string, unknown>)["active"]).toBeUndefined();
});
