/** Rows declare all keys that they read: without a key, only fields that declare it change. */
import { expect, test } from "vitest";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { type AnswerName, ANSWERS } from "../../src/proxmox/rows.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import { STUBS } from "../../src/transform/mapping/stubs.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import type { Row } from "../../src/transform/mapping/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../../src/transform/mapping/tables.ts";
import { inMemory, type Outcome, transformed } from "../helpers/in-memory.ts";
import { type AnswersByPath, ok, type Site } from "../helpers/snapshot-builder.ts";
import { ALL_EXTENSIONS, siteIn } from "../helpers/whole-outputs.ts";

type Json = Readonly<Record<string, unknown>>;
type AnyTable = Readonly<Record<string, Row<never, unknown>>>;

const SETTINGS = { ...ALL_EXTENSIONS, PLATFORM_WITHOUT_AGENT: "keep" };

/** The paths of the answers, by the names that the mapping tables use. */
const PLACES: Readonly<Record<string, RegExp>> = {
  resources: /^\/cluster\/resources/,
  nodes: /^\/nodes$/,
  clusterStatus: /^\/cluster\/status$/,
  nodeStatus: /^\/nodes\/[^/]+\/status$/,
  network: /^\/nodes\/[^/]+\/network$/,
  config: /\/config\?current=1$/,
  osinfo: /\/agent\/get-osinfo$/,
  sdnZones: /^\/cluster\/sdn\/zones/,
  sdnVnets: /^\/cluster\/sdn\/vnets\?/,
  sdnSubnets: /^\/cluster\/sdn\/vnets\/[^/]+\/subnets/,
};

/** Keys that identify an object, or that never change the output alone. */
const IDENTITY: { readonly [Name in AnswerName]?: readonly string[] } = {
  clusterStatus: ["type", "id", "name", "quorate"],
  resources: ["id", "type", "vmid", "name", "node", "template"],
  nodes: ["node"],
  network: "iface type method method6 vlanid exists cidr address address6 netmask6".split(" "),
  config: ["netN", "diskN", "ipconfigN"],
  sdnZones: ["zone", "bridge", "mtu", "rt-import", "vrf-vxlan"],
  sdnVnets: ["vnet", "vlanaware"],
  sdnSubnets: ["gateway", "snat", "dhcp-range"],
};

/** "config.cores": the keys that describe an object. */
const KEYS = (Object.keys(PLACES) as AnswerName[]).flatMap((name) =>
  Object.keys(ANSWERS[name]).filter((key) => !IDENTITY[name]?.includes(key))
    .map((key) => `${name}.${key}`)
);

/**
 * The example with more values: some that no release sends, and rows without redundant values, so that
 * something depends on each key.
 */
async function fullSite(): Promise<Site> {
  const site = await siteIn("snapshots/example");
  const { pve1 = {}, pve2 = {}, pve3 = {} } = site.nodes;
  const edit = (answers: AnswersByPath, path: string, change: (row: Json) => Json) => ({
    ...answers,
    [path]: ok(dataOf(answers[path]).map(change)),
  });
  const inConfig = (row: Json): Json => {
    const { tags: _tags, ...rest } = row;
    const lock = row["vmid"] === 120 ? { lock: "suspended" } : {};
    return Number(row["vmid"]) % 2 === 0 ? { ...rest, ...lock } : row;
  };
  const { nodes, clusterStatus, resources } = PATHS;
  const [first, ...listed] = dataOf(site.cluster[nodes]);
  const cluster = edit(site.cluster, resources, inConfig);
  return {
    ...site,
    nodes: {
      ...site.nodes,
      pve1: edit(pve1, PATHS.network("pve1"), ({ address6: _address6, ...row }) => ({
        ...row,
        ...(row["iface"] === "vmbr0" ? { bridge_vids: "2 5-7" } : {}),
        speed: 10_000,
      })),
      pve2: edit(withSuspended(pve2), PATHS.network("pve2"), (row) => ({
        ...row,
        "vlan-id": "77",
        ...(row["iface"] === "eno3" ? { options: ["hwaddress a0:42:3f:01:02:03"] } : {}),
        ...(row["iface"] === "eno4" ? { options6: ["hwaddress a0:42:3f:01:02:04"] } : {}),
      })),
      pve3: edit(pve3, PATHS.network("pve3"), ({ ovs_bridge: bridge, ...row }) => ({
        ...row,
        ...(row["iface"] === "eno2" ? {} : { ovs_bridge: bridge }),
        ...(row["iface"] === "bond2" ? { ovs_options: "trunks=8" } : {}),
        ...(row["ovs_ports"] === undefined ? {} : { ovs_ports: "eno2" }),
      })),
    },
    cluster: {
      ...edit(
        cluster,
        clusterStatus,
        (row) => ({ ...row, online: row["name"] === "pve2" ? 0 : 1 }),
      ),
      // The first node is listed by /cluster/status only.
      [nodes]: ok(listed.filter((row) => row["node"] !== first?.["node"])),
    },
  };
}

