/** tidy: plans that transform writes, done in a real NetBox and taken back. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agentRow, type LabGuest, type LabNode, labSite } from "../../helpers/lab.ts";
import type { Site } from "../../helpers/snapshot-builder.ts";
import { type Finished, runCli } from "../../helpers/run-cli.ts";
import { readEntityFiles } from "../diode/entity-files.ts";
import { dumpDifferences } from "../judge/dump.ts";
import { tokenIn } from "../server/netbox.ts";
import { listAll, type Row, send } from "../server/rest.ts";
import type { Trial } from "../trial.ts";
import type { Case } from "./case.ts";

const MACHINES = "virtualization/virtual-machines";
const NICS = "virtualization/interfaces";
const DISKS = "virtualization/virtual-disks";
const ADDRESSES = "ipam/ip-addresses";

interface Guest {
  readonly vmid: number;
  readonly name?: string;
  readonly tags?: string;
  readonly addresses?: readonly string[];
  readonly vlan?: number;
}

function guest({ vmid, name = `guest-${vmid}`, tags, addresses, vlan }: Guest): LabGuest {
  const mac = `BC:24:11:00:01:0${vmid - 100}`;
  const vlanTag = vlan === undefined ? "" : `,tag=${vlan}`;
  return {
    vmid,
    row: { name, maxmem: 2 ** 30, tags: tags ?? "" },
    config: {
      agent: "1",
      description: `Notes of ${vmid}`,
      net0: `virtio=${mac},bridge=vmbr0${vlanTag}`,
      scsi0: `local-lvm:vm-${vmid}-disk-0,size=8G`,
    },
    interfaces: [agentRow(mac, addresses ?? [`10.0.0.${vmid}/24`])],
  };
}

const BRIDGE = { iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24", active: 1, priority: 1 };
const SECOND = { ...BRIDGE, iface: "vmbr1", cidr: "10.1.0.1/24", priority: 2 };
const THIRD = { ...BRIDGE, iface: "vmbr2", cidr: "10.3.0.1/24", priority: 4 };
const PORT = { ...BRIDGE, iface: "eno1", type: "eth", cidr: "10.2.0.1/24", priority: 3 };

function site(guests: readonly LabGuest[], node: LabNode = { network: [BRIDGE] }): Site {
  return labSite({ nodes: { pve1: node }, guests });
}

/** Surveys, transforms with what was written before, and calls `work` with the run folder. */
async function planned<Value>(
  trial: Trial,
  { before, after }: { readonly before: string; readonly after: Site },
  work: (run: string) => Promise<Value>,
): Promise<Value> {
  return await trial.withTarget((target) =>
    trial.withRun({ runs: [after], target, since: before }, work)
  );
}

async function pushedRun<Value>(
  trial: Trial,
  first: Site,
  work: (run: string) => Promise<Value>,
): Promise<Value> {
  return await trial.withRun({ runs: [first] }, async (run) => {
    await trial.push(await readEntityFiles(run));
    return await work(run);
  });
}

function tidy(trial: Trial, args: readonly string[], token?: string): Promise<Finished> {
  const { url, authorization } = trial.netbox;
  const env = { NETBOX_TOKEN: token ?? tokenIn(authorization.write), NETBOX_RETRY_DELAY: "10ms" };
  return runCli(["tidy", ...args, "--netbox", url], { env });
}

/** The states of all items: "rename web done". */
async function applied(
  trial: Trial,
  run: string,
  args: readonly string[] = [],
): Promise<readonly string[]> {
  const { code, stdout, stderr } = await tidy(trial, [run, "--apply", "--json", ...args]);
  if (code !== 0) trial.findings.push(`tidy --apply ended with ${code}: ${stderr}${stdout}`);
  if (!stdout.startsWith("{")) return [];
  const { items } = JSON.parse(stdout) as {
    items: { action: string; name: string; state: string; because?: string }[];
  };
  return items.map(({ action, name, state, because = "" }) =>
    `${action} ${name} ${state}${because === "" ? "" : `: ${because}`}`
  );
}

