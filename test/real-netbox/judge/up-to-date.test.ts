/** The judge finds what did not arrive, in objects that people renamed or moved. */
import { describe, expect, it } from "vitest";
import type { Row } from "../server/rest.ts";
import { Book } from "./facts.ts";
import type { Picture, TypeName } from "./picture.ts";
import { outdated } from "./up-to-date.ts";

const EXPECTED = new Book();
EXPECTED.put("virtual-machine", "lab/web1", {
  status: "active",
  memory: 2048,
  proxmox_vmid: "101",
  tags: ["discovered", "proxmox-a"],
});
EXPECTED.put("vm-interface", "lab/web1/net0", { mac: "AA", untagged_vlan: "HQ/10" });
EXPECTED.put("virtual-disk", "lab/web1/scsi0", { size: 8192 });
EXPECTED.put("device", "HQ/pve1", { status: "active", tags: ["proxmox-a"] });
EXPECTED.put("ip-address", "10.0.0.5", { assigned: "vm-interface lab/web1/net0" });

const TAGS = [{ name: "Found", slug: "discovered" }, { name: "proxmox-a", slug: "proxmox-a" }];
const MACHINE = { id: 1, name: "www" };
const NETBOX = {
  "virtual-machine": {
    ...MACHINE,
    status: { value: "active" },
    memory: 2048,
    custom_fields: { proxmox_vmid: 101 },
    tags: TAGS,
  },
  "vm-interface": {
    id: 2,
    name: "ens18",
    virtual_machine: MACHINE,
    primary_mac_address: { mac_address: "AA" },
    untagged_vlan: { id: 3, vid: 10 },
  },
  "virtual-disk": { id: 4, name: "System", virtual_machine: MACHINE, size: 8192 },
  "device": { id: 5, name: "pve1.example.net", status: { value: "active" }, tags: TAGS },
  "ip-address": {
    id: 6,
    address: "10.0.0.5/24",
    assigned_object: { id: 2, display: "ens18", virtual_machine: MACHINE },
  },
} as const;

/** What the judge says when one object of NetBox differs; undefined: it is missing. */
function judged(type: keyof typeof NETBOX, change: object | undefined): string[] {
  const rows = Object.entries(NETBOX).flatMap(([name, row]): [TypeName, Row][] => {
    const isChanged = name === type;
    if (isChanged && change === undefined) return [];
    return [[name as TypeName, { ...row, ...(isChanged ? change : {}) }]];
  });
  const picture: Picture = new Map(rows.map(([name, row]) => [name, new Map([[row.id, row]])]));
  return outdated(EXPECTED, picture);
}

describe("what Proxmox VE is the authority for", () => {
  it("may be in objects with other names", () => {
    expect(judged("device", {})).toEqual([]);
    expect(judged("device", { name: "pve1 (lab)" })).toEqual([]);
  });

  it.each(
    [
      ["virtual-machine", { memory: 1024 }, "virtual-machine lab/web1: memory is 1024"],
      [
        "virtual-machine",
        { tags: [] },
        "virtual-machine lab/web1: has no tag discovered, proxmox-a",
      ],
      ["vm-interface", { untagged_vlan: null }, "vm-interface lab/web1/net0: vid is undefined"],
      ["virtual-disk", { size: 1 }, "virtual-disk lab/web1/scsi0: is not in NetBox"],
      ["device", { name: "pve10" }, "device HQ/pve1: is not in NetBox"],
      ["device", { status: { value: "offline" } }, "device HQ/pve1: status is offline"],
      ["ip-address", { assigned_object: null }, "ip-address 10.0.0.5: is not assigned"],
      ["ip-address", undefined, "ip-address 10.0.0.5: is not in NetBox"],
    ] as const,
  )("must be up to date: %s with %j", (type, change, sentence) => {
    expect(judged(type, change)).toEqual([expect.stringContaining(sentence)]);
  });
});
