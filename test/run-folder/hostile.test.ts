/** Answers that Proxmox VE would never give neither stop transform nor make it write elsewhere. */
import { describe, expect, test } from "vitest";
import { answersText, sealFiles } from "../helpers/snapshot-builder.ts";
import { expectSafeOutput, type HostileParts } from "../helpers/hostile-snapshots.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const NAMES = [
  "../../../x",
  "/etc/passwd",
  "",
  ".",
  "..",
  "a\\..\\b",
  "C:x",
  "x".repeat(300),
  "😀".repeat(70),
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "a\udfffb",
  "\u001b[2J\u001b]0;x\u0007",
  "},{",
  '"',
  "\u2028\n",
  "PVE1",
];

describe("transform handles a hostile name", () => {
  test.each(NAMES)("of a node: %j", async (name) => {
    const node = JSON.stringify(name);
    const row = `{"id":"qemu/101","type":"qemu","vmid":101,"name":"a","node":${node}}`;
    const { leftOut } = await expectSafeOutput({
      nodes: `[{"node":${node},"status":"online"},{"node":"pve1"}]`,
      clusterStatus: `[{"type":"cluster","name":${node}},{"type":"node","name":${node}}]`,
      resources: `[${row}]`,
    });
    expect(leftOut.length).toBeGreaterThan(0);
  });

  test.each(NAMES)("of a guest, NIC, disk, interface, tag or platform: %j", async (name) => {
    const text = JSON.stringify(name);
    const net = JSON.stringify(`name=${name},hwaddr=BC:24:11:00:00:01,ip=10.0.0.4/24,tag=${name}`);
    const volume = JSON.stringify(`${name}:vol,size=1G`);
    for (const kind of ["qemu", "lxc"] as const) {
      await expectSafeOutput({
        kind,
        row: `"name":${text},"status":${text},"tags":${text},"hastate":${text},${text}:1`,
        config: `{${text}:${text},"ostype":${text},"agent":${text},"description":${text},
          "tags":${text},"net0":${net},"net1":${net},"rootfs":${volume},"scsi0":${volume}}`
          .replace(/\n\s*/g, ""),
        network: `[{"iface":${text},"type":${text},"cidr":"10.0.0.2/24"},
          {"iface":${text},"type":"vlan","vlan-id":${text},"address":${text}}]`
          .replace(/\n\s*/g, ""),
        osinfo: `{"result":{"name":${text},"version-id":${text}}}`,
        nodeStatus: `{"pveversion":${text}}`,
        interfaces: `[{"name":${text},"inet":${text},"ip-addresses":[{"ip-address":${text}}]}]`,
      }, { ALL_INTERFACES: "true", LXC_LIVE_ADDRESSES: "true" });
    }
  });

  test.each(["__proto__", "constructor", "toString", "valueOf"])(
    "as the key of an object: %s",
    async (key) => {
      const trap = `"${key}":{"status":"pwned","name":"pwned","x":1}`;
      const { of } = await expectSafeOutput({
        row: `"name":"web1",${trap}`,
        config: `{${trap},"cores":2}`,
        network: `[{${trap},"iface":"vmbr0","cidr":"10.0.0.2/24"}]`,
        nodes: `[{"node":"pve1","status":"online",${trap}}]`,
        osinfo: `{"result":{${trap},"name":"Debian"}}`,
        answers: { [key]: '{"status":200,"data":{}}' },
      });
      expect(of("virtual_machine")).toMatchObject([{ name: "web1", status: "active" }]);
      expect(of("device")).toMatchObject([{ name: "pve1", status: "active" }]);
      expect(Reflect.get({}, "x")).toBeUndefined();
    },
  );
});

test("interfaces of a container with the same name get unique names", async () => {
  const config = { net0: "A", net1: "net3", net2: "A (net3)", net3: "A" };
  const { of } = await expectSafeOutput({
    kind: "lxc",
    config: JSON.stringify(
      Object.fromEntries(Object.entries(config).map(([key, name]) => [key, `name=${name}`])),
    ),
  });
  const names = of("vm_interface").map(({ name }) => name);
  expect(names).toHaveLength(4);
  expect(new Set(names).size, names.join()).toBe(4);
});

