/** The command tidy: prints a plan, does it one change at a time, and takes it back. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { PlanItem } from "../src/run-folder/tidy-plan.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { buildSet } from "./helpers/entity-set.ts";
import type { Row, SmallNetBox, SmallNetBoxOptions } from "./helpers/small-netbox.ts";
import {
  changesAsked,
  JOIN,
  planItem,
  RELEASE,
  REMOVALS,
  RENAME,
  runTidyCli,
  startTidyNetBox,
  UNTAG,
  withoutIds,
  writePlan,
} from "./helpers/tidying.ts";

const { fresh } = cliFolders();
const VM = "virtualization/virtual-machines";

/** The tests run concurrently, so all servers are closed at the end. */
const opened: SmallNetBox[] = [];
afterAll(() => Promise.all(opened.map((netbox) => netbox.close())));

interface Prepared {
  readonly netbox: SmallNetBox;
  readonly run: string;
  readonly tidy: (...args: string[]) => ReturnType<typeof runTidyCli>;
}

async function prepared(
  items: readonly PlanItem[],
  { ours, ...options }: SmallNetBoxOptions & { readonly ours?: number } = {},
): Promise<Prepared> {
  const netbox = await startTidyNetBox(options);
  opened.push(netbox);
  const run = fresh("run");
  await writePlan(run, netbox.url, items, ours === undefined ? {} : { ours });
  return { netbox, run, tidy: (...args) => runTidyCli([run, ...args, "--netbox", netbox.url]) };
}

function row(netbox: SmallNetBox, path: string, id: number): Row | undefined {
  return netbox.rows[path]?.find((each) => each.id === id);
}

async function recordOf(run: string): Promise<string> {
  const [file = ""] = await readdir(join(run, "tidy"));
  return join(run, "tidy", file);
}

const ALL = [RELEASE, RENAME, ...REMOVALS, UNTAG];

describe.concurrent("tidy without --apply", () => {
  test("prints each item with its changes, why and evidence, without a network", async () => {
    const { run, netbox } = await prepared(ALL);
    const { code, stdout, stderr } = await runTidyCli([run]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("1 release, 1 rename, 4 remove, 1 untag");
    expect(stdout).toMatch(/^ {2}remove +virtual-disk +1$/m);
    expect(stdout).toContain("    name: web → www\n    Proxmox VE says so\n");
    expect(stdout).toContain("    source: pve/cluster.json /cluster/resources?type=vm\n");
    expect(netbox.asked).toEqual([]);
  });

  test("exits with 3 with --exit-code if there is anything to do, else with 0", async () => {
    const { run } = await prepared([RENAME]);
    expect((await runTidyCli([run, "--exit-code"])).code).toBe(3);
    expect((await runTidyCli([run, "--exit-code", "--only", "remove"])).code).toBe(0);
  });

  test("prints JSON and Markdown", async () => {
    const { run } = await prepared([RENAME]);
    const { stdout } = await runTidyCli([run, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      mode: "plan",
      counts: [{ action: "rename", type: "virtual-machine", planned: 1 }],
      items: [{ id: 1, state: "planned" }],
    });
    const markdown = await runTidyCli([run, "--markdown"]);
    expect(markdown.stdout).toContain("| rename | virtual-machine | 1 |");
  });

  test("lists what the plan keeps, and why", async () => {
    const run = fresh("run");
    const { action, type, id, url, name } = RENAME;
    const kept = [{ action, type, id, url, name, because: "a cable is connected to it" }];
    await writePlan(run, "https://netbox.example.net", [], { kept });
    const { stdout } = await runTidyCli([run]);
    expect(stdout).toContain("Nothing to do; 1 object kept");
    expect(stdout).toContain("    a cable is connected to it\n");
  });

  test("says how to make a plan if the run has none", async () => {
    const run = fresh("run");
    await buildSet(run, {});
    expectError(await runTidyCli([run]), 5, "no netbox/plan.json", "transform RUN --target");
  });

  test("with --netbox, marks what is stale and what is kept, and changes nothing", async () => {
    const { netbox, tidy } = await prepared([RENAME, ...REMOVALS]);
    Object.assign(row(netbox, VM, 1) ?? {}, { name: "renamed by hand" });
    Object.assign(row(netbox, "virtualization/virtual-disks", 31) ?? {}, { description: "keep" });
    const { code, stdout } = await tidy("--json");
    expect(code).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { name: string; state: string }[] };
    expect(items.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "web stale",
      "old/scsi0 kept",
      "10.0.0.7/24 todo",
      "old/net0 todo",
      "old todo",
    ]);
    expect(changesAsked(netbox)).toEqual([]);
  });
});

