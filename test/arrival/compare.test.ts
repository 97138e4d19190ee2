/** Entity files compared with NetBox: all fields of all steps, and the choice of the object to compare with. */
import { describe, expect, test } from "vitest";
import type { Judged } from "../../src/arrival/compare.ts";
import type { Difference } from "../../src/netbox/types/field-result.ts";
import type { EntityFields } from "../../src/netbox/types/fields.ts";
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { shownSteps, STEPS } from "../../src/netbox/types/steps.ts";
import type { Prefix } from "../../src/netbox/types/prefix.ts";
import { netboxRows, SITE_ENTITIES } from "../helpers/sample-site.ts";
import { comparison, verdicts } from "../helpers/comparing.ts";
import type { SetParts } from "../helpers/entity-set.ts";
import type { Row, Rows } from "../helpers/small-netbox.ts";

const VM = "virtualization/virtual-machines";
const NICS = "virtualization/interfaces";

/** Changes the first object of an API path. */
function set(path: string, values: object): (rows: Rows) => void {
  return (rows) => void Object.assign(rows[path]?.[0] as Row, values);
}

function differencesOf(judged: readonly Judged[]): readonly Difference[] {
  return judged.flatMap(({ differences }) => differences);
}

test("entities that NetBox contains unchanged are equal in all fields", async () => {
  const judged = await comparison();
  expect(verdicts(judged)).toEqual({});
  const sent = STEPS.flatMap(({ name }) => SITE_ENTITIES[name]?.flat().map(() => name) ?? []);
  expect(judged.map(({ step }) => step)).toEqual(sent);
});