/** One zone is at one of the two sites, and two rows of subnets have only one of the keys that say their network. */
async function sdnSite(): Promise<Site> {
  const site = await siteIn("test/fixtures/sdn");
  const edit = (path: string, change: (row: Json) => Json) => ({
    [path]: ok(dataOf(site.cluster[path]).map(change)),
  });
  const only = (row: Json): Json => {
    const { cidr, subnet, ...rest } = row;
    return String(cidr).includes(":") ? { ...rest, subnet } : { ...row, subnet: "office" };
  };
  return {
    ...site,
    settings: { ...site.settings, NODE_SITE_MAP: "ash2:Other" },
    cluster: {
      ...site.cluster,
      ...edit(PATHS.sdnZones, (row) => ({ ...row, nodes: row["zone"] === "lan" ? "ash1" : "" })),
      ...edit(PATHS.sdnSubnets("office"), only),
    },
  };
}

/** With a guest whose lock is in its config alone, and that has a serial number. */
function withSuspended(answers: AnswersByPath): AnswersByPath {
  const path = PATHS.config({ node: "pve2", kind: "qemu", vmid: 140 });
  const more = { lock: "suspended", smbios1: "serial=SN-001" };
  return { ...answers, [path]: ok({ ...dataOf(answers[path]), ...more }) };
}

function dataOf(answer: Answer | undefined): Json[] {
  return answer !== undefined && "data" in answer ? (answer.data as Json[]) : [];
}

/** The site without one key of one kind of answer. */
function without(site: Site, name: string, key: string): Site {
  const strip = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(strip);
    const { [key]: _gone, ...kept } = value as Json;
    return "result" in kept ? { ...kept, result: strip(kept["result"]) } : kept;
  };
  const stripAll = (answers: AnswersByPath): AnswersByPath =>
    Object.fromEntries(
      Object.entries(answers).map(([path, answer]) => [
        path,
        PLACES[name]?.test(path) && "data" in answer
          ? { ...answer, data: strip(answer.data) }
          : answer,
      ]),
    );
  const nodes = Object.entries(site.nodes).map(([node, answers]) => [node, stripAll(answers)]);
  return { ...site, cluster: stripAll(site.cluster), nodes: Object.fromEntries(nodes) };
}

