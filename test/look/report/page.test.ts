/** The contents of the report page, for any run folder. */
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../../../src/run-folder/store/store.ts";
import { openEntities } from "../../../src/run-folder/entity-set.ts";
import { diffEntities } from "../../../src/look/diff/diff-entities.ts";
import { openRun } from "../../../src/look/run.ts";
import type { EarlierRun } from "../../../src/look/report/chapters/differences.ts";
import { renderReport } from "../../../src/look/report/report.ts";
import { anyLab } from "../../helpers/generated-labs.ts";
import { numRuns } from "../../helpers/full-tests.ts";
import { ROOT } from "../../helpers/golden.ts";
import {
  buildRunFiles,
  readRunFiles,
  resealed,
  type RunFiles,
  storeOf,
  withManifest,
} from "../../helpers/run-in-memory.ts";
import { labSite } from "../../helpers/lab.ts";
import { dataOf, pageText } from "../../helpers/report-page.ts";

let example: RunFiles;

beforeAll(async () => {
  example = await readRunFiles(join(ROOT, "snapshots/example"));
});

async function pageOf(run: RunFiles, against?: EarlierRun): Promise<string> {
  return (await renderReport(await openRun(storeOf(run)), against)).page;
}

function without(run: RunFiles, folder: RegExp): RunFiles {
  return new Map([...run].filter(([file]) => !folder.test(file)));
}

describe("the report page of the example", () => {
  test("contains the captured answers, the inventory and the left-out records", async () => {
    const page = await pageOf(example);
    const text = pageText(page);
    expect(text).toContain("Partial: 19 answers of 114 are missing");
    expect(text).toContain("1 site, 1 cluster, 4 nodes");
    expect(text).toContain("27 virtual machines, 14 containers");
    const { lists } = dataOf(page);
    const rows = Object.entries(lists).map(([id, list]) => [id, list.rows.length]);
    expect(Object.fromEntries(rows)).toEqual({
      "gaps": 19,
      "guest-rows": 41,
      "address-rows": 51,
      "left-out-records": 136,
      "note-rows": 9,
    });
    expect(lists["guest-rows"]?.rows.find(([vmid]) => vmid === "104")).toEqual(
      expect.arrayContaining(["FS01", "active", "qemu", "pve1", "VLAN 20, VLAN 40, VLAN 50"]),
    );
  });

  test("has the same bytes each time", async () => {
    expect(await pageOf(example)).toBe(await pageOf(example));
  });

  test("allows only its own script and style, and no requests", async () => {
    const page = await pageOf(example);
    const [, quoted = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ??
      [];
    const policy = quoted.replaceAll("&#39;", "'");
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^;]*'; script-src 'sha256-/);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(page.match(/@import|url\(/)).toBeNull();
    const loading = /^<(?:link|img|iframe|base|object)|\s(?:src|srcset|style|on\w+)=/i;
    expect(tagsOf(page).filter((tag) => loading.test(tag))).toEqual([]);
    const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, to = ""]) => to);
    expect(links.filter((to) => !to.startsWith("#"))).toEqual([]);
  });

  test("has an element for each link, and no duplicate IDs", async () => {
    const page = await pageOf(example);
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => id);
    const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id = ""]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe("the chapter about NetBox", () => {
  const target = {
    url: "https://netbox.example.net",
    sha256: "0".repeat(64),
    surveyed_at: "2026-10-05T07:00:00Z",
  };
  const found = { "tag": 2, "virtual-machine": 30, "interface": 0 };

  test("counts what is new and found, and lists what is left as it is and conflicts", async () => {
    const answer = { file: "pve/cluster.json", path: "/nodes" };
    const held = {
      what: "vm/101/net0/10.0.0.9/24",
      reason: "held-by-user",
      sentence: "S <1>",
      answer,
    };
    const named = { what: "vm/104", code: "keeps-name", sentence: "Keeps FS-1", answer };
    const device = { what: "node/pve1", code: "foreign-device", sentence: "Of another", answer };
    const changed = resealed(example, "netbox/left-out.json", (text) => {
      const { left_out, notes } = JSON.parse(text) as Record<string, object[]>;
      const lines = (all: readonly object[]): string =>
        all.map((each) => JSON.stringify(each)).join(",\n");
      return `{"left_out":[\n${lines([held, ...left_out ?? []])}\n],"notes":[\n${
        lines([named, device, ...notes ?? []])
      }\n]}\n`;
    });
    const run = withManifest(changed, "netbox/manifest.json", (document) => ({
      ...document,
      target,
      found,
    }));
    const page = await pageOf(run);
    const text = pageText(page);
    expect(text).toContain("what survey read from https://netbox.example.net at 2026-10-05T07:00");
    expect(text).toMatch(/new\d+found32left as it is2conflict1new:/);
    expect(text).toContain("virtual-machine30 found, 7 new");
    expect(text).toMatch(/virtual-disk\d+ new/);
    expect(dataOf(page).lists["netbox-rows"]?.rows).toEqual([
      ["left as it is", "vm/101/net0/10.0.0.9/24", "guest", "held-by-user", "S <1>"],
      ["left as it is", "vm/104", "guest", "keeps-name", "Keeps FS-1"],
      ["conflict", "node/pve1", "node", "foreign-device", "Of another"],
    ]);
  });

  test("has no list without such records", async () => {
    const run = withManifest(example, "netbox/manifest.json", (document) => ({
      ...document,
      target,
      found,
    }));
    const page = await pageOf(run);
    expect(pageText(page)).toContain("left as it is0conflict0");
    expect(dataOf(page).lists["netbox-rows"]).toBeUndefined();
  });

  test("is left out if transform was not given a target", async () => {
    expect(await pageOf(example)).not.toContain('id="netbox"');
  });
});