describe("a difference is reported with both values", () => {
  const tags: unknown[] = [];
  test.each<[string, object, Difference]>([
    ["extras/tags", { color: "ff0000" }, { field: "color", netbox: "ff0000", sent: "198754" }],
    ["extras/custom-fields", { type: { value: "integer" } }, {
      field: "type",
      netbox: "integer",
      sent: "text",
    }],
    ["extras/custom-fields", { object_types: ["dcim.device"] }, {
      field: "object_types",
      netbox: ["dcim.device"],
      sent: ["virtualization.virtualmachine"],
      lost: ["dcim.device"],
    }],
    ["extras/custom-fields", { object_types: [] }, {
      field: "object_types",
      netbox: [],
      sent: ["virtualization.virtualmachine"],
    }],
    ["virtualization/cluster-types", { slug: "pve" }, {
      field: "slug",
      netbox: "pve",
      sent: "proxmox",
    }],
    ["virtualization/clusters", { status: { value: "planned" } }, {
      field: "status",
      netbox: "planned",
      sent: "active",
    }],
    ["virtualization/clusters", { type: { name: "VMware" } }, {
      field: "type",
      netbox: "VMware",
      sent: "Proxmox",
    }],
    ["dcim/platforms", { tags }, { field: "tags", netbox: [], sent: ["discovered"] }],
    ["ipam/vlans", { name: "Servers" }, { field: "name", netbox: "Servers", sent: "VLAN 20" }],
    [NICS, { enabled: false }, { field: "enabled", netbox: false, sent: true }],
    [NICS, { mtu: null }, { field: "mtu", netbox: null, sent: 1400 }],
    [NICS, { mode: null }, { field: "mode", netbox: null, sent: "tagged" }],
    [NICS, { primary_mac_address: { mac_address: "BC:24:11:00:00:02" } }, {
      field: "primary_mac_address",
      netbox: "BC:24:11:00:00:02",
      sent: "BC:24:11:00:00:01",
    }],
    [NICS, { untagged_vlan: null }, {
      field: "untagged_vlan",
      netbox: null,
      sent: "20 at HQ (id 2)",
    }],
    [NICS, { untagged_vlan: { id: 9, vid: 20, name: "VLAN 20" } }, {
      field: "untagged_vlan",
      netbox: "20 (id 9)",
      sent: "20 at HQ (id 2)",
    }],
    ["dcim/interfaces", { type: { value: "other" } }, {
      field: "type",
      netbox: "other",
      sent: "bridge",
    }],
    ["dcim/interfaces", { speed: 1_000_000 }, {
      field: "speed",
      netbox: 1_000_000,
      sent: 10_000_000,
    }],
    ["ipam/ip-addresses", { address: "10.0.0.5/25" }, {
      field: "address",
      netbox: "10.0.0.5/25",
      sent: "10.0.0.5/24",
    }],
    ["ipam/ip-addresses", { assigned_object_type: null, assigned_object: null }, {
      field: "assigned_object_vm_interface",
      netbox: null,
      sent: "web-01/net0 (id 7)",
    }],
    // Another VM of the same name, in another cluster.
    [
      "ipam/ip-addresses",
      { assigned_object: { name: "net0", virtual_machine: { id: 8, name: "web-01" } } },
      {
        field: "assigned_object_vm_interface",
        netbox: "web-01/net0 (id 8)",
        sent: "web-01/net0 (id 7)",
      },
    ],
    // Devices in NetBox may be without a name.
    [
      "ipam/ip-addresses",
      { assigned_object: { name: "eth0", device: { id: 9, name: null, display: "R640 (9)" } } },
      {
        field: "assigned_object_vm_interface",
        netbox: "R640 (9)/eth0 (id 9)",
        sent: "web-01/net0 (id 7)",
      },
    ],
    ["ipam/prefixes", { scope_type: null, scope: null }, {
      field: "scope_site",
      netbox: null,
      sent: "HQ",
    }],
    ["ipam/prefixes", { scope_type: "dcim.region", scope: { name: "HQ" } }, {
      field: "scope_site",
      netbox: "dcim.region HQ",
      sent: "HQ",
    }],
    [VM, { name: "WEB-01" }, { field: "name", netbox: "WEB-01", sent: "web-01" }],
    [VM, { status: { value: "offline" } }, { field: "status", netbox: "offline", sent: "active" }],
    [VM, { platform: null }, { field: "platform", netbox: null, sent: "Debian 13" }],
    [VM, { vcpus: 2 }, { field: "vcpus", netbox: 2, sent: 1.5 }],
    [VM, { memory: 4097 }, { field: "memory", netbox: 4097, sent: 4096 }],
    [VM, { start_on_boot: { value: "off" } }, {
      field: "start_on_boot",
      netbox: "off",
      sent: "on",
    }],
    [VM, { comments: "" }, { field: "comments", netbox: null, sent: "First line\nsecond line" }],
    [VM, { site: { name: "Elsewhere" } }, { field: "site", netbox: "Elsewhere", sent: "HQ" }],
    [VM, { tenant: null }, { field: "tenant", netbox: null, sent: "Ops" }],
    [VM, { primary_ip4: null }, {
      field: "assigned_object_vm_interface.virtual_machine.primary_ip4",
      netbox: null,
      sent: "10.0.0.5/24",
    }],
    [VM, { primary_ip6: { address: "2001:db8::6/64" } }, {
      field: "assigned_object_vm_interface.virtual_machine.primary_ip6",
      netbox: "2001:db8::6/64",
      sent: "2001:db8::5/64",
    }],
    [VM, { custom_fields: { proxmox_vmid: "102", proxmox_ha_state: null } }, {
      field: "custom_fields.proxmox_vmid",
      netbox: "102",
      sent: "101",
    }],
    // Sent empty, to clear it.
    [VM, { custom_fields: { proxmox_vmid: "101", proxmox_ha_state: "started" } }, {
      field: "custom_fields.proxmox_ha_state",
      netbox: "started",
      sent: null,
    }],
    [NICS, { tagged_vlans: [] }, {
      field: "tagged_vlans",
      netbox: [],
      sent: ["20 at HQ (id 2)"],
    }],
    [NICS, { tagged_vlans: [{ id: 2, vid: 20 }, { id: 9, vid: 20 }] }, {
      field: "tagged_vlans",
      netbox: ["20 (id 2)", "20 (id 9)"],
      sent: ["20 at HQ (id 2)"],
      lost: ["20 (id 9)"],
    }],
    ["virtualization/virtual-disks", { size: 1 }, { field: "size", netbox: 1, sent: 32_768 }],
    ["dcim/devices", { role: { name: "Server" } }, {
      field: "role",
      netbox: "Server",
      sent: "Hypervisor",
    }],
    [
      "dcim/devices",
      { device_type: { model: "R650", manufacturer: { name: "Dell" } } },
      { field: "device_type", netbox: "Dell R650", sent: "Proxmox Proxmox Node" },
    ],
    ["dcim/device-types", { tags }, {
      field: "device_type.tags",
      netbox: [],
      sent: ["discovered"],
    }],
    ["dcim/manufacturers", { tags }, {
      field: "device_type.manufacturer.tags",
      netbox: [],
      sent: ["discovered"],
    }],
    ["dcim/device-roles", { tags }, { field: "role.tags", netbox: [], sent: ["discovered"] }],
    ["dcim/devices", { cluster: null }, {
      field: "cluster",
      netbox: null,
      sent: "lab at HQ (id 1)",
    }],
    ["dcim/devices", { primary_ip6: { display: "2001:db8::1/64" } }, {
      field: "primary_ip6",
      netbox: "2001:db8::1/64",
      sent: null,
    }],
    ["dcim/devices", { custom_fields: { proxmox_cpu_count: 16 } }, {
      field: "custom_fields.proxmox_cpu_count",
      netbox: 16,
      sent: 32,
    }],
  ])("%s %j", async (path, values, difference) => {
    const judged = await comparison(set(path, values));
    expect(differencesOf(judged)).toEqual([difference]);
    const found = judged.find(({ differences }) => differences.length > 0);
    expect(found).toMatchObject({ verdict: "different", unjudged: [] });
    expect(found?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[a-z-]+\/[a-z-]+\/\d+\/$/);
  });

  test.each(["parent", "bridge", "lag"])("in the %s of an interface", async (link) => {
    const judged = await comparison((rows) => {
      Object.assign(rows["dcim/interfaces"]?.[1] as Row, { [link]: { name: "eth9" } });
    });
    expect(differencesOf(judged)).toMatchObject([{ field: link, netbox: "eth9" }]);
  });

  test("in several fields of one object", async () => {
    const judged = await comparison(set(VM, { memory: 1, status: null, platform: null }));
    expect(differencesOf(judged).map(({ field }) => field)).toEqual([
      "status",
      "platform",
      "memory",
    ]);
  });
});

