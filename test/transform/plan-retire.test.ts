/** netbox/plan.json: retire, untag and join; and the entities that GONE_STATUS makes of guests that are gone. */
import { describe, expect, test } from "vitest";
import type { ModelNetBox, Shown } from "../helpers/applied.ts";
import type { Lab, LabGuest } from "../helpers/lab.ts";
import { DB, filled, itemTexts, keptTexts, planned, tidy } from "../helpers/planning.ts";
import { assignedTo, brief, cluster, device, SITE, texts, WEB } from "../helpers/respecting.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";

const GONE: SettingTexts = { ...SITE, GONE_STATUS: "decommissioning" };
const BOTH = cluster({ guests: [WEB, DB] });
const WITHOUT_WEB = cluster({ guests: [DB] });

function statusOf(row: Shown): unknown {
  return (row["status"] as { readonly value?: unknown }).value;
}

/** Pushes what a run makes; the run is the earlier one of the next. */
async function pushSince(
  netbox: ModelNetBox,
  parts: Lab,
  { since, settings = GONE }: Parameters<typeof planned>[2] & object,
) {
  const run = await planned(netbox, parts, since ? { since, settings } : { settings });
  const changes = netbox.apply(run.outcome.all);
  netbox.refresh();
  return { ...run, changes };
}

describe("retire", () => {
  test("a guest that is gone gets its status, and its addresses are deprecated", async () => {
    const { netbox, since } = await filled(BOTH);
    const { plan, changes, outcome } = await pushSince(netbox, WITHOUT_WEB, { since });
    expect(texts(changes)).toEqual([
      "ip-address 10.0.0.10/24 status",
      "ip-address 10.0.0.11/24 status",
      "virtual-machine web status",
    ]);
    expect(itemTexts(plan)).toEqual(["retire virtual-machine web"]);
    expect(plan.items[0]).toMatchObject({ status: "decommissioning" });
    expect(outcome.codesOf("vm/101")).toEqual(["retired"]);
    expect(statusOf(netbox.called("virtual-machine", "web"))).toBe("decommissioning");
    expect(statusOf(netbox.called("ip-address", "10.0.0.10/24"))).toBe("deprecated");
  });

  test("it stays so in later runs, also in one that did not read the listing", async () => {
    const { netbox, since } = await filled(BOTH);
    const first = await pushSince(netbox, WITHOUT_WEB, { since });
    const second = await pushSince(netbox, WITHOUT_WEB, { since: first.set });
    expect(texts(second.changes)).toEqual([]);
    const unread = { "/cluster/resources?type=vm": { status: 500, error: "no quorum" } };
    const third = await pushSince(netbox, cluster({ more: unread }), { since: second.set });
    expect(texts(third.changes)).toEqual([]);
    expect(third.plan.items.map(({ action }) => action)).toEqual(["retire"]);
    const fourth = await pushSince(netbox, WITHOUT_WEB, { since: third.set });
    expect(texts(fourth.changes)).toEqual([]);
    expect(itemTexts(fourth.plan)).toEqual(["retire virtual-machine web"]);
  });

  test("a guest that returns is restored, with its addresses", async () => {
    const { netbox, since } = await filled(BOTH);
    const gone = await pushSince(netbox, WITHOUT_WEB, { since });
    const { plan } = await pushSince(netbox, BOTH, { since: gone.set });
    expect(itemTexts(plan)).toEqual([]);
    expect(statusOf(netbox.called("virtual-machine", "web"))).toBe("active");
    expect(netbox.all("ip-address").map(statusOf)).toEqual([
      "active",
      "active",
      "active",
      "active",
    ]);
  });

  test("what people set to another status stays, gone or returned", async () => {
    const { netbox, since } = await filled(BOTH);
    const status = (address: string, value: string): void => {
      netbox.called("ip-address", address)["status"] = { value };
    };
    status("10.0.0.10/24", "reserved");
    status("10.0.0.11/24", "deprecated");
    const gone = await pushSince(netbox, WITHOUT_WEB, { since });
    expect(texts(gone.changes)).toEqual(["virtual-machine web status"]);
    await pushSince(netbox, BOTH, { since: gone.set });
    const shown = netbox.all("ip-address").map((row) => `${row["address"]} ${statusOf(row)}`);
    expect(shown).toContain("10.0.0.10/24 reserved");
    expect(shown).toContain("10.0.0.11/24 deprecated");
  });

  test("an address that another guest has now is not deprecated", async () => {
    const { netbox, since } = await filled(BOTH);
    const [row] = DB.interfaces as readonly [Record<string, unknown>];
    const addresses = [{ "ip-address": "10.0.0.11", "prefix": 24 }];
    const heir: LabGuest = { ...DB, interfaces: [{ ...row, "ip-addresses": addresses }] };
    await pushSince(netbox, cluster({ guests: [heir] }), { since });
    expect(statusOf(netbox.called("ip-address", "10.0.0.11/24"))).toBe("active");
    expect(statusOf(netbox.called("ip-address", "10.0.0.10/24"))).toBe("deprecated");
  });

  test("a machine that NetBox no longer has is not made again", async () => {
    const { netbox, since } = await filled(BOTH);
    const { plan } = await planned(netbox, WITHOUT_WEB, { since });
    tidy(netbox, plan);
    const { outcome } = await planned(netbox, WITHOUT_WEB, { since, settings: GONE });
    expect(outcome.of("virtual-machine").map(({ name }) => name)).toEqual(["db"]);
  });

  test("a machine without our tags stays as it is", async () => {
    const { netbox, since } = await filled(BOTH);
    netbox.called("virtual-machine", "web")["tags"] = [];
    const { changes, plan } = await pushSince(netbox, WITHOUT_WEB, { since });
    expect(texts(changes)).toEqual([]);
    expect(itemTexts(plan)).toEqual([]);
  });

  test("its machine is removed, with all its parts, once GONE_STATUS is keep", async () => {
    const { netbox, since } = await filled(BOTH);
    const gone = await pushSince(netbox, WITHOUT_WEB, { since });
    const { plan } = await planned(netbox, WITHOUT_WEB, { since: gone.set });
    expect(itemTexts(plan)).toEqual([
      "remove virtual-disk web/scsi0",
      "remove ip-address 10.0.0.10/24",
      "remove ip-address 10.0.0.11/24",
      "remove vm-interface web/net0",
      "remove virtual-machine web",
    ]);
    tidy(netbox, plan);
    expect(netbox.all("virtual-machine").map(({ name }) => name)).toEqual(["db"]);
  });

  test("machines come in the order of the step", async () => {
    const guest = (vmid: number, node: string): LabGuest => ({
      vmid,
      node,
      row: { name: `g${vmid}` },
    });
    const all = [guest(1, "a"), guest(2, "b"), guest(3, "b"), guest(4, "b"), guest(5, "c")];
    const nodes = { a: {}, b: {}, c: {} };
    const { netbox, since } = await filled(cluster({ nodes, guests: all }));
    const left = all.filter(({ vmid }) => vmid === 3 || vmid === 5);
    const run = await planned(netbox, cluster({ nodes, guests: left }), { since, settings: GONE });
    expect(run.outcome.of("virtual-machine").map(({ name }) => name)).toEqual([
      "g1",
      "g2",
      "g3",
      "g4",
      "g5",
    ]);
  });
});

