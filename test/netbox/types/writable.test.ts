/** Objects as NetBox shows them → the fields that create them again, with the ids of new objects. */
import { describe, expect, test } from "vitest";
import { renewed, writableFields } from "../../../src/netbox/types/writable.ts";

const SAME = ({ id }: { readonly id: number }): number => id;
const ADDED = ({ id }: { readonly id: number }): number => id + 1000;

describe("writableFields", () => {
  test("writes choices by value, objects by id, and leaves out what NetBox computes", () => {
    const object = {
      id: 7,
      url: "https://netbox.example.net/api/virtualization/virtual-machines/7/",
      display: "web",
      name: "web",
      status: { value: "active", label: "Active" },
      cluster: { id: 1, name: "lab" },
      tenant: null,
      tags: [{ id: 4, name: "blue" }],
      primary_ip4: { id: 9, address: "10.0.0.5/24" },
      interface_count: 3,
      created: "2026-11-28T12:00:00Z",
      comments: "",
      vcpus: 2.5,
      custom_fields: { proxmox_vmid: "101", owner: { id: 5, name: "Ada" } },
      local_context_data: { server: { id: 1, value: 2, label: "x" } },
    };
    expect(writableFields({ path: "virtualization/virtual-machines", object }, SAME)).toEqual({
      name: "web",
      status: "active",
      cluster: 1,
      tags: [4],
      comments: "",
      vcpus: 2.5,
      custom_fields: { proxmox_vmid: "101", owner: 5 },
      local_context_data: { server: { id: 1, value: 2, label: "x" } },
    });
  });

  test("names objects that were created again by their new ids, and no others", () => {
    const object = {
      id: 30,
      name: "net0",
      virtual_machine: { id: 3, name: "old" },
      vrf: { id: 3, name: "blue" },
      tagged_vlans: [{ id: 12, vid: 20 }],
    };
    expect(writableFields({ path: "virtualization/interfaces", object }, ADDED)).toEqual({
      name: "net0",
      virtual_machine: 1003,
      vrf: 3,
      tagged_vlans: [1012],
    });
  });

  test("follows the generic relation of an address, and keeps the text of a MAC address", () => {
    const assigned = {
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: 30,
      assigned_object: { id: 30, name: "net0" },
    };
    const object = { id: 33, mac_address: "BC:24:11:00:00:01", ...assigned };
    expect(writableFields({ path: "dcim/mac-addresses", object }, ADDED)).toEqual({
      mac_address: "BC:24:11:00:00:01",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: 1030,
    });
  });
});

describe("renewed", () => {
  const path = "virtualization/virtual-machines";

  test.each([
    ["primary_ip4", 32, 1032],
    ["assigned_object", "virtualization.vminterface:30", "virtualization.vminterface:1030"],
    ["assigned_object", "plugin.thing:30", "plugin.thing:30"],
    ["name", "web", "web"],
    ["site", 3, 3],
    ["primary_ip4", null, null],
  ])("%s %s → %s", (field, value, expected) => {
    expect(renewed<string | number | null>({ path, field, value }, ADDED)).toBe(expected);
  });
});