describe("a key that is missing in NetBox's answer is detected", () => {
  const rows = shownSteps({}).flatMap(({ name: step }) =>
    Object.entries(ENTITY_TYPES[step].fields as EntityFields)
      .filter(([, { compare }]) => compare !== undefined)
      .map(([field, { reads = [field] }]) => [step, field, reads] as const)
      .filter(([, , reads]) => reads.length > 0)
  );
  const isSent = (step: keyof SetParts, field: string): boolean =>
    SITE_ENTITIES[step]?.[0]?.some((entity) => Object.hasOwn(entity, field)) ?? false;

  test.each(rows.filter(([step, field]) => isSent(step, field)))(
    "%s %s",
    async (step, field, reads) => {
      const { path, reads: identity } = ENTITY_TYPES[step];
      const judged = await comparison((all) => {
        for (const row of all[path] ?? []) {
          for (const key of reads.filter((each) => !identity.includes(each))) {
            Reflect.deleteProperty(row, key);
          }
        }
      });
      const isIdentity = reads.every((key) => identity.includes(key));
      const found = judged.filter((each) => each.step === step && each.verdict !== "equal");
      expect(found.length > 0, field).toBe(!isIdentity);
    },
  );

  test("in all fields: the test site sends all, except what only people or guests that are gone have", () => {
    const unsent = rows.filter(([step, field]) => !isSent(step, field)).map(([, field]) => field);
    const scopes = ["scope_location", "scope_region", "scope_site_group"];
    const ofRules = ["comments", "description", "dns_name", "role", "vlan"];
    expect([...new Set(unsent)].sort()).toEqual(
      ["custom_fields", "status", ...ofRules, ...scopes].sort(),
    );
  });
});

describe("an object that was deleted in NetBox", () => {
  test.each([
    ["extras/tags", ["tag discovered"]],
    ["virtualization/virtual-disks", ["virtual-disk web-01/scsi0"]],
    ["ipam/prefixes", ["prefix 10.0.0.0/24"]],
    ["dcim/interfaces", ["interface pve1/vmbr0", "interface pve1/vmbr0.20"]],
    // With its components.
    [VM, [
      "vm-interface web-01/net0",
      "virtual-machine web-01",
      "virtual-machine db-01",
      "virtual-disk web-01/scsi0",
    ]],
  ])("is missing: %s", async (path, expected) => {
    const judged = await comparison((rows) => {
      rows[path] = [];
    });
    const missing = judged.filter(({ verdict }) => verdict === "missing");
    expect(missing.map(({ step, entity }) => `${step} ${entity}`)).toEqual(expected);
  });

  test("makes the objects that refer to it different", async () => {
    const judged = await comparison((rows) => {
      rows["ipam/vlans"] = [];
    });
    expect(verdicts(judged)).toEqual({
      "vlan 20 at HQ": "missing",
      "vm-interface web-01/net0": "different",
      "interface pve1/vmbr0": "different",
    });
  });
});

