/** The objects of a target folder in memory. */
import { expect, test } from "vitest";
import { NETBOX_TENANT } from "../../src/netbox/types/site.ts";
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import { readTarget } from "../../src/run-folder/target-objects.ts";
import { storeOf } from "../helpers/run-in-memory.ts";
import { buildTarget } from "../helpers/target-folder.ts";

const DEVICE = ENTITY_TYPES["device"];
const MACHINE = ENTITY_TYPES["virtual-machine"];
const tenant = { id: 3, name: "Operations" };
const tags = [{ id: 1, name: "discovered" }];

test("objects are those of the files, by id", async () => {
  const devices = [{ id: 1, name: "pve1", tenant }, { id: 2, name: "pve2", tenant: null }];
  const files = await buildTarget({ device: devices.toReversed(), tenant: [tenant] });
  const objects = await readTarget(await openTargetFolder(storeOf(files)));
  expect(objects.all(DEVICE)).toEqual(devices);
  expect(objects.all(NETBOX_TENANT)).toEqual([tenant]);
  expect(objects.all(MACHINE)).toEqual([]);
});

test("equal parts are one object in memory, also in objects of different types", async () => {
  const files = await buildTarget({
    "device": [{ id: 1, name: "pve1", tenant, tags }],
    "virtual-machine": [{ id: 7, name: "web-01", tenant, tags }, { id: 8, name: "web-02", tags }],
  });
  const objects = await readTarget(await openTargetFolder(storeOf(files)));
  const [device] = objects.all(DEVICE);
  const [first, second] = objects.all(MACHINE);
  expect(first?.["tenant"]).toBe(device?.["tenant"]);
  expect([first?.["tags"], second?.["tags"]]).toEqual([tags, tags]);
  expect(second?.["tags"]).toBe(device?.["tags"]);
});

test("a text stays a text where an equal part has the same JSON", async () => {
  const devices = [{ id: 1, name: "pve1", tenant }, {
    id: 2,
    name: JSON.stringify(tenant),
    tenant,
  }];
  const files = await buildTarget({ device: devices });
  const objects = await readTarget(await openTargetFolder(storeOf(files)));
  expect(objects.all(DEVICE)).toEqual(devices);
});
