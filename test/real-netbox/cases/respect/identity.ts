/** TABLE: what gives a machine, a cluster or a node another identity. Nothing may be made twice. */
import type { Lab } from "../../../helpers/lab.ts";
import type { Change } from "./change.ts";
import { guest, node, withGuest } from "./lab.ts";

/** A guest with one NIC, disk and address. */
const ONE_GUEST = {
  "virtual-machine": 1,
  "vm-interface": 1,
  "virtual-disk": 1,
  "ip-address": 1,
  "mac-address": 1,
};

export const IDENTITY_CHANGES: readonly Change[] = [
  {
    name: "SITE_NAME is set after the first push",
    on: ["site"],
    second: { settings: { SITE_NAME: "Amsterdam" } },
  },
  {
    name: "a node of another site joins",
    on: ["nodes", "site"],
    second: {
      lab: (lab) => ({
        ...withGuest(lab, guest({ vmid: 104, name: "app1", node: "pve3" })),
        nodes: { ...lab.nodes, pve3: node("10.2.0.3/24") },
      }),
      settings: { NODE_SITE_MAP: "pve3:Rotterdam" },
    },
    adds: { ...ONE_GUEST, "site": 1, "device": 1, "interface": 1, "prefix": 1, "ip-address": 2 },
  },
  {
    name: "CLUSTER_NAME is changed",
    on: ["cluster"],
    second: { settings: { CLUSTER_NAME: "Production" } },
  },
  {
    name: "a stand-alone node founds a cluster",
    on: ["cluster", "nodes", "db1"],
    lab: standalone,
    second: { lab: ({ guests = [], ...lab }) => ({ ...lab, guests, cluster: "lab" }) },
  },
  {
    name: "PROXMOX_HOST is typed differently",
    on: ["host", "vmid"],
    second: { settings: { PROXMOX_HOST: "10.0.0.1" } },
    adds: { tag: 1 },
  },
  {
    name: "PROXMOX_HOST of a stand-alone node is typed differently",
    on: ["cluster", "nodes", "db1", "host", "vmid"],
    lab: standalone,
    second: { settings: { PROXMOX_HOST: "10.0.0.1" } },
    adds: { tag: 1 },
  },
  {
    name: "a guest is renamed",
    on: ["router1", "vmid"],
    second: { lab: (lab) => withGuest(lab, guest({ vmid: 103, name: "gateway1" })) },
    says: [/keeps-name/],
  },
  {
    name: "a node moves to another site",
    on: ["pve2", "nodes"],
    second: { settings: { NODE_SITE_MAP: "pve2:Rotterdam" } },
  },
  {
    name: "a second stand-alone node named pve, of one site, is pushed",
    on: ["cluster", "nodes", "db1", "host"],
    lab: (lab) => pve(lab, { host: "a.example.net", vmid: 101, address: "10.0.0.1/24" }),
    second: {
      lab: (lab) => pve(lab, { host: "b.example.net", vmid: 151, address: "10.0.0.3/24" }),
    },
    adds: { ...ONE_GUEST, "tag": 1, "cluster": 1, "device": 1, "interface": 1, "ip-address": 2 },
    says: [/foreign-device/],
    isAlternating: true,
  },
];

/** The first node alone, with its guests. */
function standalone(lab: Lab): Lab {
  const guests = (lab.guests ?? []).filter((each) => each.node === "pve1");
  return { ...lab, guests, cluster: null, nodes: { pve1: lab.nodes?.["pve1"] ?? {} } };
}

/** The installer names every node pve. */
function pve(
  lab: Lab,
  { host, vmid, address }: {
    readonly host: string;
    readonly vmid: number;
    readonly address: string;
  },
): Lab {
  const guests = [guest({ vmid, name: `guest-${vmid}`, node: "pve" })];
  return { ...lab, host, cluster: null, nodes: { pve: node(address) }, guests };
}