test("interfaces of a node with the same name are merged or get unique names", async () => {
  const rows = ["10.0.0.2/24", "10.0.0.3/24"].map((cidr) => ({ iface: "eno1", cidr }));
  const { of } = await expectSafeOutput({ network: JSON.stringify(rows) });
  const names = of("interface").map(({ name }) => name);
  expect(new Set(names).size, names.join()).toBe(names.length);
});

describe("transform handles a hostile number", () => {
  test.each([
    "-1",
    "0",
    "-0",
    "1.5",
    '"0x10"',
    "1e999",
    "-1e999",
    '"1e999"',
    '"NaN"',
    '"Infinity"',
    "9223372036854775808",
    '"9223372036854775808"',
    "18446744073709551616",
    "1e-320",
    "null",
    "true",
    '""',
    '" 7 "',
    "[1]",
    "{}",
  ])("in every numeric field: %s", async (number) => {
    const bare = number.replaceAll('"', "");
    const all: HostileParts = {
      row: `"name":"a","maxcpu":${number},"maxmem":${number},"template":${number}`,
      config: `{"cores":${number},"sockets":${number},"memory":${number},"onboot":${number},` +
        `"net0":"virtio=BC:24:11:00:00:01,tag=${bare},mtu=${bare}","scsi0":"l:v,size=${bare}"}`,
      nodes: `[{"node":"pve1","maxcpu":${number},"maxmem":${number},"status":${number}}]`,
      network: `[{"iface":"eno1","cidr":${number},"mtu":${number},"speed":${number}},` +
        `{"iface":"v.${bare}","type":"vlan","vlanid":${number},"address":"10.0.0.2",` +
        `"netmask":${number},"speed":${number},"mtu":${number},"priority":${number}}]`,
      interfaces: `{"result":[{"name":${number},"hardware-address":"BC:24:11:00:00:01",` +
        `"ip-addresses":[{"ip-address":"10.0.0.9","prefix":${number}}]}]}`,
    };
    await expectSafeOutput(all, { ALL_INTERFACES: "true" });
    const { of, leftOut } = await expectSafeOutput({ row: `"name":"a","vmid":${number}` });
    const ids = of("virtual_machine").map((vm) => JSON.stringify(vm["custom_fields"]));
    expect(ids.length + leftOut.filter(({ reason }) => reason === "no-vmid").length).toBe(1);
    for (const id of ids) expect(id).toMatch(/"proxmox_vmid":\{"text":"\d+"\}/);
  });
});

describe("transform handles an answer of another JSON type", () => {
  const SHAPES = ["null", "{}", "[]", "[null]", "[[]]", '[1,"a",true]', '"x"', "7", "[{}]"];
  const PARTS = [
    "resources",
    "clusterStatus",
    "nodes",
    "nodeStatus",
    "network",
    "config",
    "osinfo",
    "interfaces",
  ] as const;

  test.each(PARTS)("for %s", async (part) => {
    for (
      const shape of [
        ...SHAPES,
        '{"0":{"node":"pve1"}}',
        '{"result":null}',
        '{"result":{"error":null}}',
        '{"result":{"error":{"class":{},"desc":[]}}}',
        '{"result":[null,{"ip-addresses":[null,{}]},{"ip-addresses":{"ip-address":"::1"}}]}',
        '[{"iface":{"toString":1},"node":[],"name":{},"id":{"valueOf":1},"vmid":{}}]',
      ]
    ) {
      await expectSafeOutput({ [part]: shape });
    }
  });

  test.each(SHAPES)("for all requests: %s", async (shape) => {
    await expectSafeOutput(Object.fromEntries(PARTS.map((part) => [part, shape])));
  });
});

test("files that cannot belong to a node are rejected by name", async () => {
  for (const path of ["pve/nodes/../x.json", "../x.json", "/x.json"]) {
    const files = [{ path, bytes: 3, sha256: "00" }];
    const content = { "pve/cluster.json": answersText({}) };
    await expect(sealFiles(await tempFolder(), content, { files })).rejects.toMatchObject({
      kind: "input",
      message: expect.stringContaining(JSON.stringify(path)),
    });
  }
});
