/** The same target gives the same bytes: its objects in any order, on any runtime, and again. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NetBoxObjects } from "../../src/netbox/objects.ts";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { readTarget } from "../../src/run-folder/target-objects.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { NetBoxTarget } from "../../src/transform/target/target.ts";
import { ModelNetBox } from "../helpers/applied.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { inMemory, siteOf, transformed } from "../helpers/in-memory.ts";
import { runCli } from "../helpers/run-cli.ts";
import { hasBoth, runProcess, type RuntimeName } from "../helpers/run-process.ts";
import { numbersFrom, shuffled } from "../helpers/shuffled.ts";
import { type TargetObjects, writeTarget } from "../helpers/target-folder.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");
const URL = "https://netbox.example.net";
/** Other settings than those of the first push: what NetBox has keeps its place. */
const LATER: SettingTexts = { SITE_NAME: "HQ", CLUSTER_NAME: "prod" };

async function example(): Promise<Snapshot> {
  const snapshot = await openSnapshot(await openStore(EXAMPLE));
  return inMemory(await siteOf(snapshot), snapshot.name);
}

/** What NetBox has after a push of the snapshot. */
async function pushed(snapshot: Snapshot): Promise<ModelNetBox> {
  const netbox = new ModelNetBox();
  netbox.apply((await transformed(snapshot)).all);
  return netbox;
}

/** What people may have emptied: the first object that fits is then another one than the rest. */
const EMPTY: Readonly<Record<string, unknown>> = {
  assigned_object: null,
  custom_fields: {},
  platform: null,
  primary_mac_address: null,
  scope: null,
  scope_type: null,
  tags: [],
  untagged_vlan: null,
};
const VRFS = [{ id: 900_001, name: "blue" }, { id: 900_002, name: "red" }];

/** Doubles of many objects, as races of Diode and people make them, and changes by people: several objects fit. */
function withDoubles(netbox: ModelNetBox, seed: number): TargetObjects {
  const random = numbersFrom(seed);
  const oneOf = <Item>(items: readonly Item[]): Item | undefined =>
    items[Math.floor(random() * items.length)];
  const changed = (row: NetBoxObject): NetBoxObject => {
    const choice = random();
    const { name } = row;
    if (choice < 0.4) return row;
    if (choice < 0.5 && typeof name === "string") return { ...row, name: name.toUpperCase() };
    if (choice < 0.7 && ("address" in row || "prefix" in row)) return { ...row, vrf: oneOf(VRFS) };
    const key = oneOf(Object.keys(row).filter((each) => each in EMPTY));
    return key === undefined ? row : { ...row, [key]: EMPTY[key] };
  };
  let nextId = 1 + Math.max(...[...netbox.rows.values()].flat().map(({ id }) => id));
  const copyOf = (row: NetBoxObject): NetBoxObject => {
    nextId += 1;
    return changed({ ...row, id: nextId });
  };
  const doubled = [...netbox.rows].map(([name, rows]) => {
    const copies = rows.filter(() => random() < 0.6).map(copyOf);
    return [name, [...rows.map(changed), ...copies]] as const;
  });
  return { ...Object.fromEntries(doubled), vrf: VRFS };
}

type Order = (objects: readonly NetBoxObject[]) => readonly NetBoxObject[];

function inOrder(objects: TargetObjects, orderOf: Order): NetBoxObjects {
  const byPath = SURVEYED.map(({ name, type }) =>
    [type.path, orderOf(objects[name] ?? [])] as const
  );
  return new NetBoxObjects(new Map(byPath));
}

/** Entities, records and notes, with the keys in their order. */
async function textOf(
  snapshot: Snapshot,
  settings: SettingTexts,
  objects: NetBoxObjects,
): Promise<string> {
  const target = new NetBoxTarget(objects, { url: URL });
  const { all, leftOut, notes } = await transformed(snapshot, settings, target);
  return JSON.stringify({ all, leftOut, notes }, null, 1);
}

describe("the order of the objects does not change the output", () => {
  test.each([["the settings of the first push", {}], ["later settings", LATER]])(
    "with %s and objects that exist twice",
    async (_, settings) => {
      const snapshot = await example();
      const netbox = await pushed(snapshot);
      await fc.assert(
        fc.asyncProperty(fc.integer(), fc.integer(), async (doubled, seed) => {
          const objects = withDoubles(netbox, doubled);
          const sorted = inOrder(objects, (own) => own.toSorted((a, b) => a.id - b.id));
          const expected = await textOf(snapshot, settings, sorted);
          const mixed = inOrder(objects, (own) => shuffled(own, numbersFrom(seed)));
          expect(await textOf(snapshot, settings, mixed)).toBe(expected);
        }),
        { numRuns: numRuns(100) },
      );
    },
  );

  test("in the files of a target folder", async () => {
    const snapshot = await example();
    const objects = withDoubles(await pushed(snapshot), 1);
    const textFor = async (orderOf: Order): Promise<string> => {
      const store = await openStore(await tempFolder());
      const ordered = Object.entries(objects).map(([name, own]) => [name, orderOf(own)]);
      await writeTarget(store, Object.fromEntries(ordered) as TargetObjects);
      return await textOf(snapshot, {}, await readTarget(await openTargetFolder(store)));
    };
    expect(await textFor((own) => own.toReversed())).toBe(await textFor((own) => own));
  });
});

describe("a transform with a target", () => {
  test("gives the same for the same objects, and changes none of them", async () => {
    const snapshot = await example();
    const objects = withDoubles(await pushed(snapshot), 2);
    const before = JSON.stringify(objects);
    const target = inOrder(objects, (own) => own);
    const first = await textOf(snapshot, LATER, target);
    expect(await textOf(snapshot, LATER, target)).toBe(first);
    expect(JSON.stringify(objects)).toBe(before);
  });

  test.skipIf(!hasBoth())("writes the same files on Node and on Deno, and again", async () => {
    const netbox = await tempFolder();
    await writeTarget(await openStore(netbox), withDoubles(await pushed(await example()), 3));
    const treeFor = async (runtime?: RuntimeName): Promise<Record<string, string>> => {
      const out = await tempFolder();
      const args = ["transform", EXAMPLE, "--target", netbox, "--out", out, "--quiet"];
      const finished = await (runtime === undefined ? runCli(args) : runProcess(args, { runtime }));
      expect(finished).toMatchObject({ code: 0, stdout: "" });
      return await treeOf(out);
    };
    const expected = await treeFor();
    expect(Object.keys(expected)).toContain("netbox/manifest.json");
    expect(await treeFor()).toEqual(expected);
    expect(await treeFor("node")).toEqual(expected);
    expect(await treeFor("deno")).toEqual(expected);
  });
});
