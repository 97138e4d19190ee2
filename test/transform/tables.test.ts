/** Laws of every mapping table: each field of Diode is decided, and each row says what it reads. */
import { describe, expect, test } from "vitest";
import { STEPS } from "../../src/entities/order.ts";
import type { AnswerKey } from "../../src/snapshot/rows.ts";
import { SETTINGS } from "../../src/transform/settings.ts";
import { STUBS } from "../../src/transform/stubs.ts";
import { EMPTY, type Row } from "../../src/transform/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../../src/transform/tables.ts";
import {
  GUEST_STATUS,
  guestStatus,
  INTERFACE_TYPES,
  interfaceType,
  NODE_STATUS,
  nodeStatus,
  ostypePlatform,
  OSTYPES,
} from "../../src/transform/values.ts";
import { fieldsOf } from "../helpers/proto.ts";

type AnyRow = Row<never, unknown>;
type NamedRow = [row: string, AnyRow];

/** The compiler holds this against AnswerRows: a key that is missing here or there is an error. */
const ANSWER_KEYS: Readonly<Record<AnswerKey, true>> = {
  "agentInterfaces.hardware-address": true,
  "agentInterfaces.hwaddr": true,
  "agentInterfaces.inet": true,
  "agentInterfaces.inet6": true,
  "agentInterfaces.ip-addresses": true,
  "agentInterfaces.name": true,
  "clusterStatus.id": true,
  "clusterStatus.name": true,
  "clusterStatus.online": true,
  "clusterStatus.quorate": true,
  "clusterStatus.type": true,
  "config.agent": true,
  "config.cores": true,
  "config.description": true,
  "config.diskN": true,
  "config.memory": true,
  "config.netN": true,
  "config.onboot": true,
  "config.ostype": true,
  "config.sockets": true,
  "config.tags": true,
  "lxcInterfaces.hardware-address": true,
  "lxcInterfaces.hwaddr": true,
  "lxcInterfaces.inet": true,
  "lxcInterfaces.inet6": true,
  "lxcInterfaces.ip-addresses": true,
  "lxcInterfaces.name": true,
  "network.active": true,
  "network.address": true,
  "network.address6": true,
  "network.bridge_ports": true,
  "network.cidr": true,
  "network.cidr6": true,
  "network.iface": true,
  "network.mtu": true,
  "network.netmask": true,
  "network.netmask6": true,
  "network.ovs_bonds": true,
  "network.ovs_bridge": true,
  "network.priority": true,
  "network.slaves": true,
  "network.speed": true,
  "network.type": true,
  "network.vlan-id": true,
  "network.vlan-raw-device": true,
  "network.vlanid": true,
  "nodeStatus.pveversion": true,
  "nodes.maxcpu": true,
  "nodes.maxmem": true,
  "nodes.node": true,
  "nodes.status": true,
  "osinfo.name": true,
  "osinfo.version-id": true,
  "resources.hastate": true,
  "resources.id": true,
  "resources.maxcpu": true,
  "resources.maxmem": true,
  "resources.name": true,
  "resources.node": true,
  "resources.status": true,
  "resources.tags": true,
  "resources.template": true,
  "resources.type": true,
  "resources.vmid": true,
};

/** Mapped rows that read nothing: their values stand in the mapping document itself. */
const STATIC_ROWS: readonly string[] = [
  "tag.color",
  "custom-field.name",
  "custom-field.type",
  "custom-field.label",
  "custom-field.description",
  "custom-field.object_types",
  // Made of the rows of its own table, which follow.
  "virtual-machine.custom_fields",
  "device.custom_fields",
];

const READABLE = new Set<string>([
  ...Object.keys(ANSWER_KEYS),
  ...Object.keys(SETTINGS).map((name) => `setting.${name}`),
  ...Object.keys(STUBS).map((name) => `stub.${name}`),
  "manifest.captured_at",
]);

function rowsOf(tables: object): NamedRow[] {
  return Object.entries(tables).flatMap(([step, table]: [string, object]) =>
    Object.entries(table).map(([field, row]: [string, AnyRow]): NamedRow => [
      `${step}.${field}`,
      row,
    ])
  );
}

const FIELDS = rowsOf(TABLES);
const CUSTOM_FIELDS = rowsOf(CUSTOM_FIELD_TABLES);
const ROWS = [...FIELDS, ...CUSTOM_FIELDS];

test.each(STEPS)("the table of $name decides every field of $message, and no other", (step) => {
  const fields = fieldsOf(step.message).map(({ name }) => name);
  expect(Object.keys(TABLES[step.name]).sort()).toEqual(fields.sort());
});

test("there are tables for the thirteen steps, and no more", () => {
  expect(Object.keys(TABLES)).toEqual(STEPS.map(({ name }) => name));
  expect(STEPS).toHaveLength(13);
});

test.each(ROWS)("%s says how it is made, or why not", (_, row) => {
  expect(row.how.trim().length).toBeGreaterThan(4);
  expect(row.how).not.toMatch(/\n|TODO|FIXME/);
});