describe("a report can be made", () => {
  test("from a snapshot only, with the same inventory", async () => {
    const { lists } = dataOf(await pageOf(without(example, /^netbox\//)));
    expect(lists).toEqual(dataOf(await pageOf(example)).lists);
  });

  test("from entity files only, without diagrams", async () => {
    const page = await pageOf(without(example, /^(?:manifest\.json$|pve\/)/));
    expect(pageText(page)).toContain("this folder contains no snapshot");
    const { lists } = dataOf(page);
    expect(lists["gaps"]).toBeUndefined();
    expect(lists["address-rows"]?.rows).toHaveLength(51);
  });

  test("from a bootstrap, without guests", async () => {
    const text = pageText(await pageOf(await readRunFiles(join(ROOT, "test/golden/bootstrap"))));
    expect(text).toContain("No disks.");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("from files of a newer patch version", async () => {
    const tool = { name: "proxmox-diode", version: "0.1.9" };
    const newer = withManifest(example, "manifest.json", (found) => ({ ...found, tool, more: 1 }));
    expect(dataOf(await pageOf(newer)).lists["guest-rows"]?.rows).toHaveLength(41);
  });

  test("but not from a folder without a finished part", async () => {
    const run = without(example, /^(?:manifest\.json|netbox\/)/);
    await expect(pageOf(run)).rejects.toMatchObject({ kind: "input" });
  });

  test("from any site, with one square per guest and without undefined values", async () => {
    await fc.assert(
      fc.asyncProperty(anyLab(), async (lab) => {
        const run = await buildRunFiles(labSite(lab));
        const { page, counts: { guests } } = await renderReport(await openRun(storeOf(run)));
        const squares = page.match(/<svg class="squares".*?<\/svg>/gs)?.join("") ?? "";
        expect(squares.match(/<rect/g)?.length ?? 0).toBe(guests);
        expect(pageText(page)).not.toMatch(/NaN|undefined|\[object|Infinity/);
        expect(() => dataOf(page)).not.toThrow();
      }),
      { numRuns: numRuns(60) },
    );
  });
});

/** All tags, without attribute values and without the page's own script and style. */
function tagsOf(page: string): string[] {
  const own = page.replace(/(<(script|style)[^>]*>)[\s\S]*?(?=<\/\2>)/g, "$1");
  return (own.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));
}

const HOSTILE = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  '" onmouseover="alert(3)" x="',
  "<!--<script>",
  "constructor",
  "__proto__",
  "a\u202Eb\u0000c\u001b[31m",
];

test("names that look like markup are text on the page and in its data", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...HOSTILE), async (name) => {
      const network = [{ iface: name, type: "bridge", bridge_ports: `constructor ${name}` }];
      const guests = [{
        vmid: 101,
        node: "pve1",
        row: { name, tags: name },
        config: { net0: `virtio=BC:24:11:00:00:01,bridge=${name}`, scsi0: `${name}:x,size=1G` },
      }];
      const page = await pageOf(
        await buildRunFiles(labSite({ cluster: name, nodes: { pve1: { network } }, guests })),
      );
      expect(page.match(/<script/g)).toHaveLength(2);
      expect(page.match(/<\/script>/g)).toHaveLength(2);
      expect(page.match(/[\u202e\0\u001b]/)).toBeNull();
      expect(tagsOf(page).filter((tag) => /^<(?:img|!--)|\son\w+=/.test(tag))).toEqual([]);
      const [guest] = dataOf(page).lists["guest-rows"]?.rows ?? [];
      expect(guest?.[1]).toMatch(/[a-z]/);
    }),
    { numRuns: HOSTILE.length * 2 },
  );
});

test("unknown codes are shown unchanged", async () => {
  const strange = resealed(
    example,
    "netbox/left-out.json",
    (text) => text.replaceAll('"reason":"cdrom"', '"reason":"constructor"'),
  );
  const text = pageText(await pageOf(strange));
  expect(text).toContain("constructor");
  expect(text).not.toContain("native code");
});

test("differences are rows: added, changed, gone and not readable", async () => {
  const entities = async (run: RunFiles) => await openEntities(storeOf(run) as Store);
  const guests = [{ vmid: 101, node: "pve1" }, { vmid: 102, node: "pve1" }];
  const before = await buildRunFiles(labSite({ guests }));
  const after = await buildRunFiles(
    labSite({
      guests: [{ vmid: 101, node: "pve1", row: { name: "renamed" } }, { vmid: 103, node: "pve1" }],
    }),
  );
  const differences = await diffEntities(await entities(before), await entities(after));
  const page = await pageOf(after, {
    place: "earlier",
    halves: [{ title: "Entities", differences }],
  });
  const rows = dataOf(page).lists["difference-rows"]?.rows ?? [];
  const changes = rows.map(([change, what]) => `${change} ${what}`);
  expect(changes).toEqual(expect.arrayContaining([
    "added virtual-machine guest-103",
    "gone virtual-machine guest-102",
    "renamed virtual-machine renamed",
  ]));
  const none = { added: [], changed: [], gone: [], unread: [], unreadBefore: [] };
  const same = await pageOf(after, { place: "x", halves: [{ title: "E", differences: none }] });
  expect(pageText(same)).toContain("No changes since x.");
});
