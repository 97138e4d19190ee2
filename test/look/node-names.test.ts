/** Guests are on their nodes, whatever NetBox calls a device, and which custom fields it refuses. */
import { expect, test } from "vitest";
import { readRunInventory } from "../../src/look/inventory.ts";
import { NodeNames } from "../../src/look/node-names.ts";
import { itemSource, openRun } from "../../src/look/run.ts";
import { labSite } from "../helpers/lab.ts";
import { buildRunFiles, resealed, storeOf } from "../helpers/run-in-memory.ts";

const MAP = { sha256: "0".repeat(64), policy: { NODE_DEVICE_MAP: "pve1:SRV-0815" } };

test.each([
  ["pve1", "pve1"],
  ["PVE1", "pve1"],
  ["pve1 (lab)", "pve1"],
  ["pve1.example.net", "pve1"],
  ["srv-0815", "pve1"],
  ["srv-0816", "srv-0816"],
  ["", ""],
])("the device %j is the node %j", (device, node) => {
  expect(new NodeNames([MAP]).of(device)).toBe(node);
});

test("a setting of another version is ignored", () => {
  const other = { ...MAP, policy: { NODE_DEVICE_MAP: "pve1" } };
  expect(new NodeNames([other]).of("srv-0815")).toBe("srv-0815");
});

test("the guests of a node are counted on its device, whatever its name", async () => {
  const run = await buildRunFiles(labSite({
    nodes: { pve1: {}, pve2: {} },
    guests: [{ vmid: 101, node: "pve1" }, { vmid: 102, node: "pve2" }, { vmid: 103, node: "pve2" }],
  }));
  const renamed = resealed(
    run,
    "netbox/13-device-0001.json",
    (text) => text.replace('"name":"pve2"', '"name":"Pve2.example.net"'),
  );
  const opened = await openRun(storeOf(renamed));
  const source = itemSource(opened);
  if (source === undefined) throw new Error("There are no entities");
  const { nodes, elsewhere } = await readRunInventory(opened, source, "whole");
  expect(nodes.map(({ name, node, guests }) => [name, node, guests.length])).toEqual([
    ["Pve2.example.net", "pve2", 2],
    ["pve1", "pve1", 1],
  ]);
  expect(elsewhere).toEqual([]);
});

test("guests whose custom fields NetBox refuses are known by the listing", async () => {
  const rows = [["web", 101], ["WEB", 102], ["db (7)", 103], ["db", 104], ["db", 105]] as const;
  const run = await buildRunFiles(labSite({
    nodes: { pve1: {} },
    guests: rows.map(([name, vmid]) => ({ vmid, row: { name }, node: "pve1" })),
  }));
  const without = resealed(
    run,
    "netbox/11-virtual-machine-0001.json",
    (text) => text.replaceAll(/"custom_fields":\{.*?\}\}/g, '"custom_fields":{}'),
  );
  const opened = await openRun(storeOf(without));
  const source = itemSource(opened);
  if (source === undefined) throw new Error("There are no entities");
  const { guests } = await readRunInventory(opened, source, "whole");
  expect(guests.map(({ row: { name, vmid, node, kind } }) => [name, vmid, node, kind])).toEqual([
    ["db", "", undefined, undefined],
    ["web", "101", "pve1", "qemu"],
    ["WEB (102)", "102", "pve1", "qemu"],
    ["db (7)", "103", "pve1", "qemu"],
    ["db (105)", "105", "pve1", "qemu"],
  ]);
});
