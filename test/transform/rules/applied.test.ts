/** What rules change in entities and records, thing by thing. */
import { describe, expect, test } from "vitest";
import { transformed } from "../../helpers/in-memory.ts";
import { agentRow, type Lab, lab, type LabGuest } from "../../helpers/lab.ts";
import { ruled } from "../../helpers/ruled.ts";

const DB: LabGuest = {
  vmid: 102,
  row: { name: "db", pool: "customer-a", tags: "prod" },
  config: {
    net0: "virtio=BC:24:11:00:00:02,bridge=vmbr0,tag=10",
    net1: "e1000=BC:24:11:00:00:03,bridge=vmbr1",
    ostype: "l26",
    agent: "1",
    description: "The database",
  },
  interfaces: [
    agentRow("bc:24:11:00:00:02", ["10.0.0.20/24"]),
    agentRow("bc:24:11:00:00:03", ["192.168.7.20/24"]),
  ],
};
const WEB: LabGuest = { vmid: 101, row: { name: "web" }, config: { ostype: "l26" } };

async function outcomeOf(rules: string, more: Lab = {}) {
  return await transformed(lab({ guests: [WEB, DB], ...more }), ruled(rules));
}

async function machineOf(set: string) {
  const { of } = await outcomeOf(`  - match: { name: db }\n    set: ${set}`);
  const [web, db] = of("virtual-machine");
  return { web, db };
}

describe("values of guests", () => {
  test.each([
    ["{ tenant: Customer A }", { tenant: { name: "Customer A" } }],
    ["{ role: Database }", { role: { name: "Database" } }],
    ["{ status: planned }", { status: "planned" }],
    ["{ platform: Debian 13 }", { platform: { name: "Debian 13" } }],
    ["{ description: '{name} of {pool}' }", { description: "db of customer-a" }],
    ["{ comments: by hand }", { comments: "by hand" }],
    [
      "{ custom_fields: { class: gold, level: 3, load: 0.5, critical: true, zones: [a, b] } }",
      {
        custom_fields: {
          proxmox_vmid: { text: "102" },
          proxmox_node: { text: "pve1" },
          proxmox_vm_type: { text: "qemu" },
          class: { text: "gold" },
          level: { integer: "3" },
          load: { decimal: 0.5 },
          critical: { boolean: true },
          zones: { multiple_selection: ["a", "b"] },
        },
      },
    ],
  ])("%s", async (set, expected) => {
    const { web, db } = await machineOf(set);
    expect(db).toMatchObject(expected);
    for (const [field, value] of Object.entries(expected)) {
      expect(web?.[field as keyof typeof web]).not.toEqual(value);
    }
  });

  test("tags are added to those of Proxmox VE, and are entities", async () => {
    const { of } = await outcomeOf("  - match: { name: db }\n    set: { tags: [billing, prod] }");
    const names = of("virtual-machine")[1]?.tags.map(({ name }) => name);
    expect(names?.slice(-2)).toEqual(["prod", "billing"]);
    expect(of("tag").filter(({ name }) => name === "billing")).toHaveLength(1);
  });

  test("all parts name the machine with its tenant", async () => {
    const { of } = await outcomeOf("  - match: { name: db }\n    set: { tenant: Customer A }");
    const tenants = [
      ...of("vm-interface").map(({ virtual_machine }) => virtual_machine.tenant?.name),
      ...of("ip-address").map((ip) =>
        ip.assigned_object_vm_interface?.virtual_machine.tenant?.name
      ),
    ];
    expect(tenants).toEqual(["Customer A", "Customer A", "Customer A", "Customer A"]);
  });

  test("a site moves the machine and its VLANs, if the cluster has no scope", async () => {
    const rules = "  - match: { name: db }\n    set: { site: Berlin }";
    const settings = { ...ruled(rules), SITE_NAME: "HQ", CLUSTER_SCOPE: "none" };
    const { of, notes } = await transformed(lab({ guests: [WEB, DB] }), settings);
    expect(of("virtual-machine").map(({ site }) => site?.name)).toEqual(["HQ", "Berlin"]);
    expect(of("vlan").map(({ site }) => site?.name)).toEqual(["Berlin"]);
    expect(notes.filter(({ code }) => code === "rule-not-applied")).toEqual([]);
  });

  test("a site that is not the one of its cluster is noted, and the machine stays there", async () => {
    const rules = "  - match: { name: db }\n    set: { site: Berlin }";
    const outcome = await transformed(lab({ guests: [DB] }), { ...ruled(rules), SITE_NAME: "HQ" });
    expect(outcome.of("virtual-machine")[0]?.site?.name).toBe("HQ");
    expect(outcome.notes.find(({ code }) => code === "rule-not-applied")).toMatchObject({
      what: "vm/102/site",
      sentence:
        'NetBox or Diode does not allow what a rule says: site "Berlin" (policy.yaml:2); its cluster is at the site "HQ"',
    });
  });

  test("facts are those of Proxmox VE: pool, tag, node, status, platform, description", async () => {
    const conditions = "pool: customer-*, tag: prod, node: pve1, status: running, vmid: 100-199, " +
      "kind: qemu, platform: Linux, description: '*database*'";
    const { of } = await outcomeOf(`  - match: { ${conditions} }\n    set: { role: Found }`);
    expect(of("virtual-machine").map(({ role }) => role?.name)).toEqual([undefined, "Found"]);
  });
});

