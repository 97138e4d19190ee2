/** What people keep in NetBox, case by case: found and left as it is by `transform --target`. Source of the cases: issue 17. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelNetBox, type Shown } from "../helpers/applied.ts";
import { type Lab, lab } from "../helpers/lab.ts";
import {
  brief,
  cluster,
  device,
  outcomeFor,
  PORTS,
  push,
  pushed,
  requireField,
  SITE,
  texts,
  WEB,
  withAddress,
} from "../helpers/respecting.ts";

describe("identity", () => {
  test("the same again changes nothing", async () => {
    const { changes } = await push(await pushed(), cluster());
    expect(texts(changes)).toEqual([]);
  });

  test("SITE_NAME that is set later moves nothing and makes nothing new", async () => {
    const netbox = await pushed(cluster(), {});
    const { changes } = await push(netbox, cluster(), SITE);
    expect(texts(changes)).toEqual([]);
  });

  test("CLUSTER_NAME that is changed leaves the cluster its name", async () => {
    const netbox = await pushed();
    const { changes, outcome } = await push(netbox, cluster(), { ...SITE, CLUSTER_NAME: "prod" });
    expect(texts(changes)).toEqual([]);
    expect(outcome.notes.map(({ code }) => code)).toEqual(["keeps-name"]);
  });

  test("a stand-alone node that founds a cluster stays in its cluster of NetBox", async () => {
    const netbox = await pushed(cluster({ cluster: null }));
    const { changes } = await push(netbox, cluster({ cluster: "prod" }));
    expect(texts(changes)).toEqual([]);
  });

  test("PROXMOX_HOST that is written in another way only adds its tag", async () => {
    const status = { clusterStatus: withAddress("10.0.0.1") };
    const netbox = await pushed(cluster({ cluster: null, ...status }));
    const parts = cluster({ cluster: null, host: "pve1.example.net", ...status });
    const { changes } = await push(netbox, parts);
    const others = texts(changes.filter(({ field }) => field !== "tags"));
    expect(others).toEqual([
      "tag proxmox-pve1.example.net new",
    ]);
  });

  test("PROXMOX_HOST that is written in another way, without addresses of the nodes", async () => {
    const netbox = await pushed();
    const { changes } = await push(netbox, cluster({ host: "pve1.example.net" }));
    const others = texts(changes.filter(({ field }) => field !== "tags"));
    expect(others).toEqual([
      "tag proxmox-pve1.example.net new",
    ]);
  });

  test("a guest that Proxmox VE renamed keeps its name", async () => {
    const netbox = await pushed();
    const renamed = { ...WEB, row: { name: "www", tags: "prod" } };
    const { changes, outcome } = await push(netbox, cluster({ guests: [renamed] }));
    expect(texts(changes)).toEqual([]);
    expect(outcome.codesOf("vm/101")).toEqual(["keeps-name"]);
  });

  test("two guests that swapped their names keep them", async () => {
    const other = { vmid: 102, row: { name: "db" } };
    const netbox = await pushed(cluster({ guests: [WEB, other] }));
    const swapped = [{ ...WEB, row: { name: "db", tags: "prod" } }, {
      vmid: 102,
      row: { name: "web" },
    }];
    const { changes } = await push(netbox, cluster({ guests: swapped }));
    expect(texts(changes)).toEqual([]);
  });

  test("a new guest with the name of another one gets its VMID in the name", async () => {
    const netbox = await pushed();
    const guests = [{ ...WEB, row: { name: "old", tags: "prod" } }, {
      vmid: 105,
      row: { name: "web" },
    }];
    const { changes } = await push(netbox, cluster({ guests }));
    expect(texts(changes)).toContain("virtual-machine web (105) new");
  });

  test("a node of another site that joins leaves the cluster its scope", async () => {
    const netbox = await pushed();
    const nodes = { pve1: { network: PORTS }, pve2: {} };
    const { changes } = await push(netbox, cluster({ nodes }), {
      ...SITE,
      NODE_SITE_MAP: "pve2:Rotterdam",
    });
    expect(texts(changes)).toEqual(["device pve2 new", "site Rotterdam new"]);
  });

  test("a node that moves to another site by its setting stays where NetBox has it", async () => {
    const netbox = await pushed();
    const { changes } = await push(netbox, cluster(), { ...SITE, NODE_SITE_MAP: "pve1:Rotterdam" });
    expect(texts(changes)).toEqual([]);
  });

  test("two stand-alone nodes named pve are two devices, with two clusters", async () => {
    const one = (address: string): Lab => ({
      cluster: null,
      host: address,
      clusterStatus: withAddress(address, "pve"),
      nodes: { pve: { network: [{ ...PORTS[0], cidr: `${address}/24`, address }] } },
    });
    const netbox = await pushed(one("10.0.0.1"));
    await push(netbox, one("10.0.0.2"));
    const { changes } = await push(netbox, one("10.0.0.1"));
    expect(texts(changes)).toEqual([]);
    expect(netbox.all("device").map(({ name }) => name)).toEqual(["pve", "pve (10.0.0.2)"]);
    expect(netbox.all("cluster").length).toBe(2);
  });
});

/** Changes that people make after our first push. */
const BY_HAND: Readonly<Record<string, (netbox: ModelNetBox) => void>> = {
  "a VLAN in a group": (netbox) => {
    const group = netbox.make("vlan-group", {
      name: "DC1",
      scope_type: "dcim.site",
      scope: netbox.called("site", "HQ"),
    });
    netbox.one("vlan", ({ vid }) => vid === 10)["group"] = brief(group);
  },
  "a VLAN of a group without a site": (netbox) => {
    const group = netbox.make("vlan-group", { name: "All", scope_type: null, scope: null });
    Object.assign(netbox.one("vlan", ({ vid }) => vid === 10), { group: brief(group), site: null });
  },
  "another name of a VLAN": (netbox) => {
    netbox.one("vlan", ({ vid }) => vid === 10)["name"] = "Servers";
  },
  "a VRF on an address": (netbox) => {
    const vrf = netbox.make("vrf", { name: "internal", rd: null, tenant: null });
    netbox.called("ip-address", "10.0.0.10/24")["vrf"] = brief(vrf);
  },
  "a VRF on a prefix": (netbox) => {
    const vrf = netbox.make("vrf", { name: "vpn", rd: "65000:1", tenant: null });
    netbox.all("prefix").forEach((prefix) => prefix["vrf"] = brief(vrf));
  },
  "a cluster in a group": (netbox) => {
    const group = netbox.make("cluster-group", { name: "Production" });
    netbox.all("cluster").forEach((cluster) => cluster["group"] = brief(group));
  },
  "a cluster with the scope of a location": (netbox) => {
    const site = brief(netbox.called("site", "HQ"));
    const location = netbox.make("location", { name: "Room 1", site });
    netbox.all("cluster").forEach((cluster) =>
      Object.assign(cluster, { scope_type: "dcim.location", scope: brief(location) })
    );
  },
  "a tenant of a virtual machine and a device": (netbox) => {
    const group = netbox.make("tenant-group", { name: "Customers" });
    const tenant = netbox.make("tenant", { name: "Acme", group });
    netbox.called("virtual-machine", "web")["tenant"] = brief(tenant);
    netbox.called("device", "pve1")["tenant"] = brief(tenant);
  },
  "another site of a device": (netbox) => {
    netbox.called("device", "pve1")["site"] = brief(netbox.make("site", { name: "Elsewhere" }));
  },
  "other names of a NIC, a disk and a platform": (netbox) => {
    netbox.called("vm-interface", "net0")["name"] = "eth0";
    netbox.called("virtual-disk", "scsi0")["name"] = "system";
    netbox.called("platform", "Debian GNU/Linux 12")["name"] = "Debian 12 (bookworm)";
  },
  "another primary address": (netbox) => {
    const { id, address } = netbox.called("ip-address", "10.0.0.11/24");
    netbox.called("virtual-machine", "web")["primary_ip4"] = { id, address };
  },
  "another device type and role": (netbox) => {
    const maker = netbox.make("manufacturer", { name: "Dell" });
    const model = netbox.make("device-type", { model: "PowerEdge R740", manufacturer: maker });
    const parent = netbox.make("device-role", { name: "Compute", parent: null });
    const role = netbox.make("device-role", { name: "Server", parent });
    Object.assign(netbox.called("device", "pve1"), {
      device_type: brief(model),
      role: brief(role),
    });
  },
  "another type of an interface": (netbox) => {
    netbox.called("interface", "vmbr0")["type"] = { value: "10gbase-x-sfpp" };
  },
  "tagged VLANs of a NIC": (netbox) => {
    const vlan = netbox.make("vlan", { vid: 20, name: "Guests", site: null, group: null });
    const changes = { mode: { value: "tagged" }, tagged_vlans: [brief(vlan)] };
    netbox.all("vm-interface").forEach((nic) => Object.assign(nic, changes));
  },
  "more object types of a custom field": (netbox) => {
    const field = netbox.called("custom-field", "proxmox_vmid");
    field["object_types"] = ["dcim.device", ...field["object_types"] as string[]];
  },
};

