/** netbox/plan.json: how long a guest or node must be gone (GONE_AFTER), and guests that moved to another cluster. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ModelNetBox, Shown } from "../helpers/applied.ts";
import { agentRow, type Lab, type LabGuest } from "../helpers/lab.ts";
import { DB, filled, itemTexts, keptTexts, planned, tidy } from "../helpers/planning.ts";
import { brief, cluster, PORTS, SITE, WEB } from "../helpers/respecting.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";

const WAIT: SettingTexts = { ...SITE, GONE_AFTER: "14d" };
const WAIT_RETIRED: SettingTexts = { ...WAIT, GONE_STATUS: "decommissioning" };
const BOTH = cluster({ guests: [WEB, DB] });
const WITHOUT_WEB = cluster({ guests: [DB] });
const UNLISTED = cluster({
  guests: [DB],
  more: { "/cluster/resources?type=vm": { status: 500, error: "no quorum" } },
});
const WEB_REMOVED = [
  "remove virtual-disk web/scsi0",
  "remove ip-address 10.0.0.10/24",
  "remove ip-address 10.0.0.11/24",
  "remove vm-interface web/net0",
  "remove virtual-machine web",
];

function timeOf(hours: number): string {
  return new Date(Date.UTC(2026, 0, 1) + hours * 3_600_000).toISOString().replace(".000Z", "Z");
}

/** Runs of one cluster, each the earlier one of the next: `await runs.at(3, WITHOUT_WEB)` on January 4. */
async function runsOf(settings: SettingTexts, parts: Lab = BOTH) {
  const { netbox, since: first } = await filled({ ...parts, capturedAt: timeOf(0) });
  let since: TransformedSet = first;
  return {
    netbox,
    async at(
      day: number,
      site: Lab,
      options: { readonly settings?: SettingTexts; readonly elsewhere?: TransformedSet[] } = {},
    ) {
      const dated = { ...site, capturedAt: timeOf(day * 24) };
      const run = await planned(netbox, dated, { since, settings, ...options });
      netbox.apply(run.outcome.all);
      netbox.refresh();
      expect(netbox.refused).toEqual([]);
      since = run.set;
      return { ...run, items: itemTexts(run.plan), kept: keptTexts(run.plan) };
    },
  };
}

function statusesOf(netbox: ModelNetBox): string[] {
  const status = (row: Shown) => (row["status"] as { readonly value?: unknown }).value;
  return [...netbox.all("virtual-machine"), ...netbox.all("ip-address")]
    .map((row) => `${row["name"] ?? row["address"]} ${status(row)}`);
}

