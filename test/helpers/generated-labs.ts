/** Generated sites: real words of Proxmox VE in combinations that no real site has. */
import fc from "fast-check";
import type { Answer } from "../../src/proxmox/answers.ts";
import { type GuestKind, PATHS } from "../../src/proxmox/endpoints.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import type { Lab, LabGuest, LabNode } from "./lab.ts";
import { type AnswersByPath, ok } from "./snapshot-builder.ts";

const MACS = ["BC:24:11:00:00:01", "bc:24:11:00:00:02", "00:00:00:00:00:00", "BC:24:11:00:00:0G"];
const HOSTS = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.0.0",
  "10.0.0.255",
  "127.0.0.1",
  "169.254.7.7",
  "0.0.0.0",
  "300.1.1.1",
  "2001:db8::1",
  "2001:DB8:0::1",
  "2001:db8::",
  "224.0.0.5",
  "255.255.255.255",
  "ff02::1",
  "fe80::1%eth0",
  "::1",
  "x",
];
const CIDRS = HOSTS.flatMap((host) =>
  ["", "/24", "/32", "/64", "/0", "/-1", "/128"].map((mask) => host + mask)
);
const ANSWERS: readonly Answer[] = [
  { status: 403, error: "Permission check failed" },
  { status: 500, error: "QEMU guest agent is not running" },
  { status: 595 },
  { status: 200, data: null },
  { failed: "timeout" },
  { skipped: "config-not-read" },
  { skipped: "agent-off" },
];

/** Values of the wrong type. */
const ODD: readonly unknown[] = [[], ["10.0.0.1/24"], {}, true];

const mac = fc.constantFrom(...MACS);
const cidr = fc.constantFrom(...CIDRS);
const odd = fc.constantFrom(...ODD);
const answer = fc.constantFrom(...ANSWERS);

/** Seldom a value that Proxmox VE never sends. */
function sometimesOdd<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: odd });
}