describe.concurrent("tidy --apply", () => {
  test("makes the changes in the order of the plan", async () => {
    const { netbox, run, tidy } = await prepared(ALL);
    const { code, stdout, stderr } = await tidy("--apply");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("7 done");
    expect(stdout).toContain(await recordOf(run));
    expect(changesAsked(netbox)).toEqual([
      "PATCH virtualization/virtual-machines/3",
      "PATCH ipam/ip-addresses/32",
      "PATCH virtualization/virtual-machines/1",
      "DELETE virtualization/virtual-disks/31",
      "DELETE ipam/ip-addresses/32",
      "DELETE virtualization/interfaces/30",
      "DELETE virtualization/virtual-machines/3",
      "PATCH virtualization/virtual-machines/1",
    ]);
    expect(row(netbox, VM, 1)).toMatchObject({ name: "www" });
    expect(row(netbox, VM, 1)?.["tags"]).toHaveLength(2);
  });

  test("run again, counts what is done as done", async () => {
    const { netbox, tidy } = await prepared(ALL);
    await tidy("--apply");
    const before = changesAsked(netbox).length;
    const { code, stdout } = await tidy("--apply", "--json");
    expect(code).toBe(0);
    const { items, record } = JSON.parse(stdout);
    expect(new Set(items.map(({ state }: { state: string }) => state))).toEqual(
      new Set(["already"]),
    );
    expect(record).toBeUndefined();
    expect(changesAsked(netbox)).toHaveLength(before);
  });

  test("joins two objects: moves what points at one, then deletes it", async () => {
    const { netbox, tidy } = await prepared([JOIN]);
    expect((await tidy("--apply")).code).toBe(0);
    expect(row(netbox, "virtualization/interfaces", 30)).toMatchObject({
      untagged_vlan: { id: 11 },
    });
    expect(netbox.rows["ipam/vlans"]?.map(({ id }) => id)).toEqual([11]);
  });

  test.each([
    ["a service", "ipam/services", { ipaddresses: [], virtual_machine: { id: 3 } }],
    ["a journal entry", "extras/journal-entries", {
      assigned_object_type: "virtualization.virtualmachine",
      assigned_object_id: 3,
    }],
    ["a contact assignment", "tenancy/contact-assignments", {
      object_type: "virtualization.virtualmachine",
      object_id: 3,
    }],
    ["a disk that the plan does not delete", "virtualization/virtual-disks", {
      virtual_machine: { id: 3 },
      name: "by hand",
      tags: [],
    }],
  ])("keeps a machine that %s depends on, and names it", async (_what, path, fields) => {
    const { netbox, tidy } = await prepared(REMOVALS);
    netbox.rows[path]?.push({ id: 77, display: "of people", ...fields });
    const { code, stdout } = await tidy("--apply");
    expect(code).toBe(0);
    expect(row(netbox, VM, 3)).toBeDefined();
    expect(stdout.replace(/\s+/g, "")).toContain(`ofpeople(${netbox.url}/${path}/77/)`);
  });

  test("keeps what a custom field of another object names", async () => {
    const { netbox, tidy } = await prepared(REMOVALS);
    netbox.rows["extras/custom-fields"]?.push({
      id: 1,
      name: "failover",
      related_object_type: "virtualization.virtualmachine",
      object_types: ["virtualization.virtualmachine"],
    });
    Object.assign(row(netbox, VM, 2) ?? {}, { custom_fields: { failover: { id: 3 } } });
    const { code, stdout } = await tidy("--apply");
    expect(code).toBe(0);
    expect(row(netbox, VM, 3)).toBeDefined();
    expect(stdout).toContain('virtual machines with the custom field "failover"');
  });

  test("keeps an address with a DNS name, and so its NIC and its machine", async () => {
    const { netbox, tidy } = await prepared(REMOVALS);
    Object.assign(row(netbox, "ipam/ip-addresses", 32) ?? {}, { dns_name: "old.example.net" });
    const { stdout } = await tidy("--apply", "--json");
    const { items } = JSON.parse(stdout) as { items: { state: string }[] };
    expect(items.map(({ state }) => state)).toEqual(["done", "kept", "kept", "kept"]);
  });

  test.each([
    ["dcim/devices", "oob_ip"],
    ["dcim/virtual-device-contexts", "primary_ip4"],
  ])(
    "keeps an address that one of %s has as its %s, also if it has our tags",
    async (path, key) => {
      const { netbox, tidy } = await prepared(REMOVALS);
      const tags = row(netbox, VM, 3)?.["tags"];
      (netbox.rows[path] ??= []).push({ id: 77, display: "pve1", tags, [key]: { id: 32 } });
      const { stdout } = await tidy("--apply", "--json");
      expect(row(netbox, "ipam/ip-addresses", 32)).toBeDefined();
      expect(stdout).toContain(`${netbox.url}/${path}/77/`);
    },
  );

  test("keeps what it may not look at, and names the permission", async () => {
    const { netbox, tidy } = await prepared(REMOVALS, { denied: ["ipam/services"] });
    const { code, stdout } = await tidy("--apply");
    expect(code).toBe(0);
    expect(row(netbox, VM, 3)).toBeDefined();
    expect(stdout).toContain("(ipam.view_service)");
  });

  test("skips an object that is not what the plan saw", async () => {
    const { netbox, tidy } = await prepared([RENAME, UNTAG]);
    Object.assign(row(netbox, VM, 1) ?? {}, { custom_fields: { proxmox_vmid: "999" } });
    const { code, stdout } = await tidy("--apply");
    expect(code).toBe(0);
    expect(stdout).toContain("its custom_fields.proxmox_vmid is not what the plan saw");
    expect(row(netbox, VM, 1)).toMatchObject({ name: "web" });
  });

  test("continues after a refused change, and exits with 7", async () => {
    const { netbox, tidy } = await prepared([RENAME, UNTAG]);
    Object.assign(row(netbox, VM, 2) ?? {}, { name: "WWW" });
    const { code, stdout } = await tidy("--apply");
    expect(code).toBe(7);
    expect(stdout).toContain("must be unique per cluster and tenant");
    expect(row(netbox, VM, 1)?.["tags"]).toHaveLength(2);
  });

  test("changes nothing without all permissions, and lists them", async () => {
    const { netbox, tidy } = await prepared(ALL, {
      denied: [`DELETE ${VM}`, "PATCH ipam/ip-addresses"],
    });
    expectError(
      await tidy("--apply"),
      6,
      "virtualization.delete_virtualmachine",
      "ipam.change_ipaddress",
    );
    expect(changesAsked(netbox)).toEqual([]);
  });

  test("changes nothing if the plan deletes more than --max-removed", async () => {
    const { netbox, tidy } = await prepared(ALL);
    expectError(await tidy("--apply", "--max-removed=3%"), 2, "deletes 4 of 100", "allows 3");
    expect(netbox.asked).toEqual([]);
    expect((await tidy("--apply", "--max-removed=4")).code).toBe(0);
  });

  test("does not use a plan for another NetBox", async () => {
    const { netbox, run } = await prepared(ALL);
    await writePlan(run, "https://netbox.example.net", ALL);
    expectError(
      await runTidyCli([run, "--apply", "--netbox", netbox.url]),
      2,
      "is for NetBox at https://netbox.example.net",
    );
  });

  test("exits with 6 if NetBox is away, and says what was done", async () => {
    let isAway = false;
    const { netbox, tidy } = await prepared([RENAME, UNTAG], {
      faultOf({ method, url }) {
        if (isAway) return { status: 503 };
        isAway = method === "PATCH" && url.pathname.endsWith("/1/");
        return undefined;
      },
    });
    const { code, stdout, stderr } = await tidy("--apply");
    expect(code).toBe(6);
    expect(stderr).toContain("503");
    expect(stdout).toContain("1 planned, 1 done; ended early");
    expect(row(netbox, VM, 1)).toMatchObject({ name: "www" });
  });

  test.each([RENAME, REMOVALS[0] as PlanItem])(
    "counts a change as done whose answer was lost: $action",
    async (item) => {
      let isLost = false;
      const { netbox, tidy } = await prepared([item], {
        faultOf({ method, url }) {
          const isChange = method !== "GET" && /\/\d+\/$/.test(url.pathname);
          if (!isChange || isLost) return undefined;
          isLost = true;
          return { wire: "drop", isAfter: true };
        },
      });
      const { code, stdout } = await tidy("--apply");
      expect(code).toBe(0);
      expect(stdout).toContain("1 done");
      expect(changesAsked(netbox)).toHaveLength(2);
    },
  );

  test("writes each object in full before it changes it", async () => {
    const { run, tidy } = await prepared([RENAME, ...REMOVALS]);
    await tidy("--apply");
    const lines = (await readFile(await recordOf(run), "utf8")).trim().split("\n")
      .map((line) => (JSON.parse(line) as [string, Record<string, unknown>])[1]);
    expect(lines.map(({ kind = "head" }) => kind)).toEqual([
      "head",
      ...Array.from({ length: 5 }, (_, i) => [i === 0 ? "change" : "remove", "done"]).flat(),
    ]);
    expect(lines.find(({ type }) => type === "vm-interface")).toMatchObject({
      before: { id: 30, name: "net0" },
      with: [{ path: "dcim/mac-addresses", object: { id: 33 } }],
    });
  });
});

