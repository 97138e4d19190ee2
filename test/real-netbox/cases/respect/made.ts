/** TABLE: what people made before the first push. It is found, and stays as it is. */
import { type Change, NAME_OF_SITE } from "./change.ts";
import { guest, withGuest } from "./lab.ts";
import type { People } from "./people.ts";

const MACHINES = ["virtualization.virtualmachine"];
/** All guests, and what only guests make. */
const GUESTS = {
  "virtual-machine": -3,
  "vm-interface": -3,
  "virtual-disk": -3,
  "mac-address": -3,
  "ip-address": -4,
  "tag": -1,
  "platform": -2,
  "vlan": -1,
};

export const MADE_BEFORE: readonly Change[] = [
  {
    name: "a site has a name of its own, and our slug",
    on: ["site", NAME_OF_SITE],
    made: (people) => people.make("site", { name: "Amsterdam (DC 1)", slug: "proxmox" }),
    taken: ["site Amsterdam (DC 1)"],
    adds: { site: -1 },
  },
  {
    name: "a tenant has a name of its own, and our slug",
    on: ["tenant"],
    settings: { TENANT_NAME: "Sales" },
    made: (people) => people.make("tenant", { name: "Sales & Marketing", slug: "sales" }),
    taken: ["tenant Sales & Marketing"],
    adds: { tenant: -1 },
  },
  {
    name: "a role, a manufacturer and a cluster type have names of their own, and our slugs",
    on: ["role", "cluster-type"],
    made: async (people) => {
      const role = { name: "VM hosts", slug: "hypervisor", color: "ff0000" };
      await people.make("device-role", role);
      await people.make("manufacturer", { name: "Proxmox GmbH", slug: "proxmox" });
      await people.make("cluster-type", { name: "Proxmox VE", slug: "proxmox" });
    },
    taken: ["device-role VM hosts", "manufacturer Proxmox GmbH", "cluster-type Proxmox VE"],
    adds: { "device-role": -1, "manufacturer": -1, "cluster-type": -1 },
  },
  {
    name: "a platform and tags have names of their own, and our slugs",
    on: ["platform", "tags"],
    made: async (people) => {
      await people.make("platform", { name: "Debian 13 (trixie)", slug: "debian-gnulinux-13" });
      await people.make("tag", { name: "Web servers", slug: "web", color: "00ff00" });
      await people.make("tag", { name: "Found by a scan", slug: "discovered" });
    },
    taken: ["platform Debian 13 (trixie)", "tag Web servers"],
    adds: { platform: -1, tag: -2 },
  },
  {
    name: "a node is modelled as an R740 in a rack, with the role Server and a 10gbase-x-sfpp",
    on: ["pve1"],
    isAtSite: true,
    made: async (people) => {
      const { id: site } = await people.find("site", "Proxmox");
      const { id: rack } = await people.make("rack", { name: "R1", site });
      const device = await makeServer(people, {
        name: "pve1",
        site,
        rack,
        position: 10,
        face: "front",
        serial: "CN7016",
        asset_tag: "A-1",
      });
      await people.make("interface", { device, name: "eno2", type: "10gbase-x-sfpp" });
    },
    taken: ["device pve1", "interface pve1/eno2"],
    adds: { "device": -1, "interface": -1 },
  },
  {
    name: "a node is named by its FQDN",
    on: ["pve2", "nodes"],
    isAtSite: true,
    made: async (people) => {
      const { id: site } = await people.find("site", "Proxmox");
      const device = await makeServer(people, { name: "pve2.example.net", site });
      await people.make("interface", { device, name: "vmbr0", type: "bridge" });
    },
    taken: ["device pve2.example.net", "interface pve2.example.net/vmbr0"],
    adds: { "device": -1, "interface": -1 },
  },
  {
    name: "a cluster and a prefix are scoped to a location",
    on: ["cluster", "cluster-type"],
    isAtSite: true,
    made: async (people) => {
      const { id: site } = await people.find("site", "Proxmox");
      const { id: scope_id } = await people.make("location", { name: "Hall 2", site });
      const scope = { scope_type: "dcim.location", scope_id };
      const { id: type } = await people.make("cluster-type", { name: "Proxmox" });
      await people.make("cluster", { name: "lab", type, ...scope });
      await people.make("prefix", { prefix: "10.0.0.0/24", status: "container", ...scope });
    },
    taken: ["cluster-type Proxmox", "cluster lab", "prefix 10.0.0.0/24"],
    adds: { "cluster-type": -1, "cluster": -1, "prefix": -1 },
  },
  {
    name: "a VMware cluster has the name of ours",
    on: ["cluster", "web1"],
    isAtSite: true,
    made: async (people) => {
      const { id: type } = await people.make("cluster-type", { name: "VMware" });
      const scope = {
        scope_type: "dcim.site",
        scope_id: (await people.find("site", "Proxmox")).id,
      };
      const { id: cluster } = await people.make("cluster", { name: "lab", type, ...scope });
      await people.make("virtual-machine", { name: "web1", cluster, memory: 512 });
    },
    says: [/other-cluster/],
  },
  {
    name: "a VLAN and a prefix have names, roles and statuses of their own",
    on: ["vlan"],
    isAtSite: true,
    made: async (people) => {
      const { id: site } = await people.find("site", "Proxmox");
      await people.make("vlan", { vid: 10, name: "Servers", site, status: "reserved" });
      await people.make("prefix", { prefix: "10.1.0.0/24", description: "Storage" });
    },
    taken: ["vlan 10", "prefix 10.1.0.0/24"],
    adds: { vlan: -1, prefix: -1 },
  },
  {
    name: "an address belongs to an FHRP group",
    on: ["router1"],
    lab: (lab) => {
      const addresses = ["10.0.0.103/24", "10.0.0.254/24"];
      return withGuest(lab, guest({ vmid: 103, name: "router1", addresses }));
    },
    made: async (people) => {
      const { id } = await people.make("fhrp-group", { protocol: "vrrp2", group_id: 1 });
      await people.make("ip-address", {
        address: "10.0.0.254/24",
        role: "vrrp",
        assigned_object_type: "ipam.fhrpgroup",
        assigned_object_id: id,
      });
    },
    adds: { "ip-address": -1 },
    says: [/held-by-user/],
    unlike: /^ip-address 10\.0\.0\.254: is not assigned/,
  },
  {
    name: "netbox-proxmox-automation made custom fields of our names and of other types",
    on: ["custom-fields", "vmid"],
    made: async (people) => {
      const choices = async (name: string, ...values: readonly string[]): Promise<number> => {
        const extra_choices = values.map((value) => [value, value]);
        return (await people.make("choice-set", { name, extra_choices })).id;
      };
      const fields = [
        { name: "proxmox_vmid", type: "integer" },
        { name: "proxmox_node", type: "select", choice_set: await choices("Nodes", "pve1") },
        { name: "proxmox_vm_type", type: "select", choice_set: await choices("Types", "vm") },
      ];
      for (const field of fields) {
        await people.make("custom-field", { ...field, object_types: MACHINES });
      }
    },
    adds: { "custom-field": -3 },
    says: [/other-kind/],
    unlike: /^virtual-machine .*: proxmox_(?:vmid|node|vm_type) is/,
  },
  {
    name: "a custom field for machines is required",
    on: ["custom-fields", "web1", "router1", "db1", "tags", "platform", "vlan", "nodes"],
    made: (people) =>
      people.make("custom-field", {
        name: "owner_team",
        type: "text",
        required: true,
        object_types: MACHINES,
      }),
    adds: GUESTS,
    says: [/required-field/],
    unlike:
      /^(?:virtual-machine|vm-interface|virtual-disk) |^ip-address 10\.[01]\.0\.10\d: is not in NetBox/,
  },
  {
    name: "a tag is for other types of objects alone",
    on: ["tags"],
    made: (people) =>
      people.make("tag", { name: "web", slug: "web", object_types: ["dcim.device"] }),
    adds: { tag: -1 },
    unlike: /^virtual-machine .*: has no tag web$/,
  },
  {
    name: "a custom field of ours is for more types of objects, with values there",
    on: ["custom-fields"],
    made: async (people) => {
      await people.make("custom-field", {
        name: "proxmox_node",
        type: "text",
        label: "Node",
        object_types: [...MACHINES, "dcim.site"],
      });
      await people.make("site", { name: "Other", custom_fields: { proxmox_node: "kept" } });
    },
    adds: { "custom-field": -1 },
  },
];

/** Returns the id of a PowerEdge R740. */
async function makeServer(
  people: People,
  body: Readonly<Record<string, unknown>>,
): Promise<number> {
  const manufacturer = await people.ensure("manufacturer", { name: "Dell" });
  const model = { model: "PowerEdge R740", manufacturer, u_height: 2 };
  const device_type = await people.ensure("device-type", model);
  const role = await people.ensure("device-role", { name: "Server", color: "0000ff" });
  return (await people.make("device", { device_type, role, ...body })).id;
}
