/** `compare` of VRFs, VLAN groups, L2VPNs and what names them, online and with a survey. */
import { describe, expect, test } from "vitest";
import type { Judged } from "../../src/arrival/compare.ts";
import { compareWith, comparison, smallNetBox, verdicts } from "../helpers/comparing.ts";
import { buildSet, type SetParts } from "../helpers/entity-set.ts";
import { SITE_ENTITIES } from "../helpers/sample-site.ts";
import type { Rows } from "../helpers/small-netbox.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const tags = [{ name: "discovered" }];
const site = { name: "HQ" };
const vrf = { name: "internal" };
const group = { name: "DC1" };
const vlan = { vid: "30", group } as const;
const l2vpn = { name: "vnet1", type: "vxlan" } as const;
const cluster = { name: "lab", type: { name: "Proxmox" }, scope_site: site };
const machine = { name: "web-01", cluster, site, tenant: { name: "Ops" } };
const nic = { virtual_machine: machine, name: "net0" };

const PARTS: SetParts = {
  "vrf": [[{ ...vrf, tags }]],
  "vlan-group": [[{ ...group, tags }]],
  "l2vpn": [[{ ...l2vpn, identifier: "100", description: "Web", tags }]],
  "vlan": [[{ ...vlan, name: "VLAN 30", tags }]],
  "l2vpn-termination": [[{ l2vpn, assigned_object_vm_interface: nic, tags }]],
  "ip-address": [[{
    address: "10.0.0.5/24",
    vrf,
    assigned_object_vm_interface: nic,
    dns_name: "web-01.example.net",
    tags,
  }]],
  "prefix": [[{ prefix: "10.0.0.0/24", vrf, vlan, role: { name: "Servers" }, tags }]],
};

const shown = [{ id: 1, name: "discovered" }];
const common = { tags: shown, custom_fields: {} };

/** NetBox has all of it, besides the same in the global table and of other types. */
function addRows(rows: Rows): void {
  const onNic = {
    assigned_object_type: "virtualization.vminterface",
    assigned_object_id: 70,
    assigned_object: { id: 70, name: "net0", virtual_machine: { id: 7, name: "web-01" } },
  };
  const table = { id: 1, name: "internal" };
  const inGroup = { id: 30, vid: 30, name: "VLAN 30", group: { id: 1, name: "DC1" } };
  const network = { id: 1, name: "vnet1" };
  const more: Rows = {
    "ipam/vrfs": [{ ...table, rd: null, tenant: null, ...common }],
    "ipam/vlan-groups": [{
      id: 1,
      name: "DC1",
      slug: "dc1",
      scope_type: null,
      scope: null,
      ...common,
    }],
    "vpn/l2vpns": [{
      ...network,
      slug: "vnet1",
      type: { value: "vxlan" },
      identifier: 100,
      description: "Web",
      tenant: null,
      ...common,
    }],
    "vpn/l2vpn-terminations": [
      { id: 1, l2vpn: network, ...onNic, assigned_object_type: "dcim.interface", ...common },
      { id: 2, l2vpn: network, ...onNic, ...common },
    ],
    "ipam/vlans": [{ ...inGroup, site: null, qinq_svlan: null, ...common }],
    "ipam/ip-addresses": [{
      id: 10,
      address: "10.0.0.5/24",
      vrf: table,
      dns_name: "web-01.example.net",
      ...onNic,
      ...common,
    }],
    "ipam/prefixes": [{
      id: 10,
      prefix: "10.0.0.0/24",
      vrf: table,
      scope_type: null,
      scope: null,
      vlan: inGroup,
      role: { id: 1, name: "Servers" },
      ...common,
    }],
  };
  for (const [path, added] of Object.entries(more)) {
    rows[path] = [...rows[path] ?? [], ...added];
  }
}

async function judged(change: (rows: Rows) => void = () => undefined): Promise<readonly Judged[]> {
  return await comparison((rows) => {
    addRows(rows);
    change(rows);
  }, { parts: PARTS });
}

/** The one that was added, which is the last of its type. */
function last(rows: Rows, path: string): Record<string, unknown> {
  return rows[path]?.at(-1) as Record<string, unknown>;
}

test("entities that NetBox contains unchanged are equal, in the order of the steps", async () => {
  const all = await judged();
  expect(verdicts(all)).toEqual({});
  expect(all.map(({ step }) => step)).toEqual(Object.keys(PARTS));
  expect(all.map(({ entity }) => entity)).toEqual([
    "internal",
    "DC1",
    "vnet1",
    "30 in DC1",
    "web-01/net0 in vnet1",
    "10.0.0.5/24 in internal",
    "10.0.0.0/24 in internal",
  ]);
});

describe("a difference is reported", () => {
  test.each<[string, string, object, string]>([
    ["l2vpn vnet1", "vpn/l2vpns", { identifier: 200 }, "identifier"],
    ["l2vpn vnet1", "vpn/l2vpns", { type: { value: "vpls" } }, "type"],
    [
      "l2vpn-termination web-01/net0 in vnet1",
      "vpn/l2vpn-terminations",
      { l2vpn: { id: 2, name: "vnet2" } },
      "l2vpn",
    ],
    ["ip-address 10.0.0.5/24 in internal", "ipam/ip-addresses", { dns_name: "" }, "dns_name"],
    ["prefix 10.0.0.0/24 in internal", "ipam/prefixes", { role: null }, "role"],
    ["prefix 10.0.0.0/24 in internal", "ipam/prefixes", { vlan: { id: 2, vid: 20 } }, "vlan"],
  ])("of %s in %s: %j", async (entity, path, values, field) => {
    const all = await judged((rows) => Object.assign(last(rows, path), values));
    expect(verdicts(all)).toEqual({ [entity]: "different" });
    expect(all.flatMap(({ differences }) => differences.map((each) => each.field))).toEqual([
      field,
    ]);
  });
});

describe("an object that NetBox lacks is missing", () => {
  test.each(["vpn/l2vpns", "vpn/l2vpn-terminations", "ipam/vrfs", "ipam/vlan-groups"])(
    "%s",
    async (path) => {
      const all = await judged((rows) => void rows[path]?.pop());
      expect(Object.values(verdicts(all))).toContain("missing");
    },
  );

  test("an address in no VRF is another one", async () => {
    const all = await judged((rows) =>
      Object.assign(last(rows, "ipam/ip-addresses"), { vrf: null })
    );
    expect(verdicts(all)).toEqual({ "ip-address 10.0.0.5/24 in internal": "missing" });
  });
});

test("NetBox is not asked about them for a run that has none", async () => {
  const netbox = await smallNetBox();
  await compareWith(netbox, await buildSet(await tempFolder(), SITE_ENTITIES));
  const paths = netbox.asked.map(({ url }) => url.pathname);
  expect(paths).toContain("/api/ipam/vlans/");
  expect(paths.filter((path) => /vpn|vrf|group/.test(path))).toEqual([]);
});