/** Mostly the data; sometimes a failure, sometimes null. */
function given<Data>(data: fc.Arbitrary<Data>): fc.Arbitrary<Data | Answer | null> {
  return fc.oneof(
    { weight: 8, arbitrary: data },
    { weight: 1, arbitrary: answer },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

function pairs(...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts.map((part) => fc.option(part, { nil: "", freq: 4 })))
    .map((chosen) => chosen.filter((part) => part !== "").join(","));
}

const WORDS = { qemu: ["virtio", "e1000", "model=virtio,macaddr", "spaceport"], lxc: ["hwaddr"] };

function nic(kind: GuestKind): fc.Arbitrary<unknown> {
  const named = fc.constantFrom("name=eth0", "name=eth1", "name=net1", "name=");
  const address = fc.tuple(
    fc.constantFrom("ip", "ip6"),
    fc.oneof(cidr, fc.constantFrom("dhcp", "auto", "manual")),
  )
    .map(([key, value]) => `${key}=${value}`);
  const card = fc.tuple(fc.constantFrom(...WORDS[kind]), mac).map(([key, value]) =>
    `${key}=${value}`
  );
  const tail = fc.constantFrom(
    "bridge=vmbr0",
    "tag=10",
    "tag=5000",
    "mtu=1",
    "link_down=1",
    "trunks=2;3",
    "trunks=2-4094",
    "trunks=10;7-5;40-42",
    "tag",
  );
  const text = kind === "lxc"
    ? pairs(named, card, address, tail)
    : pairs(card, tail, fc.constant("bridge=vmbr1"));
  return fc.oneof({ weight: 9, arbitrary: text }, {
    weight: 1,
    arbitrary: fc.constantFrom(null, 7, "", []),
  });
}

const volume = fc.oneof(
  pairs(
    fc.constantFrom(
      "local:vm-1-disk-0",
      "none",
      "cdrom",
      "/srv/x",
      "/dev/sdb",
      "local:vm-1-cloudinit",
      "file=a:b",
    ),
    fc.constantFrom("media=cdrom", "iothread=1", "mp=/x"),
    fc.constantFrom("size=32G", "size=0", "size=528K", "size=lots", "size=1.5T"),
  ),
  fc.constantFrom(null, 32, ""),
);

const VOLUME_KEYS = {
  qemu: [
    "scsi0",
    "scsi10",
    "virtio1",
    "ide2",
    "sata0",
    "efidisk0",
    "tpmstate0",
    "unused0",
    "rootfs",
  ],
  lxc: ["rootfs", "mp0", "mp11", "unused3", "dev0", "scsi0"],
};

function config(kind: GuestKind): fc.Arbitrary<Record<string, unknown>> {
  const nics = fc.dictionary(fc.constantFrom("net0", "net1", "net2", "net10"), nic(kind), {
    noNullPrototype: true,
  });
  const volumes = fc.dictionary(fc.constantFrom(...VOLUME_KEYS[kind]), volume, {
    noNullPrototype: true,
  });
  const intended = fc.dictionary(
    fc.constantFrom("ipconfig0", "ipconfig1", "ipconfig9"),
    sometimesOdd(fc.oneof(
      cidr.map((text) => (text.includes(":") ? `ip6=${text}` : `ip=${text},gw=10.0.0.1`)),
      fc.constantFrom("ip=dhcp", "ip=10.0.0.1/24,ip6=auto", "ip=", "gw=10.0.0.1", "x", ""),
    )),
    { noNullPrototype: true },
  );
  const facts = fc.record({
    agent: fc.constantFrom("1", "0", "enabled=1", ""),
    ostype: sometimesOdd(fc.constantFrom("l26", "other", "debian", "odd_os")),
    tags: sometimesOdd(fc.constantFrom("a;b", "a, b", "")),
    smbios1: sometimesOdd(
      fc.constantFrom("serial=U04tMDAx,base64=1", "serial=é,base64=1", `serial=${"9".repeat(60)}`),
    ),
    lock: sometimesOdd(fc.constantFrom("suspended", "backup")),
    description: sometimesOdd(fc.constantFrom("", " notes\n")),
    memory: sometimesOdd(fc.constantFrom<unknown>(512, "4096", "current=1024", "much")),
  }, { requiredKeys: [], noNullPrototype: true });
  return fc.tuple(nics, volumes, intended, facts).map((parts) =>
    Object.assign({}, ...parts) as Record<string, unknown>
  );
}

const agentRows = fc.array(
  fc.record({
    name: fc.constantFrom("eth0", "lo", "docker0", "br-1"),
    "hardware-address": mac,
    "ip-addresses": fc.uniqueArray(
      fc.record({
        "ip-address": fc.constantFrom(...HOSTS),
        prefix: fc.constantFrom<unknown>(24, "64", 32, -1, 0),
      }),
      { maxLength: 4, selector: (entry) => `${entry["ip-address"]}/${entry.prefix}` },
    ),
    inet: sometimesOdd(cidr),
  }, { requiredKeys: [], noNullPrototype: true }),
  { maxLength: 4 },
);

const NODES = ["pve1", "pve2", "pve10"];

function guest(kind: GuestKind): fc.Arbitrary<LabGuest> {
  const row = fc.record({
    status: sometimesOdd(fc.constantFrom("running", "stopped", "paused", "unknown")),
    name: fc.constantFrom("web", "WEB", "web (103)", "", undefined),
    template: fc.constantFrom(0, 1, "", "1"),
    tags: sometimesOdd(fc.constantFrom("prod;web", "discovered", " ")),
    maxcpu: sometimesOdd(fc.constantFrom<unknown>(4, "2", 0, -1, 1e9)),
    hastate: sometimesOdd(fc.constantFrom("started", "")),
  }, { requiredKeys: [], noNullPrototype: true });
  return fc.record({
    vmid: fc.integer({ min: 100, max: 112 }),
    kind: fc.constant(kind),
    node: fc.constantFrom(...NODES, "gone"),
    row,
    config: given(config(kind)),
    osinfo: given(
      fc.constantFrom<Record<string, unknown>>({ name: "Debian", "version-id": "12" }, {}),
    ),
    interfaces: given(agentRows),
  });
}

const network = fc.uniqueArray(
  fc.record({
    iface: fc.constantFrom("lo", "vmbr0", "vmbr0.20", "eno1", "eno2", "vlan30", "lo:1"),
    type: fc.constantFrom("bridge", "vlan", "eth", "alias", "unknown", "OVSBridge", "OVSIntPort"),
    cidr: sometimesOdd(fc.constantFrom(...CIDRS.filter((text) => !text.includes(":")))),
    address: sometimesOdd(fc.constantFrom(...HOSTS.filter((text) => !text.includes(":")))),
    netmask: fc.constantFrom("24", "255.255.255.0", ""),
    cidr6: fc.constantFrom(...CIDRS.filter((text) => text.includes(":"))),
    "vlan-id": fc.constantFrom("20", "5000"),
    priority: sometimesOdd(fc.constantFrom<unknown>(3, "4")),
    active: sometimesOdd(fc.constantFrom<unknown>(1, "1")),
    exists: fc.constantFrom<unknown>(0, 1, null),
    altnames: sometimesOdd(fc.constantFrom(["enxbc2411000001"], ["enp1s0", "enx0c42a17f1a30"])),
    options: sometimesOdd(fc.constantFrom(["hwaddress 0c:42:a1:7f:1a:30"], ["hwaddress random"])),
    bridge_vlan_aware: sometimesOdd(fc.constantFrom<unknown>(1, "1")),
    bridge_vids: sometimesOdd(fc.constantFrom("2-4094", "2 4 100-103", "2,x", "")),
    ovs_tag: sometimesOdd(fc.constantFrom("50", "5000")),
    ovs_options: sometimesOdd(
      fc.constantFrom("trunks=60,61", "vlan_mode=native-untagged trunks=62", "vlan_mode=odd"),
    ),
    comments: sometimesOdd(fc.constantFrom("uplink\n", "a\nb\n", " ", "c".repeat(300))),
    ovs_ports: sometimesOdd(fc.constantFrom("eno1 eno2", "vmbr0 vlan30")),
  }, { requiredKeys: ["iface"], noNullPrototype: true }),
  { maxLength: 5, selector: (row) => row.iface },
);

const node: fc.Arbitrary<LabNode> = fc.record({
  row: fc.constantFrom<LabNode["row"] & object | null>(
    null,
    {},
    { status: "offline" },
    { maxcpu: 8, maxmem: 2 ** 34 },
    { status: ["online"], maxcpu: {}, maxmem: "much" },
  ),
  network: given(network),
  status: given(
    fc.constantFrom<Record<string, unknown>>({ pveversion: "pve-manager/8.4.1/x" }, {}),
  ),
});

/** Zones, and VNets with the names of the bridges that NICs are on. */
const sdn: fc.Arbitrary<AnswersByPath> = fc.record({
  zones: given(fc.array(
    fc.record({
      "zone": fc.constantFrom("z1", "z2", "z3"),
      "type": fc.constantFrom("simple", "vlan", "qinq", "vxlan", "evpn", "faucet"),
      "tag": sometimesOdd(fc.constantFrom<unknown>(200, "201", 5000)),
      "nodes": fc.constantFrom("", "pve1", "pve2,pve10", "gone"),
      "vrf-vxlan": fc.constant(50000),
    }, { requiredKeys: ["zone"], noNullPrototype: true }),
    { maxLength: 4 },
  )),
  vnets: given(fc.array(
    fc.record({
      vnet: fc.constantFrom("vmbr0", "vmbr1", "web"),
      zone: fc.constantFrom("z1", "z2", "z3", "gone"),
      tag: sometimesOdd(fc.constantFrom<unknown>(10, "10", 120, 5000)),
      alias: sometimesOdd(fc.constantFrom("Office", "VLAN 7", "a".repeat(250))),
      vlanaware: fc.constantFrom(0, 1),
    }, { requiredKeys: ["vnet", "zone"], noNullPrototype: true }),
    { maxLength: 4 },
  )),
  subnets: given(fc.array(
    fc.record({
      "subnet": fc.constantFrom("z1-10.0.0.0-24", "z2-2001:db8::-64", "z3-10.1.0.0-24"),
      "cidr": fc.constantFrom("10.0.0.0/24", "2001:db8::/64"),
      "gateway": sometimesOdd(fc.constant("10.0.0.254")),
      "snat": fc.constantFrom<unknown>(0, 1, "1"),
      "dhcp-range": sometimesOdd(
        fc.constant([{ "start-address": "10.0.0.9", "end-address": "10.0.0.99" }]),
      ),
    }, { requiredKeys: ["subnet", "cidr"], noNullPrototype: true }),
    { maxLength: 3 },
  )),
}).map(({ zones, vnets, subnets }) => {
  const put = (path: string, data: unknown): [string, Answer][] =>
    data === null || (isWhole(data) && "skipped" in data)
      ? []
      : [[path, isWhole(data) ? data : ok(data)]];
  return Object.fromEntries([
    ...put(PATHS.sdnZones, zones),
    ...put(PATHS.sdnVnets, vnets),
    ...(Array.isArray(vnets) ? vnets : []).flatMap(({ vnet }) =>
      put(PATHS.sdnSubnets(vnet), subnets)
    ),
  ]);
});

function isWhole(data: unknown): data is Answer {
  return ANSWERS.includes(data as Answer);
}

export function anyLab(): fc.Arbitrary<Lab> {
  const guests = fc.uniqueArray(fc.oneof(guest("qemu"), guest("lxc")), {
    maxLength: 5,
    selector: (each) => each.vmid,
  });
  const nodes = fc.uniqueArray(fc.constantFrom(...NODES), { minLength: 1 })
    .chain((names) => fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), node))))
    .map((entries) => Object.fromEntries(entries));
  const more = fc.oneof({ weight: 2, arbitrary: sdn }, { weight: 1, arbitrary: fc.constant({}) });
  return fc.record({ nodes, guests, more });
}

/** Settings that move objects between sites, or add objects. */
export function anySettings(): fc.Arbitrary<SettingTexts> {
  const flag = fc.constantFrom("true", "false");
  return fc.record({
    nodes: fc.constantFrom("*", "pve1", "pve2,pve10"),
    NODE_SITE_MAP: fc.constantFrom("", "pve1:London", "pve1:London,pve2:London,pve10:London"),
    CLUSTER_SCOPE: fc.constantFrom("auto", "site", "none"),
    PREFIX_SCOPE: fc.constantFrom("auto", "site"),
    TENANT_NAME: fc.constantFrom("", "Ops"),
    ALL_INTERFACES: flag,
    NETWORK_DEPTH: fc.constantFrom("", "mapped", "full"),
    LXC_LIVE_ADDRESSES: flag,
    CLEAR_EMPTY: flag,
    DEVICE_CLUSTER: flag,
  }, { noNullPrototype: true });
}
