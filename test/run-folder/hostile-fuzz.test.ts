/** Snapshots with valid Proxmox VE texts in the wrong places: all output can be read by Diode. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { autoSlug } from "../../src/netbox/names.ts";
import { anyText, lookalike } from "../helpers/arbitraries.ts";
import { numRuns } from "../helpers/full-tests.ts";
import {
  expectSafeOutput,
  type HostileParts,
  type SafeOutput,
} from "../helpers/hostile-snapshots.ts";

const WORDS = (
  "0 1 true pve1 pve2 PVE1 web1 WEB1 running unknown qemu lxc vlan bridge bond alias eth eno1 vmbr0 " +
  "vmbr0.10 10.0.0.2/24 10.0.0.2 24 255.255.255.0 fe80::1/64 2001:db8::1/64 ::1 dhcp a;b,c l26 " +
  "BC:24:11:00:00:01 virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5 local:vm-1-disk-0,size=8G " +
  "name=eth0,hwaddr=BC:24:11:00:00:01,ip=10.0.0.5/24,ip6=auto none,media=cdrom 1,type=virtio 101"
).split(" ");
const PIECES = [
  "virtio=",
  "BC:24:11:00:00:01",
  ",",
  "bridge=",
  "tag=",
  "name=",
  "ip=",
  "size=",
  "G",
];
const ROW_KEYS =
  "id type vmid node name status template maxcpu maxmem tags hastate pveversion online".split(" ");
const NETWORK_KEYS = (
  "iface type mtu speed cidr address netmask cidr6 address6 netmask6 priority vlanid vlan-id " +
  "vlan-raw-device slaves bridge_ports ovs_bridge ovs_bonds active"
).split(" ");
const CONFIG_KEYS = (
  "cores sockets memory onboot ostype description tags agent net0 net1 net2 net10 scsi0 ide2 rootfs " +
  "mp0 unused0 efidisk0"
).split(" ");
const AGENT_KEYS =
  "name hardware-address hwaddr inet inet6 ip-address prefix ip-addresses version-id error".split(
    " ",
  );

const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...WORDS, 0, 1, 101, 102, 0.5, -1, 1e20, null) },
  { weight: 1, arbitrary: lookalike(...PIECES) },
  { weight: 1, arbitrary: anyText() },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

function objects(keys: readonly string[], base: object): fc.Arbitrary<object> {
  const pairs = fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 12 });
  return pairs.map((entries) => ({ ...base, ...Object.fromEntries(entries) as object }));
}

function rows(keys: readonly string[], base: object): fc.Arbitrary<object[]> {
  return fc.array(objects(keys, base), { maxLength: 6 });
}

function json(data: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return data.map((made) => JSON.stringify(made));
}

const addresses = rows(AGENT_KEYS, { "ip-address": "10.0.0.9", prefix: 24 });
const agentRows = fc.tuple(rows(AGENT_KEYS, { "hardware-address": "bc:24:11:00:00:01" }), addresses)
  .map(([made, listed]) => made.map((row) => ({ "ip-addresses": listed, ...row })));

const parts: fc.Arbitrary<HostileParts> = fc.record({
  kind: fc.constantFrom("qemu", "lxc"),
  resources: json(rows(ROW_KEYS, { type: "qemu", vmid: 101, node: "pve1", name: "a" })),
  clusterStatus: json(rows(ROW_KEYS, { type: "cluster" })),
  nodes: json(rows(ROW_KEYS, { node: "pve1" })),
  nodeStatus: json(objects(ROW_KEYS, {})),
  network: json(rows(NETWORK_KEYS, { iface: "eno1" })),
  config: json(objects(CONFIG_KEYS, {})),
  osinfo: json(objects(AGENT_KEYS, {}).map((result) => ({ result }))),
  interfaces: json(fc.oneof(agentRows, agentRows.map((result) => ({ result })))),
}, { requiredKeys: [] });

const flag = fc.constantFrom("true", "false");
const settings = fc.record({
  ALL_INTERFACES: flag,
  LXC_LIVE_ADDRESSES: flag,
  CLEAR_EMPTY: flag,
  DEVICE_CLUSTER: flag,
  PREFIX_SCOPE: fc.constantFrom("auto", "site"),
  CLUSTER_SCOPE: fc.constantFrom("auto", "site", "none"),
  NODE_SITE_MAP: fc.constantFrom("", "pve1:A,pve2:B"),
  nodes: fc.constantFrom("*", "pve1"),
});

/**
 * Entities that NetBox would treat as the same object. It ignores case in the names of devices and virtual
 * machines only: "web1" and "WEB1" are two interfaces, on Linux and in NetBox.
 * Source: the unique constraints of NetBox's dcim and virtualization models, those with Lower('name').
 */
function duplicates({ of }: SafeOutput): string[] {
  const keys = [
    ...of("virtual_machine").map(({ name, site }) => key("vm", folded(name), folded(site))),
    ...of("device").map(({ name, site }) => key("device", folded(name), folded(site))),
    ...of("vm_interface").map((nic) => key("nic", folded(nic["virtual_machine"]), nic.name)),
    ...of("interface").map((nodeInterface) =>
      key("port", folded(nodeInterface["device"]), nodeInterface.name)
    ),
    ...of("ip_address").map((ip) => key("ip", folded(ip["address"]).split("/")[0])),
    ...of("tag").map((tag) => key("tag", tag["slug"] ?? autoSlug(String(tag.name)))),
    ...of("platform").map((os) => key("platform", os["slug"] ?? autoSlug(String(os.name)))),
  ];
  return keys.filter((one, i) => keys.indexOf(one) !== i);
}

function key(...parts: unknown[]): string {
  return JSON.stringify(parts);
}

function folded(part: unknown): string {
  return (typeof part === "string" ? part : JSON.stringify(part) ?? "").toLowerCase();
}

test("transform never throws, and writes valid requests without duplicate objects, for any values", async () => {
  await fc.assert(
    fc.asyncProperty(parts, settings, async (given, chosen) => {
      expect(duplicates(await expectSafeOutput(given, chosen))).toEqual([]);
    }),
    { numRuns: numRuns(300) },
  );
});
