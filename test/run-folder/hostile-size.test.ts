/** Answers larger than Proxmox VE ever sends: time and memory grow at most linearly. */
import { describe, expect, test } from "vitest";
import { IS_FULL } from "../helpers/full-tests.ts";
import { expectSafeOutput, type HostileParts } from "../helpers/hostile-snapshots.ts";

const MB = 2 ** 20;
/** At this size, quadratic work takes far longer than the timeout. */
const SIZE = (IS_FULL ? 50 : 10) * MB;
const DEPTH = 100_000;
const TIMEOUT_MS = 30_000;

const LARGE = {
  "letters": () => "x".repeat(SIZE),
  "letters and digits in turn": () => "a1".repeat(Math.max(SIZE / 10, 2 * MB)),
} as const;

/** All places where Proxmox VE could put a long text. */
const PLACES: Readonly<Record<string, (text: string) => HostileParts>> = {
  "description of a guest": (text) => ({ config: `{"description":"${text}"}` }),
  "tags of a guest": (text) => ({ row: `"name":"a","tags":"${text}"` }),
  "name of a guest": (text) => ({ row: `"name":"${text}"` }),
  "HA state of a guest": (text) => ({ row: `"name":"a","hastate":"${text}"` }),
  "type of a guest": (text) => ({ row: `"name":"a","type":"${text}"` }),
  "storage of a disk": (text) => ({ config: `{"scsi0":"${text}:v,size=1G"}` }),
  "options of a NIC": (text) => ({ config: `{"net0":"virtio=BC:24:11:00:00:01,bridge=${text}"}` }),
  "ostype of a guest": (text) => ({ config: `{"ostype":"${text}"}` }),
  "key of a config": (text) => ({ config: `{"${text}":"x"}` }),
  "name of the guest's system": (text) => ({
    osinfo: `{"result":{"name":"${text}","version-id":"${text}"}}`,
  }),
  "address of a guest": (text) => ({
    interfaces: `{"result":[{"name":"${text}","ip-addresses":[{"ip-address":"${text}"}]}]}`,
  }),
  "name of an interface": (text) => ({
    network: `[{"iface":"${text}","cidr":"10.0.0.2/24"},{"iface":"${text}b","type":"vlan"}]`,
  }),
  "comment of a node": (text) => ({ nodes: `[{"node":"pve1","comment":"${text}"}]` }),
  "version of a node": (text) => ({ nodeStatus: `{"pveversion":"pve-manager/8.${text}"}` }),
  "name of a node": (text) => ({
    nodes: `[{"node":"${text}","status":"online"},{"node":"${text}b","status":"online"}]`,
  }),
  "name of the cluster": (text) => ({ clusterStatus: `[{"type":"cluster","name":"${text}"}]` }),
  "text of an error": (text) => ({
    answers: { "/nodes/pve1/qemu/101/config?current=1": `{"error":"${text}","status":500}` },
  }),
};

describe.each(Object.entries(LARGE))("transform handles megabytes of %s", (_what, make) => {
  test.each(Object.entries(PLACES))("as %s", async (_place, parts) => {
    const { summary } = await expectSafeOutput(parts(make()));
    expect(summary.files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(4 * MB);
  }, TIMEOUT_MS);
});

describe("transform handles 100,000 levels", () => {
  const LIST = "[".repeat(DEPTH) + "]".repeat(DEPTH);
  const OBJECT = '{"a":'.repeat(DEPTH) + "1" + "}".repeat(DEPTH);

  test.each([["lists", LIST], ["objects", OBJECT]])("of nested %s", async (_what, deep) => {
    await expectSafeOutput({
      row: `"name":"a","x":${deep},"tags":${deep},"hastate":${deep}`,
      config: `{"net0":${deep},"scsi0":${deep},"description":${deep},"x":${deep}}`,
    });
    for (const part of ["config", "network", "nodes", "resources", "clusterStatus"] as const) {
      await expectSafeOutput({ [part]: deep });
    }
    await expectSafeOutput({ interfaces: `{"result":${deep}}`, osinfo: `{"result":${deep}}` });
  });
});

describe("transform handles very many", () => {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const macOf = (i: number): string =>
    `BC:24:11:00:${(i >> 8).toString(16).padStart(2, "0")}:${
      (i & 255).toString(16).padStart(2, "0")
    }`;

  test("NICs of one guest with addresses, and sends them all", async () => {
    const nics = numbers(10_000).map((i) => [`net${i}`, `virtio=${macOf(i)},tag=${i % 4094 + 1}`]);
    const rows = numbers(10_000).map((i) => ({
      name: `e${i}`,
      "hardware-address": macOf(i),
      "ip-addresses": [{ "ip-address": `10.${i >> 8}.${i & 255}.9`, prefix: 24 }],
    }));
    const { of } = await expectSafeOutput({
      config: JSON.stringify({ agent: 1, ...Object.fromEntries(nics) as object }),
      interfaces: JSON.stringify({ result: rows }),
    });
    expect(of("vm_interface").map(({ name }) => name)).toEqual(nics.map(([key]) => key));
    expect(of("ip_address")).toHaveLength(10_001);
  }, TIMEOUT_MS);

  test("rows with the same VMID and name, and gives each a unique name", async () => {
    const row = '{"type":"qemu","vmid":101,"node":"pve1","name":"web1"}';
    const { of } = await expectSafeOutput({ resources: `[${Array(5000).fill(row).join(",")}]` });
    const names = of("virtual_machine").map(({ name }) => name?.toLowerCase());
    expect(new Set(names).size).toBe(5000);
  }, TIMEOUT_MS);

  test.each([
    ["in a text", `"name":"${"},{".repeat(MB)}"`],
    ["in a list", `"name":"a","x":[${Array(MB).fill("{}").join(",")}]`],
  ])(
    "places that look like the end of a row, %s, in linear time",
    async (_, row) => {
      const { of } = await expectSafeOutput({ row });
      expect(of("virtual_machine")).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  test("commas in an option string", async () => {
    const options = ",".repeat(5 * MB);
    await expectSafeOutput({
      config: `{"net0":"${options}","scsi0":"${options}","agent":"${options}"}`,
    });
  }, TIMEOUT_MS);
});
