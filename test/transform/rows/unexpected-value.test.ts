/** A single unexpected value: its field is left out and listed, and all else is sent. */
import { describe, expect, test } from "vitest";
import { PATHS } from "../../../src/proxmox/endpoints.ts";
import { only, transformed } from "../../helpers/in-memory.ts";
import { guest101, lab, nodeWith } from "../../helpers/lab.ts";

const CONFIG = PATHS.config({ node: "pve1", kind: "qemu", vmid: 101 });

describe("an unexpected value in the listing", () => {
  test.each<[string, unknown]>([
    ["status", ["running"]],
    ["template", "maybe"],
    ["maxcpu", "many"],
    ["maxcpu", -1],
    ["maxcpu", 10_000],
    ["maxmem", {}],
    ["maxmem", 2 ** 60],
    ["tags", ["prod"]],
    ["hastate", true],
  ])("is listed once: %s: %j", async (key, value) => {
    const { vm, leftOut } = await guest101({ row: { [key]: value }, config: {} });
    expect(vm.name).toBe("guest-101");
    expect(only(leftOut.filter(({ reason }) => reason === "unparsable"))).toMatchObject({
      what: `vm/101/resources.${key}`,
      answer: { file: "pve/cluster.json", path: PATHS.resources },
    });
  });

  test.each(["", " ", null, undefined, 0])(
    "is not listed if it is %j, which counts as empty",
    async (value) => {
      const row = { maxcpu: value, maxmem: value, template: value };
      const { leftOut } = await guest101({ row, config: {} });
      expect(leftOut.filter(({ reason }) => reason === "unparsable")).toEqual([]);
    },
  );

  test("is replaced by the config's value if it is out of range", async () => {
    const row = { maxcpu: 1e9, maxmem: 2 ** 60 };
    const { vm } = await guest101({ row, config: { cores: 4, memory: "2048" } });
    expect([vm.vcpus, vm.memory]).toEqual([4, "2048"]);
  });
});

describe("a field with an unexpected value is left out", () => {
  test("of a guest", async () => {
    const row = { status: ["running"] };
    const { vm } = await guest101({ row, config: { onboot: "perhaps" } });
    expect(vm).not.toHaveProperty("status");
    expect(vm).not.toHaveProperty("start_on_boot");
  });

  test("of a node and its interface", async () => {
    const network = [{ iface: "vmbr0", cidr: "10.0.0.2/24", active: "perhaps" }];
    const outcome = await transformed(lab({ nodes: { pve1: { row: { status: {} }, network } } }));
    expect(only(outcome.of("device"))).not.toHaveProperty("status");
    expect(only(outcome.of("interface"))).not.toHaveProperty("enabled");
  });

  test("even if only the product of cores and sockets is out of range", async () => {
    const config = { cores: 128, sockets: 128 };
    const { vm, reasonsOf } = await guest101({ row: { maxcpu: undefined }, config });
    expect(vm).not.toHaveProperty("vcpus");
    expect(reasonsOf("vm/101/config.cores")).toEqual(["unparsable"]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["cores", { cores: "abc", sockets: 2 }],
    ["sockets", { cores: 4, sockets: [] }],
  ])("even if only %s cannot be read: %j", async (key, config) => {
    const { vm, leftOut } = await guest101({ row: { maxcpu: undefined }, config });
    expect(vm).not.toHaveProperty("vcpus");
    expect(leftOut.filter(({ reason }) => reason === "unparsable").map(({ what }) => what))
      .toEqual([`vm/101/config.${key}`]);
  });
});

test.each<[string, unknown]>([
  ["cores", "four"],
  ["sockets", [2]],
  ["memory", "current=much"],
  ["onboot", "perhaps"],
  ["ostype", {}],
  ["description", ["notes"]],
  ["tags", true],
  ["agent", { enabled: 1 }],
])("an unexpected value in the config is listed once: %s: %j", async (key, value) => {
  const { leftOut } = await guest101({ config: { [key]: value } });
  const record = only(leftOut.filter(({ reason }) => reason === "unparsable"));
  expect(record).toMatchObject({ what: `vm/101/config.${key}`, answer: { path: CONFIG } });
});

test("CLEAR_EMPTY does not clear fields whose value is unexpected", async () => {
  const guest = {
    row: { hastate: ["started"] },
    config: { description: { text: "notes" }, ostype: ["l26"] },
  };
  const { vm } = await guest101(guest, { CLEAR_EMPTY: "true" });
  expect(vm).not.toHaveProperty("comments");
  expect(vm).not.toHaveProperty("platform");
  expect(vm.custom_fields).not.toHaveProperty("proxmox_ha_state");
});

test.each<[string, unknown]>([
  ["type", ["bridge"]],
  ["method", {}],
  ["active", "perhaps"],
  ["priority", "first"],
  ["mtu", [1500]],
  ["speed", "fast"],
])("an unexpected value of a node's interface is listed once: %s: %j", async (key, value) => {
  const row = { iface: "vmbr0", cidr: "10.0.0.2/24", [key]: value };
  const outcome = await nodeWith([row]);
  expect(outcome.of("interface")).toHaveLength(1);
  expect(outcome.reasonsOf(`node/pve1/vmbr0/network.${key}`)).toEqual(["unparsable"]);
});

describe("a node's address that is not a string", () => {
  test.each<[string, unknown]>([
    ["cidr", ["10.0.0.2/24"]],
    ["cidr", true],
    ["address", { ip: "10.0.0.2" }],
    ["cidr6", ["2001:db8::2/64"]],
  ])("is left out: %s: %j", async (key, value) => {
    const rows = [{ iface: "c9", [key]: value }];
    const outcome = await nodeWith(rows, { CLEAR_EMPTY: "true" });
    expect(outcome.reasonsOf("node/pve1/c9/?")).toEqual(["unparsable"]);
    expect(outcome.reasonsOf("node/pve1/c9")).toEqual(["no-address"]);
    expect(outcome.device).not.toHaveProperty("primary_ip4");
  });

  test("is replaced by address and netmask if they are valid", async () => {
    const row = { iface: "c9", cidr: ["10.0.0.9/24"], address: "10.0.0.2", netmask: "24" };
    const { of, leftOut } = await nodeWith([row]);
    expect(of("ip-address").map(({ address }) => address)).toEqual(["10.0.0.2/24"]);
    expect(leftOut.filter(({ what }) => what.startsWith("node/pve1/c9"))).toEqual([]);
  });
});