describe("additional values in NetBox are reported, but are not a difference", () => {
  test("in tags", async () => {
    const more = [{ name: "discovered", slug: "discovered" }, { name: "mine", slug: "mine" }];
    const judged = await comparison(set(VM, { tags: more }));
    expect(verdicts(judged)).toEqual({});
    expect(judged.flatMap((each) => each.more)).toEqual([{ field: "tags", values: ["mine"] }]);
  });
});

test("additional object types of a custom field are a difference, since the next push removes them", async () => {
  const types = ["dcim.device", "virtualization.virtualmachine"];
  const judged = await comparison(set("extras/custom-fields", { object_types: types }));
  expect(judged.flatMap(({ step, differences }) => differences.map((each) => ({ step, ...each }))))
    .toEqual([{
      step: "custom-field",
      field: "object_types",
      netbox: types,
      sent: ["virtualization.virtualmachine"],
      lost: ["dcim.device"],
    }]);
  expect(judged.flatMap(({ more }) => more)).toEqual([]);
});

describe("the object that an entity is compared with", () => {
  const other = (path: string, values: object) => (rows: Rows): void => {
    rows[path]?.push({ ...(rows[path]?.[0] as Row), ...values, id: 99 });
  };

  test.each([
    ["a machine of the same name in another cluster", VM, { cluster: { id: 2, name: "other" } }],
    ["a machine with another tenant", VM, { tenant: { name: "Sales" } }],
    ["a device at another site", "dcim/devices", { site: { name: "Elsewhere" } }],
    ["an address in a VRF", "ipam/ip-addresses", { vrf: { id: 1, name: "red" } }],
    ["a prefix in a VRF", "ipam/prefixes", { vrf: { id: 1, name: "red" } }],
    ["a VLAN of a group", "ipam/vlans", { group: { id: 1, name: "DC" } }],
    ["a platform of a manufacturer", "dcim/platforms", { manufacturer: { name: "Debian" } }],
    ["a cluster of another scope", "virtualization/clusters", { scope: { name: "Elsewhere" } }],
  ])("is not %s", async (_, path, values) => {
    expect(verdicts(await comparison(other(path, { ...values, tags: [] })))).toEqual({});
  });

  test.each([
    ["a cluster whose scope was changed", "virtualization/clusters", {
      scope: { name: "Elsewhere" },
    }, { "cluster lab": "different" }],
    ["a tag that was renamed", "extras/tags", { name: "Found" }, {
      "tag discovered": "different",
    }],
    ["a machine whose tenant was changed", VM, { tenant: { name: "Sales" } }, {
      "virtual-machine web-01": "different",
    }],
    ["a platform that was given a manufacturer", "dcim/platforms", {
      manufacturer: { name: "Debian" },
    }, {}],
    ["a VLAN that was put into a group", "ipam/vlans", { group: { id: 1 } }, {}],
  ])("is %s, if there is no better match", async (_, path, values, expected) => {
    expect(verdicts(await comparison(set(path, values)))).toEqual(expected);
  });

  test("is the tag with the slug that NetBox makes from the name, if no tag has the name", async () => {
    const parts: SetParts = { "tag": [[{ name: "Discovered" }]] };
    expect(differencesOf(await comparison(undefined, { parts }))).toEqual([
      { field: "name", netbox: "discovered", sent: "Discovered" },
    ]);
  });

  test("is undecided if two objects match equally, as are its components", async () => {
    const judged = await comparison(other(VM, {}));
    expect(verdicts(judged)).toEqual({
      "vm-interface web-01/net0": "unjudged",
      "ip-address 10.0.0.5/24": "unjudged",
      "ip-address 2001:db8::5/64": "unjudged",
      "virtual-machine web-01": "unjudged",
      "virtual-disk web-01/scsi0": "unjudged",
    });
    expect(judged.find(({ step }) => step === "virtual-machine")?.unjudged).toEqual([{
      field: undefined,
      reason: "ambiguous",
      sentence: "2 virtual machines in NetBox match: ids 7, 99",
    }]);
  });

  test("is found in any IPv6 spelling", async () => {
    const judged = await comparison((rows) => {
      Object.assign(rows[VM]?.[0] as Row, { primary_ip6: { address: "2001:DB8:0::5/64" } });
    });
    expect(verdicts(judged)).toEqual({});
  });

  test("may be one of several prefixes with the same network", async () => {
    const parts: SetParts = {
      prefix: [["HQ", "Elsewhere"].map((name) => ({
        prefix: "10.0.0.0/24",
        scope_site: { name },
        tags: [],
      }))],
    };
    const both = await comparison(
      other("ipam/prefixes", { scope: { id: 2, name: "Elsewhere" } }),
      { parts },
    );
    expect(verdicts(both)).toEqual({});
  });
});

