/** TABLE: what people change of objects that a push made. It stays, and the objects are found again. */
import type { Change } from "./change.ts";

export const MANUAL_CHANGES: readonly Change[] = [
  {
    name: "a VLAN is put into a group of the site",
    on: ["vlan"],
    isAtSite: true,
    changed: async (people) => {
      const site = await people.find("site", "Proxmox");
      const { id: group } = await people.make("vlan-group", {
        name: "Access",
        scope_type: "dcim.site",
        scope_id: site.id,
      });
      await people.change("vlan", "10", { group });
    },
  },
  {
    name: "a VLAN is put into a group of the cluster, without a site",
    on: ["vlan", "cluster"],
    changed: async (people) => {
      const cluster = await people.find("cluster", "lab");
      const { id: group } = await people.make("vlan-group", {
        name: "Access",
        scope_type: "virtualization.cluster",
        scope_id: cluster.id,
      });
      await people.change("vlan", "10", { group, site: null });
    },
  },
  {
    name: "a VLAN is put into a group of the region, without a site",
    on: ["vlan", "region"],
    isAtSite: true,
    changed: async (people) => {
      const { id: region } = await people.make("region", { name: "Holland" });
      await people.change("site", "Proxmox", { region });
      const { id: group } = await people.make("vlan-group", {
        name: "Access",
        scope_type: "dcim.region",
        scope_id: region,
      });
      await people.change("vlan", "10", { group, site: null });
    },
  },
  {
    name: "a VRF is set on addresses and on their prefix",
    on: ["addresses", "nodes", "web1", "db1", "router1"],
    changed: async (people) => {
      const { id: vrf } = await people.make("vrf", { name: "Blue", rd: "65000:1" });
      await people.change("prefix", "10.0.0.0/24", { vrf });
      for (const host of ["1", "2", "101", "102", "103"]) {
        await people.change("ip-address", `10.0.0.${host}/24`, { vrf });
      }
    },
  },
  {
    name: "the cluster is put into a cluster group",
    on: ["cluster"],
    changed: async (people) => {
      const { id: group } = await people.make("cluster-group", { name: "Europe" });
      await people.change("cluster", "lab", { group });
    },
  },
  {
    name: "a tenant is set on a machine and on a device",
    on: ["tenant", "web1"],
    changed: async (people) => {
      const { id: tenant } = await people.make("tenant", { name: "Sales" });
      await people.change("virtual-machine", "web1", { tenant });
      await people.change("device", "pve1", { tenant });
    },
  },
  {
    name: "a device is moved to another site",
    on: ["pve2", "nodes"],
    changed: async (people) => {
      const { id: site } = await people.make("site", { name: "Utrecht" });
      await people.change("device", "pve2", { site });
    },
  },
  {
    name: "a NIC is renamed",
    on: ["web1"],
    changed: (people) => people.change("vm-interface", "web1/net0", { name: "ens18" }),
  },
  {
    name: "a disk is renamed",
    on: ["web1"],
    changed: (people) => people.change("virtual-disk", "web1/scsi0", { name: "System" }),
  },
  {
    name: "a platform is renamed",
    on: ["platform"],
    changed: (people) => people.change("platform", "Debian GNU/Linux 13", { name: "Trixie" }),
  },
  {
    name: "another primary address of a machine is chosen",
    on: ["web1", "addresses"],
    changed: async (people) => {
      const { id } = await people.find("ip-address", "10.1.0.101/24");
      await people.change("virtual-machine", "web1", { primary_ip4: id });
    },
  },
  {
    name: "a guest is renamed in NetBox",
    on: ["router1", "vmid"],
    changed: (people) => people.change("virtual-machine", "router1", { name: "Edge router" }),
    says: [/keeps-name/],
  },
  {
    name: "a custom field that machines must have is added, and filled in",
    on: ["custom-fields", "web1", "db1", "router1"],
    changed: async (people) => {
      await people.make("custom-field", {
        name: "owner_team",
        type: "text",
        object_types: ["virtualization.virtualmachine"],
      });
      for (const name of ["web1", "db1", "router1"]) {
        await people.change("virtual-machine", name, { custom_fields: { owner_team: "blue" } });
      }
      await people.change("custom-field", "owner_team", { required: true });
    },
  },
  {
    name: "a custom field that machines must have is added, and is empty",
    on: ["custom-fields", "web1", "db1", "router1", "vmid", "nodes"],
    changed: (people) =>
      people.make("custom-field", {
        name: "owner_team",
        type: "text",
        required: true,
        object_types: ["virtualization.virtualmachine"],
      }),
    says: [/required-field/],
    unlike: /^virtual-machine /,
  },
];