describe("what a rule leaves out", () => {
  test("a guest, as one record that counts its parts and names the rule", async () => {
    const { of, leftOut } = await outcomeOf("  - match: { vmid: 102 }\n    skip: lab guest");
    expect(of("virtual-machine").map(({ name }) => name)).toEqual(["web"]);
    expect([of("vm-interface"), of("ip-address"), of("vlan")]).toEqual([[], [], []]);
    expect(leftOut.filter(({ what }) => what.startsWith("vm/102"))).toMatchObject([{
      what: "vm/102",
      reason: "by-rule",
      sentence: "A rule of the policy file leaves it out: lab guest (policy.yaml:2)",
      children: { nics: 2, disks: 0, addresses: 2 },
    }]);
  });

  test("a NIC with its addresses", async () => {
    const outcome = await outcomeOf("  - match: { bridge: vmbr1 }\n    skip: lab network");
    expect(outcome.of("vm-interface").map(({ name }) => name)).toEqual(["net0"]);
    expect(outcome.of("ip-address").map(({ address }) => address)).toEqual(["10.0.0.20/24"]);
    expect(outcome.reasonsOf("vm/102/net1")).toEqual(["by-rule"]);
    expect(outcome.reasonsOf("vm/102/net1/192.168.7.20/24")).toEqual(["by-rule"]);
  });

  test("an address alone", async () => {
    const outcome = await outcomeOf("  - match: { address: 192.168.0.0/16 }\n    skip: private");
    expect(outcome.of("vm-interface").map(({ name }) => name)).toEqual(["net0", "net1"]);
    expect(outcome.of("ip-address").map(({ address }) => address)).toEqual(["10.0.0.20/24"]);
    expect(outcome.reasonsOf("vm/102/net1/192.168.7.20/24")).toEqual(["by-rule"]);
  });

  test("a node, whose site is what later rules say all the same: its guests are there", async () => {
    const rules = `
  - match: { kind: node }
    skip: not ours
  - match: { kind: node }
    set: { site: Berlin }`;
    const { of } = await outcomeOf(rules);
    expect(of("virtual-machine").map(({ site }) => site?.name)).toEqual(["Berlin", "Berlin"]);
  });

  test("a node, whose guests stay", async () => {
    const outcome = await outcomeOf("  - match: { kind: node, name: pve* }\n    skip: not ours");
    expect(outcome.of("device")).toEqual([]);
    expect(outcome.of("virtual-machine").map(({ name }) => name)).toEqual(["web", "db"]);
    expect(outcome.reasonsOf("node/pve1")).toEqual(["by-rule"]);
  });
});

