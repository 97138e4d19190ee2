/** Changes by users in NetBox are kept, and the changed objects are matched again. */
import { listAll, type Row, send } from "../server/rest.ts";
import type { Input, Trial } from "../trial.ts";
import type { Case } from "./case.ts";

const INPUT: Input = { runs: ["test/fixtures/pve8"] };

export const BY_HAND_CASES: readonly Case[] = [
  {
    holds: "3",
    name: "VMs and devices to which a user assigned a tenant are matched with TENANT_NAME",
    isForAll: true,
    run: (trial) => changedByHand(trial, tenants, { ...INPUT, settings: { TENANT_NAME: "Sales" } }),
  },
  {
    holds: "3",
    name: "descriptions, serial numbers and statuses that a user set are kept",
    run: (trial) => changedByHand(trial, descriptions),
  },
  {
    holds: "3",
    name: "a platform to which a user assigned a manufacturer is matched",
    run: (trial) => changedByHand(trial, platforms),
  },
];

type Change = (trial: Trial) => Promise<void>;

/** Sending again after the change must change nothing and create no duplicates. */
async function changedByHand(trial: Trial, change: Change, then = INPUT): Promise<void> {
  const entities = await trial.transform(INPUT);
  await trial.push(entities);
  await change(trial);
  const before = await trial.dump();
  await trial.pushAgain(then === INPUT ? entities : await trial.transform(then));
  const after = await trial.dump();
  for (const [path, rows] of before) {
    const count = after.get(path)?.length;
    if (count !== rows.length) {
      trial.findings.push(`${path}: ${count} objects, and not ${rows.length}`);
    }
  }
}

async function tenants({ netbox }: Trial): Promise<void> {
  const { id } = await send(netbox, {
    method: "POST",
    path: "tenancy/tenants",
    body: { name: "Sales", slug: "sales" },
  });
  await patchAll(netbox, "virtualization/virtual-machines", { tenant: id });
  await patchAll(netbox, "dcim/devices", { tenant: id });
}

async function descriptions({ netbox }: Trial): Promise<void> {
  const description = "set by hand";
  const paths = [
    "virtualization/virtual-machines",
    "virtualization/interfaces",
    "virtualization/virtual-disks",
    "virtualization/clusters",
    "dcim/devices",
    "dcim/interfaces",
    "dcim/platforms",
    "ipam/vlans",
    "ipam/prefixes",
    "ipam/ip-addresses",
    "extras/tags",
  ];
  for (const path of paths) await patchAll(netbox, path, { description });
  await patchAll(netbox, "dcim/devices", { serial: "S1" });
  await patchAll(netbox, "ipam/vlans", { status: "reserved" });
}

async function platforms({ netbox }: Trial): Promise<void> {
  const { id } = await send(netbox, {
    method: "POST",
    path: "dcim/manufacturers",
    body: { name: "Debian Project", slug: "debian-project" },
  });
  await patchAll(netbox, "dcim/platforms", { manufacturer: id });
}

async function patchAll(netbox: Trial["netbox"], path: string, body: unknown): Promise<Row[]> {
  const rows = await listAll(netbox, path);
  for (const { id } of rows) await send(netbox, { method: "PATCH", path: `${path}/${id}`, body });
  return rows;
}
