/** Rules and what people keep in NetBox: what a rule changes there, and what stays until `tidy` assigns it. */
import { describe, expect, test } from "vitest";
import { NetBoxTarget } from "../../src/transform/target/target.ts";
import { lackingNames } from "../../src/transform/target/ruled-names.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { ModelNetBox } from "../helpers/applied.ts";
import { agentRow, type Lab, lab, type LabGuest } from "../helpers/lab.ts";
import { filled, planned } from "../helpers/planning.ts";
import {
  assignedTo,
  brief,
  cluster,
  outcomeFor,
  PORTS,
  push,
  pushed,
  SITE,
  texts,
  WEB,
} from "../helpers/respecting.ts";
import { ruled } from "../helpers/ruled.ts";

const URL = "https://netbox.example.net";

function withRules(set: string, match = "vmid: 101") {
  return { ...SITE, ...ruled(`  - match: { ${match} }\n    set: { ${set} }`) };
}

/** The plan of a run with this target. */
async function planOf(netbox: ModelNetBox, parts: Lab, settings: SettingTexts) {
  const { plan } = await planned(netbox, parts, { settings });
  return plan.items;
}

describe("a machine that NetBox has", () => {
  test.each([
    ["role: Database", "virtual-machine web role"],
    ["status: planned", "virtual-machine web status"],
    ["description: by rule", "virtual-machine web description"],
    ["comments: by rule", "virtual-machine web comments"],
    ["platform: Debian 13", "virtual-machine web platform"],
  ])("gets what a rule sets: %s", async (set, change) => {
    const { changes } = await push(await pushed(), cluster(), withRules(set));
    expect(texts(changes)).toContain(change);
    expect(texts(changes).filter((text) => text.startsWith("virtual-machine"))).toEqual([change]);
  });

  test("keeps its tenant, with a note; nothing is doubled, and tidy assigns the tenant", async () => {
    const netbox = await pushed();
    const tenant = netbox.make("tenant", { name: "Customer A", group: null });
    const settings = withRules("tenant: Customer A");
    const { changes, outcome } = await push(netbox, cluster(), settings);
    expect(texts(changes)).toEqual([]);
    expect(outcome.notes).toMatchObject([{
      what: "vm/101/tenant",
      code: "rule-not-applied",
      sentence: 'NetBox or Diode does not allow what a rule says: tenant "Customer A" ' +
        "(policy.yaml:2); it has no tenant in NetBox: tidy assigns it",
    }]);
    const machine = netbox.called("virtual-machine", "web");
    expect(await planOf(netbox, cluster(), settings)).toMatchObject([{
      action: "assign",
      type: "virtual-machine",
      id: machine.id,
      changes: [{ field: "tenant", from: null, to: tenant.id }],
      why: 'tenant "Customer A" (policy.yaml:2) is for vm/101/tenant, and NetBox has no tenant',
    }]);
    // Once tidy has done it, all parts name the machine with its tenant, and nothing is left to do.
    machine["tenant"] = brief(tenant);
    const again = await push(netbox, cluster(), settings);
    expect(texts(again.changes)).toEqual([]);
    expect(again.outcome.notes).toEqual([]);
    expect(await planOf(netbox, cluster(), settings)).toEqual([]);
  });

  test("a tenant that NetBox lacks has to be made first", async () => {
    const netbox = await pushed();
    const settings = withRules("tenant: Someone");
    const { outcome } = await push(netbox, cluster(), settings);
    expect(outcome.notes[0]?.sentence).toContain("make the tenant in NetBox, survey again");
    expect(await planOf(netbox, cluster(), settings)).toEqual([]);
  });

  test("a new machine has the tenant from the start", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const { outcome } = await push(netbox, cluster(), withRules("tenant: Customer A"));
    expect(outcome.of("virtual-machine")[0]?.tenant).toEqual({ name: "Customer A" });
    expect(outcome.notes.map(({ code }) => code)).not.toContain("rule-not-applied");
  });
});