test("any three changes by hand together: kept, and nothing new is made", async () => {
  const changes = fc.subarray(Object.values(BY_HAND), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(changes, async (three) => {
      const netbox = await pushed();
      for (const change of three) change(netbox);
      netbox.refresh();
      const { changes, outcome } = await push(netbox, cluster());
      expect(texts(changes)).toEqual([]);
      expect(outcome.leftOut).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

describe("changes by hand", () => {
  test.each(Object.entries(BY_HAND))("%s: kept, and nothing new is made", async (_name, change) => {
    const netbox = await pushed();
    change(netbox);
    netbox.refresh();
    const { changes, outcome } = await push(netbox, cluster());
    expect(texts(changes)).toEqual([]);
    expect(outcome.leftOut).toEqual([]);
  });
});

/** Objects that people made before our first push; the same as in `pushed`, but with names and values of theirs. */
const MADE: Readonly<Record<string, (netbox: ModelNetBox) => void>> = {
  "names that were changed, with the old slugs": (netbox) => {
    netbox.make("site", { name: "Headquarters (DC 1)", slug: "hq", region: null, group: null });
    netbox.make("manufacturer", { name: "Proxmox Server Solutions", slug: "proxmox" });
    netbox.make("device-role", { name: "Hypervisors", slug: "hypervisor", parent: null });
    netbox.make("cluster-type", { name: "Proxmox VE", slug: "proxmox" });
    netbox.make("platform", {
      name: "Debian 12 LTS",
      slug: "debian-gnulinux-12",
      manufacturer: null,
    });
    netbox.make("tag", { name: "Production", slug: "prod", color: "ff0000", object_types: [] });
  },
  "a site with the old slug, and a device there": (netbox) => {
    const site = netbox.make("site", { name: "Headquarters (DC 1)", slug: "hq" });
    device(netbox, { name: "pve1", site });
  },
  "a site with the old slug, and a virtual machine there": (netbox) => {
    const site = netbox.make("site", { name: "Headquarters (DC 1)", slug: "hq" });
    netbox.make("cluster-type", { name: "Proxmox" });
    const scope = { scope_type: "dcim.site", scope: site };
    const type = netbox.called("cluster-type", "Proxmox");
    const cluster = netbox.make("cluster", { name: "lab", type, group: null, ...scope });
    netbox.make("virtual-machine", { name: "web", cluster, site, tenant: null, platform: null });
  },
  "a device that is called by its full name": (netbox) => {
    const site = netbox.make("site", { name: "HQ" });
    device(netbox, { name: "pve1.example.net", site });
  },
  "a modelled server": (netbox) => {
    const site = netbox.make("site", { name: "HQ" });
    const made = device(netbox, { name: "PVE1", site });
    const port = { device: made, name: "vmbr0", type: { value: "10gbase-x-sfpp" }, enabled: true };
    netbox.make("interface", port);
  },
  "a VLAN with another name": (netbox) => {
    const site = netbox.make("site", { name: "HQ" });
    netbox.make("vlan", { vid: 10, name: "Servers", site, group: null, qinq_svlan: null });
  },
  "a prefix with the scope of a location": (netbox) => {
    const site = netbox.make("site", { name: "HQ" });
    const location = netbox.make("location", { name: "Room 1", site });
    netbox.make("prefix", {
      prefix: "10.0.0.0/24",
      vrf: null,
      scope_type: "dcim.location",
      scope: location,
    });
  },
};

describe("objects that people made before the first push", () => {
  test.each(Object.entries(MADE))("%s: found, and kept", async (_name, make) => {
    const netbox = new ModelNetBox();
    make(netbox);
    const before = structuredClone([...netbox.rows]);
    await push(netbox, cluster());
    for (const [type, rows] of before) {
      const names = netbox.all(type).map(({ name, model }) => String(name ?? model).toLowerCase());
      expect(new Set(names).size, `${type} twice`).toBe(names.length);
      for (const row of rows) {
        const now = netbox.one(type, ({ id }) => id === row.id);
        for (const key of USERS_FIELDS) expect(now[key], `${type} ${key}`).toEqual(row[key]);
      }
    }
    expect(netbox.all("device").length).toBe(1);
    expect(netbox.all("site").length).toBe(1);
    expect(netbox.all("cluster-type").length).toBe(1);
    expect(netbox.all("prefix").length).toBe(1);
    expect(netbox.all("vlan").length).toBe(1);
  });

  test("NODE_DEVICE_MAP names a device that has another name", async () => {
    const netbox = new ModelNetBox();
    device(netbox, { name: "srv-0815", site: netbox.make("site", { name: "HQ" }) });
    await push(netbox, cluster(), { ...SITE, NODE_DEVICE_MAP: "pve1:srv-0815" });
    expect(netbox.all("device").map(({ name }) => name)).toEqual(["srv-0815"]);
    const settings = { ...SITE, NODE_DEVICE_MAP: "pve1:srv-0851,pve9:srv-0816" };
    const wrong = await outcomeFor(netbox, lab(cluster()), settings);
    expect(wrong.notes.map(({ code, sentence }) => [code, sentence.split(": ")[1]])).toEqual([
      ["unknown-node", 'NODE_DEVICE_MAP names "pve9"'],
      ["unknown-device", 'NODE_DEVICE_MAP names "srv-0851" for pve1'],
    ]);
  });

  test("a cluster of another type with our name: ours gets another one, with a note", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const type = netbox.make("cluster-type", { name: "VMware" });
    netbox.make("cluster", {
      name: "lab",
      type,
      group: null,
      scope_type: "dcim.site",
      scope: site,
    });
    const { outcome } = await push(netbox, cluster());
    expect(netbox.all("cluster").map(({ name }) => name)).toEqual(["lab", "lab (Proxmox)"]);
    expect((netbox.called("cluster", "lab")["type"] as Shown)["name"]).toBe("VMware");
    expect(outcome.notes.map(({ code }) => code)).toEqual(["other-cluster"]);
  });

  test("an address of an FHRP group stays there", async () => {
    const netbox = new ModelNetBox();
    netbox.make("ip-address", {
      address: "10.0.0.10/24",
      vrf: null,
      assigned_object_type: "ipam.fhrpgroup",
      assigned_object: { id: 7, display: "VRRP 1" },
    });
    const { outcome } = await push(netbox, cluster());
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.10/24")).toEqual(["held-by-user"]);
    const primary = netbox.called("virtual-machine", "web")["primary_ip4"] as Shown;
    expect(primary["address"]).toBe("10.0.0.11/24");
  });

  test("an address of a machine that people made stays there", async () => {
    const netbox = new ModelNetBox();
    const machine = netbox.make("virtual-machine", {
      name: "appliance",
      cluster: null,
      tenant: null,
    });
    const nic = netbox.make("vm-interface", { name: "eth0", virtual_machine: machine });
    netbox.make("ip-address", {
      address: "10.0.0.10/24",
      vrf: null,
      assigned_object_type: "virtualization.vminterface",
      assigned_object: {
        id: nic.id,
        name: "eth0",
        virtual_machine: { id: machine.id, name: "appliance" },
      },
    });
    const { outcome } = await push(netbox, cluster());
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.10/24")).toEqual(["held-by-user"]);
  });

  test("an address in two routing tables is ambiguous", async () => {
    const netbox = new ModelNetBox();
    for (const name of ["a", "b"]) {
      const vrf = netbox.make("vrf", { name, rd: null, tenant: null });
      netbox.make("ip-address", { address: "10.0.0.10/24", vrf, assigned_object: null });
    }
    const { outcome } = await push(netbox, cluster());
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.10/24")).toEqual(["ambiguous"]);
  });

  test("custom fields of another type get no value, and the machines arrive", async () => {
    const netbox = new ModelNetBox();
    for (
      const [name, type] of [["proxmox_vmid", "integer"], ["proxmox_vm_type", "select"]] as const
    ) {
      netbox.make("custom-field", {
        name,
        type: { value: type },
        object_types: ["virtualization.virtualmachine"],
        required: false,
        default: null,
      });
    }
    const { outcome } = await push(netbox, cluster());
    expect(outcome.reasonsOf("custom-field/proxmox_vmid")).toEqual(["other-kind"]);
    const [vm] = outcome.of("virtual-machine");
    expect(Object.keys(vm?.custom_fields ?? {})).toEqual(["proxmox_node"]);
    expect(outcome.of("custom-field").map(({ name }) => name)).not.toContain("proxmox_vmid");
  });

  test("without VMIDs in NetBox, our cluster of another name is found by the names of its guests", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const type = netbox.make("cluster-type", { name: "VMware" });
    netbox.make("cluster", {
      name: "lab",
      type,
      group: null,
      scope_type: "dcim.site",
      scope: site,
    });
    netbox.make("custom-field", {
      name: "proxmox_vmid",
      type: { value: "integer" },
      object_types: ["virtualization.virtualmachine"],
      required: false,
      default: null,
    });
    await push(netbox, cluster());
    const { changes } = await push(netbox, cluster());
    expect(texts(changes)).toEqual([]);
  });

  test("a tag that people renamed, beside one of the same letters, stays what it is", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    netbox.make("tag", { name: "Production", slug: "prod", color: "ff0000", object_types: [] });
    const guests = [{ ...WEB, row: { name: "web", tags: "prod;Prod" } }];
    const { outcome } = await push(netbox, cluster({ guests }));
    const [vm] = outcome.of("virtual-machine");
    expect(vm?.tags?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["Prod", "Production"]),
    );
    expect(netbox.all("tag").map(({ name }) => name)).not.toContain("prod");
  });

  test("a tag for other types is left off", async () => {
    const netbox = new ModelNetBox();
    netbox.make("tag", { name: "prod", color: "ff0000", object_types: ["ipam.prefix"] });
    const { outcome } = await push(netbox, cluster());
    const [vm] = outcome.of("virtual-machine");
    expect(vm?.tags?.map(({ name }) => name)).not.toContain("prod");
    expect(outcome.reasonsOf("tag/prod")).toEqual(["other-kind"]);
  });

  test("a required custom field leaves out the new machines, with their parts", async () => {
    const netbox = new ModelNetBox();
    netbox.make("custom-field", {
      name: "cost_center",
      type: { value: "text" },
      object_types: ["virtualization.virtualmachine"],
      required: true,
      default: null,
    });
    const { outcome } = await push(netbox, cluster());
    expect(outcome.reasonsOf("vm/101")).toEqual(["required-field"]);
    expect(outcome.leftOut.find(({ what }) => what === "vm/101")?.children)
      .toEqual({ nics: 1, disks: 1, addresses: 2 });
    expect(outcome.of("virtual-machine")).toEqual([]);
    expect(outcome.of("vm-interface")).toEqual([]);
    expect(outcome.of("ip-address").length).toBe(1);
  });

  test.each([["4711", []], [null, ["required-field"]]])(
    "a machine whose required custom field is %j",
    async (cost_center, reasons) => {
      const netbox = await pushed();
      requireField(netbox, "virtualization.virtualmachine");
      const web = netbox.called("virtual-machine", "web");
      Object.assign(web["custom_fields"] as object, { cost_center });
      web["primary_ip4"] = null;
      const { outcome } = await push(netbox, cluster());
      expect(outcome.leftOut.map(({ reason }) => reason)).toEqual(reasons);
      expect(outcome.of("virtual-machine").length).toBe(reasons.length === 0 ? 1 : 0);
      expect(outcome.of("vm-interface").length).toBe(1);
      const primaries = outcome.of("ip-address").map((address) =>
        address.assigned_object_vm_interface?.virtual_machine.primary_ip4?.address
      );
      expect(primaries.filter((address) => address !== undefined))
        .toEqual(reasons.length === 0 ? ["10.0.0.10/24"] : []);
    },
  );
});

const USERS_FIELDS = [
  "name",
  "slug",
  "model",
  "color",
  "site",
  "device_type",
  "role",
  "type",
  "manufacturer",
  "scope_type",
  "scope",
  "vrf",
];