function expectSame(trial: Trial, what: string, [found, expected]: readonly unknown[]): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) trial.findings.push(`${what}: ${a}, and not ${b}`);
}

async function names(trial: Trial, path: string): Promise<readonly string[]> {
  const rows = await listAll(trial.netbox, path);
  return rows.map((row) => String(row["name"] ?? row["address"] ?? row["vid"])).sort();
}

/** `label`: "web", or "web/net0". */
async function one(trial: Trial, path: string, label: string): Promise<Row> {
  const [name, owner] = label.split("/").toReversed();
  const rows = await listAll(trial.netbox, path);
  const ownerOf = (row: Row): unknown =>
    ((row["virtual_machine"] ?? row["device"]) as { name?: string } | undefined)?.name;
  const found = rows.find((row) =>
    row["name"] === name && (owner === undefined || ownerOf(row) === owner)
  );
  if (found === undefined) throw new Error(`NetBox has no ${label} at ${path}`);
  return found;
}

/** Takes back the last record, and compares with what NetBox had before. */
async function undone(
  trial: Trial,
  run: string,
  before: Awaited<ReturnType<Trial["dump"]>>,
): Promise<void> {
  const name = (await readdir(join(run, "tidy"))).sort().at(-1) ?? "";
  const file = join(run, "tidy", name);
  const record = await readFile(file);
  for (const time of ["once", "again, as if it was killed before it could write a line"]) {
    await writeFile(file, record);
    const { code, stdout, stderr } = await tidy(trial, ["--undo", file]);
    if (code !== 0) trial.findings.push(`tidy --undo ended with ${code}: ${stderr}${stdout}`);
    const differences = dumpDifferences(before, await trial.dump());
    trial.findings.push(...differences.map((each) => `after undo ${time}: ${each}`));
  }
}

const FIRST = [
  guest({ vmid: 101, name: "web", tags: "blue;green" }),
  guest({ vmid: 102, name: "db", vlan: 20 }),
  guest({ vmid: 103, name: "old" }),
  guest({ vmid: 104, name: "gone" }),
];
/** web is renamed and loses a tag; db gets the address of old; old and gone are gone. */
const THEN = [
  guest({ vmid: 101, name: "www", tags: "green" }),
  guest({ vmid: 102, name: "db", vlan: 20, addresses: ["10.0.0.103/24"] }),
];

async function wholeLoop(trial: Trial): Promise<void> {
  await pushedRun(trial, site(FIRST), async (before) => {
    const after = site(THEN);
    await planned(trial, { before, after }, async (run) => {
      const dump = await trial.dump();
      const states = await applied(trial, run, ["--only", "release,rename"]);
      expectSame(trial, "release and rename", [states, [
        "release 10.0.0.103/24 done",
        "rename web done",
      ]]);
      await undone(trial, run, dump);
      expectSame(trial, "again", [await applied(trial, run, ["--only", "release,rename"]), states]);
    });
    await planned(trial, { before, after }, async (run) => {
      await trial.push(await readEntityFiles(run));
      await describeByHand(trial);
      const dump = await trial.dump();
      const states = await applied(trial, run);
      expectSame(trial, "states", [[...new Set(states.map((each) => each.split(" ").at(-1)))], [
        "done",
      ]]);
      expectSame(trial, "machines", [await names(trial, MACHINES), ["db", "www"]]);
      expectSame(trial, "disks", [await names(trial, DISKS), ["scsi0", "scsi0"]]);
      expectSame(trial, "NICs", [await names(trial, NICS), ["net0", "net0"]]);
      const done = states.map((each) => `${each.replace(/ done$/, "")} already`);
      expectSame(trial, "again", [await applied(trial, run), done]);
      await undone(trial, run, dump);
      await expectMessages(trial);
    });
    // What was created again has new ids.
    await planned(trial, { before, after }, async (run) => {
      await applied(trial, run);
    });
    await planned(trial, { before, after }, async (run) => {
      const { stdout } = await tidy(trial, [run, "--json"]);
      expectSame(trial, "left to do", [JSON.parse(stdout).items, []]);
      await trial.pushAgain(await readEntityFiles(run));
    });
  });
}

