/** serve-netbox: a survey of it gives the objects that it serves; filters, refusals and faults. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import {
  type NetBoxServerOptions,
  type ServedNetBox,
  serveNetBox,
} from "../../src/rehearse/netbox/server.ts";
import type { ServedObjects } from "../../src/rehearse/netbox/writes.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import { readTarget } from "../../src/run-folder/target-objects.ts";
import { surveyedNetBox, surveyOf } from "../helpers/surveying.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

async function served(options: NetBoxServerOptions): Promise<ServedNetBox> {
  const netbox = await serveNetBox(options);
  onTestFinished(() => netbox.close());
  return netbox;
}

/** As `serve-netbox` serves them. */
async function objectsOf(folder: string): Promise<ServedObjects> {
  const objects = await readTarget(await openTargetFolder(await openStore(folder)));
  return Object.fromEntries(SURVEYED.map(({ type }) => [type.path, objects.all(type)]));
}

async function targetFiles(folder: string): Promise<Record<string, string>> {
  const names = await readdir(join(folder, "target"));
  const texts = names.map(async (name) =>
    [name, await readFile(join(folder, "target", name), "utf8")] as const
  );
  return Object.fromEntries(await Promise.all(texts));
}

test("a survey of a served target gives the same files", async () => {
  const [first, second] = [await tempFolder(), await tempFolder()];
  await surveyOf(await surveyedNetBox(), first);
  const token = "nbt_rehearsal000.accepted-on-the-loopback-only";
  const netbox = await served({ objects: await objectsOf(first), token, pageSize: 2 });
  await surveyOf(netbox, second);
  const files = await targetFiles(first);
  expect(Object.keys(files).length).toBeGreaterThan(10);
  expect(await targetFiles(second)).toEqual(files);
});

const TOKEN = "secret";

async function get(netbox: ServedNetBox, path: string, token = TOKEN) {
  const answer = await fetch(`${netbox.url}/api/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: answer.status, body: await answer.json() };
}

const machines = [
  { id: 7, name: "web-01", cluster: { id: 1 }, tags: [{ slug: "a" }, { slug: "b" }] },
  { id: 8, name: "WEB-02", cluster: { id: 2 }, tags: [{ slug: "a" }] },
];
const objects: ServedObjects = {
  "virtualization/virtual-machines": machines,
  "virtualization/interfaces": [{ id: 1, name: "net0", virtual_machine: { id: 8 } }],
  "ipam/ip-addresses": [
    { id: 1, address: "10.0.0.5/24", assigned_object: { id: 1, virtual_machine: { id: 8 } } },
    { id: 2, address: "10.0.0.6/24", assigned_object: null },
  ],
};

describe("a filter finds what NetBox's does:", () => {
  test.each<[string, readonly number[]]>([
    ["virtualization/virtual-machines/?name=web-01&name=web-02", [7]],
    ["virtualization/virtual-machines/?name__ie=web-01&name__ie=web-02", [7, 8]],
    ["virtualization/virtual-machines/?name__isw=web-", [7, 8]],
    ["virtualization/virtual-machines/?tag=a&tag=b", [7]],
    ["virtualization/virtual-machines/?cluster_id=2", [8]],
    ["virtualization/virtual-machines/?id__gt=7", [8]],
    ["virtualization/interfaces/?cluster_id=2", [1]],
    ["virtualization/interfaces/?virtual_machine_id=7", []],
    ["ipam/ip-addresses/?address=10.0.0.6", [2]],
    ["ipam/ip-addresses/?virtual_machine_id=8", [1]],
  ])("%s", async (path, ids) => {
    const { body } = await get(await served({ objects, token: TOKEN }), path);
    const results = body.results as readonly { readonly id: number }[];
    expect([body.count, results.map(({ id }) => id)]).toEqual([ids.length, ids]);
  });
});

test("lists have pages, and objects only the fields that were asked for", async () => {
  const netbox = await served({ objects, token: TOKEN, pageSize: 1 });
  const { body } = await get(netbox, "virtualization/virtual-machines/?limit=50&fields=id,name");
  expect(body).toMatchObject({ count: 2, previous: null, results: [{ id: 7, name: "web-01" }] });
  expect(Object.keys(body.results[0])).toEqual(["id", "name"]);
  expect(new URL(body.next).searchParams.get("offset")).toBe("1");
  expect((await get(netbox, "virtualization/virtual-machines/?offset=1")).body.next).toBeNull();
});

test("refuses another token, types that the token may not view, and unknown paths and filters", async () => {
  const { path } = ENTITY_TYPES["virtual-machine"];
  const netbox = await served({ objects, token: TOKEN, denied: [path] });
  expect((await get(netbox, "status/", "other")).status).toBe(403);
  expect((await get(netbox, "status/")).status).toBe(200);
  expect((await get(netbox, `${path}/`)).status).toBe(403);
  expect((await get(netbox, "dcim/racks/")).status).toBe(404);
  expect((await get(netbox, "ipam/ip-addresses/?q=x")).status).toBe(400);
  expect(netbox.asked).toBe(5);
});
