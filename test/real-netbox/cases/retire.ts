/** GONE_STATUS: a guest that is gone is retired through Diode, and restored as soon as it returns. */
import { agentRow, type LabGuest, labSite } from "../../helpers/lab.ts";
import type { Site } from "../../helpers/snapshot-builder.ts";
import { readEntityFiles } from "../diode/entity-files.ts";
import { listAll } from "../server/rest.ts";
import type { Trial } from "../trial.ts";
import type { Case } from "./case.ts";

function guest(vmid: number, name: string): LabGuest {
  const mac = `BC:24:11:00:02:${vmid - 90}`;
  return {
    vmid,
    row: { name, maxmem: 2 ** 30 },
    config: { agent: "1", net0: `virtio=${mac},bridge=vmbr0`, scsi0: "local:1,size=8G" },
    interfaces: [agentRow(mac, [`10.0.0.${vmid}/24`])],
  };
}

const BRIDGE = { iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24", active: 1, priority: 1 };

function site(...guests: readonly LabGuest[]): Site {
  return labSite({ nodes: { pve1: { network: [BRIDGE] } }, guests });
}

const STAYS = guest(101, "stays");
const LEAVES = guest(102, "leaves");

/** Transforms with what NetBox holds and an earlier run, pushes twice, and calls `work` with the run folder. */
async function next(
  trial: Trial,
  after: Site,
  { since, work }: { readonly since: string; readonly work: (run: string) => Promise<void> },
): Promise<void> {
  const settings = { GONE_STATUS: "decommissioning" };
  await trial.withTarget((target) =>
    trial.withRun({ runs: [after], settings, target, since }, async (run) => {
      await trial.push(await readEntityFiles(run));
      await trial.pushAgain(await readEntityFiles(run));
      await work(run);
    })
  );
}

/** "leaves offline", "10.0.0.102/24 deprecated" */
async function statuses(trial: Trial): Promise<readonly string[]> {
  const machines = await listAll(trial.netbox, "virtualization/virtual-machines");
  const addresses = await listAll(trial.netbox, "ipam/ip-addresses");
  return [...machines, ...addresses].map((row) => {
    const { value } = row["status"] as { value: string };
    return `${String(row["name"] ?? row["address"])} ${value}`;
  }).sort();
}

async function expectStatuses(
  trial: Trial,
  when: string,
  { machine, address }: { readonly machine: string; readonly address: string },
): Promise<void> {
  const expected = [
    "10.0.0.1/24 active",
    "10.0.0.101/24 active",
    `10.0.0.102/24 ${address}`,
    `leaves ${machine}`,
    "stays active",
  ];
  const found = await statuses(trial);
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  trial.findings.push(`${when}: NetBox has ${found.join(", ")}, not ${expected.join(", ")}`);
}

async function retireAndReturn(trial: Trial): Promise<void> {
  await trial.withRun({ runs: [site(STAYS, LEAVES)] }, async (first) => {
    await trial.push(await readEntityFiles(first));
    await next(trial, site(STAYS), {
      since: first,
      async work(second) {
        const retired = { machine: "decommissioning", address: "deprecated" };
        await expectStatuses(trial, "gone", retired);
        await next(trial, site(STAYS), {
          since: second,
          async work(third) {
            await expectStatuses(trial, "still gone", retired);
            await next(trial, site(STAYS, LEAVES), {
              since: third,
              work: () =>
                expectStatuses(trial, "returned", { machine: "active", address: "active" }),
            });
          },
        });
      },
    });
  });
}

export const RETIRE_CASES: readonly Case[] = [{
  holds: "10",
  name: "GONE_STATUS: a guest that is gone is retired, and restored when it returns",
  isForAll: true,
  run: retireAndReturn,
}];
