/** Devices, virtual machines and their parts that people keep in NetBox: found, and left as they are. */
import { describe, expect, test } from "vitest";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { ModelNetBox, type Shown } from "../helpers/applied.ts";
import { only } from "../helpers/in-memory.ts";
import { agentRow, lab, type LabGuest } from "../helpers/lab.ts";
import {
  brief,
  cluster,
  device,
  machine,
  madeCluster,
  outcomeFor,
  push,
  pushed,
  SITE,
  tagged,
  texts,
  WEB,
} from "../helpers/respecting.ts";

describe("devices", () => {
  test("a device with a tag that starts like a host tag is found", async () => {
    const netbox = new ModelNetBox();
    const tags = [brief(tagged(netbox, "proxmox-nodes"))];
    device(netbox, { name: "pve1", site: netbox.make("site", { name: "HQ" }), tags });
    await push(netbox, cluster());
    expect(netbox.all("device").map(({ name }) => name)).toEqual(["pve1"]);
  });

  test("of two devices of one name at the site, that of TENANT_NAME is found", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    for (const name of ["Other", "Acme"]) {
      device(netbox, { name: "pve1", site, tenant: netbox.make("tenant", { name, group: null }) });
    }
    const outcome = await outcomeFor(netbox, lab(cluster()), { ...SITE, TENANT_NAME: "Acme" });
    expect(only(outcome.of("device"))).toMatchObject({ name: "pve1", tenant: { name: "Acme" } });
  });

  test("NODE_DEVICE_MAP takes precedence over a device with the name of the node", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    device(netbox, { name: "pve1", site });
    device(netbox, { name: "srv-1", site });
    const settings = { ...SITE, NODE_DEVICE_MAP: "pve1:srv-1" };
    const outcome = await outcomeFor(netbox, lab(cluster()), settings);
    expect(only(outcome.of("device")).name).toBe("srv-1");
  });

  test("NODE_DEVICE_MAP names a device at another site for a node of a new cluster", async () => {
    const netbox = new ModelNetBox();
    device(netbox, { name: "srv-1", site: netbox.make("site", { name: "Elsewhere" }) });
    const settings = { ...SITE, NODE_DEVICE_MAP: "pve1:srv-1" };
    const { outcome } = await push(netbox, cluster(), settings);
    const site = { name: "Elsewhere" };
    expect(only(outcome.of("device"))).toMatchObject({ name: "srv-1", site });
  });

  test("a device at another site is found by a host tag that people renamed", async () => {
    const netbox = await pushed();
    netbox.called("tag", "proxmox-10.0.0.1")["name"] = "PVE lab";
    netbox.called("device", "pve1")["site"] = brief(netbox.make("site", { name: "Elsewhere" }));
    netbox.refresh();
    const { changes } = await push(netbox, cluster());
    expect(texts(changes)).toEqual([]);
  });

  test("a tenant of a device and a machine stays when TENANT_NAME is another one", async () => {
    const netbox = await pushed();
    const tenant = brief(netbox.make("tenant", { name: "Own", group: null }));
    netbox.called("virtual-machine", "web")["tenant"] = tenant;
    netbox.called("device", "pve1")["tenant"] = tenant;
    const { changes } = await push(netbox, cluster(), { ...SITE, TENANT_NAME: "Acme" });
    expect(texts(changes)).toEqual([]);
  });

  // NetBox refuses the device: "The assigned platform is limited to Proxmox device types".
  test("a device of another manufacturer gets no platform of Proxmox", async () => {
    const netbox = new ModelNetBox();
    device(netbox, { name: "pve1", site: netbox.make("site", { name: "HQ" }) });
    const manufacturer = netbox.make("manufacturer", { name: "Proxmox" });
    netbox.make("platform", { name: "Proxmox VE 8.4", manufacturer });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("device")).platform).toBeUndefined();
  });

  test("a device type of another manufacturer with our slug is not ours", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const manufacturer = netbox.make("manufacturer", { name: "Dell" });
    const slug = "proxmox-node";
    netbox.make("device-type", { model: "PVE node (R740)", slug, manufacturer });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("device")).device_type)
      .toMatchObject({ manufacturer: { name: "Proxmox" }, model: "Proxmox Node" });
  });

  test("platforms of one name by two manufacturers stay two", async () => {
    const netbox = new ModelNetBox();
    const name = "Debian GNU/Linux 12";
    for (const maker of ["M1", "M2"]) {
      netbox.make("platform", { name, manufacturer: netbox.make("manufacturer", { name: maker }) });
    }
    await push(netbox, cluster());
    expect(netbox.all("platform").filter((row) => row["name"] === name).length).toBe(2);
  });
});

