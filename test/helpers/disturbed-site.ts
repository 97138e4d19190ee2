/** A site of guests that are alike, transformed into a run folder: for tests of what Diode does with its entities. */
import { openEntities, type TransformedSet } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { agentRow, type LabGuest, labSite } from "./lab.ts";
import { buildRunFiles, writeRunFiles } from "./run-in-memory.ts";
import { tempFolder } from "./temp-folder.ts";

function guest(i: number, vlans: number): LabGuest {
  const mac = `BC:24:11:00:00:${String(i + 10)}`;
  return {
    vmid: 100 + i,
    row: { name: `guest-${i}`, tags: "prod" },
    config: {
      agent: "1",
      net0: `virtio=${mac},bridge=vmbr0,tag=${10 + i % vlans}`,
      scsi0: `local-lvm:vm-${100 + i}-disk-0,size=8G`,
    },
    interfaces: [agentRow(mac, [`10.0.0.${i + 10}/24`])],
  };
}

const PORT = { iface: "vmbr0", type: "bridge", active: 1, cidr: "10.0.0.1/24" };

export interface SiteSize {
  readonly guests?: number;
  readonly vlans?: number;
}

/** In a folder that is removed at the end of the test. */
export async function transformedSet(
  { guests = 20, vlans = 5 }: SiteSize = {},
): Promise<TransformedSet> {
  const folder = await tempFolder();
  const all = Array.from({ length: guests }, (_, i) => guest(i, vlans));
  const site = labSite({ guests: all, nodes: { pve1: { network: [PORT] } } });
  await writeRunFiles(await buildRunFiles(site), folder);
  return await openEntities(await openStore(folder));
}
