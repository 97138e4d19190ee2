/** netbox/plan.json: rename, release and remove, case by case, against a NetBox that a run filled before. */
import { describe, expect, test } from "vitest";
import type { ModelNetBox } from "../helpers/applied.ts";
import { agentRow, type Lab, type LabGuest } from "../helpers/lab.ts";
import { DB, filled, itemTexts, keptTexts, planned, tidy } from "../helpers/planning.ts";
import {
  assignedTo,
  brief,
  cluster,
  machine,
  PORTS,
  pushed,
  SITE,
  WEB,
} from "../helpers/respecting.ts";

function renamed(guest: LabGuest, name: string): LabGuest {
  return { ...guest, row: { ...guest.row, name } };
}

async function planAfter(first: Lab, second: Lab, change?: (netbox: ModelNetBox) => void) {
  const { netbox, since } = await filled(first);
  change?.(netbox);
  netbox.refresh();
  const { plan, outcome } = await planned(netbox, second, { since });
  return { netbox, plan, outcome, since };
}

test("nothing is planned if nothing has changed", async () => {
  const { plan } = await planAfter(cluster(), cluster());
  expect(itemTexts(plan)).toEqual([]);
  expect(plan.kept).toEqual([]);
  expect(plan.ours).toBeGreaterThan(5);
});

describe("rename", () => {
  test("a guest that Proxmox VE renamed", async () => {
    const { plan, netbox } = await planAfter(
      cluster(),
      cluster({ guests: [renamed(WEB, "www")] }),
    );
    expect(itemTexts(plan)).toEqual(["rename virtual-machine web: name web → www"]);
    const { id } = netbox.called("virtual-machine", "web");
    expect(plan.items[0]).toMatchObject({
      id,
      url: `https://netbox.example.net/virtualization/virtual-machines/${id}/`,
      why: 'Proxmox VE calls vm/101, which was found by its VMID, "www", and NetBox "web"',
      evidence: [
        { of: "answer", file: "pve/cluster.json", path: "/cluster/resources?type=vm" },
        { of: "target", file: "target/virtual-machine.jsonl", line: id },
      ],
      seen: {
        "name": "web",
        "custom_fields.proxmox_vmid": "101",
        "tags": ["proxmox-ve", "discovered", "proxmox-10.0.0.1"],
      },
    });
    tidy(netbox, plan);
    const { plan: then } = await planned(netbox, cluster({ guests: [renamed(WEB, "www")] }));
    expect(itemTexts(then)).toEqual([]);
  });

  test("guests that exchange their names, in one item", async () => {
    const both = cluster({ guests: [WEB, DB] });
    const swapped = cluster({ guests: [renamed(WEB, "db"), renamed(DB, "web")] });
    const { plan, netbox } = await planAfter(both, swapped);
    expect(itemTexts(plan)).toEqual([
      "rename virtual-machine web: name web → web (tidy), name db → web, name web (tidy) → db",
    ]);
    tidy(netbox, plan);
    expect(netbox.called("virtual-machine", "db")["custom_fields"]).toMatchObject({
      proxmox_vmid: "101",
    });
  });

  test("a guest whose new name becomes free by another rename comes after that", async () => {
    const both = cluster({ guests: [WEB, DB] });
    const then = cluster({ guests: [renamed(WEB, "db"), renamed(DB, "old")] });
    const { plan } = await planAfter(both, then);
    expect(itemTexts(plan)).toEqual([
      "rename virtual-machine db: name db → old",
      "rename virtual-machine web: name web → db",
    ]);
  });

  test("not to a name that another machine of the cluster keeps", async () => {
    const { plan } = await planAfter(
      cluster(),
      cluster({ guests: [renamed(WEB, "www")] }),
      (netbox) => machine(netbox, { name: "WWW", cluster: netbox.called("cluster", "lab") }),
    );
    expect(itemTexts(plan)).toEqual([]);
  });

  test("not a machine without our tags", async () => {
    const { plan, outcome } = await planAfter(
      cluster(),
      cluster({ guests: [renamed(WEB, "www")] }),
      (netbox) => netbox.called("virtual-machine", "web")["tags"] = [],
    );
    expect(itemTexts(plan)).toEqual([]);
    expect(outcome.codesOf("vm/101")).toEqual(["keeps-name"]);
  });

  test("a NIC by its MAC address, but not a device", async () => {
    const { plan } = await planAfter(cluster(), cluster(), (netbox) => {
      const nic = netbox.called("vm-interface", "net0");
      nic["name"] = "eth0";
      nic["primary_mac_address"] = { mac_address: "BC:24:11:00:00:01" };
      netbox.called("device", "pve1")["name"] = "pve1.example.net";
    });
    expect(itemTexts(plan)).toEqual(["rename vm-interface web/eth0: name eth0 → net0"]);
  });

  test("a node interface by its alternative name", async () => {
    const [port] = PORTS;
    const then = cluster({
      nodes: { pve1: { network: [{ ...port, iface: "nic0", altnames: ["vmbr0"] }] } },
    });
    const { plan } = await planAfter(cluster(), then);
    expect(itemTexts(plan)).toEqual(["rename interface pve1/vmbr0: name vmbr0 → nic0"]);
  });
});