describe.concurrent("tidy --undo", () => {
  test("restores every field, and reports new ids", async () => {
    const { netbox, run, tidy } = await prepared([RENAME, ...REMOVALS, UNTAG]);
    const before = withoutIds(netbox.rows);
    await tidy("--apply");
    expect(withoutIds(netbox.rows)).not.toEqual(before);
    const undo = ["--undo", await recordOf(run), "--netbox", netbox.url];
    const { code, stdout, stderr } = await runTidyCli(undo);
    expect([code, stderr], stdout).toEqual([0, ""]);
    expect(withoutIds(netbox.rows)).toEqual(before);
    expect(stdout).toContain("has the id");
    const again = await runTidyCli(undo);
    expect(again.code).toBe(0);
    expect(withoutIds(netbox.rows)).toEqual(before);
  });

  test("restores a release and a join", async () => {
    const { netbox, run, tidy } = await prepared([RELEASE, JOIN]);
    const before = withoutIds(netbox.rows);
    expect((await tidy("--apply")).code).toBe(0);
    await runTidyCli(["--undo", await recordOf(run), "--netbox", netbox.url]);
    expect(withoutIds(netbox.rows)).toEqual(before);
  });

  test("leaves a name that someone has changed since", async () => {
    const { netbox, run, tidy } = await prepared([RENAME]);
    await tidy("--apply");
    Object.assign(row(netbox, VM, 1) ?? {}, { name: "by hand" });
    const { code, stdout } = await runTidyCli([
      "--undo",
      await recordOf(run),
      "--netbox",
      netbox.url,
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("its name was changed since");
    expect(row(netbox, VM, 1)).toMatchObject({ name: "by hand" });
  });

  test("needs the permission to add", async () => {
    const { netbox, run, tidy } = await prepared(REMOVALS, { denied: [`POST ${VM}`] });
    await tidy("--apply");
    expectError(
      await runTidyCli(["--undo", await recordOf(run), "--netbox", netbox.url]),
      6,
      "virtualization.add_virtualmachine",
    );
  });
});

test("a release is done when the address has left, also to another machine", async () => {
  const { netbox, tidy } = await prepared([RELEASE]);
  await tidy("--apply");
  Object.assign(row(netbox, "ipam/ip-addresses", 32) ?? {}, {
    assigned_object_type: "virtualization.vminterface",
    assigned_object_id: 99,
  });
  const { stdout } = await tidy("--apply");
  expect(stdout).toContain("1 done before");
});

test("a retired machine is left to push", async () => {
  const retire = planItem({
    action: "retire",
    type: "virtual-machine",
    id: 3,
    name: "old",
    status: "offline",
  });
  const { netbox, tidy } = await prepared([retire]);
  const { stdout } = await tidy("--apply");
  expect(stdout).toContain("push sets its status to offline");
  expect(changesAsked(netbox)).toEqual([]);
});
