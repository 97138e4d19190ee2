/** The same addresses in two routing tables, and rules that come after the first push. */
import { agentRow, type Lab, labSite } from "../../../helpers/lab.ts";
import type { Case } from "../case.ts";
import { guest, node } from "../respect/lab.ts";
import { casesOf, type Values } from "./scenario.ts";

function second(address: string): Record<string, unknown> {
  return { iface: "eno2", type: "eth", cidr: address, active: 1, priority: 2 };
}

/** Two customers with the same networks: guests 101 and 102, and a storage network of each node. */
const LAB: Lab = {
  nodes: {
    pve1: node("10.0.0.1/24", [second("10.9.0.1/24")]),
    pve2: node("10.0.0.2/24", [second("10.9.0.1/24")]),
    pve3: node("10.0.0.3/24", [second("10.9.0.3/24")]),
  },
  guests: [
    guest({ vmid: 101, name: "red1", addresses: ["192.168.1.10/24", "2001:db8::10/64"] }),
    guest({ vmid: 102, name: "blue1", addresses: ["192.168.1.10/24", "2001:db8::10/64"] }),
    guest({ vmid: 103, name: "plain1", addresses: ["192.168.1.10/24"] }),
  ],
};

const { pve3: _third, ...FIRST_NODES } = LAB.nodes ?? {};

/** One VLAN ID is a VLAN of one group in NetBox: the VRF is of the address. */
const POLICY = `
rules:
  - match: { name: "red*" }
    set: { vrf: red }
  - match: { name: "blue*" }
    set: { vrf: blue }
  - match: { kind: node, name: pve1, network: 10.9.0.0/16 }
    set: { vrf: red }
  - match: { kind: node, name: pve2, network: 10.9.0.0/16 }
    set: { vrf: blue }
`;

const HAS: Values = {
  "ip-address 192.168.1.10/24 in red": { assigned_object: "net0" },
  "ip-address 192.168.1.10/24 in blue": { assigned_object: "net0" },
  "ip-address 192.168.1.10/24": { assigned_object: "net0" },
  "ip-address 2001:db8::10/64 in red": {},
  "ip-address 2001:db8::10/64 in blue": {},
  "ip-address 2001:db8::10/64": null,
  "ip-address 10.9.0.1/24 in red": { assigned_object: "eno2" },
  "ip-address 10.9.0.1/24 in blue": { assigned_object: "eno2" },
  "ip-address 10.9.0.1/24": null,
  "prefix 10.9.0.0/24 in red": {},
  "prefix 10.9.0.0/24 in blue": {},
  "prefix 10.9.0.0/24": {},
  "prefix 10.0.0.0/24": {},
  "virtual-machine red1": { primary_ip4: "192.168.1.10/24", primary_ip6: "2001:db8::10/64" },
  "virtual-machine blue1": { primary_ip4: "192.168.1.10/24", primary_ip6: "2001:db8::10/64" },
  "virtual-machine plain1": { primary_ip4: "192.168.1.10/24" },
  "device pve1": { primary_ip4: "10.0.0.1/24" },
  "device pve2": { primary_ip4: "10.0.0.2/24" },
  "device pve3": { primary_ip4: "10.0.0.3/24" },
};

/** Their storage addresses are the primary ones: nodes without another address. */
const STORAGE_ONLY: Lab = {
  nodes: { pve1: node("10.9.0.1/24"), pve2: node("10.9.0.1/24") },
};

const RULES = `
rules:
  - match: { kind: [qemu, lxc, node] }
    set: { tenant: Shop, comments: "of {name}" }
  - match: { kind: [qemu, lxc, node], family: 4 }
    set: { vrf: red, dns_name: "{name}.example.net" }
  - match: { vmid: 101 }
    set: { role: Web server, status: staged, description: by rule, platform: Appliance }
  - match: { vmid: 103 }
    set: { vlan_group: DC1 }
  - match: { kind: node, name: pve1 }
    set: { role: Virtualisation host, manufacturer: Dell, device_type: R640 }
`;

const PLAIN: Lab = {
  nodes: { pve1: node("10.0.0.1/24", [second("10.9.0.1/24")]) },
  guests: [101, 102, 103].map((vmid) => guest({ vmid, name: `web${vmid}` })),
};
const PLAIN_RUNS = [labSite(PLAIN)];

/** A guest that is new when the rules come. */
const AND_A_NEW_ONE = [labSite({
  ...PLAIN,
  guests: [...PLAIN.guests ?? [], guest({ vmid: 104, name: "web104" })],
  capturedAt: "2026-01-03T03:04:05Z",
})];

const MOVED_IN = [labSite({
  ...PLAIN,
  guests: [{
    ...guest({ vmid: 101, name: "web101" }),
    interfaces: [agentRow("BC:24:11:00:01:01", ["10.0.0.101/24", "10.0.0.102/24"])],
  }],
})];