describe("virtual machines", () => {
  test("of two machines of one name in the cluster, that of TENANT_NAME is found", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const own = madeCluster(netbox, { scope: site });
    for (const name of ["Other", "Acme"]) {
      machine(netbox, { cluster: own, site, tenant: netbox.make("tenant", { name, group: null }) });
    }
    const outcome = await outcomeFor(netbox, lab(cluster()), { ...SITE, TENANT_NAME: "Acme" });
    expect(only(outcome.of("virtual-machine")).tenant).toEqual({ name: "Acme" });
  });

  test("a virtual machine that became a container is the same one", async () => {
    const netbox = await pushed();
    await push(netbox, cluster({ guests: [{ vmid: 101, kind: "lxc", row: { name: "web" } }] }));
    expect(netbox.all("virtual-machine").map(({ name }) => name)).toEqual(["web"]);
  });

  test.each(["vm", { value: "vm", label: "VM" }, "QEMU"])(
    "a machine of netbox-proxmox-automation with the type %j is found",
    async (kind) => {
      const netbox = new ModelNetBox();
      const site = netbox.make("site", { name: "HQ" });
      netbox.make("custom-field", {
        name: "proxmox_vm_type",
        type: { value: "select" },
        object_types: ["virtualization.virtualmachine"],
        required: false,
        default: null,
      });
      const vm = machine(netbox, { cluster: madeCluster(netbox, { scope: site }), site });
      vm["custom_fields"] = { proxmox_vmid: "101", proxmox_vm_type: kind, proxmox_node: "pve1" };
      netbox.apply((await outcomeFor(netbox, lab(cluster()))).all);
      expect(netbox.all("virtual-machine").map(({ name }) => name)).toEqual(["web"]);
    },
  );

  test("a virtual machine that people put into another cluster is found there", async () => {
    const netbox = await pushed();
    const elsewhere = madeCluster(netbox, { name: "customers" });
    netbox.called("virtual-machine", "web")["cluster"] = brief(elsewhere);
    netbox.refresh();
    const { outcome, changes } = await push(netbox, cluster());
    expect(texts(changes)).toEqual([]);
    expect(outcome.notes.map(({ sentence }) => sentence)).toEqual([
      "Keeps its cluster in NetBox, because Diode cannot move it to another one: customers",
    ]);
  });

  test("guests that the token may not list keep their machines", async () => {
    const netbox = await pushed();
    const snapshot = lab(cluster({ guests: [{ vmid: 105, row: { name: "web" } }] }));
    const incomplete = [{
      path: PATHS.resources,
      cause: "filtered" as const,
      reason: "the token sees only a part",
      file: "pve/cluster.json",
    }];
    const manifest: Snapshot["manifest"] = { ...snapshot.manifest, outcome: "partial", incomplete };
    netbox.apply((await outcomeFor(netbox, { ...snapshot, manifest })).all);
    expect(netbox.called("virtual-machine", "web")["custom_fields"])
      .toMatchObject({ proxmox_vmid: "101" });
  });

  test("our primary address follows the guest after people renamed the host tag", async () => {
    const netbox = await pushed();
    netbox.called("tag", "proxmox-10.0.0.1")["name"] = "PVE lab";
    netbox.refresh();
    const moved = { ...WEB, interfaces: [agentRow("bc:24:11:00:00:01", ["10.0.0.20/24"])] };
    await push(netbox, cluster({ guests: [moved] }));
    expect((netbox.called("virtual-machine", "web")["primary_ip4"] as Shown)["address"])
      .toBe("10.0.0.20/24");
  });

  test("a disk that people renamed is noted", async () => {
    const netbox = await pushed();
    netbox.called("virtual-disk", "scsi0")["name"] = "system";
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(outcome.notes.map(({ code }) => code)).toContain("keeps-name");
  });
});

