/** Clusters that people keep in NetBox: which of them is ours, and what its guests and nodes then are. */
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { ModelNetBox, type Shown } from "../helpers/applied.ts";
import { only, transformed } from "../helpers/in-memory.ts";
import { type Lab, lab } from "../helpers/lab.ts";
import {
  brief,
  cluster,
  device,
  madeCluster,
  outcomeFor,
  PORTS,
  push,
  pushed,
  SITE,
  tagged,
  texts,
  WEB,
  withAddress,
} from "../helpers/respecting.ts";

/** The status of the cluster "lab", whose node pve1 has the address 10.0.0.1. */
const STATUS = {
  clusterStatus: {
    status: 200,
    data: [{ type: "cluster", name: "lab" }, ...withAddress("10.0.0.1").data],
  },
};

function names(netbox: ModelNetBox, type: "cluster" | "device" | "virtual-machine"): unknown[] {
  return netbox.all(type).map(({ name }) => name);
}

describe("a cluster that people made", () => {
  test("is found when it has a tag that starts like a host tag", async () => {
    const netbox = new ModelNetBox();
    const tags = [brief(tagged(netbox, "proxmox-cluster"))];
    madeCluster(netbox, { scope: netbox.make("site", { name: "HQ" }), tags });
    await push(netbox, cluster());
    expect(names(netbox, "cluster")).toEqual(["lab"]);
  });

  test("is found by its name in another case", async () => {
    const netbox = new ModelNetBox();
    madeCluster(netbox, { name: "LAB", scope: netbox.make("site", { name: "HQ" }) });
    await push(netbox, cluster());
    expect(names(netbox, "cluster")).toEqual(["LAB"]);
  });

  test("is found at our site when another site has one of the same name", async () => {
    const netbox = new ModelNetBox();
    const type = netbox.make("cluster-type", { name: "Proxmox" });
    for (const name of ["Rotterdam", "HQ"]) {
      madeCluster(netbox, { type, scope: netbox.make("site", { name }) });
    }
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("cluster")).scope_site?.name).toBe("HQ");
  });

  test("of another name is not ours when it has our host tag", async () => {
    const netbox = new ModelNetBox();
    const tags = [brief(tagged(netbox, "proxmox-10.0.0.1"))];
    madeCluster(netbox, { name: "old", scope: netbox.make("site", { name: "HQ" }), tags });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("cluster")).name).toBe("lab");
  });

  test("is not ours at another site", async () => {
    const netbox = new ModelNetBox();
    madeCluster(netbox, { scope: netbox.make("site", { name: "Rotterdam" }) });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("cluster")).scope_site?.name).toBe("HQ");
  });

  test("of another type and without a scope does not get our guests", async () => {
    const netbox = new ModelNetBox();
    const other = madeCluster(netbox, { type: netbox.make("cluster-type", { name: "VMware" }) });
    madeCluster(netbox, {});
    netbox.apply((await outcomeFor(netbox, lab(cluster()))).all);
    expect((netbox.called("virtual-machine", "web")["cluster"] as Shown).id).not.toBe(other.id);
  });

  // NetBox: the name of a cluster is unique in a site and in a group.
  test.each([
    ["a location of the site", true, false],
    ["the site, and in a group", false, true],
  ])("of another type with the scope %s: ours gets another name", async (_, isRoom, isGrouped) => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const location = netbox.make("location", { name: "Room 1", site });
    madeCluster(netbox, {
      type: netbox.make("cluster-type", { name: "VMware" }),
      group: isGrouped ? netbox.make("cluster-group", { name: "Production" }) : null,
      scope: isRoom ? location : site,
      scope_type: isRoom ? "dcim.location" : "dcim.site",
    });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("cluster")).name).toBe("lab (Proxmox)");
  });
});

