/** NETWORK_DEPTH=full: zones, VNets and subnets of SDN. */
import { labSite } from "../../../helpers/lab.ts";
import { ok } from "../../../helpers/snapshot-builder.ts";
import type { Case } from "../case.ts";
import { casesOf, type Push, type Values } from "./scenario.ts";

const FULL = { NETWORK_DEPTH: "full" };
const FIXTURE = ["test/fixtures/sdn"];

/** A zone of each kind: VLAN, QinQ, VXLAN, EVPN, simple, and one that is not known. */
const OF_FIXTURE: Values = {
  "vlan 110 in Ashgrove": { name: "Office, 2nd floor" },
  "vlan 120 in Ashgrove": { name: "hosting" },
  "vlan 200 in Ashgrove": {},
  "vlan 201 in Ashgrove": {},
  "vm-interface desk/net0": { mode: "access", untagged_vlan: "110" },
  "vm-interface cust1-b/eth1": { mode: "access", untagged_vlan: "200" },
  "prefix 10.61.10.0/24": { vlan: "110", scope: "Ashgrove" },
  "prefix 10.62.10.0/24": {},
  "prefix 10.60.0.0/24": { vlan: "" },
  "l2vpn vxone": { type: "vxlan", identifier: "30010" },
  "l2vpn vxtwo": { type: "vxlan", identifier: "100" },
  "l2vpn evdb": { type: "vxlan-evpn", identifier: "50020" },
  "l2vpn evweb": { type: "vxlan-evpn", identifier: "50010", description: "web tier" },
  "l2vpn-termination vxone vx-a/net0": {},
  "l2vpn-termination vxone vx-b/eth0": {},
  "l2vpn-termination vxtwo vx-b/eth1": {},
  "l2vpn-termination evweb web/net0": {},
  "l2vpn-termination evdb db/eth0": {},
  "l2vpn-termination evtest web-test/net0": {},
  "ip-address 10.64.10.20/24 in fabric": { assigned_object: "net0" },
  "ip-address 10.64.10.20/24 in fabric2": { assigned_object: "net0" },
  "ip-address 10.64.10.20/24": null,
  "prefix 10.64.10.0/24 in fabric": {},
  "prefix 10.64.10.0/24 in fabric2": {},
  "prefix 10.64.10.0/24": null,
  "prefix 2001:db8:64:10::/64 in fabric": {},
  "virtual-machine web": { primary_ip4: "10.64.10.20/24", primary_ip6: "2001:db8:64:10::20/64" },
  "virtual-machine web-test": { primary_ip4: "10.64.10.20/24" },
};

/** One guest, on one VNet after the other. */
function day(number: number, bridge: string): Pick<Push, "runs" | "settings"> {
  const zones = [
    { zone: "lan", type: "vlan", bridge: "vmbr0" },
    { zone: "overlay", type: "vxlan", peers: "10.0.0.1" },
    { zone: "fabric", type: "evpn", controller: "c1", "vrf-vxlan": 50000 },
  ];
  const vnets = [
    { vnet: "office", zone: "lan", tag: 110 },
    { vnet: "vxone", zone: "overlay", tag: 30010 },
    { vnet: "evweb", zone: "fabric", tag: 50010 },
  ];
  const vmbr0 = { iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24", active: 1 };
  const runs = [labSite({
    nodes: { pve1: { network: [vmbr0] } },
    guests: [{
      vmid: 101,
      kind: "lxc",
      row: { name: "web1" },
      config: { net0: `name=eth0,hwaddr=BC:24:11:00:00:01,bridge=${bridge},ip=10.64.10.5/24` },
    }],
    more: {
      "/cluster/sdn/zones?running=1": ok(zones),
      "/cluster/sdn/vnets?running=1": ok(vnets),
      ...Object.fromEntries(
        vnets.map(({ vnet }) => [`/cluster/sdn/vnets/${vnet}/subnets?running=1`, ok([])]),
      ),
    },
    capturedAt: `2026-01-0${number}T03:04:05Z`,
  })];
  return { runs, settings: FULL };
}

export const SDN_CASES: readonly Case[] = [
  ...casesOf({
    name: "policy: a zone of each kind of SDN",
    isForAll: true,
    pushes: [{ runs: FIXTURE, settings: FULL, has: OF_FIXTURE }],
  }),
  ...casesOf({
    name: "policy: a VRF, an L2VPN and VLANs of SDN that people made",
    isForAll: true,
    only: "target",
    pushes: [{
      async people(people) {
        const site = await people.make("site", { name: "Ashgrove" });
        const tenant = await people.make("tenant", { name: "Red" });
        await people.make("vrf", { name: "fabric", rd: "65000:1", tenant: tenant.id });
        await people.make("l2vpn", { name: "evweb", slug: "web-tier", type: "vxlan" });
        await people.make("vlan", { vid: 110, name: "Second floor", site: site.id });
        await people.make("prefix", { prefix: "10.61.10.0/24", status: "container" });
      },
      runs: FIXTURE,
      settings: FULL,
      has: {
        ...OF_FIXTURE,
        "vrf fabric": { rd: "65000:1", tenant: "Red" },
        "vlan 110 in Ashgrove": { name: "Second floor" },
        "l2vpn evweb": { slug: "web-tier", type: "vxlan-evpn", identifier: "50010" },
        "prefix 10.61.10.0/24": { status: "container", vlan: "110" },
      },
    }],
  }),
  ...casesOf({
    name: "policy: SDN, when NetBox was filled without it",
    isForAll: true,
    only: "target",
    pushes: [
      {
        runs: FIXTURE,
        settings: { NETWORK_DEPTH: "mapped" },
        has: { "ip-address 10.64.10.20/24": {}, "vrf fabric": null },
      },
      {
        runs: FIXTURE,
        settings: FULL,
        has: {
          "vlan 110 in Ashgrove": {},
          "l2vpn-termination evweb web/net0": {},
          // The address that the machine has stays in its routing table; the other machine gets its own.
          "ip-address 10.64.10.20/24": {},
          "ip-address 10.64.10.20/24 in fabric": null,
          "ip-address 10.64.10.20/24 in fabric2": {},
          "virtual-machine web": { primary_ip4: "10.64.10.20/24" },
          "virtual-machine web-test": { primary_ip4: "10.64.10.20/24" },
        },
        says: [/keeps-vrf/],
      },
    ],
  }),
  ...casesOf({
    name: "policy: a NIC that moves from one VNet to another",
    only: "target",
    pushes: [
      {
        ...day(1, "vxone"),
        has: {
          "l2vpn-termination vxone web1/eth0": {},
          "ip-address 10.64.10.5/24": {},
        },
      },
      {
        ...day(2, "evweb"),
        has: {
          "l2vpn-termination evweb web1/eth0": {},
          "l2vpn-termination vxone web1/eth0": null,
          "ip-address 10.64.10.5/24": {},
        },
        says: [/keeps-vrf/],
      },
      {
        ...day(3, "office"),
        has: { "vm-interface web1/eth0": { mode: "access", untagged_vlan: "110" } },
      },
    ],
  }),
];
