/** survey --for: only what the entities of a run can meet, and all of that. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SurveyedName } from "../../src/netbox/types/surveyed.ts";
import { readRunKeys } from "../../src/survey/run-keys.ts";
import { buildSet, type SetParts } from "../helpers/entity-set.ts";
import { netboxRows, SITE_ENTITIES } from "../helpers/sample-site.ts";
import type { Row, Rows, SmallNetBoxOptions } from "../helpers/small-netbox.ts";
import { idsIn, surveyedNetBox, surveyedRows, surveyOf } from "../helpers/surveying.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const HOST_TAG = { id: 50, name: "proxmox-pve1", slug: "people-renamed-it" };

/** With the host tag of the run. */
const ENTITIES: SetParts = {
  ...SITE_ENTITIES,
  "cluster": [[{
    name: "lab",
    type: { name: "Proxmox" },
    status: "active",
    tags: [{ name: "proxmox-pve1" }, { name: "proxmox-ve" }],
  }]],
};

const CLUSTERS = "virtualization/clusters";
const MACHINES = "virtualization/virtual-machines";

function cluster(id: number, name: string, type: string, tags: object[] = []): Row {
  return { id, name, type: { id: type === "Proxmox" ? 1 : 2, name: type }, tags };
}

function machine(id: number, clusterId: number): Row {
  return { id, name: `vm-${id}`, cluster: { id: clusterId, name: "c" }, tags: [] };
}

/** Objects that the run can meet have ids from 100, others from 900. */
function busyRows(): Rows {
  const rows = surveyedRows(netboxRows());
  const add = (path: string, more: Row[]): void => void (rows[path] ??= []).push(...more);
  add("extras/tags", [HOST_TAG]);
  add(CLUSTERS, [
    cluster(100, "LAB", "VMware"),
    cluster(101, "other", "Proxmox"),
    cluster(102, "renamed", "Hypervisors", [HOST_TAG]),
    cluster(900, "esx", "VMware"),
  ]);
  add(MACHINES, [machine(100, 100), machine(101, 101), machine(102, 102), machine(900, 900)]);
  add("virtualization/interfaces", [
    { id: 100, name: "net0", virtual_machine: { id: 102, name: "vm-102" } },
    { id: 900, name: "net0", virtual_machine: { id: 900, name: "vm-900" } },
  ]);
  add("virtualization/virtual-disks", [
    { id: 100, name: "scsi0", virtual_machine: { id: 102, name: "vm-102" } },
    { id: 900, name: "scsi0", virtual_machine: { id: 900, name: "vm-900" } },
  ]);
  const site = { id: 1, name: "HQ" };
  add("dcim/devices", [
    { id: 100, name: "PVE1", site, tags: [] },
    { id: 101, name: "pve1.example.net", site, tags: [] },
    { id: 102, name: "renamed-by-hand", site, tags: [HOST_TAG] },
    { id: 900, name: "pve10", site, tags: [] },
  ]);
  add("dcim/interfaces", [
    { id: 100, name: "eno1", device: { id: 102, name: "renamed-by-hand" } },
    { id: 900, name: "eno1", device: { id: 900, name: "pve10" } },
  ]);
  add("ipam/vlans", [
    { id: 100, vid: 20, name: "Servers" },
    { id: 900, vid: 4000, name: "Cameras" },
  ]);
  add("ipam/prefixes", [
    { id: 100, prefix: "10.0.0.0/24", vrf: { id: 1, name: "blue" } },
    { id: 900, prefix: "10.9.0.0/24" },
  ]);
  const interfaceOf = (id: number): object => ({
    id,
    name: "net0",
    virtual_machine: { id, name: `vm-${id}` },
  });
  add("ipam/ip-addresses", [
    { id: 100, address: "10.0.0.5/32", assigned_object: null },
    { id: 101, address: "172.16.0.1/24", assigned_object: interfaceOf(102) },
    { id: 900, address: "172.16.0.2/24", assigned_object: interfaceOf(900) },
  ]);
  return rows;
}

const SCOPED: readonly SurveyedName[] = [
  "vlan",
  "device",
  "interface",
  "virtual-machine",
  "vm-interface",
  "virtual-disk",
  "prefix",
  "ip-address",
];

async function scopedSurvey(options: SmallNetBoxOptions = {}, folder?: string) {
  const set = await buildSet(await tempFolder(), ENTITIES);
  const netbox = await surveyedNetBox({ rows: busyRows(), ...options });
  const out = folder ?? await tempFolder();
  const manifest = await surveyOf(netbox, out, { scope: await readRunKeys(set) });
  return { netbox, out, manifest };
}

test("reads all that the run can meet, and nothing else of the large types", async () => {
  const { netbox, out } = await scopedSurvey();
  for (const name of SCOPED) {
    const ids = await idsIn(out, name);
    expect(ids.filter((id) => id >= 900), name).toEqual([]);
    expect(ids.filter((id) => id >= 100), name).toEqual(
      { "device": [100, 101, 102], "virtual-machine": [100, 101, 102], "ip-address": [100, 101] }[
        name as string
      ] ?? [100],
    );
    expect(ids, name).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(ids.some((id) => id < 100), `${name} of the sample site`).toBe(true);
  }
  expect(await idsIn(out, "cluster")).toEqual([1, 100, 101, 102, 900]);
  expect(netbox.asked.every(({ url }) => url.href.length < 4000)).toBe(true);
});

test("writes the same files whatever the page size", async () => {
  const [one, another] = [await scopedSurvey(), await scopedSurvey({ pageSize: 2 })];
  const files = async (folder: string) => ({ ...await treeOf(folder), "manifest.json": "" });
  expect(await files(one.out)).toEqual(await files(another.out));
});

test("continues after the last file of a type that was interrupted, and writes the same files", async () => {
  const rows = busyRows();
  rows["virtualization/virtual-disks"]?.push(
    ...Array.from({ length: 10_500 }, (_, i): Row => ({
      id: 1000 + i,
      name: `scsi${i}`,
      virtual_machine: { id: 102, name: "vm-102" },
    })),
  );
  const whole = await scopedSurvey({ rows });
  let isDown = true;
  const netbox = await surveyedNetBox({
    rows,
    faultOf: ({ url }) =>
      isDown && url.pathname.includes("/prefixes/") ? { status: 500 } : undefined,
  });
  const scope = await readRunKeys(await buildSet(await tempFolder(), ENTITIES));
  const folder = await tempFolder();
  await expect(surveyOf(netbox, folder, { scope })).rejects.toMatchObject({ kind: "remote" });
  // As if it had been killed before the second file of the disks.
  const journal = join(folder, "survey.journal");
  const lines = (await readFile(journal, "utf8")).split("\n");
  const second = lines.findLastIndex((line) => line.includes("virtual-disk-0002"));
  await writeFile(journal, lines.slice(0, second).map((line) => `${line}\n`).join(""));
  isDown = false;
  await surveyOf(netbox, folder, { scope, isResumed: true });
  expect(await treeOf(join(folder, "target"))).toEqual(await treeOf(join(whole.out, "target")));
});

test("does not take a type for empty if what its objects are found by may not be viewed", async () => {
  const { manifest, out } = await scopedSurvey({ denied: ["dcim/devices"] });
  expect(manifest.missing.map(({ type, cause }) => `${type} ${cause}`)).toEqual([
    "device denied",
    "interface refused",
    "ip-address refused",
  ]);
  expect(manifest.missing[1]?.reason).toContain("found by objects of the type device");
  expect(await idsIn(out, "virtual-machine")).not.toEqual([]);
});