export const VRF_CASES: readonly Case[] = [
  ...casesOf({
    name: "policy: the same addresses and networks in two routing tables and in the global one",
    isForAll: true,
    pushes: [{ runs: [labSite(LAB)], policy: POLICY, has: HAS }],
  }),
  ...casesOf({
    name: "policy: a guest and a node without rules that come after others with their addresses",
    only: "target",
    pushes: [
      {
        runs: [labSite({ ...LAB, nodes: FIRST_NODES, guests: (LAB.guests ?? []).slice(0, 2) })],
        policy: POLICY,
        has: { "ip-address 192.168.1.10/24": null, "prefix 10.9.0.0/24": null },
      },
      { runs: [labSite(LAB)], policy: POLICY, has: HAS },
    ],
  }),
  ...casesOf({
    name: "policy: the same primary addresses of two nodes in two routing tables",
    pushes: [{
      runs: [labSite(STORAGE_ONLY)],
      policy: POLICY,
      has: {
        "device pve1": { primary_ip4: "10.9.0.1/24" },
        "device pve2": { primary_ip4: "10.9.0.1/24" },
        "prefix 10.9.0.0/24 in red": {},
        "prefix 10.9.0.0/24 in blue": {},
      },
    }],
  }),
  ...casesOf({
    name: "policy: a routing table that people made with a route distinguisher and a tenant",
    isForAll: true,
    only: "target",
    pushes: [{
      async people(people) {
        const { id } = await people.make("tenant", { name: "Red" });
        const vrf = await people.make("vrf", { name: "red", rd: "65000:1", tenant: id });
        await people.make("prefix", { prefix: "10.9.0.0/24", vrf: vrf.id });
        await people.make("ip-address", { address: "192.168.1.10/24", vrf: vrf.id });
      },
      runs: [labSite(LAB)],
      policy: POLICY,
      has: { ...HAS, "vrf red": { rd: "65000:1", tenant: "Red" }, "vrf blue": { rd: "" } },
    }],
  }),
  ...casesOf({
    name: "policy: rules that are written when NetBox has the guests already",
    isForAll: true,
    only: "target",
    pushes: [
      {
        runs: PLAIN_RUNS,
        has: { "ip-address 10.0.0.101/24": {}, "virtual-machine web101": { tenant: "" } },
      },
      {
        runs: AND_A_NEW_ONE,
        policy: RULES,
        has: {
          "virtual-machine web101": {
            tenant: "",
            role: "Web server",
            status: "staged",
            description: "by rule",
            comments: "of web101",
            platform: "Appliance",
            primary_ip4: "10.0.0.101/24",
          },
          "virtual-machine web104": { tenant: "Shop", primary_ip4: "10.0.0.104/24" },
          "device pve1": {
            tenant: "",
            role: "Virtualisation host",
            device_type: "R640",
            comments: "of pve1",
            primary_ip4: "10.0.0.1/24",
          },
          "ip-address 10.0.0.101/24": { dns_name: "web101.example.net" },
          "ip-address 10.0.0.101/24 in red": null,
          "ip-address 10.0.0.104/24 in red": { dns_name: "web104.example.net" },
          "ip-address 10.0.0.104/24": null,
          "ip-address 10.0.0.1/24": {},
          "ip-address 10.0.0.1/24 in red": null,
          "prefix 10.0.0.0/24": {},
          "prefix 10.0.0.0/24 in red": null,
          "vlan 10 in DC1": {},
          "vlan 10 in Proxmox": {},
        },
        says: [/rule-not-applied/],
      },
    ],
  }),
  ...casesOf({
    name: "policy: an address that moves to another guest, in a routing table",
    only: "target",
    pushes: [
      { runs: PLAIN_RUNS, policy: RULES, has: { "ip-address 10.0.0.102/24 in red": {} } },
      {
        async people(people) {
          await people.change("virtual-machine", "web102", { primary_ip4: null });
        },
        runs: MOVED_IN,
        policy: RULES,
        has: {
          "ip-address 10.0.0.102/24 in red": { assigned_object: "net0" },
          "ip-address 10.0.0.102/24": null,
        },
      },
    ],
  }),
  ...casesOf({
    name: "policy: VLANs in two groups and in none",
    isForAll: true,
    pushes: [{
      runs: PLAIN_RUNS,
      policy: `
rules:
  - match: { vmid: 101 }
    set: { vlan_group: DC1 }
  - match: { vmid: 102 }
    set: { vlan_group: DC2 }
  - match: { kind: node, name: pve1 }
    set: { vlan_group: DC2 }
`,
      has: {
        "vlan-group DC1": {},
        "vlan 10 in DC1": {},
        "vlan 10 in DC2": {},
        "vlan 10 in Proxmox": {},
        "vm-interface web101/net0": { untagged_vlan: "10" },
      },
    }],
  }),
  ...casesOf({
    name: "policy: VLAN groups that people made, of no scope and of a site",
    isForAll: true,
    only: "target",
    pushes: [{
      async people(people) {
        const site = await people.make("site", { name: "Proxmox" });
        const one = await people.make("vlan-group", { name: "DC1" });
        await people.make("vlan", { vid: 10, name: "servers", group: one.id });
        await people.make("vlan-group", {
          name: "DC2",
          scope_type: "dcim.site",
          scope_id: site.id,
        });
      },
      runs: PLAIN_RUNS,
      policy: `
rules:
  - match: { vmid: 101 }
    set: { vlan_group: DC1 }
  - match: { vmid: 102 }
    set: { vlan_group: DC2 }
`,
      has: {
        "vlan-group DC1": { scope_type: "" },
        "vlan-group DC2": { scope: "Proxmox" },
        "vlan 10 in DC1": { name: "servers" },
        "vlan 10 in DC2": { name: "VLAN 10" },
        "vm-interface web101/net0": { untagged_vlan: "10" },
        "vm-interface web102/net0": { untagged_vlan: "10" },
      },
    }],
  }),
];