describe("our cluster", () => {
  test("is still ours when people gave it another type", async () => {
    const netbox = await pushed();
    const type = netbox.make("cluster-type", { name: "Proxmox VE (prod)" });
    netbox.called("cluster", "lab")["type"] = brief(type);
    const { changes } = await push(netbox, cluster());
    expect(texts(changes)).toEqual([]);
  });

  test("is still ours when people changed name and slug of its type", async () => {
    const netbox = await pushed();
    const type = netbox.called("cluster-type", "Proxmox");
    Object.assign(type, { name: "Proxmox Virtual Environment", slug: "pve" });
    netbox.refresh();
    await push(netbox, cluster());
    expect(names(netbox, "cluster")).toEqual(["lab"]);
    expect(names(netbox, "virtual-machine")).toEqual(["web"]);
  });

  test("gets the one site that two of our settings name in different ways as its scope", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "Amsterdam (DC 1)", slug: "amsterdam", region: null, group: null });
    const parts = cluster({ nodes: { pve1: { network: PORTS }, pve2: {} } });
    const settings = { SITE_NAME: "Amsterdam", NODE_SITE_MAP: "pve2:Amsterdam (DC 1)" };
    const outcome = await outcomeFor(netbox, lab(parts), settings);
    expect(only(outcome.of("cluster")).scope_site?.name).toBe("Amsterdam (DC 1)");
  });

  test("keeps the device and the machines of a stand-alone node that joins", async () => {
    const host = "10.0.0.9";
    const pve = { network: [{ ...PORTS[0], cidr: `${host}/24`, address: host }] };
    const guests = [{ vmid: 151, node: "pve", row: { name: "db" } }];
    const alone = { cluster: null, host, nodes: { pve }, guests };
    const netbox = await pushed(cluster(STATUS));
    netbox.apply((await transformed(lab(alone), SITE)).all);
    const rows = [...STATUS.clusterStatus.data, ...withAddress(host, "pve").data];
    const { outcome } = await push(netbox, {
      ...cluster({ guests: [WEB, ...guests], clusterStatus: { status: 200, data: rows } }),
      nodes: { pve1: { network: PORTS }, pve },
    });
    expect(names(netbox, "device")).toEqual(["pve1", "pve"]);
    expect(names(netbox, "virtual-machine")).toEqual(["web", "db"]);
    expect(outcome.codesOf("vm/151")).toEqual(["keeps-cluster"]);
  });
});

describe("DEVICE_CLUSTER", () => {
  // NetBox refuses a device in a cluster of a location where the device is not.
  test("puts no device into a cluster of a location", async () => {
    const netbox = await pushed();
    const site = brief(netbox.called("site", "HQ"));
    const scope = brief(netbox.make("location", { name: "Room 1", site }));
    Object.assign(netbox.called("cluster", "lab"), { scope_type: "dcim.location", scope });
    const outcome = await outcomeFor(netbox, lab(cluster()), { ...SITE, DEVICE_CLUSTER: "true" });
    expect(only(outcome.of("device")).cluster).toBeUndefined();
  });

  test("leaves a device in the cluster into which people put it", async () => {
    const netbox = await pushed();
    const type = netbox.called("cluster-type", "Proxmox");
    netbox.called("device", "pve1")["cluster"] = brief(madeCluster(netbox, { name: "ceph", type }));
    const { changes } = await push(netbox, cluster(), { ...SITE, DEVICE_CLUSTER: "true" });
    expect(texts(changes)).toEqual([]);
  });
});

describe("PROXMOX_HOST that is written in another way", () => {
  test("doubles nothing when the nodes have addresses by DHCP", async () => {
    const network = [{ iface: "vmbr0", type: "bridge", active: 1, method: "dhcp" }];
    const parts = cluster({ nodes: { pve1: { network } }, ...STATUS });
    const netbox = await pushed(parts);
    await push(netbox, { ...parts, host: "pve1.example.net" });
    expect(names(netbox, "cluster")).toEqual(["lab"]);
    expect(names(netbox, "device")).toEqual(["pve1"]);
    expect(names(netbox, "virtual-machine")).toEqual(["web"]);
  });

  test("finds a cluster that people renamed", async () => {
    const netbox = await pushed(cluster(STATUS));
    netbox.called("cluster", "lab")["name"] = "Production";
    netbox.refresh();
    await push(netbox, cluster({ host: "pve1.example.net", ...STATUS }));
    expect(names(netbox, "cluster")).toEqual(["Production"]);
  });

  test("finds the cluster of a device that people renamed", async () => {
    const netbox = await pushed(cluster(STATUS));
    netbox.called("device", "pve1")["name"] = "srv-0815";
    netbox.refresh();
    const settings = { ...SITE, NODE_DEVICE_MAP: "pve1:srv-0815" };
    await push(netbox, cluster({ host: "pve1.example.net", ...STATUS }), settings);
    expect(names(netbox, "cluster")).toEqual(["lab"]);
    expect(names(netbox, "virtual-machine")).toEqual(["web"]);
  });
});

