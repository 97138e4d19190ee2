/** NETWORK_DEPTH=full, and the addresses of cloud-init. */
import { type LabGuest, labSite } from "../../../helpers/lab.ts";
import type { Case } from "../case.ts";
import { casesOf, type Push, type Values } from "./scenario.ts";

const VLANS = ["test/fixtures/vlans"];
const FULL = { NETWORK_DEPTH: "full" };

const OF_FIXTURE: Values = {
  "vm-interface router/net0": { mode: "tagged-all", untagged_vlan: "", tagged_vlans: "" },
  "vm-interface router/net1": {
    mode: "tagged",
    untagged_vlan: "10",
    tagged_vlans: "20, 30, 31, 32",
  },
  "vm-interface app/net0": { mode: "access", untagged_vlan: "20" },
  "vm-interface build/net0": { mode: "tagged-all" },
  "vm-interface legacy/net0": { mode: "tagged-all" },
  "vm-interface proxy/eth0": { mode: "tagged", untagged_vlan: "20", tagged_vlans: "40, 41" },
  "interface quay1/vmbr0.10": { mode: "access", untagged_vlan: "10" },
  "interface quay2/mgmt": { mode: "access", untagged_vlan: "10" },
};

/** One NIC and one bridge, as VLANs pass them on one day. */
function day(number: number, nic: string, bridge: object): Pick<Push, "runs" | "settings"> {
  const guest: LabGuest = {
    vmid: 101,
    row: { name: "web1" },
    config: { net0: `virtio=BC:24:11:00:00:01,bridge=vmbr0${nic}` },
  };
  const vmbr0 = { iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24", active: 1, ...bridge };
  const runs = [labSite({
    nodes: { pve1: { network: [vmbr0] } },
    guests: [guest],
    capturedAt: `2026-01-0${number}T03:04:05Z`,
  })];
  return { runs, settings: FULL };
}

function has(nic: Values[string], bridge: Values[string]): Pick<Push, "has"> {
  return { has: { "vm-interface web1/net0": nic ?? {}, "interface pve1/vmbr0": bridge ?? {} } };
}

const AWARE = { bridge_vlan_aware: 1 };
const ALL = { mode: "tagged-all", tagged_vlans: "" };

/** Each as the one before has it in NetBox: every mode of a NIC and of a bridge becomes another one. */
const CHANGES: readonly Push[] = [
  {
    ...day(1, ",tag=10", {}),
    ...has({ mode: "access", untagged_vlan: "10" }, { mode: "", tagged_vlans: "" }),
  },
  {
    ...day(2, ",tag=10,trunks=20;30", AWARE),
    ...has({ mode: "tagged", untagged_vlan: "10", tagged_vlans: "20, 30" }, ALL),
  },
  {
    ...day(3, ",tag=10,trunks=30;31", { ...AWARE, bridge_vids: "10 20" }),
    ...has(
      { mode: "tagged", untagged_vlan: "10", tagged_vlans: "30, 31" },
      { mode: "tagged", tagged_vlans: "10, 20" },
    ),
  },
  {
    ...day(4, ",trunks=2-4094", { ...AWARE, bridge_vids: "20 30" }),
    ...has({ ...ALL, untagged_vlan: "10" }, { mode: "tagged", tagged_vlans: "20, 30" }),
  },
  {
    ...day(5, ",tag=20", { ...AWARE, bridge_vids: "20" }),
    ...has(
      { mode: "access", untagged_vlan: "20", tagged_vlans: "" },
      { mode: "tagged", tagged_vlans: "20" },
    ),
  },
  {
    ...day(6, ",tag=20", AWARE),
    ...has({ mode: "access", untagged_vlan: "20", tagged_vlans: "" }, ALL),
  },
  {
    ...day(7, ",tag=20,trunks=30", { ...AWARE, bridge_vids: "30 20" }),
    ...has(
      { mode: "tagged", untagged_vlan: "20", tagged_vlans: "30" },
      { mode: "tagged", tagged_vlans: "20, 30" },
    ),
  },
];

export const DEPTH_CASES: readonly Case[] = [
  ...casesOf({
    name: "policy: NETWORK_DEPTH=full: trunks, VLAN-aware bridges and Open vSwitch",
    isForAll: true,
    pushes: [{ runs: VLANS, settings: FULL, has: OF_FIXTURE }],
  }),
  ...casesOf({
    name: "policy: NETWORK_DEPTH=full with ALL_INTERFACES",
    isForAll: true,
    pushes: [{
      runs: VLANS,
      settings: { ...FULL, ALL_INTERFACES: "true" },
      has: {
        ...OF_FIXTURE,
        "interface quay1/nic0": { description: "to sw1, port 7", lag: "bond0" },
        "interface quay1/vmbr0": {
          mode: "tagged",
          tagged_vlans: "10, 20, 30, 31, 32",
          description: "servers and DMZ see change 2217",
        },
        "interface quay2/bond0": {
          mode: "tagged",
          untagged_vlan: "10",
          tagged_vlans: "20, 40, 41",
        },
        "interface quay2/vmbr0": { mode: "tagged-all" },
      },
    }],
  }),
  ...casesOf({
    name: "policy: NETWORK_DEPTH=full when NetBox was filled without it",
    pushes: [
      { runs: VLANS, has: { "vm-interface app/net0": { untagged_vlan: "20" } } },
      { runs: VLANS, settings: FULL, has: OF_FIXTURE },
    ],
  }),
  ...casesOf({
    name: "policy: NETWORK_DEPTH=full, and VLANs that change from day to day",
    isForAll: true,
    pushes: CHANGES,
  }),
  ...casesOf({
    name: "policy: CLOUD_INIT_ADDRESSES, GUEST_SERIAL and SUSPENDED_STATUS",
    isForAll: true,
    pushes: [{
      runs: VLANS,
      settings: {
        CLOUD_INIT_ADDRESSES: "true",
        GUEST_SERIAL: "true",
        SUSPENDED_STATUS: "paused",
      },
      has: {
        "virtual-machine router": { serial: "HB-0201" },
        "virtual-machine legacy": { serial: "HB-0204" },
        "virtual-machine app": { serial: "", primary_ip4: "10.44.20.12/24" },
        "virtual-machine build": { status: "paused", primary_ip6: "2001:db8:44:30::13/64" },
        "ip-address 10.44.20.12/24": { assigned_object: "net0" },
        "ip-address 2001:db8:44:30::13/64": { assigned_object: "net1" },
        "virtual-machine proxy": { primary_ip4: "10.44.20.13/24" },
      },
    }],
  }),
];
