/** A property of tidy --apply: whatever people did since the plan was made, nothing of theirs is changed or lost. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cliFolders } from "../helpers/cli-folders.ts";
import { numRuns } from "../helpers/full-tests.ts";
import type { Row, Rows } from "../helpers/small-netbox.ts";
import {
  JOIN,
  REMOVALS,
  RENAME,
  runTidyCli,
  startTidyNetBox,
  UNTAG,
  writePlan,
} from "../helpers/tidying.ts";

const { fresh } = cliFolders();
const MACHINES = "virtualization/virtual-machines";
const NICS = "virtualization/interfaces";
const DISKS = "virtualization/virtual-disks";
const ADDRESSES = "ipam/ip-addresses";

function set(rows: Rows, [path, id]: readonly [string, number], fields: object): void {
  Object.assign(rows[path]?.find((row) => row.id === id) as Row, fields);
}

function add(rows: Rows, path: string, fields: object): void {
  rows[path]?.push({ id: 900, tags: [], custom_fields: {}, ...fields });
}

interface Deed {
  readonly does: (rows: Rows) => void;
  /** Objects that must be as they are after it. */
  readonly stay: readonly (readonly [path: string, id: number])[];
}

const OLD = [MACHINES, 3] as const;
const NIC = [NICS, 30] as const;
const DISK = [DISKS, 31] as const;
const ADDRESS = [ADDRESSES, 32] as const;
const MACHINE_TYPE = "virtualization.virtualmachine";

/** TABLE: what people do between plan and tidy. */
const DEEDS: Readonly<Record<string, Deed>> = {
  "a service on the machine": {
    does: (rows) => add(rows, "ipam/services", { virtual_machine: { id: 3 }, ipaddresses: [] }),
    stay: [OLD],
  },
  "a contact of the machine": {
    does: (rows) =>
      add(rows, "tenancy/contact-assignments", { object_type: MACHINE_TYPE, object_id: 3 }),
    stay: [OLD],
  },
  "a journal entry of the disk": {
    does: (rows) =>
      add(rows, "extras/journal-entries", {
        assigned_object_type: "virtualization.virtualdisk",
        assigned_object_id: 31,
      }),
    stay: [DISK, OLD],
  },
  "a DNS name": {
    does: (rows) => set(rows, ADDRESS, { dns_name: "old.example.net" }),
    stay: [ADDRESS, NIC, OLD],
  },
  "a service on the address": {
    does: (rows) =>
      add(rows, "ipam/services", { virtual_machine: { id: 2 }, ipaddresses: [{ id: 32 }] }),
    stay: [ADDRESS, NIC, OLD],
  },
  "a second address on the NIC": {
    does: (rows) =>
      add(rows, ADDRESSES, {
        address: "10.0.0.99/24",
        assigned_object_type: "virtualization.vminterface",
        assigned_object_id: 30,
      }),
    stay: [[ADDRESSES, 900], NIC, OLD],
  },
  "a description of the MAC address": {
    does: (rows) => set(rows, ["dcim/mac-addresses", 33], { description: "mine" }),
    stay: [["dcim/mac-addresses", 33], NIC, OLD],
  },
  "a value in a custom field of the disk": {
    does: (rows) => set(rows, DISK, { custom_fields: { backup: "daily" } }),
    stay: [DISK, OLD],
  },
  "our tags taken from the machine": {
    does: (rows) => set(rows, OLD, { tags: [] }),
    stay: [OLD],
  },
  "another name": {
    does: (rows) => set(rows, [MACHINES, 1], { name: "by hand" }),
    stay: [],
  },
  "a machine of their own": {
    does: (rows) => add(rows, MACHINES, { name: "www", cluster: { id: 1 } }),
    stay: [[MACHINES, 900]],
  },
};

const ITEMS = [RENAME, ...REMOVALS, UNTAG, JOIN];
/** The objects that the items are about, and what they move. */
const PLANNED = new Set([
  `${MACHINES} 1`,
  `${MACHINES} 3`,
  `${NICS} 30`,
  `${DISKS} 31`,
  `${ADDRESSES} 32`,
  "dcim/mac-addresses 33",
  "ipam/vlans 12",
]);

/** Without what the removal of an address clears, and `join` moves. */
function linesOf(rows: Rows): ReadonlyMap<string, string> {
  const MOVED = ["primary_ip4", "untagged_vlan"];
  return new Map(
    Object.entries(rows).flatMap(([path, list]) =>
      list.map((row) => {
        const kept = Object.entries(row).filter(([key]) => !MOVED.includes(key));
        return [`${path} ${row.id}`, JSON.stringify(Object.fromEntries(kept))] as const;
      })
    ),
  );
}

test("what people made or changed since the plan stays as it is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(Object.keys(DEEDS), { minLength: 1, maxLength: 3 }),
      fc.shuffledSubarray(ITEMS.filter(({ action }) => action !== "remove")),
      async (names, others) => {
        const netbox = await startTidyNetBox();
        try {
          const deeds = names.map((name) => DEEDS[name] as Deed);
          for (const { does } of deeds) does(netbox.rows);
          const before = linesOf(netbox.rows);
          const run = fresh("run");
          await writePlan(run, netbox.url, [...others, ...REMOVALS]);
          const { code, stderr } = await runTidyCli([run, "--apply", "--netbox", netbox.url]);
          expect([0, 7], stderr).toContain(code);
          const after = linesOf(netbox.rows);
          const stay = new Set(deeds.flatMap((deed) => deed.stay.map((each) => each.join(" "))));
          for (const [key, line] of before) {
            if (!PLANNED.has(key) || stay.has(key)) expect(after.get(key), key).toBe(line);
          }
        } finally {
          await netbox.close();
        }
      },
    ),
    { numRuns: numRuns(200) },
  );
}, 120_000);