describe("clusters and nodes with the same address or name", () => {
  test("two nodes pve with one private address at two sites are in two clusters", async () => {
    const one = (host: string, guest: string): Lab => ({
      cluster: null,
      host,
      clusterStatus: withAddress("192.168.1.2", "pve"),
      nodes: {
        pve: { network: [{ ...PORTS[0], cidr: "192.168.1.2/24", address: "192.168.1.2" }] },
      },
      guests: [{ vmid: 100, node: "pve", row: { name: guest } }],
    });
    const netbox = await pushed(one("pve.a.example", "a-mail"), { SITE_NAME: "A" });
    const snapshot = lab(one("pve.b.example", "b-files"));
    netbox.apply((await outcomeFor(netbox, snapshot, { SITE_NAME: "B" })).all);
    expect(netbox.all("cluster").length).toBe(2);
    expect(names(netbox, "virtual-machine")).toEqual(["a-mail", "b-files"]);
  });

  test("two clusters with one private PROXMOX_HOST at two sites stay apart", async () => {
    const one = (name: string, guest: string): Lab => ({
      cluster: name,
      host: "192.168.1.2",
      nodes: { [`${name}1`]: {} },
      guests: [{ vmid: 100, node: `${name}1`, row: { name: guest } }],
    });
    const netbox = await pushed(one("alpha", "a-mail"), { SITE_NAME: "A" });
    const snapshot = lab(one("beta", "b-files"));
    netbox.apply((await outcomeFor(netbox, snapshot, { SITE_NAME: "B" })).all);
    expect(names(netbox, "cluster")).toEqual(["alpha", "beta"]);
    expect(names(netbox, "virtual-machine")).toEqual(["a-mail", "b-files"]);
  });

  // The order of the snapshots comes from their SHA-256: six times of capture give both orders.
  test.each([1, 2, 3, 4, 5, 6])(
    "two clusters with one PROXMOX_HOST in a run keep their guests (captured on day %i)",
    async (day) => {
      const one = (name: string): Snapshot =>
        lab({
          cluster: name,
          host: "pve.local",
          nodes: { [`${name}1`]: {} },
          capturedAt: `2026-01-0${day}T00:00:00Z`,
          guests: [{ vmid: 100, node: `${name}1`, row: { name: `vm-${name}` } }],
        }, name);
      const netbox = new ModelNetBox();
      netbox.make("site", { name: "HQ" });
      netbox.apply((await transformed(one("alpha"), SITE)).all);
      netbox.apply((await outcomeFor(netbox, [one("alpha"), one("beta")])).all);
      expect(names(netbox, "cluster")).toEqual(["alpha", "beta"]);
      expect(netbox.called("virtual-machine", "vm-alpha")["cluster"])
        .toMatchObject({ name: "alpha" });
    },
  );

  test("two clusters at two sites to which people gave one name stay apart", async () => {
    const one = (name: string, host: string): Snapshot =>
      lab({ cluster: name, host, nodes: { [`${name}1`]: {} } }, name);
    const both = [one("alpha", "10.0.0.1"), one("beta", "10.0.0.2")];
    const settings = { SITE_NAME: "A", NODE_SITE_MAP: "beta1:B" };
    const netbox = new ModelNetBox();
    netbox.apply((await transformed(both, settings)).all);
    netbox.all("cluster").forEach((row) => row["name"] = "Production");
    netbox.refresh();
    netbox.apply((await outcomeFor(netbox, both, settings)).all);
    expect(netbox.all("cluster").length).toBe(2);
  });

  test("two snapshots of one cluster are refused", async () => {
    const netbox = await pushed();
    const later = { capturedAt: "2026-01-03T00:00:00Z" };
    const both = outcomeFor(netbox, [lab(cluster(), "a"), lab(cluster(later), "b")]);
    await expect(both).rejects.toThrow("both are of the cluster");
  });

  test("a second node pve is found again after people renamed its cluster", async () => {
    const one = (address: string): Lab => ({
      cluster: null,
      host: address,
      clusterStatus: withAddress(address, "pve"),
      nodes: { pve: { network: [{ ...PORTS[0], cidr: `${address}/24`, address }] } },
    });
    const netbox = await pushed(one("10.0.0.1"));
    await push(netbox, one("10.0.0.2"));
    netbox.called("cluster", "10.0.0.2")["name"] = "Branch";
    netbox.refresh();
    await push(netbox, one("10.0.0.2"));
    expect(netbox.all("device").length).toBe(2);
  });

  test("a new device does not take the name of another device at the site", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const tags = ["proxmox-ve", "discovered", "proxmox-other"]
      .map((name) => brief(tagged(netbox, name)));
    device(netbox, { name: "pve1", site, tags });
    const made = device(netbox, { name: "pve1 (lab)", site });
    netbox.apply((await outcomeFor(netbox, lab(cluster()))).all);
    expect(made["tags"]).toEqual([]);
    expect(netbox.all("device").length).toBe(3);
  });
});