describe("untag", () => {
  const tags = (written: string): Lab =>
    cluster({ guests: [{ ...WEB, row: { name: "web", tags: written } }] });

  test("a tag that a guest no longer has", async () => {
    const { netbox, since } = await filled(tags("prod;web"));
    const { plan } = await planned(netbox, tags("web"), { since });
    expect(itemTexts(plan)).toEqual(["untag virtual-machine web: tags prod → null"]);
    tidy(netbox, plan);
    const names = (netbox.called("virtual-machine", "web")["tags"] as { name: string }[])
      .map(({ name }) => name);
    expect(names).toEqual(["proxmox-ve", "discovered", "proxmox-10.0.0.1", "web"]);
  });

  test("not a tag that people gave to the machine", async () => {
    const { netbox, since } = await filled(tags("web"));
    const web = netbox.called("virtual-machine", "web");
    const important = brief(netbox.make("tag", { name: "important", object_types: [] }));
    web["tags"] = [...web["tags"] as object[], important];
    const { plan } = await planned(netbox, tags(""), { since });
    expect(itemTexts(plan)).toEqual(["untag virtual-machine web: tags web → null"]);
  });

  test("not while the tags of the guest may be in a config that was not read", async () => {
    const { netbox, since } = await filled(tags("prod"));
    const parts = cluster({ guests: [{ ...WEB, row: { name: "web" }, config: { status: 500 } }] });
    const { plan } = await planned(netbox, parts, { since });
    expect(itemTexts(plan)).toEqual([]);
  });
});

