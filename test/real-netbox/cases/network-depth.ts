/** NETWORK_DEPTH=full and its like: what is sent arrives, and changes as it does in Proxmox VE. */
import { labSite } from "../../helpers/lab.ts";
import { readEntityFiles } from "../diode/entity-files.ts";
import type { Input, Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual } from "./compare-report.ts";

const SETTINGS = {
  NETWORK_DEPTH: "full",
  ALL_INTERFACES: "true",
  CLOUD_INIT_ADDRESSES: "true",
  GUEST_SERIAL: "true",
  SUSPENDED_STATUS: "paused",
};

/** What passes a bridge and a NIC. */
interface Passed {
  readonly bridge_vids: string;
  readonly nic: string;
}

/** Each as the one before has it in NetBox. */
const STAGES: readonly Passed[] = [
  { bridge_vids: "2 5-7", nic: "tag=9,trunks=2;5" },
  { bridge_vids: "2 7 30", nic: "trunks=2;7;30" },
  { bridge_vids: "2-4094", nic: "tag=9" },
  { bridge_vids: "30 2", nic: "trunks=2-4094" },
  { bridge_vids: "2", nic: "tag=9,trunks=30" },
];

function siteWith({ bridge_vids, nic }: Passed): Input {
  const bridge = { iface: "vmbr0", type: "bridge", bridge_vlan_aware: 1, cidr: "10.0.0.1/24" };
  const net0 = `virtio=BC:24:11:00:00:01,bridge=vmbr0,${nic}`;
  const site = labSite({
    nodes: { pve1: { network: [{ ...bridge, bridge_vids }] } },
    guests: [{ vmid: 101, config: { net0 } }],
  });
  return { runs: [site], settings: SETTINGS };
}

function pushWhole(trial: Trial, input: Input): Promise<void> {
  return trial.withRun(input, async (run) => {
    const entities = await readEntityFiles(run);
    await trial.push(entities);
    await expectAllEqual(trial, run);
    await trial.pushAgain(entities);
  });
}

export const NETWORK_DEPTH_CASES: readonly Case[] = [
  {
    holds: "1 3 7",
    name: "trunks, VLAN-aware bridges, Open vSwitch, cloud-init and serial numbers",
    isForAll: true,
    run: (trial) => pushWhole(trial, { runs: ["test/fixtures/vlans"], settings: SETTINGS }),
  },
  {
    holds: "1 3 7",
    name: "VLANs of an interface that change",
    isForAll: true,
    async run(trial) {
      for (const stage of STAGES) await pushWhole(trial, siteWith(stage));
    },
  },
  {
    holds: "1 3 7",
    name: "VLANs of an interface that change, with a target",
    async run(trial) {
      for (const stage of STAGES) {
        await trial.withTarget((target) => pushWhole(trial, { ...siteWith(stage), target }));
      }
    },
  },
];
