/** In older snapshots, configs have another path; all readers of a snapshot find them. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffSnapshots } from "../../src/look/diff/diff-snapshots.ts";
import { explain } from "../../src/look/explain/explain.ts";
import { tallyAnswers } from "../../src/look/report/chapters/captured.ts";
import { guestOfConfig, PATHS, recordedPath } from "../../src/proxmox/endpoints.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { anyLab, anySettings } from "../helpers/generated-labs.ts";
import { captured, liveLab } from "../helpers/capturing.ts";
import { inputFrom } from "../helpers/explaining.ts";
import { inMemory, type Outcome, transformed } from "../helpers/in-memory.ts";
import { labSite } from "../helpers/lab.ts";
import { olderForm, olderPath } from "../helpers/older-snapshot.ts";
import { ask, dataOf } from "../helpers/pve-client.ts";
import { sealSnapshot } from "../helpers/seal-snapshot.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";
import type { Site } from "../helpers/snapshot-builder.ts";
import { siteIn } from "../helpers/whole-outputs.ts";

const GUEST = { node: "pve1", kind: "qemu", vmid: 101 } as const;
const CONFIG = PATHS.config(GUEST);
const OLDER = "/nodes/pve1/qemu/101/config";

/** The outcome expected from `site`, which has the older paths, given that of the newer paths. */
function older({ all, leftOut, notes }: Outcome, site: Site): object {
  const recorded = new Set(pathsOf(site));
  const pathOf = (path: string): string => recorded.has(olderPath(path)) ? olderPath(path) : path;
  const withPath = (
    { answer, ...each }: Outcome["leftOut"][number] | Outcome["notes"][number],
  ) => ({
    ...each,
    answer: { ...answer, path: pathOf(answer.path) },
  });
  return { all, leftOut: leftOut.map(withPath), notes: notes.map(withPath) };
}

function plain({ all, leftOut, notes }: Outcome): object {
  return { all, leftOut, notes };
}

function pathsOf(site: Site): string[] {
  return Object.values(site.nodes).flatMap((answers) => Object.keys(answers));
}

test("the fixture pve7 has the older paths of configs, and the example the newer ones", async () => {
  const isConfig = (path: string): boolean => guestOfConfig(path) !== undefined;
  const before = pathsOf(await siteIn("test/fixtures/pve7")).filter(isConfig);
  const now = pathsOf(await siteIn(EXAMPLE)).filter(isConfig);
  expect([before.length, now.length]).toEqual([6, 41]);
  expect(before.filter((path) => !path.endsWith("/config"))).toEqual([]);
  expect(now.filter((path) => !path.endsWith("/config?current=1"))).toEqual([]);
});

describe("recordedPath", () => {
  test.each([
    [[CONFIG], CONFIG, CONFIG],
    [[OLDER], CONFIG, OLDER],
    [[CONFIG], OLDER, CONFIG],
    [[OLDER, CONFIG], CONFIG, CONFIG],
    [[OLDER, CONFIG], OLDER, OLDER],
    [[], CONFIG, CONFIG],
    [[PATHS.nodes], "/nodes?current=1", "/nodes?current=1"],
    [[OLDER], `${OLDER}?snapshot=a`, `${OLDER}?snapshot=a`],
  ])("with answers for %j, requested as %s, is %s", (recorded, path, expected) => {
    expect(recordedPath(path, (each) => recorded.includes(each))).toBe(expected);
  });
});

test("transform gives the same entities for older paths, and refers to the recorded path", async () => {
  await fc.assert(
    fc.asyncProperty(anyLab(), anySettings(), async (parts, settings) => {
      const site = labSite(parts);
      const now = await transformed(inMemory(site), settings);
      const before = await transformed(inMemory(olderForm(site)), settings);
      expect(plain(before)).toEqual(older(now, olderForm(site)));
    }),
    { numRuns: 50 },
  );
});

test("diff finds no difference between older and newer paths", async () => {
  const site = await siteIn(EXAMPLE);
  const both = [inMemory(site), inMemory(olderForm(site))] as const;
  expect((await transformed(both[1])).of("virtual-disk").length).toBeGreaterThan(0);
  const same = await diffSnapshots(both[0], both[0]);
  expect([same.added, same.changed, same.gone]).toEqual([[], [], []]);
  expect(await diffSnapshots(both[0], both[1])).toEqual(same);
  expect(await diffSnapshots(both[1], both[0])).toEqual(same);
});

test("report counts configs with older and newer paths", async () => {
  const site = await siteIn(EXAMPLE);
  const tally = async (snapshot: Snapshot) =>
    (await tallyAnswers(snapshot)).find(({ title }) => title === "Configs of guests");
  expect(await tally(inMemory(olderForm(site)))).toEqual(await tally(inMemory(site)));
});

test.each([["older", olderForm, OLDER], ["newer", (site: Site) => site, CONFIG]])(
  "explain finds the line of a config with the %s path",
  async (_, form, path) => {
    const site = form(labSite({ guests: [{ vmid: 101, config: { description: "Shop" } }] }));
    const [found] = await explain(inputFrom(inMemory(site)), "vm/101");
    const line = Object.keys(site.nodes["pve1"] ?? {}).indexOf(path) + 2;
    expect(JSON.stringify(found)).toContain(
      `"file":"pve/nodes/pve1.json","path":"${path}","line":${line},"pointer":"/data"`,
    );
  },
);

describe("serve", () => {
  test.each([["older", olderForm], ["newer", (site: Site) => site]])(
    "answers older and newer paths from a snapshot with the %s path",
    async (_, form) => {
      const server = await served(inMemory(form(await siteIn(EXAMPLE))));
      const [first, ...others] = await Promise.all(
        [OLDER, CONFIG, `${OLDER}?current=0`].map(async (path) => dataOf(await ask(server, path))),
      );
      expect(first).toMatchObject({ name: "git" });
      expect(others).toEqual([first, first]);
      expect((await ask(server, `${OLDER}?current=maybe`)).status).toBe(400);
      expect((await ask(server, `${OLDER}?pending=1`)).status).toBe(400);
    },
  );
});

test("capture --resume of an older snapshot requests only configs with current=1, and the rights", async () => {
  const guests = [{ vmid: 101, config: { cores: 2 } }, { vmid: 102, config: { cores: 4 } }];
  const server = await served(liveLab({ guests }));
  const { folder, paths } = await captured(server);
  const file = join(folder, "pve/nodes/pve1.json");
  await writeFile(file, (await readFile(file, "utf8")).replaceAll("/config?current=1", "/config"));
  await sealSnapshot(folder);
  const before = new Map(server.traffic.asked);
  const resumed = await captured(server, { folder, run: { isResumed: true } });
  expect(resumed.paths).toEqual(paths);
  expect(resumed.summary.gaps).toEqual([]);
  const again = [...server.traffic.asked].filter(([path, count]) => count !== before.get(path));
  expect(again.map(([path]) => path).sort()).toEqual([
    PATHS.acl,
    PATHS.permissions,
    "/nodes/pve1/qemu/101/config?current=1",
    "/nodes/pve1/qemu/102/config?current=1",
    PATHS.version,
  ]);
});