describe("GONE_AFTER", () => {
  test("keeps a guest until it has been gone for so long", async () => {
    const runs = await runsOf(WAIT);
    const first = await runs.at(1, WITHOUT_WEB);
    expect(first.items).toEqual([]);
    expect(first.kept).toEqual([
      "remove virtual-machine web: gone since 2026-01-02T00:00:00Z, for 0m of 14d (GONE_AFTER)",
    ]);
    expect(first.plan.carried?.gone).toMatchObject([
      { guest: { vmid: "101", cluster: "lab" }, since: "2026-01-02T00:00:00Z" },
    ]);
    expect((await runs.at(4.5, WITHOUT_WEB)).kept).toEqual([
      "remove virtual-machine web: gone since 2026-01-02T00:00:00Z, for 3.5d of 14d (GONE_AFTER)",
    ]);
    expect((await runs.at(14.9, WITHOUT_WEB)).items).toEqual([]);
    const due = await runs.at(15, WITHOUT_WEB);
    expect([due.items, due.kept]).toEqual([WEB_REMOVED, []]);
    // It is planned until it is done.
    expect((await runs.at(16, WITHOUT_WEB)).items).toEqual(WEB_REMOVED);
    tidy(runs.netbox, (await runs.at(17, WITHOUT_WEB)).plan);
    expect((await runs.at(18, WITHOUT_WEB)).plan.carried?.gone).toBeUndefined();
  });

  test("with GONE_STATUS, retires it until then, and removes what is retired, also later", async () => {
    const runs = await runsOf(WAIT_RETIRED);
    const first = await runs.at(1, WITHOUT_WEB);
    expect(first.items).toEqual(["retire virtual-machine web"]);
    expect(first.plan.items[0]?.why).toBe(
      "Proxmox VE no longer lists vm/101: gone since 2026-01-02T00:00:00Z, for 0m of 14d (GONE_AFTER)",
    );
    expect(first.kept).toEqual([]);
    expect((await runs.at(14, WITHOUT_WEB)).items).toEqual(["retire virtual-machine web"]);
    expect((await runs.at(15, WITHOUT_WEB)).items).toEqual(WEB_REMOVED);
    expect((await runs.at(16, WITHOUT_WEB)).items).toEqual(WEB_REMOVED);
    expect((await runs.at(17, UNLISTED)).items).toEqual([]);
    const { plan, items } = await runs.at(18, WITHOUT_WEB);
    expect(items).toEqual(WEB_REMOVED);
    tidy(runs.netbox, plan);
    expect(runs.netbox.all("virtual-machine").map(({ name }) => name)).toEqual(["db"]);
  });

  test.each([["retired", 2], ["due and not removed", 20]])(
    "a guest that returns after it was %s is restored at once, with its addresses",
    async (_, day) => {
      const runs = await runsOf(WAIT_RETIRED);
      const before = statusesOf(runs.netbox);
      await runs.at(1, WITHOUT_WEB);
      await runs.at(day, WITHOUT_WEB);
      await runs.at(day + 1, WITHOUT_WEB);
      const { items, plan } = await runs.at(day + 2, BOTH);
      expect(items).toEqual([]);
      expect(plan.carried?.gone).toBeUndefined();
      expect(statusesOf(runs.netbox).toSorted()).toEqual(
        before.map((each) => each.startsWith("1") ? each.replace(/\w+$/, "active") : each)
          .toSorted(),
      );
    },
  );

  test("a retired guest that returns without an address loses it", async () => {
    const runs = await runsOf(WAIT_RETIRED);
    await runs.at(1, WITHOUT_WEB);
    const row = agentRow("bc:24:11:00:00:01", ["10.0.0.10/24"]);
    const unread = { status: 500, error: "QEMU guest agent is not running" };
    const without = await runs.at(2, cluster({ guests: [{ ...WEB, interfaces: unread }, DB] }));
    expect(without.items).toEqual([]);
    const { items } = await runs.at(3, cluster({ guests: [{ ...WEB, interfaces: [row] }, DB] }));
    expect(items).toEqual(["remove ip-address 10.0.0.11/24"]);
  });

  test("starts from zero when it goes again", async () => {
    const runs = await runsOf(WAIT);
    await runs.at(1, WITHOUT_WEB);
    await runs.at(10, BOTH);
    expect((await runs.at(20, WITHOUT_WEB)).kept[0]).toContain("gone since 2026-01-21T00:00:00Z");
    expect((await runs.at(33, WITHOUT_WEB)).items).toEqual([]);
    expect((await runs.at(34, WITHOUT_WEB)).items).toEqual(WEB_REMOVED);
  });

  test("counts from an earlier run that had no GONE_AFTER", async () => {
    const runs = await runsOf(WAIT);
    expect((await runs.at(1, WITHOUT_WEB, { settings: SITE })).items).toEqual(WEB_REMOVED);
    expect((await runs.at(2, WITHOUT_WEB)).items).toEqual([]);
    expect((await runs.at(15, WITHOUT_WEB)).items).toEqual(WEB_REMOVED);
  });

  test("removes at once if it is 0", async () => {
    const runs = await runsOf({ ...WAIT_RETIRED, GONE_AFTER: "0" });
    expect((await runs.at(1, WITHOUT_WEB)).items).toEqual(WEB_REMOVED);
  });

  test("does not delay parts of a guest that exists", async () => {
    const runs = await runsOf(WAIT);
    const { scsi0: _, ...config } = WEB.config as Record<string, unknown>;
    const { items } = await runs.at(1, cluster({ guests: [{ ...WEB, config }, DB] }));
    expect(items).toEqual(["remove virtual-disk web/scsi0"]);
  });

  test("keeps a node, with its interfaces", async () => {
    const [port] = PORTS;
    const second = { network: [{ ...port, cidr: "10.0.0.2/24", address: "10.0.0.2" }] };
    const runs = await runsOf(WAIT, cluster({ nodes: { pve1: { network: PORTS }, pve2: second } }));
    const first = await runs.at(1, cluster());
    expect(first.items).toEqual([]);
    expect(first.kept).toEqual([
      "remove device pve2: gone since 2026-01-02T00:00:00Z, for 0m of 14d (GONE_AFTER)",
    ]);
    const unread = { status: 500, error: "no quorum" };
    const more = { "/nodes": unread };
    const unlisted = await runs.at(2, cluster({ more, clusterStatus: unread }));
    expect([unlisted.items, unlisted.kept]).toEqual([[], []]);
    expect((await runs.at(14, cluster())).items).toEqual([]);
    expect((await runs.at(15, cluster())).items).toEqual([
      "remove ip-address 10.0.0.2/24",
      "remove interface pve2/vmbr0",
      "remove device pve2",
    ]);
  });

  test("counts only what complete runs show", async () => {
    const seen = fc.constantFrom("there", "gone", "unread");
    const hours = fc.integer({ min: 1, max: 60 });
    const run = fc.record({ seen, hours });
    await fc.assert(
      fc.asyncProperty(
        fc.array(run, { minLength: 1, maxLength: 7 }),
        fc.boolean(),
        async (list, isRetired) => {
          const status = isRetired ? { GONE_STATUS: "offline" } : {};
          const runs = await runsOf({ ...SITE, ...status, GONE_AFTER: "3d" });
          let now = 0;
          let since: number | undefined;
          for (const each of list) {
            now += each.hours;
            if (each.seen === "there") since = undefined;
            if (each.seen === "gone") since ??= now;
            const site = { there: BOTH, gone: WITHOUT_WEB, unread: UNLISTED }[each.seen];
            const { items, plan } = await runs.at(now / 24, site as Lab);
            const isDue = each.seen === "gone" && since !== undefined && now - since >= 72;
            expect(items.includes("remove virtual-machine web")).toBe(isDue);
            expect(plan.carried?.gone?.map((gone) => gone.since))
              .toEqual(since === undefined ? undefined : [timeOf(since)]);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("a guest that is gone, and in a run of another cluster", () => {
  const RTM: Lab = {
    cluster: "rtm",
    host: "10.7.7.7",
    nodes: { px1: { network: [] } },
  };
  /** WEB as it is after a remote migration. */
  const MOVED: LabGuest = { ...WEB, vmid: 201, node: "px1", row: { name: "www" } };

  /** A run of the other cluster on a day, made for the same NetBox. */
  async function elsewhere(netbox: ModelNetBox, day: number, parts: Lab) {
    return await planned(netbox, { ...RTM, capturedAt: timeOf(day * 24), ...parts });
  }

  /** What the plan of the first run without WEB has, with such a run of the other cluster. */
  async function planWith(parts: Lab, { day = 2, settings = SITE } = {}) {
    const runs = await runsOf(settings);
    const other = await elsewhere(runs.netbox, day, parts);
    return await runs.at(1, WITHOUT_WEB, { elsewhere: [other.set] });
  }

  test("is found by a MAC address, whatever its name and VMID: its machine stays", async () => {
    const { items, kept, outcome } = await planWith({ guests: [MOVED] });
    expect(items).toEqual([
      expect.stringMatching(/^release ip-address 10.0.0.10\/24: primary_ip4 \d+ → null, /),
    ]);
    expect(kept).toEqual([
      'remove virtual-machine web: it moved to the cluster "rtm", as vm/201 "www" ' +
      "(netbox/11-virtual-machine-0001.json, line 2), which NetBox does not have yet",
    ]);
    expect(outcome.codesOf("vm/101")).toEqual(["moved"]);
  });

  test("is not retired, and is not gone for the next run", async () => {
    const { plan, items } = await planWith({ guests: [MOVED] }, { settings: WAIT_RETIRED });
    expect(items.filter((each) => !each.startsWith("release"))).toEqual([]);
    expect(plan.carried?.gone).toBeUndefined();
  });

  test("gets its primary address there after the release", async () => {
    const runs = await runsOf(WAIT);
    const push = async (day: number) => {
      const run = await elsewhere(runs.netbox, day, { guests: [MOVED] });
      runs.netbox.apply(run.outcome.all);
      runs.netbox.refresh();
      return run;
    };
    const other = await push(2);
    expect(other.outcome.reasonsOf("vm/201/net0/10.0.0.10/24")).toEqual(["held-elsewhere"]);
    const { plan, kept } = await runs.at(3, WITHOUT_WEB, { elsewhere: [other.set] });
    const { id } = runs.netbox.called("virtual-machine", "www");
    expect(kept[0]).toContain(
      `which NetBox has as www (https://netbox.example.net/virtualization/virtual-machines/${id}/)`,
    );
    tidy(runs.netbox, plan);
    const then = await push(4);
    expect(then.outcome.reasonsOf("vm/201/net0/10.0.0.10/24")).toEqual([]);
    expect(runs.netbox.called("ip-address", "10.0.0.10/24")["assigned_object"])
      .toMatchObject({ virtual_machine: { name: "www" } });
    expect(runs.netbox.called("virtual-machine", "web")["primary_ip4"]).toBeNull();
    const later = await runs.at(5, WITHOUT_WEB, { elsewhere: [then.set] });
    expect(later.items).toEqual([]);
  });

  test("keeps its machine if people move that before the other cluster is pushed", async () => {
    const runs = await runsOf(SITE);
    const { netbox } = runs;
    netbox.apply((await elsewhere(netbox, 0, {})).outcome.all);
    const web = netbox.called("virtual-machine", "web");
    web["cluster"] = brief(netbox.called("cluster", "rtm"));
    web["custom_fields"] = { ...web["custom_fields"] as object, proxmox_vmid: "201" };
    netbox.refresh();
    const there = await elsewhere(netbox, 2, { guests: [MOVED] });
    netbox.apply(there.outcome.all);
    netbox.refresh();
    const { items, kept } = await runs.at(3, WITHOUT_WEB, { elsewhere: [there.set] });
    expect([items, kept]).toEqual([[], []]);
    expect(netbox.all("virtual-machine").map(({ name }) => name)).toEqual(["web", "db"]);
    expect(there.outcome.leftOut).toEqual([]);
  });

  test("counts as gone once it is gone there, too", async () => {
    const runs = await runsOf(WAIT);
    const there = await elsewhere(runs.netbox, 2, { guests: [MOVED] });
    await runs.at(3, WITHOUT_WEB, { elsewhere: [there.set] });
    const gone = async (day: number) => [(await elsewhere(runs.netbox, day, {})).set];
    const first = await runs.at(20, WITHOUT_WEB, { elsewhere: await gone(20.5) });
    expect(first.kept[0]).toContain("gone since 2026-01-21T00:00:00Z, for 0m of 14d");
    const due = await runs.at(34, WITHOUT_WEB, { elsewhere: await gone(34.5) });
    expect(due.items).toContain("remove virtual-machine web");
  });

  test("a clone or another guest of its name is another one", async () => {
    const row = agentRow("bc:24:11:00:00:99", ["10.0.0.10/24"]);
    const clone: LabGuest = {
      ...MOVED,
      row: { name: "web" },
      config: { net0: "virtio=BC:24:11:00:00:99,bridge=vmbr0", agent: "1" },
      interfaces: [row],
    };
    expect((await planWith({ guests: [clone] })).items).toEqual(WEB_REMOVED);
  });

  test("without NICs, it is found by its name and kind", async () => {
    const bare: LabGuest = { vmid: 103, row: { name: "bare" }, config: {} };
    const runs = await runsOf(SITE, cluster({ guests: [WEB, bare] }));
    const other = async (kind: "qemu" | "lxc") => {
      const guests = [{ ...bare, vmid: 9, node: "px1", kind, row: { name: "Bare" } }];
      return [(await elsewhere(runs.netbox, 2, { guests })).set];
    };
    const found = await runs.at(1, cluster(), { elsewhere: await other("qemu") });
    expect([found.items, found.kept]).toEqual([[], [expect.stringContaining('as vm/9 "Bare"')]]);
    const notFound = await runs.at(1, cluster(), { elsewhere: await other("lxc") });
    expect(notFound.items).toEqual(["remove virtual-machine bare"]);
  });

  test.each<[string, Lab, string]>([
    [
      "its listing was not read",
      { more: { "/cluster/resources?type=vm": { status: 500, error: "no quorum" } } },
      "whose listing of the guests was not read",
    ],
    [
      "a guest in it has no name, because its node is away",
      { guests: [{ ...MOVED, row: { name: undefined, status: "unknown" } }] },
      "of which vm/201 was not read",
    ],
    [
      "the NICs of a guest with its name were not read",
      { guests: [{ ...MOVED, row: { name: "web" }, config: { status: 403, error: "no" } }] },
      'as vm/201 "web", whose config was not read',
    ],
  ])("stays if it may be there: %s", async (_, parts, reason) => {
    const { items, kept } = await planWith(parts);
    expect(items).toEqual([]);
    expect(kept).toEqual([`remove virtual-machine web: it may be in the cluster "rtm", ${reason}`]);
  });

  test("stays if the run is not newer than the first one that missed it", async () => {
    const { items, kept, plan } = await planWith({}, { day: 1, settings: WAIT_RETIRED });
    expect(items).toEqual([]);
    expect(kept).toEqual([
      'remove virtual-machine web: it may be in the cluster "rtm", which was captured at ' +
      "2026-01-02T00:00:00Z, not after it was missed at 2026-01-02T00:00:00Z",
    ]);
    expect(plan.carried?.gone).toMatchObject([{ since: "2026-01-02T00:00:00Z" }]);
    expect((await planWith({}, { day: 2 })).items).toEqual(WEB_REMOVED);
  });

  test("stays retired while it may be there", async () => {
    const runs = await runsOf(WAIT_RETIRED);
    await runs.at(1, WITHOUT_WEB);
    const unread = { "/cluster/resources?type=vm": { status: 500, error: "no quorum" } };
    const other = await elsewhere(runs.netbox, 30, { more: unread });
    const { items } = await runs.at(30, WITHOUT_WEB, { elsewhere: [other.set] });
    expect(items).toEqual(["retire virtual-machine web"]);
    expect(statusesOf(runs.netbox)).toContain("web decommissioning");
  });

  test("is looked for in several runs", async () => {
    const runs = await runsOf(SITE);
    const empty = await elsewhere(runs.netbox, 2, { cluster: "ams", host: "10.6.6.6" });
    const stale = await elsewhere(runs.netbox, 0, { cluster: "fra", host: "10.5.5.5" });
    const there = await elsewhere(runs.netbox, 2, { guests: [MOVED] });
    const { kept } = await runs.at(1, WITHOUT_WEB, {
      elsewhere: [empty.set, stale.set, there.set],
    });
    expect(kept).toEqual([expect.stringContaining('it moved to the cluster "rtm"')]);
  });

  test("the order in which runs are named does not matter", async () => {
    const runs = await runsOf(SITE);
    const stale = await elsewhere(runs.netbox, 0, { cluster: "fra", host: "10.5.5.5" });
    const other = await elsewhere(runs.netbox, 1, { cluster: "ams", host: "10.6.6.6" });
    const sets = [stale.set, other.set];
    const first = await runs.at(1, WITHOUT_WEB, { elsewhere: sets });
    const second = await runs.at(1, WITHOUT_WEB, { elsewhere: sets.toReversed() });
    expect(first.kept[0]).toContain("it may be in");
    expect(second.kept).toEqual(first.kept);
    expect(second.plan.elsewhere).toEqual(first.plan.elsewhere);
  });

  test("a run of the same cluster is refused", async () => {
    const runs = await runsOf(SITE);
    const same = await planned(runs.netbox, BOTH);
    await expect(runs.at(1, WITHOUT_WEB, { elsewhere: [same.set] }))
      .rejects.toThrow('it is of the cluster "lab" itself');
  });
});