describe("release", () => {
  const at = (guest: LabGuest, mac: string, ...addresses: string[]): LabGuest => ({
    ...guest,
    interfaces: [agentRow(mac, addresses)],
  });
  const [WEB_MAC, DB_MAC] = ["bc:24:11:00:00:01", "bc:24:11:00:00:02"];
  const before = cluster({ guests: [at(WEB, WEB_MAC, "10.0.0.10/24"), DB] });
  const moved = at(DB, DB_MAC, "10.0.0.10/24");

  test("an address that moved from one guest to another", async () => {
    const then = cluster({ guests: [at(WEB, WEB_MAC, "10.0.0.11/24"), moved] });
    const { plan, netbox, outcome } = await planAfter(before, then);
    expect(outcome.reasonsOf("vm/102/net0/10.0.0.10/24")).toEqual(["held-elsewhere"]);
    const address = netbox.called("ip-address", "10.0.0.10/24");
    const nic = netbox.one(
      "vm-interface",
      ({ id }) => id === (address["assigned_object"] as { id: number }).id,
    );
    expect(itemTexts(plan)).toEqual([
      `release ip-address 10.0.0.10/24: primary_ip4 ${address.id} → null, ` +
      `assigned_object virtualization.vminterface:${nic.id} → null`,
      "remove ip-address 10.0.0.20/24",
    ]);
    tidy(netbox, { items: plan.items.slice(0, 1) });
    const again = await planned(netbox, then);
    netbox.apply(again.outcome.all);
    expect(again.outcome.leftOut).toEqual([]);
    expect(netbox.refused).toEqual([]);
    expect(netbox.called("ip-address", "10.0.0.10/24")["assigned_object"]).toMatchObject({
      virtual_machine: { name: "db" },
    });
  });

  test("both of two addresses that were exchanged", async () => {
    const then = cluster({
      guests: [at(WEB, WEB_MAC, "10.0.0.20/24"), moved],
    });
    const { plan, netbox } = await planAfter(before, then);
    expect(plan.items.map(({ action, name }) => `${action} ${name}`)).toEqual([
      "release 10.0.0.10/24",
      "release 10.0.0.20/24",
    ]);
    tidy(netbox, plan);
    const again = await planned(netbox, then);
    expect(again.outcome.leftOut).toEqual([]);
  });

  test("not while the agent of the other guest does not answer", async () => {
    const silent = {
      ...WEB,
      interfaces: { status: 500, error: "QEMU guest agent is not running" },
    };
    const { plan } = await planAfter(before, cluster({ guests: [silent, moved] }));
    expect(itemTexts(plan)).toEqual(["remove ip-address 10.0.0.20/24"]);
  });

  test("not if the other guest has it, too", async () => {
    const docker = [
      agentRow(WEB_MAC, ["10.0.0.11/24"]),
      agentRow("02:42:00:00:00:01", ["10.0.0.10/24"], { name: "eth9" }),
    ];
    const then = cluster({ guests: [{ ...WEB, interfaces: docker }, moved] });
    const { plan } = await planAfter(before, then);
    expect(itemTexts(plan)).toEqual(["remove ip-address 10.0.0.20/24"]);
  });

  test("from a guest that is gone, if an earlier run wrote it", async () => {
    const { netbox, since } = await filled(before);
    const then = cluster({ guests: [moved] });
    const without = await planned(netbox, then);
    expect(itemTexts(without.plan)).toEqual([]);
    const { plan } = await planned(netbox, then, { since });
    expect(plan.items[0]).toMatchObject({ action: "release", name: "10.0.0.10/24" });
    expect(plan.items[0]?.evidence.map((each) => each.of)).toEqual([
      "answer",
      "answer",
      "target",
      "target",
      "earlier",
    ]);
  });

  test("from a node that is gone, if an earlier run wrote it", async () => {
    const [port] = PORTS;
    const second = { network: [{ ...port, cidr: "10.0.0.10/24", address: "10.0.0.10" }] };
    const nodes = { pve1: { network: PORTS }, pve2: second };
    const { plan, netbox } = await planAfter(cluster({ nodes }), cluster({ guests: [moved] }));
    const pve2 = netbox.called("device", "pve2");
    expect(plan.items[0]).toMatchObject({
      action: "release",
      changes: [{ type: "device", id: pve2.id, field: "primary_ip4" }, { type: "ip-address" }],
    });
    tidy(netbox, plan);
    expect(netbox.all("device").map(({ name }) => name)).toEqual(["pve1"]);
  });

  test("not an address that people made", async () => {
    const then = cluster({ guests: [at(WEB, WEB_MAC, "10.0.0.11/24"), moved] });
    const { plan } = await planAfter(before, then, (netbox) => {
      netbox.called("ip-address", "10.0.0.10/24")["tags"] = [];
    });
    expect(plan.items.filter(({ action }) => action === "release")).toEqual([]);
    expect(keptTexts(plan)).toEqual([
      "release ip-address 10.0.0.10/24: vm/102/net0/10.0.0.10/24 has it now, but it has no tags of a run: people made it",
    ]);
  });
});

