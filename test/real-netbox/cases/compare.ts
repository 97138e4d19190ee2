/** The command `compare` with a read-only token: it reports the changes that the tests make. */
import { readEntityFiles } from "../diode/entity-files.ts";
import { type NetBox, tokenIn } from "../server/netbox.ts";
import { listAll, send } from "../server/rest.ts";
import type { Input, Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual, expectReport, reportOf } from "./compare-report.ts";

export const COMPARE_CASES: readonly Case[] = [
  {
    holds: "8",
    name: "compare reports missing entities, equal entities, and every change by a user",
    isForAll: true,
    run: (trial) => trial.withRun(EXAMPLE, (run) => compareThreeTimes(trial, run)),
  },
];

const EXAMPLE: Input = { runs: ["snapshots/example"] };
const MACHINES = "virtualization/virtual-machines";
const NICS = "virtualization/interfaces";
const DISKS = "virtualization/virtual-disks";

async function compareThreeTimes(trial: Trial, run: string): Promise<void> {
  const { netbox } = trial;
  const read = tokenIn(netbox.authorization.read);
  const entities = await readEntityFiles(run);
  const all = entities.length;
  expectReport(trial, await reportOf(netbox, run, read), {
    what: "an empty NetBox",
    code: 3,
    totals: { entities: all, equal: 0, different: 0, missing: all, unjudged: 0 },
  });
  await trial.push(entities);
  await expectAllEqual(trial, run);
  const changes = await changeByHand(netbox);
  expectReport(trial, await reportOf(netbox, run, read), {
    what: "changes since the push",
    code: 3,
    findings: changes,
  });
  await compareWithLimitedUser(trial, run);
}

/** Changes one object of each type, as a user would. Returns the expected findings. */
async function changeByHand(netbox: NetBox): Promise<string[]> {
  const machine = await one(netbox, MACHINES, ({ name }) => name === "AD01");
  const nic = await one(
    netbox,
    NICS,
    ({ virtual_machine: { id }, untagged_vlan }) => id !== machine.id && untagged_vlan !== null,
  );
  const disk = await one(netbox, DISKS, ({ virtual_machine: { id } }) => id !== machine.id);
  const device = await one(netbox, "dcim/devices", ({ name }) => name === "pve1");
  const address = await one(
    netbox,
    "ipam/ip-addresses",
    ({ assigned_object_type: type }) => type === "dcim.interface",
  );
  const prefix = await one(netbox, "ipam/prefixes", () => true);
  const tag = await one(netbox, "extras/tags", ({ name }) => name === "discovered");
  const mine = await send(netbox, {
    method: "POST",
    path: "extras/tags",
    body: { name: "mine", slug: "mine" },
  });
  const tenant = await send(netbox, {
    method: "POST",
    path: "tenancy/tenants",
    body: { name: "Sales", slug: "sales" },
  });
  await patch(netbox, `${MACHINES}/${machine.id}`, {
    name: "ad01",
    memory: 1,
    // Not a difference: the sent tags are still assigned.
    tags: [...machine.tags.map(({ id }) => id), mine.id],
    tenant: tenant.id,
    custom_fields: { proxmox_vmid: "999" },
  });
  await patch(netbox, `${NICS}/${nic.id}`, { untagged_vlan: null, enabled: !nic.enabled });
  await patch(netbox, `dcim/devices/${device.id}`, { status: "planned" });
  await patch(netbox, `ipam/ip-addresses/${address.id}`, {
    address: String(address.address).replace(/\/\d+$/, "/20"),
    tags: [],
  });
  await patch(netbox, `ipam/prefixes/${prefix.id}`, { scope_type: null, scope_id: null });
  await patch(netbox, `extras/tags/${tag.id}`, { color: "ffffff" });
  await remove(netbox, `${DISKS}/${disk.id}`);
  return [
    "tag discovered different: color",
    `vm-interface ${nic.virtual_machine.name}/${nic.name} different: enabled, untagged_vlan`,
    `ip-address ${address.address} different: address, tags`,
    `prefix ${prefix.prefix} different: scope_site`,
    "virtual-machine AD01 different: name, memory, custom_fields.proxmox_vmid",
    `virtual-disk ${disk.virtual_machine.name}/${disk.name} missing`,
    "device pve1 different: status",
  ];
}

/** Compares with tokens of both versions, of a user with limited permissions. */
async function compareWithLimitedUser(trial: Trial, run: string): Promise<void> {
  const { netbox } = trial;
  const { id } = await send(netbox, {
    method: "POST",
    path: "users/users",
    body: { username: "limited", password: "Of-one-test-0" },
  });
  await send(netbox, {
    method: "POST",
    path: "users/permissions",
    body: {
      name: "clusters and machines",
      object_types: ["virtualization.cluster", "virtualization.virtualmachine"],
      actions: ["view"],
      users: [id],
    },
  });
  for (const version of [1, 2]) {
    const { key, token } = await send(netbox, {
      method: "POST",
      path: "users/tokens",
      body: { user: id, version, write_enabled: false },
    });
    const text = version === 1 ? String(token) : `nbt_${key}.${token}`;
    const { totals, findings } = await reportOf(netbox, run, text);
    const steps = new Set(
      findings.filter(({ verdict }) => verdict === "unjudged").map((each) => each.step),
    );
    const seen = ["cluster", "virtual-machine"].filter((step) => steps.has(step));
    const sentences = findings.flatMap(({ unjudged = [] }) => unjudged).map((each) =>
      each.sentence
    );
    const disks = "the token may not view virtual disks (virtualization.view_virtualdisk)";
    if (totals["missing"] !== 0) trial.findings.push(`v${version}: what is hidden is missing`);
    if (seen.length > 0) trial.findings.push(`v${version}: not judged: ${seen.join(", ")}`);
    if (!sentences.includes(disks)) {
      trial.findings.push(`v${version}: the reason is missing: ${disks}`);
    }
  }
}

/** The fields of NetBox's objects that the changes above read. */
interface NetBoxRow {
  readonly id: number;
  readonly name: string;
  readonly enabled: boolean;
  readonly address: string;
  readonly prefix: string;
  readonly assigned_object_type: string | null;
  readonly untagged_vlan: object | null;
  readonly virtual_machine: { readonly id: number; readonly name: string };
  readonly tags: readonly { readonly id: number }[];
}

async function one(
  netbox: NetBox,
  path: string,
  isMatch: (row: NetBoxRow) => boolean,
): Promise<NetBoxRow> {
  const rows = (await listAll(netbox, path)) as unknown as readonly NetBoxRow[];
  const found = rows.find(isMatch);
  if (found === undefined) throw new Error(`NetBox has no matching object at ${path}`);
  return found;
}

async function patch(netbox: NetBox, path: string, body: object): Promise<void> {
  await send(netbox, { method: "PATCH", path, body });
}

async function remove(netbox: NetBox, path: string): Promise<void> {
  const response = await fetch(`${netbox.url}/api/${path}/`, {
    method: "DELETE",
    headers: { authorization: netbox.authorization.write },
  });
  if (!response.ok) throw new Error(`DELETE ${path}: ${response.status}`);
}