describe("nodes", () => {
  const nodes: Lab["nodes"] = {
    pve1: { network: [{ iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24" }] },
    lab1: { network: [{ iface: "vmbr0", type: "bridge", cidr: "10.9.0.1/24" }] },
  };

  test("device type, manufacturer, role, tenant, site, tags and texts", async () => {
    const set = "device_type: R640, manufacturer: Dell, role: Server, tenant: IT, site: Berlin, " +
      "tags: [rack], description: '{name} here', comments: long, custom_fields: { asset: 7 }";
    const { of } = await outcomeOf(`  - match: { kind: node, name: lab* }\n    set: { ${set} }`, {
      nodes,
    });
    const [plain, device] = of("device").toSorted((a, b) => b.name.localeCompare(a.name));
    expect(device).toMatchObject({
      device_type: { model: "R640", manufacturer: { name: "Dell" } },
      role: { name: "Server" },
      tenant: { name: "IT" },
      site: { name: "Berlin" },
      description: "lab1 here",
      comments: "long",
      custom_fields: { asset: { integer: "7" } },
    });
    expect(device?.tags.map(({ name }) => name)).toContain("rack");
    expect(plain).toMatchObject({
      device_type: { model: "Proxmox Node" },
      site: { name: "Proxmox" },
    });
    // Its parts name the same device.
    const ports = of("interface").filter((port) => port.device.name === "lab1");
    expect(ports.map((port) => [port.device.site.name, port.device.role?.name])).toEqual([
      ["Berlin", "Server"],
    ]);
    // A cluster in two sites has no scope.
    expect(of("cluster")[0]).not.toHaveProperty("scope_site");
  });
});

describe("routing tables, VLAN groups and DNS names", () => {
  const same = (vmid: number, bridge: string): LabGuest => ({
    vmid,
    row: { name: `vm${vmid}` },
    config: { net0: `virtio=BC:24:11:00:01:0${vmid - 100},bridge=${bridge},tag=10`, agent: "1" },
    interfaces: [agentRow(`bc:24:11:00:01:0${vmid - 100}`, ["10.0.0.20/24"])],
  });

  test("one address in two VRFs is two addresses", async () => {
    const rules = `
  - match: { bridge: vmbr1 }
    set: { vrf: red }
  - match: { bridge: vmbr2 }
    set: { vrf: blue }`;
    const guests = [same(101, "vmbr1"), same(102, "vmbr2"), same(103, "vmbr0")];
    const outcome = await transformed(lab({ guests }), ruled(rules));
    expect(outcome.of("ip-address").map(({ address, vrf }) => [address, vrf?.name])).toEqual([
      ["10.0.0.20/24", "red"],
      ["10.0.0.20/24", "blue"],
      ["10.0.0.20/24", undefined],
    ]);
    expect(outcome.of("vrf").map(({ name }) => name)).toEqual(["blue", "red"]);
    const primary = outcome.of("ip-address").map((ip) =>
      ip.assigned_object_vm_interface?.virtual_machine.primary_ip4
    );
    expect(primary[0]).toEqual({ address: "10.0.0.20/24", vrf: { name: "red" } });
    expect(outcome.leftOut.map(({ reason }) => reason)).not.toContain("duplicate-address");
  });

  test("one address twice in a VRF is a duplicate", async () => {
    const guests = [same(101, "vmbr1"), same(102, "vmbr1")];
    const rules = "  - match: { network: 10.0.0.0/8 }\n    set: { vrf: red }";
    const outcome = await transformed(lab({ guests }), ruled(rules));
    expect(outcome.of("ip-address")).toHaveLength(1);
    expect(outcome.reasonsOf("vm/102/net0/10.0.0.20/24")).toEqual(["duplicate-address"]);
  });

  test("a VLAN group holds the VLANs of NICs, without a site", async () => {
    const rules = "  - match: { bridge: vmbr1 }\n    set: { vlan_group: DC1 }";
    const { of } = await transformed(lab({ guests: [same(101, "vmbr1"), same(102, "vmbr0")] }), {
      ...ruled(rules),
    });
    expect(of("vlan-group")).toMatchObject([{ name: "DC1" }]);
    expect(of("vlan").map(({ vid, group, site }) => [vid, group, site?.name])).toEqual([
      ["10", { name: "DC1" }, undefined],
      ["10", undefined, "Proxmox"],
    ]);
    expect(of("vm-interface").map(({ untagged_vlan: vlan }) => vlan)).toMatchObject([
      { vid: "10", group: { name: "DC1" } },
      { vid: "10", site: { name: "Proxmox" } },
    ]);
  });

  test("the VRF and the role of a node's prefix", async () => {
    const rules = `
  - match: { kind: node, network: 10.0.0.0/8 }
    set: { vrf: red, prefix_role: Servers }`;
    const nodes = { pve1: { network: [{ iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24" }] } };
    const { of } = await transformed(lab({ nodes }), ruled(rules));
    expect(of("prefix")).toMatchObject([{
      prefix: "10.0.0.0/24",
      vrf: { name: "red" },
      role: { name: "Servers" },
    }]);
    expect(of("ip-address")).toMatchObject([{ address: "10.0.0.1/24", vrf: { name: "red" } }]);
  });

  test("a DNS name of the address; a text that cannot be one is noted", async () => {
    const rules = "  - match: { vmid: 100-199 }\n    set: { dns_name: '{name}.example.net' }";
    const odd = { ...DB, vmid: 103, row: { name: "Büro 2" } };
    const outcome = await transformed(lab({ guests: [DB, odd] }), ruled(rules));
    expect(outcome.of("ip-address")[0]).toMatchObject({ dns_name: "db.example.net" });
    const [note] = outcome.notes.filter(({ code }) => code === "rule-not-applied");
    expect(note).toMatchObject({ what: "vm/103/dns_name" });
  });
});