/** "virtual-machine.memory" and "virtual-machine.custom_fields.proxmox_node" → text, by object. */
function fieldsOf(outcome: Outcome): Map<string, { field: string; text: string }> {
  const fields = new Map<string, { field: string; text: string }>();
  for (const { step, entity } of outcome.all) {
    const json = entity as unknown as Json;
    const within = step === "device" ? json["site"] : json["cluster"] ?? json["site"];
    const holder = json["virtual_machine"] ?? json["device"] ?? within;
    const id = `${step} ${String(json["name"] ?? json["address"] ?? json["prefix"])} of ${
      String((holder as Json | undefined)?.["name"])
    }`;
    const own = Object.entries((json["custom_fields"] ?? {}) as Json)
      .map(([name, value]) => [`${step}.custom_fields.${name}`, value] as const);
    for (const field of Object.keys(TABLES[step])) {
      if (field === "custom_fields" && step in CUSTOM_FIELD_TABLES) continue;
      const text = JSON.stringify(json[field]) ?? "absent";
      fields.set(`${id}: ${field}`, { field: `${step}.${field}`, text });
    }
    for (const [field, value] of own) {
      fields.set(`${id}: ${field}`, { field, text: JSON.stringify(value) });
    }
  }
  return fields;
}

/** All keys that a field reads, including those of its stubs. */
function readsOf(field: string): Set<string> {
  const [step = "", name = "", custom] = field.split(".");
  const tables: Readonly<Record<string, object>> =
    custom === undefined || !(step in CUSTOM_FIELD_TABLES) ? TABLES : CUSTOM_FIELD_TABLES;
  const row = (tables[step] as AnyTable)[tables === TABLES ? name : custom ?? ""];
  const found = new Set<string>();
  const add = (reads: readonly string[]): void => {
    for (const read of reads) {
      if (found.has(read)) continue;
      found.add(read);
      if (read.startsWith("stub.")) add(STUBS[read.slice(5) as keyof typeof STUBS].reads);
    }
  };
  add(row?.reads ?? []);
  return found;
}

/** The fields that differ between two outcomes. */
function changedFields(before: Outcome, after: Outcome): string[] {
  const other = fieldsOf(after);
  const changed = [...fieldsOf(before)].filter(([id, { field, text }]) => {
    const isPresent = other.has(id) || field.includes(".custom_fields.");
    return isPresent && other.get(id)?.text !== text;
  });
  return [...new Set(changed.map(([, { field }]) => field))];
}

/** Read only with a target, and only by conditions of rules. */
const READ_ELSEWHERE = new Set(["clusterStatus.ip", "resources.pool"]);

test.each(KEYS.filter((key) => !READ_ELSEWHERE.has(key)))(
  "without %s, only fields that declare it change",
  async (key) => {
    const [name = "", ...rest] = key.split(".");
    const site = await (name.startsWith("sdn") ? sdnSite() : fullSite());
    const before = await transformed(inMemory(site), SETTINGS);
    const after = await transformed(inMemory(without(site, name, rest.join("."))), SETTINGS);
    const changed = changedFields(before, after);
    expect(changed.filter((field) => !readsOf(field).has(key))).toEqual([]);
    const isGone = after.all.length < before.all.length;
    expect(changed.length > 0 || isGone, `nothing depends on ${key}`).toBe(true);
  },
);

const OTHER_SETTINGS: SettingTexts = {
  PROXMOX_HOST: "other.example.net",
  CLUSTER_SCOPE: "none",
  TENANT_NAME: "Others",
  DISK_BASE_UNIT: "1000",
  ALL_INTERFACES: "false",
  NETWORK_DEPTH: "mapped",
  GUEST_SERIAL: "false",
  SUSPENDED_STATUS: "failed",
  LXC_LIVE_ADDRESSES: "false",
  PLATFORM_WITHOUT_AGENT: "ostype",
  NODE_DEVICE_TYPE: "R750",
  NODE_DEVICE_ROLE: "Host",
  NODE_MANUFACTURER: "HPE",
  DEVICE_CLUSTER: "false",
};

test.each(Object.entries(OTHER_SETTINGS))(
  "a change of %s changes only fields that declare it",
  async (name, text) => {
    const site = inMemory(await fullSite());
    const before = await transformed(site, SETTINGS);
    const changed = changedFields(before, await transformed(site, { ...SETTINGS, [name]: text }));
    expect(changed.length, `nothing depends on ${name}`).toBeGreaterThan(0);
    expect(changed.filter((field) => !readsOf(field).has(`setting.${name}`))).toEqual([]);
  },
);