describe("what cannot be compared is reported with the reason", () => {
  test("an object type that the token may not view, with the missing permission", async () => {
    const judged = await comparison(undefined, { denied: ["virtualization/virtual-disks"] });
    expect(verdicts(judged)).toEqual({ "virtual-disk web-01/scsi0": "unjudged" });
    expect(judged.flatMap(({ unjudged }) => unjudged)).toEqual([{
      field: undefined,
      reason: "denied",
      sentence: "the token may not view virtual disks (virtualization.view_virtualdisk)",
    }]);
  });

  test("an object that refers to such a type", async () => {
    const judged = await comparison(undefined, { denied: ["virtualization/clusters"] });
    expect(verdicts(judged)).toEqual({
      "cluster lab": "unjudged",
      "vm-interface web-01/net0": "unjudged",
      "ip-address 10.0.0.5/24": "unjudged",
      "ip-address 2001:db8::5/64": "unjudged",
      "virtual-machine web-01": "unjudged",
      "virtual-machine db-01": "unjudged",
      "virtual-disk web-01/scsi0": "unjudged",
      "device pve1": "unjudged",
    });
  });

  test("a field, if all other fields are equal", async () => {
    const judged = await comparison(undefined, { denied: ["ipam/vlans"] });
    expect(judged.find(({ step }) => step === "vm-interface")).toMatchObject({
      verdict: "unjudged",
      differences: [],
      unjudged: [
        { field: "untagged_vlan", reason: "denied" },
        { field: "tagged_vlans", reason: "denied" },
      ],
    });
  });

  test("a field, if another field differs, which decides the verdict", async () => {
    const judged = await comparison(set(NICS, { mtu: 9000 }), { denied: ["ipam/vlans"] });
    expect(judged.find(({ step }) => step === "vm-interface")).toMatchObject({
      verdict: "different",
      differences: [{ field: "mtu" }],
      unjudged: [{ field: "untagged_vlan" }, { field: "tagged_vlans" }],
    });
  });

  test("a custom field that NetBox does not have", async () => {
    const judged = await comparison(set(VM, { custom_fields: { proxmox_ha_state: null } }));
    expect(judged.flatMap(({ unjudged }) => unjudged)).toEqual([{
      field: "custom_fields.proxmox_vmid",
      reason: "no-custom-field",
      sentence: 'NetBox has no custom field "proxmox_vmid" here',
    }]);
  });

  test("a field that an older NetBox release does not have", async () => {
    const judged = await comparison((rows) => {
      Reflect.deleteProperty(rows[VM]?.[0] as Row, "start_on_boot");
    });
    expect(judged.flatMap(({ unjudged }) => unjudged)).toEqual([{
      field: "start_on_boot",
      reason: "no-field",
      sentence: 'this release of NetBox shows no "start_on_boot"',
    }]);
  });

  test("an object type that NetBox cannot list, with NetBox's message", async () => {
    const judged = await comparison((rows) => {
      Reflect.deleteProperty(rows, "virtualization/virtual-disks");
    });
    expect(judged.flatMap(({ unjudged }) => unjudged)).toEqual([{
      field: undefined,
      reason: "refused",
      sentence: "NetBox did not list virtual disks: HTTP 404 (Not found.)",
    }]);
  });

  test("an unknown field of the entity", async () => {
    const [[prefix] = []] = SITE_ENTITIES.prefix ?? [];
    const parts = { prefix: [[{ ...prefix, shoe_size: 43 } as Prefix]] };
    const judged = await comparison(undefined, { parts });
    expect(judged.flatMap(({ unjudged }) => unjudged)).toMatchObject([{
      field: "shoe_size",
      reason: "unknown-field",
    }]);
  });
});

test("all entities are missing in an empty NetBox", async () => {
  const empty = Object.fromEntries(Object.keys(netboxRows()).map((path) => [path, []]));
  const judged = await comparison(undefined, { rows: empty });
  expect(new Set(judged.map(({ verdict }) => verdict))).toEqual(new Set(["missing"]));
});