/** Fields of a machine that do not keep it, and that an undo restores. */
async function describeByHand(trial: Trial): Promise<void> {
  const { id, tags } = await one(trial, MACHINES, "gone");
  const tag = await send(trial.netbox, {
    method: "POST",
    path: "extras/tags",
    body: { name: "by hand", slug: "by-hand" },
  });
  await send(trial.netbox, {
    method: "PATCH",
    path: `${MACHINES}/${id}`,
    body: {
      description: "By hand",
      serial: "0815",
      local_context_data: { ntp: ["10.0.0.1"], choice: { value: 1, label: "x" } },
      tags: [...(tags as Row[]).map((each) => each.id), tag.id],
    },
  });
}

/** NetBox's change log says which program it was, and why. */
async function expectMessages(trial: Trial): Promise<void> {
  const changes = await listAll(trial.netbox, "core/object-changes");
  for (const action of ["create", "update", "delete"]) {
    const isSaid = changes.some((row) =>
      (row["action"] as { value: string }).value === action &&
      String(row["message"]).startsWith("proxmox-diode tidy")
    );
    if (!isSaid) trial.findings.push(`the change log has no message for: ${action}`);
  }
}

const KEPT = [105, 106, 107, 108, 109].map((vmid) => guest({ vmid }));

async function keepsPeoples(trial: Trial): Promise<void> {
  const { netbox } = trial;
  const post = (path: string, body: object) => send(netbox, { method: "POST", path, body });
  const first = site(KEPT, { network: [BRIDGE, SECOND, PORT, THIRD] });
  await pushedRun(trial, first, async (before) => {
    const machine = async (vmid: number) => (await one(trial, MACHINES, `guest-${vmid}`)).id;
    await post("ipam/services", {
      name: "ssh",
      protocol: "tcp",
      ports: [22],
      parent_object_type: "virtualization.virtualmachine",
      parent_object_id: await machine(105),
    });
    const contact = await post("tenancy/contacts", { name: "Ada" });
    const role = await post("tenancy/contact-roles", { name: "Admin", slug: "admin" });
    await post("tenancy/contact-assignments", {
      contact: contact.id,
      role: role.id,
      object_type: "virtualization.virtualmachine",
      object_id: await machine(106),
    });
    await post("extras/journal-entries", {
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: (await one(trial, NICS, "guest-107/net0")).id,
      comments: "Do not lose this",
    });
    const addresses = await listAll(netbox, ADDRESSES);
    const address = addresses.find((row) => row["address"] === "10.0.0.108/24") as Row;
    await send(netbox, {
      method: "PATCH",
      path: `${ADDRESSES}/${address.id}`,
      body: { dns_name: "guest-108.example.net" },
    });
    await post("extras/custom-fields", {
      name: "runs_on_behalf_of",
      type: "object",
      object_types: ["dcim.device"],
      related_object_type: "virtualization.virtualmachine",
    });
    const device = await one(trial, "dcim/devices", "pve1");
    await send(netbox, {
      method: "PATCH",
      path: `dcim/devices/${device.id}`,
      body: { custom_fields: { runs_on_behalf_of: await machine(109) } },
    });
    const port = await post("dcim/interfaces", {
      device: device.id,
      name: "by hand",
      type: "1000base-t",
    });
    const eno1 = await one(trial, "dcim/interfaces", "pve1/eno1");
    await post("dcim/cables", {
      a_terminations: [{ object_type: "dcim.interface", object_id: eno1.id }],
      b_terminations: [{ object_type: "dcim.interface", object_id: port.id }],
    });
    await planned(trial, { before, after: site([]) }, async (run) => {
      // Since the survey.
      const parent = await one(trial, "dcim/interfaces", "pve1/vmbr1");
      const child = { device: device.id, name: "vmbr1.5", type: "virtual", parent: parent.id };
      await post("dcim/interfaces", child);
      const states = await applied(trial, run, ["--max-removed", "100"]);
      const kept = states.filter((each) => / kept: /.test(each));
      const words = ["ssh", "Ada", "journal entries", "dns_name", "cable", "vmbr1.5", "behalf"];
      for (const word of words) {
        if (!kept.some((each) => each.includes(word))) {
          trial.findings.push(`not kept for "${word}": ${states.join("\n")}`);
        }
      }
      const all = KEPT.map(({ row }) => row?.["name"]);
      expectSame(trial, "machines", [await names(trial, MACHINES), all]);
      expectSame(trial, "left disks", [await names(trial, DISKS), []]);
      const ports = ["by hand", "eno1", "vmbr0", "vmbr1", "vmbr1.5"];
      expectSame(trial, "interfaces", [await names(trial, "dcim/interfaces"), ports]);
    });
  });
}