describe("join", () => {
  /** A row as Diode's races make it: the same again. */
  function doubled(netbox: ModelNetBox, row: Shown, type: "vlan" | "ip-address" | "prefix"): Shown {
    const { id: _, ...fields } = row;
    const twin = netbox.make(type, fields);
    return Object.assign(twin, structuredClone(fields));
  }

  test("a VLAN, and what points at it", async () => {
    const { netbox } = await filled(cluster());
    const vlan = netbox.one("vlan", ({ vid }) => vid === 10);
    const twin = doubled(netbox, vlan, "vlan");
    const nic = netbox.called("vm-interface", "net0");
    nic["untagged_vlan"] = brief(twin);
    const { plan } = await planned(netbox, cluster());
    expect(itemTexts(plan)).toEqual([
      `join vlan VLAN 10: untagged_vlan ${twin.id} → ${vlan.id}`,
    ]);
    expect(plan.items[0]).toMatchObject({ id: twin.id, into: vlan.id });
  });

  test.each([["first", 0], ["second", 1]])(
    "a VLAN that Diode made of the stub of a NIC, without tags, as the %s one",
    async (_, index) => {
      const { netbox } = await filled(cluster());
      const vlan = netbox.one("vlan", ({ vid }) => vid === 10);
      const twin = doubled(netbox, vlan, "vlan");
      const stub = [vlan, twin][index] as Shown;
      stub["tags"] = [];
      netbox.called("vm-interface", "net0")["untagged_vlan"] = brief(stub);
      const { plan } = await planned(netbox, cluster());
      const moved = index === 0 ? "" : `: untagged_vlan ${twin.id} → ${vlan.id}`;
      expect(itemTexts(plan)).toEqual([`join vlan VLAN 10${moved}`]);
      expect(plan.items[0]).toMatchObject({ id: twin.id, into: vlan.id });
    },
  );

  test("names a VLAN without tags that nothing uses, and leaves it", async () => {
    const { netbox } = await filled(cluster());
    const twin = doubled(netbox, netbox.one("vlan", ({ vid }) => vid === 10), "vlan");
    twin["tags"] = [];
    const { plan } = await planned(netbox, cluster());
    expect(itemTexts(plan)).toEqual([]);
    expect(keptTexts(plan)).toEqual([
      "join vlan VLAN 10: Nothing uses it, and it has no tag: delete it by hand if people did not make it",
    ]);
  });

  test("not a VLAN that people use, or gave a name", async () => {
    const { netbox } = await filled(cluster());
    const vlan = netbox.one("vlan", ({ vid }) => vid === 10);
    const twin = doubled(netbox, vlan, "vlan");
    const host = device(netbox, { name: "sw1", site: netbox.called("site", "HQ") });
    const port = netbox.make("interface", { name: "eth1", device: host, untagged_vlan: twin });
    const used = await planned(netbox, cluster());
    expect(itemTexts(used.plan)).toEqual([]);
    expect(keptTexts(used.plan)).toEqual([
      "join vlan VLAN 10: sw1/eth1 " +
      `(https://netbox.example.net/dcim/interfaces/${port.id}/), which people made, has it`,
    ]);
    port["untagged_vlan"] = null;
    twin["name"] = "Servers";
    const named = await planned(netbox, cluster());
    expect(itemTexts(named.plan)).toEqual([]);
    expect(keptTexts(named.plan)[0]).toContain("its name is another one");
  });

  test("an address that is the primary one of its machine", async () => {
    const { netbox } = await filled(cluster());
    const address = netbox.called("ip-address", "10.0.0.10/24");
    const twin = doubled(netbox, address, "ip-address");
    netbox.called("virtual-machine", "web")["primary_ip4"] = {
      id: twin.id,
      address: twin["address"],
    };
    const { plan } = await planned(netbox, cluster());
    expect(itemTexts(plan)).toEqual([
      `join ip-address 10.0.0.10/24: primary_ip4 ${twin.id} → ${address.id}`,
    ]);
  });

  test("an address whose first row is assigned to nothing gets the assignment", async () => {
    const { netbox } = await filled(cluster());
    const address = netbox.called("ip-address", "10.0.0.10/24");
    const twin = doubled(netbox, address, "ip-address");
    Object.assign(address, { assigned_object: null, assigned_object_type: null });
    netbox.called("virtual-machine", "web")["primary_ip4"] = {
      id: twin.id,
      address: twin["address"],
    };
    const { plan } = await planned(netbox, cluster());
    const nic = netbox.called("vm-interface", "net0");
    expect(itemTexts(plan)).toEqual([
      `join ip-address 10.0.0.10/24: assigned_object null → virtualization.vminterface:${nic.id}, ` +
      `primary_ip4 ${twin.id} → ${address.id}`,
    ]);
  });

  test("not an address of which people made one", async () => {
    const { netbox } = await filled(cluster());
    const twin = doubled(netbox, netbox.called("ip-address", "10.0.0.10/24"), "ip-address");
    Object.assign(twin, { tags: [], ...assignedTo(netbox.called("interface", "vmbr0")) });
    const { plan } = await planned(netbox, cluster());
    expect([...itemTexts(plan), ...keptTexts(plan)]).toEqual([]);
  });

  test("a prefix, but not those of two sites", async () => {
    const { netbox } = await filled(cluster());
    const prefix = netbox.one("prefix", (row) => row["prefix"] === "10.0.0.0/24");
    doubled(netbox, prefix, "prefix");
    const elsewhere = doubled(netbox, prefix, "prefix");
    elsewhere["scope"] = brief(netbox.make("site", { name: "Rotterdam" }));
    const { plan } = await planned(netbox, cluster());
    expect(itemTexts(plan)).toEqual(["join prefix 10.0.0.0/24"]);
  });
});
