/** The cluster of these cases: two nodes and three guests, and what differs in a case. */
import { agentRow, type Lab, type LabGuest, type LabNode, labSite } from "../../../helpers/lab.ts";
import type { Input } from "../../trial.ts";
import type { Settings } from "../../judge/plan.ts";

const GIB = 2 ** 30;

export interface GuestOptions {
  readonly vmid: number;
  readonly name: string;
  readonly node?: string;
  readonly addresses?: readonly string[];
  readonly row?: LabGuest["row"];
}

/** A running guest with one disk and one NIC, in VLAN 10, whose agent answers. */
export function guest(
  { vmid, name, node = "pve1", row, addresses = [`10.0.0.${vmid}/24`] }: GuestOptions,
): LabGuest {
  const mac = `BC:24:11:00:01:${String(vmid - 100).padStart(2, "0")}`;
  return {
    vmid,
    node,
    row: { name, maxmem: GIB, ...row },
    config: {
      agent: "1",
      description: `Notes of ${vmid}`,
      net0: `virtio=${mac},bridge=vmbr0,tag=10`,
      scsi0: `local-lvm:vm-${vmid}-disk-0,size=8G`,
    },
    osinfo: { name: "Debian GNU/Linux", "version-id": "13" },
    interfaces: [agentRow(mac, addresses)],
  };
}

export function node(address: string, more: readonly unknown[] = []): LabNode {
  const bridge = { iface: "vmbr0", type: "bridge", cidr: address, active: 1, priority: 1 };
  return { row: { maxcpu: 8, maxmem: 16 * GIB }, network: [bridge, ...more] };
}

const UPLINK = { iface: "eno2", type: "eth", cidr: "10.1.0.1/24", active: 1, priority: 2 };

const CONTAINER: LabGuest = {
  vmid: 102,
  kind: "lxc",
  node: "pve2",
  row: { name: "db1", maxmem: GIB },
  config: {
    ostype: "debian",
    net0: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:02,ip=10.0.0.102/24",
    rootfs: "local-lvm:vm-102-disk-0,size=4G",
  },
};

export const LAB: Required<Pick<Lab, "nodes" | "guests">> & Lab = {
  host: "pve1.example.net",
  nodes: { pve1: node("10.0.0.1/24", [UPLINK]), pve2: node("10.0.0.2/24") },
  guests: [
    guest({
      vmid: 101,
      name: "web1",
      row: { tags: "web" },
      addresses: ["10.0.0.101/24", "10.1.0.101/24"],
    }),
    CONTAINER,
    guest({ vmid: 103, name: "router1" }),
  ],
};

/** The guests of `lab`, with one of them replaced, or added. */
export function withGuest(lab: Lab, changed: LabGuest): Lab {
  const others = (lab.guests ?? []).filter(({ vmid }) => vmid !== changed.vmid);
  return { ...lab, guests: [...others, changed] };
}

export function inputOf(lab: Lab, settings: Settings): Input {
  return { runs: [labSite(lab)], settings };
}

/** One day later: what Proxmox VE has changed meanwhile must arrive. */
export function later(lab: Lab): Lab {
  const guests = (lab.guests ?? []).map((each) => ({
    ...each,
    row: { ...each.row, maxmem: 2 * GIB },
  }));
  return { ...lab, guests, capturedAt: "2026-01-03T03:04:05Z" };
}