describe("remove", () => {
  const both = cluster({ guests: [WEB, DB] });

  test("a guest that is gone, after its parts", async () => {
    const { plan, netbox } = await planAfter(both, cluster({ guests: [DB] }));
    expect(itemTexts(plan)).toEqual([
      "remove virtual-disk web/scsi0",
      "remove ip-address 10.0.0.10/24",
      "remove ip-address 10.0.0.11/24",
      "remove vm-interface web/net0",
      "remove virtual-machine web",
    ]);
    expect(plan.kept).toEqual([]);
    expect(plan.items.at(-1)).toMatchObject({
      why: "Proxmox VE no longer lists vm/101",
      evidence: [
        { of: "answer", path: "/cluster/resources?type=vm" },
        { of: "target" },
        { of: "earlier", file: "netbox/11-virtual-machine-0001.json", line: 2 },
      ],
    });
    tidy(netbox, plan);
    const { plan: then } = await planned(netbox, cluster({ guests: [DB] }));
    expect(itemTexts(then)).toEqual([]);
  });

  test("nothing without an earlier run", async () => {
    const { netbox } = await filled(both);
    const { plan } = await planned(netbox, cluster({ guests: [DB] }));
    expect(itemTexts(plan)).toEqual([]);
    expect(plan).not.toHaveProperty("since");
  });

  test.each<[string, Lab]>([
    ["the listing was not read", {
      more: { "/cluster/resources?type=vm": { status: 500, error: "no quorum" } },
    }],
    ["its node did not answer", {
      guests: [{ ...WEB, row: { ...WEB.row, status: "unknown" } }, DB],
    }],
    ["it became a template", { guests: [{ ...WEB, row: { ...WEB.row, template: 1 } }, DB] }],
    ["its config was not read", { guests: [{ ...WEB, config: { status: 500 } }, DB] }],
    ["its node is out of scope", { guests: [WEB, DB] }],
  ])("nothing if %s", async (what, parts) => {
    const { netbox, since } = await filled(both);
    const settings = what.includes("scope") ? { ...SITE, nodes: "pve9" } : SITE;
    const { plan } = await planned(netbox, cluster(parts), { since, settings });
    expect(itemTexts(plan)).toEqual([]);
  });

  test.each<[string, Lab, "kept" | "done"]>([
    ["was not read in between", {
      guests: [{ ...WEB, config: { status: 500 } }, DB],
    }, "kept"],
    ["was gone in between, when no one tidied", { guests: [DB] }, "kept"],
    ["was removed in between", { guests: [DB] }, "done"],
  ])("what an earlier run wrote and %s", async (_, between, tidied) => {
    const { netbox, since: first } = await filled(both);
    const second = await planned(netbox, cluster(between), { since: first });
    netbox.apply(second.outcome.all);
    if (tidied === "done") tidy(netbox, second.plan);
    const { plan } = await planned(netbox, cluster({ guests: [DB] }), { since: second.set });
    const items = [
      "remove virtual-disk web/scsi0",
      "remove ip-address 10.0.0.10/24",
      "remove ip-address 10.0.0.11/24",
      "remove vm-interface web/net0",
      "remove virtual-machine web",
    ];
    expect(itemTexts(plan)).toEqual(tidied === "done" ? [] : items);
    expect(plan.carried?.entities).toHaveLength(tidied === "done" ? 0 : items.length);
  });

  test("a NIC, a disk and an address of a guest that stays", async () => {
    const config = { agent: "1", ostype: "l26", net1: "virtio=BC:24:11:00:00:09,bridge=vmbr0" };
    const { plan } = await planAfter(
      cluster(),
      cluster({ guests: [{ ...WEB, config, interfaces: [] }] }),
    );
    expect(itemTexts(plan)).toEqual([
      "remove virtual-disk web/scsi0",
      "remove ip-address 10.0.0.10/24",
      "remove ip-address 10.0.0.11/24",
      "remove vm-interface web/net0",
    ]);
  });

  test("no part of a guest with a NIC that cannot be read", async () => {
    const config = { agent: "1", ostype: "l26", net0: ["odd"], scsi0: ["odd"] };
    const { plan } = await planAfter(
      cluster(),
      cluster({ guests: [{ ...WEB, config, interfaces: [] }] }),
    );
    expect(itemTexts(plan)).toEqual([]);
  });

  test("a machine is kept with what people put on it", async () => {
    const { plan } = await planAfter(both, cluster({ guests: [DB] }), (netbox) => {
      const web = netbox.called("virtual-machine", "web");
      const nic = netbox.make("vm-interface", { name: "vpn0", virtual_machine: web });
      netbox.make("ip-address", { address: "172.16.0.1/24", vrf: null, ...assignedTo(nic) });
    });
    expect(itemTexts(plan)).not.toContain("remove virtual-machine web");
    const id = Number(plan.kept[0]?.because.match(/interfaces\/(\d+)/)?.[1]);
    expect(keptTexts(plan)).toEqual([
      "remove virtual-machine web: web/vpn0 " +
      `(https://netbox.example.net/virtualization/interfaces/${id}/) depends on it and stays`,
    ]);
  });

  test("an address that people gave a role keeps its NIC, which keeps its machine", async () => {
    const { plan } = await planAfter(both, cluster({ guests: [DB] }), (netbox) => {
      netbox.called("ip-address", "10.0.0.10/24")["role"] = { value: "vip" };
    });
    expect(itemTexts(plan)).toEqual([
      "remove virtual-disk web/scsi0",
      "remove ip-address 10.0.0.11/24",
    ]);
    expect(plan.kept.map(({ name }) => name)).toEqual(["10.0.0.10/24", "web/net0", "web"]);
  });

  test("a machine without our tags stays as it is", async () => {
    const { plan } = await planAfter(both, cluster({ guests: [DB] }), (netbox) => {
      netbox.called("virtual-machine", "web")["tags"] = [];
    });
    expect(itemTexts(plan)).toEqual([]);
  });

  test("a node that left, but not one that people modelled", async () => {
    const [port] = PORTS;
    const second = { network: [{ ...port, cidr: "10.0.0.2/24", address: "10.0.0.2" }] };
    const nodes = { pve1: { network: PORTS }, pve2: second };
    const { plan } = await planAfter(cluster({ nodes }), cluster());
    expect(itemTexts(plan)).toEqual([
      "remove ip-address 10.0.0.2/24",
      "remove interface pve2/vmbr0",
      "remove device pve2",
    ]);
    const modelled = await planAfter(cluster({ nodes }), cluster(), (netbox) => {
      const role = netbox.make("device-role", { name: "Server", parent: null });
      netbox.called("device", "pve2")["role"] = brief(role);
    });
    expect(keptTexts(modelled.plan)).toEqual([
      'remove device pve2: people modelled it: its device type is "Proxmox Node", its role "Server"',
    ]);
  });

  test("no interface that the node still has", async () => {
    const settings = { ...SITE, ALL_INTERFACES: "true" };
    const port = { iface: "eno1", type: "eth", active: 1, method: "manual" };
    const parts = cluster({ nodes: { pve1: { network: [...PORTS, port] } } });
    const netbox = await pushed(parts, settings);
    const { set: since } = await planned(netbox, parts, { settings });
    const { plan } = await planned(netbox, parts, { since });
    expect(itemTexts(plan)).toEqual([]);
  });

  test("nothing of another cluster", async () => {
    const { netbox, since } = await filled(both);
    const other = cluster({ host: "10.9.9.9", cluster: "other", nodes: { px: {} }, guests: [] });
    const { plan } = await planned(netbox, other, { since });
    expect(itemTexts(plan)).toEqual([]);
  });

  test("a guest with the VMID and name of one that is gone, of another kind, is another one", async () => {
    const container: LabGuest = {
      vmid: 101,
      kind: "lxc",
      row: { name: "web-ct" },
      config: { ostype: "debian" },
    };
    const { plan } = await planAfter(cluster(), cluster({ guests: [container] }));
    expect(plan.items.map(({ action, type }) => `${action} ${type}`)).toContain(
      "remove virtual-machine",
    );
  });
});
