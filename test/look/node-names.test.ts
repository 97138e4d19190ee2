/** Devices that NetBox has under another name are still the nodes of their guests. */
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