describe("custom fields of the user's", () => {
  const field = (netbox: ModelNetBox, name: string, type: string, types: readonly string[]) =>
    netbox.make("custom-field", {
      name,
      type: { value: type },
      object_types: types,
      required: false,
      default: null,
    });
  const MACHINES = ["virtualization.virtualmachine"];

  test("are sent if NetBox has them for machines, with a value of their type", async () => {
    const netbox = await pushed();
    field(netbox, "class", "select", MACHINES);
    field(netbox, "level", "integer", MACHINES);
    field(netbox, "flag", "integer", MACHINES);
    field(netbox, "site_code", "text", ["dcim.site"]);
    const settings = withRules(
      "custom_fields: { class: gold, level: 3, flag: 'x', site_code: a, clas: b }",
    );
    const { of } = await outcomeFor(netbox, lab(cluster()), settings);
    const fields = of("virtual-machine")[0]?.custom_fields ?? {};
    expect(Object.keys(fields).filter((name) => !name.startsWith("proxmox_"))).toEqual([
      "class",
      "level",
    ]);
    const target = new NetBoxTarget(netbox.objects(), { url: URL });
    const { rules } = parsePolicy({ ...settings, PROXMOX_HOST: "10.0.0.1", nodes: "*" });
    expect(lackingNames(target, rules)).toEqual([
      'policy.yaml:2:5 the custom field "flag" is not sent to virtual machines: it is of the type integer',
      'policy.yaml:2:5 the custom field "site_code" is not sent to virtual machines: it is not for virtualization.virtualmachine',
      'policy.yaml:2:5 the custom field "clas" is not sent to virtual machines: NetBox has no such field: did you mean "class"?',
    ]);
  });
});

test("names that NetBox lacks are told, with the nearest", async () => {
  const netbox = await pushed();
  netbox.make("tenant", { name: "Customer A", group: null });
  netbox.make("vrf", { name: "internal", rd: null, tenant: null });
  const target = new NetBoxTarget(netbox.objects(), { url: URL });
  const settings = withRules("tenant: Custmer A, vrf: Internel, role: Unheard of, site: HQ");
  const { rules } = parsePolicy({ ...settings, PROXMOX_HOST: "10.0.0.1", nodes: "*" });
  expect(lackingNames(target, rules)).toEqual([
    'policy.yaml:2:5 NetBox has no tenant "Custmer A" yet: did you mean "Customer A"?',
    'policy.yaml:2:5 NetBox has no VRF "Internel" yet: did you mean "internal"?',
    'policy.yaml:2:5 NetBox has no role "Unheard of" yet',
  ]);
  expect(lackingNames(NetBoxTarget.NONE, rules)).toEqual([]);
});

describe("addresses", () => {
  const vrf = (netbox: ModelNetBox) =>
    netbox.make("vrf", { name: "internal", rd: "65000:1", tenant: null });

  test("a new address is in the VRF of the rule, as NetBox names it", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    vrf(netbox);
    const { outcome } = await push(netbox, cluster(), withRules("vrf: internal"));
    expect(outcome.of("ip-address").map(({ vrf }) => vrf)).toEqual([
      undefined,
      { name: "internal", rd: "65000:1" },
      { name: "internal", rd: "65000:1" },
    ]);
  });

  test("an address of the machine stays in its VRF, and tidy assigns the one of the rule", async () => {
    const netbox = await pushed();
    const { id } = vrf(netbox);
    const settings = withRules("vrf: internal", "address: 10.0.0.10");
    const { changes, outcome } = await push(netbox, cluster(), settings);
    expect(texts(changes)).toEqual([]);
    expect(outcome.codesOf("vm/101/net0/10.0.0.10/24")).toEqual(["rule-not-applied"]);
    expect(await planOf(netbox, cluster(), settings)).toMatchObject([{
      action: "assign",
      type: "ip-address",
      changes: [{ field: "vrf", from: null, to: id }],
    }]);
  });

  test("an address that somebody else has in another table is another address", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const other = netbox.make("virtual-machine", {
      name: "theirs",
      cluster: null,
      site: null,
      tenant: null,
    });
    const nic = netbox.make("vm-interface", { name: "eth0", virtual_machine: brief(other) });
    netbox.make("ip-address", { address: "10.0.0.10/24", vrf: null, ...assignedTo(nic) });
    const { outcome } = await push(netbox, cluster(), withRules("vrf: internal"));
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.10/24")).toEqual([]);
    const found = outcome.of("ip-address").find(({ address }) => address === "10.0.0.10/24");
    expect(found?.vrf).toEqual({ name: "internal" });
  });

  test("an address that people gave to another machine in the rule's VRF stays there", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const table = vrf(netbox);
    const other = netbox.make("virtual-machine", {
      name: "theirs",
      cluster: null,
      site: null,
      tenant: null,
    });
    const nic = netbox.make("vm-interface", { name: "eth0", virtual_machine: brief(other) });
    netbox.make("ip-address", { address: "10.0.0.10/24", vrf: brief(table), ...assignedTo(nic) });
    const { outcome } = await push(netbox, cluster(), withRules("vrf: internal"));
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.10/24")).toEqual(["held-by-user"]);
  });

  describe("of a machine without a rule is another one than that", () => {
    const SAME: LabGuest = {
      vmid: 102,
      row: { name: "same" },
      config: { net0: "virtio=BC:24:11:00:00:02,bridge=vmbr0", agent: "1" },
      interfaces: [agentRow("bc:24:11:00:00:02", ["10.0.0.10/24"])],
    };
    const settings = withRules("vrf: internal");

    test.each([[[WEB, SAME]], [[{ ...WEB, vmid: 103 }, SAME]]])(
      "which people made in the VRF of a rule",
      async (guests) => {
        const netbox = new ModelNetBox();
        netbox.make("site", { name: "HQ" });
        netbox.make("ip-address", { address: "10.0.0.10/24", vrf: brief(vrf(netbox)) });
        const ruled = withRules("vrf: internal", "name: web");
        const { outcome } = await push(netbox, cluster({ guests }), ruled);
        const found = outcome.of("ip-address").filter(({ address }) => address === "10.0.0.10/24");
        expect(found.map(({ vrf }) => vrf?.name).sort()).toEqual(["internal", undefined]);
        expect(outcome.reasonsOf("vm/102/net0/10.0.0.10/24")).toEqual([]);
      },
    );

    test("which a machine has in the VRF of a rule", async () => {
      const netbox = await pushed(cluster(), settings);
      const { changes, outcome } = await push(netbox, cluster({ guests: [WEB, SAME] }), settings);
      expect(outcome.reasonsOf("vm/102/net0/10.0.0.10/24")).toEqual([]);
      expect(texts(changes)).toContain("ip-address 10.0.0.10/24 new");
    });
  });
});