async function staleAndDenied(trial: Trial): Promise<void> {
  const { netbox } = trial;
  await pushedRun(trial, site(FIRST), async (before) => {
    await planned(trial, { before, after: site(THEN) }, async (run) => {
      const read = await tidy(trial, [run, "--apply"], tokenIn(netbox.authorization.read));
      expectSame(trial, "exit code of a read-only token", [read.code, 6]);
      for (const permission of ["virtualization.change_virtualmachine", "ipam.change_ipaddress"]) {
        if (!read.stderr.includes(permission)) trial.findings.push(`not named: ${permission}`);
      }
      const checked = await tidy(trial, [run, "--json"], tokenIn(netbox.authorization.read));
      expectSame(trial, "check with a read-only token", [checked.code, 0]);
      const web = await one(trial, MACHINES, "web");
      await send(netbox, {
        method: "PATCH",
        path: `${MACHINES}/${web.id}`,
        body: { name: "by-hand" },
      });
      const states = await applied(trial, run);
      if (!states.some((each) => each.startsWith("rename web stale"))) {
        trial.findings.push(`not stale: ${states.join("\n")}`);
      }
      await one(trial, MACHINES, "by-hand");
    });
  });
}

async function joins(trial: Trial): Promise<void> {
  const { netbox } = trial;
  const guests = [guest({ vmid: 101, vlan: 20 }), guest({ vmid: 102, vlan: 20 })];
  await pushedRun(trial, site(guests), async (before) => {
    const [vlan] = await listAll(netbox, "ipam/vlans") as [Row];
    const idOf = (value: unknown) => (value as { id: number } | null)?.id ?? null;
    const double = await send(netbox, {
      method: "POST",
      path: "ipam/vlans",
      body: {
        vid: vlan["vid"],
        name: vlan["name"],
        site: idOf(vlan["site"]),
        tags: (vlan["tags"] as Row[]).map(({ id }) => id),
      },
    });
    const nic = await one(trial, NICS, "guest-102/net0");
    await send(netbox, {
      method: "PATCH",
      path: `${NICS}/${nic.id}`,
      body: { untagged_vlan: double.id },
    });
    await planned(trial, { before, after: site(guests) }, async (run) => {
      const dump = await trial.dump();
      expectSame(trial, "states", [await applied(trial, run), ["join VLAN 20 done"]]);
      expectSame(trial, "VLANs", [(await listAll(netbox, "ipam/vlans")).map(({ id }) => id), [
        vlan.id,
      ]]);
      const moved = await one(trial, NICS, "guest-102/net0");
      expectSame(trial, "VLAN of the NIC", [idOf(moved["untagged_vlan"]), vlan.id]);
      await undone(trial, run, dump);
    });
  });
}

export const TIDY_CASES: readonly Case[] = [
  {
    holds: "10",
    name: "tidy: rename, release, remove and untag, each taken back and done again",
    isForAll: true,
    run: wholeLoop,
  },
  {
    holds: "10",
    name: "tidy: keeps what objects of people depend on",
    isForAll: true,
    run: keepsPeoples,
  },
  {
    holds: "10",
    name: "tidy: a plan that has become stale, and a read-only token",
    isForAll: true,
    run: staleAndDenied,
  },
  { holds: "10", name: "tidy: joins VLANs that exist twice", isForAll: true, run: joins },
];
