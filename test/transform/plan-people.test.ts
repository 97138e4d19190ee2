/**
 * Whatever people keep in NetBox, and whatever happens in Proxmox VE: a plan names only objects that runs made or
 * wrote, doing it breaks no reference, and GONE_STATUS changes nothing but the status of these.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelNetBox, type Shown } from "../helpers/applied.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { agentRow, type Lab, type LabGuest } from "../helpers/lab.ts";
import { planned, tidy } from "../helpers/planning.ts";
import { assignedTo, brief, device, machine, PORTS, SITE } from "../helpers/respecting.ts";
import type { Action } from "../../src/run-folder/tidy-plan.ts";

const HOSTS = ["10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13"];

function guestOf(vmid: number): fc.Arbitrary<LabGuest> {
  const mac = `BC:24:11:00:00:0${vmid - 100}`;
  return fc.record({
    name: fc.constantFrom("web", "db", "mail", "Web"),
    tags: fc.subarray(["prod", "web"]),
    addresses: fc.subarray(HOSTS, { maxLength: 2 }),
    nics: fc.subarray(["net0", "net1"], { minLength: 1 }),
    disks: fc.subarray(["scsi0", "scsi1"]),
    isSilent: fc.boolean(),
    hasConfig: fc.integer({ min: 0, max: 5 }).map((each) => each > 0),
  }).map(({ name, tags, addresses, nics, disks, isSilent, hasConfig }): LabGuest => ({
    vmid,
    row: { name, tags: tags.join(";") },
    config: hasConfig
      ? Object.fromEntries([
        ...nics.map((
          key,
        ) => [key, `virtio=${key === "net0" ? mac : mac.replace("BC", "BE")},tag=10`]),
        ...disks.map((key) => [key, `local:vm-${vmid}-${key},size=4G`]),
        ["agent", "1"],
        ["ostype", "l26"],
      ]) as Record<string, unknown>
      : { status: 500, error: "no" },
    osinfo: { name: "Debian GNU/Linux", "version-id": "12" },
    interfaces: isSilent
      ? { status: 500, error: "QEMU guest agent is not running" }
      : [agentRow(mac, addresses.map((host) => `${host}/24`))],
  }));
}

const site: fc.Arbitrary<Lab> = fc.record({
  guests: fc.tuple(...[101, 102, 103, 104].map((vmid) => fc.option(guestOf(vmid))))
    .map((guests) => guests.flatMap((guest) => guest ?? [])),
  hasSecond: fc.boolean(),
}).map(({ guests, hasSecond }): Lab => {
  const [port] = PORTS;
  const second = { network: [{ ...port, cidr: "10.0.0.2/24", address: "10.0.0.2" }] };
  return {
    host: "10.0.0.1",
    guests,
    nodes: { pve1: { network: PORTS }, ...(hasSecond && { pve2: second }) },
  };
});

/** What people make and change between two runs. */
const BY_HAND: readonly ((netbox: ModelNetBox) => void)[] = [
  (netbox) =>
    machines(netbox).forEach((owner) =>
      netbox.make("vm-interface", { name: "vpn0", virtual_machine: owner })
    ),
  (netbox) =>
    machines(netbox).forEach((owner) =>
      netbox.make("virtual-disk", { name: "backup", size: 1, virtual_machine: owner })
    ),
  (netbox) =>
    netbox.all("vm-interface").forEach((nic, i) =>
      netbox.make("ip-address", { address: `172.16.0.${i + 1}/24`, vrf: null, ...assignedTo(nic) })
    ),
  (netbox) =>
    netbox.all("device").forEach((owner) =>
      netbox.make("interface", { name: "ipmi", type: { value: "other" }, device: owner })
    ),
  (netbox) => netbox.all("ip-address").forEach((row) => row["status"] = { value: "reserved" }),
  (netbox) => machines(netbox).forEach((row) => row["name"] = `${row["name"]}-renamed`),
  (netbox) => netbox.all("vm-interface").forEach((row) => row["name"] = `x-${row["name"]}`),
  (netbox) => machines(netbox).slice(0, 1).forEach((row) => row["tags"] = []),
  (netbox) => netbox.all("ip-address").slice(0, 2).forEach((row) => row["tags"] = []),
  (netbox) => machine(netbox, { name: "mail", cluster: netbox.called("cluster", "lab") }),
  (netbox) => {
    const role = netbox.make("device-role", { name: "Server", parent: null });
    netbox.all("device").forEach((row) => row["role"] = brief(role));
  },
  (netbox) => {
    const vlan = netbox.make("vlan", { vid: 10, name: "Mine", site: null, group: null });
    netbox.all("vm-interface").slice(0, 1).forEach((nic) => nic["untagged_vlan"] = brief(vlan));
  },
  (netbox) =>
    netbox.make("ip-address", { address: "10.0.0.12/24", vrf: null, assigned_object: null }),
];