test.each(ROWS)("%s reads only what exists", (_, row) => {
  expect(row.reads.filter((name) => !READABLE.has(name))).toEqual([]);
  expect(row.reads).toEqual([...new Set(row.reads)]);
});

test("rows that are mapped read something, and all others read nothing", () => {
  const silent = ROWS.filter(([, { kind, reads }]) => kind === "mapped" && reads.length === 0);
  expect(silent.map(([name]) => name).sort()).toEqual([...STATIC_ROWS].sort());
  const reading = ROWS.filter(([, { kind, reads }]) => kind !== "mapped" && reads.length > 0);
  expect(reading).toEqual([]);
});

test("every answer key is read by a row, or tells which thing is meant", () => {
  const read = new Set<string>([
    ...ROWS.flatMap(([, { reads }]) => reads),
    ...Object.values(STUBS).flatMap(({ reads }) => reads),
  ]);
  const unread = Object.keys(ANSWER_KEYS).filter((key) => !read.has(key));
  expect(unread.sort()).toEqual([
    // One type for two answers: these are the keys that the other of the two has.
    "agentInterfaces.hwaddr",
    "agentInterfaces.inet",
    "agentInterfaces.inet6",
    "clusterStatus.id",
    "clusterStatus.quorate",
    "clusterStatus.type",
    "lxcInterfaces.name",
    "resources.id",
    "resources.template",
  ]);
});

test("every setting is read by a row or a stub, but those that choose what is read at all", () => {
  const read = new Set<string>([
    ...ROWS.flatMap(([, { reads }]) => reads),
    ...Object.values(STUBS).flatMap(({ reads }) => reads),
  ]);
  const unread = Object.keys(SETTINGS).filter((name) => !read.has(`setting.${name}`));
  expect(unread.sort()).toEqual(["BOOTSTRAP", "CLEAR_EMPTY", "LXC_LIVE_ADDRESSES", "nodes"]);
});

test.each(Object.entries(STUBS))("the stub %s is made of what exists", (_, { reads, holds }) => {
  expect(reads.filter((name) => !READABLE.has(name))).toEqual([]);
  expect(holds.length).toBeGreaterThan(3);
});

test("CLEAR_EMPTY empties exactly the fields that the decisions name", () => {
  const clearing = ROWS.filter(([, row]) => row.clear !== undefined);
  expect(Object.fromEntries(clearing.map(([name, { clear }]) => [name, clear]))).toEqual({
    "virtual-machine.comments": "",
    "virtual-machine.platform": EMPTY,
    "virtual-machine.primary_ip4": EMPTY,
    "virtual-machine.primary_ip6": EMPTY,
    "virtual-machine.proxmox_ha_state": { text: "" },
    "vm-interface.untagged_vlan": EMPTY,
    "device.primary_ip4": EMPTY,
    "device.primary_ip6": EMPTY,
  });
});

/** The tables of the mapping document, "Field Mapping Details". */
describe("the words are those of the mapping document", () => {
  test("for the status of a guest", () => {
    expect(GUEST_STATUS).toEqual({ running: "active", stopped: "offline" });
    expect(["paused", "prelaunch", "io-error", ""].map(guestStatus)).toEqual(
      Array(4).fill("staged"),
    );
  });

  test("for the status of a node", () => {
    expect(NODE_STATUS).toEqual({ online: "active" });
    expect(["unknown", "offline", ""].map(nodeStatus)).toEqual(Array(3).fill("offline"));
  });

  test("for the type of a node interface", () => {
    expect(INTERFACE_TYPES).toEqual({
      bridge: "bridge",
      bond: "lag",
      vlan: "virtual",
      alias: "virtual",
      OVSBridge: "bridge",
      OVSBond: "lag",
      OVSPort: "virtual",
      OVSIntPort: "virtual",
    });
    expect(["eth", "unknown", "vnet", "Bridge"].map(interfaceType)).toEqual(Array(4).fill("other"));
  });

  test("for the platform of an OS type", () => {
    expect(OSTYPES).toEqual({
      l24: "Linux",
      l26: "Linux",
      w2k: "Windows 2000",
      w2k3: "Windows Server 2003",
      w2k8: "Windows Server 2008",
      wvista: "Windows Vista",
      win7: "Windows 7",
      win8: "Windows 8/2012",
      win10: "Windows 10/2016/2019",
      win11: "Windows 11/2022",
      solaris: "Solaris",
      debian: "Debian",
      ubuntu: "Ubuntu",
      centos: "CentOS",
      fedora: "Fedora",
      opensuse: "openSUSE",
      archlinux: "Arch Linux",
      alpine: "Alpine Linux",
      gentoo: "Gentoo",
      nixos: "NixOS",
      unmanaged: null,
      other: null,
    });
    expect(["devuan", "wxp", "some-os"].map(ostypePlatform)).toEqual(["Devuan", "Wxp", "Some-Os"]);
  });
});
