/** The judge finds what a push must not do to objects that people made. */
import { describe, expect, it } from "vitest";
import type { Row } from "../server/rest.ts";
import type { Picture, TypeName } from "./picture.ts";
import { additions, allChanges, changesOfOthers, duplicates, wrongCounts } from "./respect.ts";

const OURS = [{ id: 1, name: "Discovered", slug: "discovered" }];
const SITE = { id: 3, name: "HQ", display: "HQ" };
const DEVICE: Row = {
  id: 7,
  name: "pve1",
  site: SITE,
  role: { id: 4, name: "Server", display: "Server" },
  status: { value: "active", label: "Active" },
  tenant: null,
  tags: OURS,
  custom_fields: { proxmox_cpu_count: 8, team: "blue" },
  last_updated: "2026-01-02T03:04:05Z",
};

function picture(rows: Partial<Record<TypeName, readonly Row[]>>): Picture {
  return new Map(
    Object.entries(rows).map(([type, list]) => [
      type as TypeName,
      new Map(list.map((row) => [row.id, row])),
    ]),
  );
}

/** What the judge says when a device changes. */
function changed(change: Readonly<Record<string, unknown>>, before: Row = DEVICE): string[] {
  const after: Row = { ...before, ...change };
  return changesOfOthers(picture({ device: [before] }), picture({ device: [after] }));
}

describe("fields of the user's", () => {
  it("may not change on an object of ours", () => {
    expect(changed({ role: { id: 5, name: "Hypervisor", display: "Hypervisor" } })).toEqual([
      'device pve1 (7): role was "Server" and is "Hypervisor"',
    ]);
    expect(changed({ name: "pve1.example.net" })).toHaveLength(1);
    expect(changed({ tags: [] })).toHaveLength(1);
    expect(changed({ custom_fields: { proxmox_cpu_count: 8, team: null } })).toEqual([
      'device pve1 (7): custom_fields.team was "blue" and is null',
    ]);
  });

  it("may be filled by the first writer, and Proxmox's fields may change", () => {
    expect(changed({ tenant: { id: 9, name: "Sales" } })).toEqual([]);
    expect(changed({ status: { value: "offline", label: "Offline" } })).toEqual([]);
    expect(changed({ custom_fields: { proxmox_cpu_count: 16, team: "blue" } })).toEqual([]);
    expect(changed({ tags: [...OURS, { id: 2, name: "web" }], last_updated: "" })).toEqual([]);
    expect(changed({ role: { id: 4, name: "Servers", display: "Servers" } })).toEqual([]);
  });

  it("may not change at all on an object of somebody else, unless the case hands it over", () => {
    const theirs = { ...DEVICE, tags: [] };
    expect(changed({ tags: OURS }, theirs)).toHaveLength(1);
    const [before, after] = [theirs, { ...theirs, tags: OURS }].map((row) =>
      picture({ device: [row] })
    ) as [Picture, Picture];
    expect(changesOfOthers(before, after, ["device pve1"])).toEqual([]);
  });

  it("include an address chosen as the primary one, while it is the machine's", () => {
    const address = (id: number, owner: number): Row => ({
      id,
      address: `10.0.0.${id}/24`,
      assigned_object: { id: 1, device: { id: owner } },
    });
    const chosen = { ...DEVICE, primary_ip4: { id: 2, display: "10.0.0.2/24" } };
    const other = { ...DEVICE, primary_ip4: { id: 1, display: "10.0.0.1/24" } };
    const at = (device: Row, owner: number): Picture =>
      picture({ device: [device], "ip-address": [address(1, 7), address(2, owner)] });
    expect(changesOfOthers(at(chosen, 7), at(other, 7))).toHaveLength(1);
    expect(changesOfOthers(at(chosen, 8), at(other, 8))).toEqual([]);
  });

  it("include objects that are gone", () => {
    expect(changesOfOthers(picture({ device: [DEVICE] }), picture({ device: [] }))).toEqual([
      "device pve1 (7): is gone",
    ]);
  });
});

describe("objects", () => {
  const both = (type: TypeName, ...rows: readonly object[]): string[] =>
    duplicates(picture({ [type]: rows.map((row, i) => ({ id: i + 1, ...row })) }));
  const cluster = { id: 1 };

  it("may not exist twice", () => {
    expect(both("tag", { name: "Prod" }, { name: "prod" })).toHaveLength(1);
    expect(both("device", { name: "pve1", site: SITE }, { name: "pve1.lan", site: SITE }))
      .toHaveLength(1);
    expect(both("ip-address", { address: "10.0.0.1/24" }, { address: "10.0.0.1/32" }))
      .toHaveLength(1);
    const fields = { proxmox_vmid: "101" };
    expect(both(
      "virtual-machine",
      { name: "web", cluster, custom_fields: fields },
      { name: "www", cluster, custom_fields: fields },
    )).toEqual([
      "virtual-machine web (1) exists twice, see 2: VMID 101 in cluster 1",
    ]);
    const nic = { virtual_machine: { id: 1 }, primary_mac_address: { mac_address: "AA" } };
    expect(both("vm-interface", { name: "net0", ...nic }, { name: "lan", ...nic })).toHaveLength(1);
  });

  it("may resemble each other", () => {
    expect(both("device", { name: "pve", site: SITE }, { name: "pve (lab)", site: SITE }))
      .toEqual([]);
    expect(both("vlan", { vid: 10, site: SITE }, { vid: 10, site: null })).toEqual([]);
    expect(both("virtual-disk", ...[1, 2].map((id) => ({ name: "d", virtual_machine: { id } }))))
      .toEqual([]);
  });

  it("are counted when they are new", () => {
    const before = picture({ device: [DEVICE], site: [] });
    const after = picture({ device: [DEVICE, { ...DEVICE, id: 8 }], site: [{ id: 1, name: "A" }] });
    const added = additions(before, after);
    expect(wrongCounts(added, { device: 1, site: 1 })).toEqual([]);
    expect(wrongCounts(added, { site: 1, vlan: 1 })).toEqual([
      "1 new device, and not 0: device pve1",
      "0 new vlan, and not 1: ",
    ]);
  });

  it("may not change in a push that must change nothing", () => {
    const before = picture({ device: [DEVICE] });
    expect(allChanges(before, picture({ device: [{ ...DEVICE, last_updated: "" }] }))).toEqual([]);
    const after = { ...DEVICE, status: { value: "offline", label: "Offline" } };
    expect(allChanges(before, picture({ device: [after, { ...DEVICE, id: 8 }] }))).toEqual([
      'device pve1 (7): status was "active" and is "offline"',
      "device pve1 (8): is new",
    ]);
  });
});