function machines(netbox: ModelNetBox): Shown[] {
  return netbox.all("virtual-machine");
}

/** What people had before the first run. */
function netboxOf(people: readonly string[]): ModelNetBox {
  const netbox = new ModelNetBox();
  const hq = netbox.make("site", { name: "HQ" });
  if (people.includes("device")) device(netbox, { name: "pve1", site: hq });
  if (people.includes("other device")) device(netbox, { name: "sw1", site: hq });
  if (people.includes("machine")) machine(netbox, { name: "other" });
  if (people.includes("address")) {
    const free = { address: "10.0.0.11/24", vrf: null, assigned_object: null };
    netbox.make("ip-address", free);
  }
  return netbox;
}

/** Each object that no run made or wrote, as a text. */
function theirs(netbox: ModelNetBox): Map<number, string> {
  const written = new Set(netbox.changes.map(({ id }) => id));
  const rows = [...netbox.rows.values()].flat().filter(({ id }) => !written.has(id));
  return new Map(rows.map((row) => [row.id, JSON.stringify(row)]));
}

const BEFORE_PUSH: readonly Action[] = ["release", "rename"];
/** A rename may become possible by a removal; a guest stays retired. */
const STANDING: readonly Action[] = ["rename", "retire"];

test("a plan concerns only what runs made, and can be done in its order", async () => {
  const people = fc.subarray(["device", "other device", "machine", "address"]);
  const changes = fc.subarray([...BY_HAND]);
  const gone = fc.constantFrom("keep", "offline", "decommissioning");
  let items = 0;
  await fc.assert(
    fc.asyncProperty(
      site,
      site,
      people,
      changes,
      gone,
      async (first, second, had, hands, status) => {
        const netbox = netboxOf(had);
        netbox.apply((await planned(netbox, first)).outcome.all);
        const { set: since } = await planned(netbox, first);
        const created = new Set(
          netbox.changes.filter(({ field }) => field === undefined).map(({ id }) => id),
        );
        for (const change of hands) change(netbox);
        netbox.refresh();
        const before = theirs(netbox);
        const options = { since, settings: { ...SITE, GONE_STATUS: status } };

        const early = await planned(netbox, second, options);
        tidy(netbox, {
          items: early.plan.items.filter(({ action }) => BEFORE_PUSH.includes(action)),
        });
        const { plan, outcome } = await planned(netbox, second, options);
        items += early.plan.items.length;
        for (const item of [...early.plan.items, ...plan.items]) {
          for (const { id } of [item, ...item.changes]) expect(before.has(id)).toBe(false);
          if (item.action !== "remove" || item.type !== "device") continue;
          expect(created.has(item.id)).toBe(true);
        }

        const retired = outcome.all.filter(({ step, entity }) =>
          (step === "ip-address" && "status" in entity && entity.status === "deprecated") ||
          (step === "virtual-machine" && !("start_on_boot" in entity) && !("vcpus" in entity))
        );
        for (const { id, field } of netbox.apply(retired)) {
          expect(field).toBe("status");
          expect(before.has(id)).toBe(false);
        }
        netbox.apply(outcome.all);
        const untouched = theirs(netbox);
        tidy(netbox, { items: plan.items.filter(({ action }) => !BEFORE_PUSH.includes(action)) });
        const after = theirs(netbox);
        for (const id of untouched.keys()) expect(after.has(id)).toBe(true);
        // The push may have given tags back that people took away: then once again.
        const laterItems = async () => {
          netbox.refresh();
          const { plan: later } = await planned(netbox, second, options);
          return later.items.filter((item) => !STANDING.includes(item.action));
        };
        tidy(netbox, { items: await laterItems() });
        expect(await laterItems()).toEqual([]);
      },
    ),
    { numRuns: numRuns(150) },
  );
  expect(items).toBeGreaterThan(50);
});