describe("interfaces of devices", () => {
  const ALL = { ...SITE, ALL_INTERFACES: "true" };
  const eno1 = { iface: "eno1", type: "eth", active: 1, method: "manual" };
  const address = { active: 1, method: "static", cidr: "10.1.0.1/24", address: "10.1.0.1" };

  /** The entities of a node, which NetBox has as a device with one interface. */
  async function interfacesOf(port: { name: string; type: string }, network: readonly object[]) {
    const netbox = new ModelNetBox();
    const made = device(netbox, { name: "pve1", site: netbox.make("site", { name: "HQ" }) });
    netbox.make("interface", { device: made, name: port.name, type: { value: port.type } });
    const outcome = await outcomeFor(netbox, lab(cluster({ nodes: { pve1: { network } } })), ALL);
    return only(outcome.of("interface").filter(({ name }) => name === port.name));
  }

  // NetBox: only a virtual interface has a parent.
  test("an interface that is not virtual in NetBox gets no parent", async () => {
    const vlan = { "vlan-raw-device": "eno1", "vlan-id": "100", type: "vlan", iface: "eno1.100" };
    const sent = await interfacesOf({ name: "eno1.100", type: "other" }, [
      eno1,
      { ...vlan, ...address },
    ]);
    expect([sent.type, sent.parent]).toEqual([undefined, undefined]);
  });

  // NetBox: a virtual interface is in no LAG.
  test("an interface that is virtual in NetBox gets no LAG", async () => {
    const bond = { iface: "bond0", type: "bond", slaves: "eno1", ...address };
    const sent = await interfacesOf({ name: "eno1", type: "virtual" }, [eno1, bond]);
    expect(sent.lag).toBeUndefined();
  });

  test("an interface is found by an alternative name", async () => {
    const netbox = new ModelNetBox();
    const made = device(netbox, { name: "pve1", site: netbox.make("site", { name: "HQ" }) });
    netbox.make("interface", { device: made, name: "enp1s0", type: { value: "10gbase-t" } });
    const network = [{ iface: "nic0", altnames: ["enp1s0"], type: "eth", ...address }];
    await push(netbox, cluster({ nodes: { pve1: { network } } }));
    expect(netbox.all("interface").map(({ name }) => name)).toEqual(["enp1s0"]);
  });
});

describe("NICs of virtual machines", () => {
  test("a NIC without a VLAN tag keeps the VLAN that people gave it", async () => {
    const config = { ...WEB.config as object, net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0" };
    const guests: LabGuest[] = [{ ...WEB, config }];
    const netbox = await pushed(cluster({ guests }));
    const site = netbox.called("site", "HQ");
    const vlan = netbox.make("vlan", { vid: 77, name: "Office", site, group: null });
    const changed = { mode: { value: "access" }, untagged_vlan: brief(vlan) };
    Object.assign(netbox.called("vm-interface", "net0"), changed);
    const { changes } = await push(netbox, cluster({ guests }));
    expect(texts(changes)).toEqual([]);
  });

  test("a NIC in Q-in-Q mode keeps its mode", async () => {
    const netbox = await pushed();
    const site = netbox.called("site", "HQ");
    const vlan = netbox.make("vlan", {
      vid: 900,
      name: "S",
      group: null,
      site,
      qinq_role: "svlan",
    });
    const changed = { mode: { value: "q-in-q" }, qinq_svlan: brief(vlan) };
    Object.assign(netbox.called("vm-interface", "net0"), changed);
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("vm-interface")).mode).toBeUndefined();
  });
});
