/** An entity as one line of text. */
import { expect, test } from "vitest";
import { entityText } from "../../../src/look/inspect/text.ts";

const CLUSTER = { name: "lab", type: { name: "Proxmox" } };
const MACHINE = { name: "git", cluster: CLUSTER, site: { name: "London" } };

test.each<[object, string]>([
  [{ name: "git", memory: "4096", enabled: false }, "name=git  memory=4096  enabled=false"],
  [{ virtual_machine: MACHINE, name: "net0" }, "virtual_machine=git  name=net0"],
  [
    { assigned_object_vm_interface: { virtual_machine: MACHINE, name: "net0" } },
    "assigned_object_vm_interface=git/net0",
  ],
  [
    { parent: { device: { name: "pve1" }, name: "bond0", type: "lag" } },
    "parent=pve1/bond0",
  ],
  [{ untagged_vlan: { vid: "20", name: "VLAN 20", site: { name: "London" } } }, "untagged_vlan=20"],
  [
    { device_type: { manufacturer: { name: "Generic" }, model: "Proxmox Node" } },
    "device_type=Proxmox Node",
  ],
  [{ tags: [{ name: "a", slug: "a" }, { name: "b", slug: "b" }] }, "tags=a, b"],
  [
    { custom_fields: { proxmox_vmid: { text: "101" }, proxmox_cpu_count: { integer: "4" } } },
    "custom_fields={proxmox_vmid=101  proxmox_cpu_count=4}",
  ],
  [{ platform: {}, comments: "", tags: [] }, "platform={}  comments=  tags="],
  [{ odd: null }, "odd=null"],
])("%j is shown as %s", (entity, text) => {
  expect(entityText(entity)).toBe(text);
});
