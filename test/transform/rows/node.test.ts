/** Device: the nodes of a cluster. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import { only, transformed } from "../../helpers/in-memory.ts";
import { lab, nodeWith } from "../../helpers/lab.ts";
import { ok } from "../../helpers/snapshot-builder.ts";

type Row = Readonly<Record<string, unknown>>;

async function deviceOf(row: Row | null, settings = {}, more = {}) {
  return only(
    (await transformed(lab({ nodes: { pve1: { row } }, ...more }), settings)).of("device"),
  );
}

describe("a device", () => {
  test("is made from a node, with complete device type, role and manufacturer", async () => {
    const device = await deviceOf({ status: "online", maxcpu: 32, maxmem: 64 * 2 ** 30 });
    const { tags } = device;
    expect(device).toEqual({
      name: "pve1",
      status: "active",
      site: { name: "Proxmox" },
      device_type: { model: "Proxmox Node", manufacturer: { name: "Proxmox", tags }, tags },
      role: { name: "Hypervisor", tags },
      platform: { name: "Proxmox VE 8.4" },
      custom_fields: {
        proxmox_cpu_count: { integer: "32" },
        proxmox_memory_mb: { integer: "65536" },
      },
      tags,
    });
    expect(tags.map(({ name }) => name)).toEqual([
      "proxmox-ve",
      "discovered",
      "proxmox-pve1.example.net",
    ]);
  });

  test.each([["online", "active"], ["offline", "offline"], ["unknown", "offline"], [
    "",
    "offline",
  ]])(
    "status %j becomes %s",
    async (status, expected) => {
      expect((await deviceOf({ status })).status).toBe(expected);
    },
  );

  test("without CPU count and memory size has no custom fields, never 0", async () => {
    expect((await deviceOf({ status: "offline" })).custom_fields).toBe(undefined);
    expect((await deviceOf({ maxcpu: 0, maxmem: 0 })).custom_fields).toBe(undefined);
    expect((await deviceOf({ maxcpu: "8" })).custom_fields)
      .toEqual({ proxmox_cpu_count: { integer: "8" } });
  });

  test.each([["status", ["online"]], ["maxcpu", "many"], ["maxmem", {}]])(
    "is sent without %s if it is %j, which is listed as unparsable",
    async (key, value) => {
      const outcome = await transformed(lab({ nodes: { pve1: { row: { [key]: value } } } }));
      expect(outcome.of("device")).toHaveLength(1);
      expect(outcome.reasonsOf(`node/pve1/nodes.${key}`)).toEqual(["unparsable"]);
    },
  );

  test("is also made if only /cluster/status lists the node, with the status from there", async () => {
    const rows = [{ type: "node", name: "pve1", online: 1 }, {
      type: "node",
      name: "pve2",
      online: 0,
    }];
    const outcome = await transformed(lab({
      nodes: { pve1: { row: null }, pve2: { row: null } },
      clusterStatus: ok(rows),
    }));
    expect(outcome.of("device").map(({ name, status }) => [name, status]))
      .toEqual([["pve1", "active"], ["pve2", "offline"]]);
  });

  test("is not made for a node that only guests refer to, which is noted", async () => {
    const outcome = await transformed(lab({ guests: [{ vmid: 101, node: "gone" }] }));
    expect(outcome.of("device").map(({ name }) => name)).toEqual(["pve1"]);
    expect(outcome.codesOf("node/gone")).toEqual(["node-not-listed"]);
    expect(outcome.of("virtual-machine")).toHaveLength(1);
  });

  test("has the configured device type, role and manufacturer, also in stubs", async () => {
    const settings = {
      NODE_DEVICE_TYPE: "R650",
      NODE_DEVICE_ROLE: "Host",
      NODE_MANUFACTURER: "Dell",
    };
    const outcome = await nodeWith([{ iface: "eno1", cidr: "10.0.0.2/24" }], settings);
    const type = { model: "R650", manufacturer: { name: "Dell" } };
    expect(outcome.device).toMatchObject({ device_type: type, role: { name: "Host" } });
    expect(only(outcome.of("interface")).device).toEqual({
      name: "pve1",
      device_type: type,
      role: { name: "Host" },
      site: { name: "Proxmox" },
    });
  });

  test("refers to its cluster only with DEVICE_CLUSTER", async () => {
    expect((await deviceOf({})).cluster).toBe(undefined);
    expect((await deviceOf({}, { DEVICE_CLUSTER: "true" })).cluster).toEqual({
      name: "lab",
      type: { name: "Proxmox" },
      scope_site: { name: "Proxmox" },
    });
  });

  test("keeps its primary addresses in NetBox if the network could not be read", async () => {
    const node = { network: { failed: "timeout" } as const };
    const outcome = await transformed(lab({ nodes: { pve1: node } }), { CLEAR_EMPTY: "true" });
    expect(outcome.reasonsOf("node/pve1/network")).toEqual(["failed"]);
    expect(only(outcome.of("device"))).not.toHaveProperty("primary_ip4");
  });

  test("with a name longer than 64 characters is cut and noted", async () => {
    const node = "n".repeat(70);
    const outcome = await transformed(lab({ nodes: { [node]: {} } }));
    expect(only(outcome.of("device")).name).toHaveLength(64);
    expect(outcome.codesOf(`node/${node}`)).toEqual(["cut"]);
  });
});