describe("a prefix of a node without a rule is another one than that of a node with a rule", () => {
  const ports = (host: number) => [{ ...PORTS[0], cidr: `10.0.0.${host}/24` }];
  const both: Lab = {
    nodes: { pve1: { network: ports(1) }, pve2: { network: ports(2) } },
    guests: [],
  };
  const settings = withRules("vrf: internal", "kind: node, name: pve1");
  const vrfsOf = ({ of }: Awaited<ReturnType<typeof push>>["outcome"]) =>
    of("prefix").map(({ vrf }) => vrf?.name).sort();

  test("when both are new, and when NetBox has both", async () => {
    const netbox = await pushed(cluster(both), settings);
    const { changes, outcome } = await push(netbox, cluster(both), settings);
    expect(texts(changes)).toEqual([]);
    expect(vrfsOf(outcome)).toEqual(["internal", undefined]);
  });

  test("when NetBox has that with the rule", async () => {
    const { pve1 = {} } = both.nodes ?? {};
    const netbox = await pushed(cluster({ nodes: { pve1 }, guests: [] }), settings);
    const { outcome } = await push(netbox, cluster(both), settings);
    expect(vrfsOf(outcome)).toEqual(["internal", undefined]);
  });
});

test("what a rule said of a part that is gone does not keep it: it was no person's", async () => {
  const settings = withRules("dns_name: '{name}.example.net'");
  const { netbox, since } = await filled(cluster(), settings);
  netbox.refresh();
  const fewer = { ...WEB, interfaces: [agentRow("bc:24:11:00:00:01", ["10.0.0.10/24"])] };
  const { plan } = await planned(netbox, cluster({ guests: [fewer] }), { since, settings });
  expect(plan.items).toMatchObject([{
    action: "remove",
    type: "ip-address",
    name: "10.0.0.11/24",
    sent: ["dns_name"],
  }]);
});

test("a site of a rule does not double a device that NetBox has at another site", async () => {
  const netbox = await pushed();
  const settings = withRules("site: Elsewhere", "kind: node");
  const { changes, outcome } = await push(netbox, cluster(), settings);
  expect(texts(changes).filter((text) => text.startsWith("device"))).toEqual([]);
  expect(outcome.of("device").map(({ site }) => site.name)).toEqual(["HQ"]);
  expect(outcome.codesOf("node/pve1/site")).toEqual(["rule-not-applied"]);
});
