/** Devices, their interfaces and addresses; networks and VLANs. */
import { compareNatural } from "../../../src/base/natural-order.ts";
import {
  type Address,
  cidrText,
  hostText,
  isAssignable,
  isGroup,
  isHostRoute,
  isLinkLocal,
  isLoopback,
  networkOf,
  parseCidr,
} from "./address.ts";
import type { Fact } from "./facts.ts";
import { type Ledger, take } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import { dataAt, isRaw, number, type Raw, rowsAt, text } from "./raw.ts";

const MIB = 2 ** 20;
/** "Node Interface Type Mapping". */
const TYPES: Readonly<Record<string, string>> = {
  bridge: "bridge",
  bond: "lag",
  vlan: "virtual",
  alias: "virtual",
  OVSBridge: "bridge",
  OVSBond: "lag",
  OVSPort: "virtual",
  OVSIntPort: "virtual",
};

/** `devices`: names that earlier clusters use, by site. */
export function expectNodes(plan: Plan, ledger: Ledger, devices: Set<string>): void {
  const rows = plan.nodeRows.filter((row) => plan.isInScope(text(row["node"]) ?? ""))
    .toSorted((a, b) => compareNatural(text(a["node"]) ?? "", text(b["node"]) ?? ""));
  const taken: string[] = [];
  for (const row of rows) {
    const node = text(row["node"]) ?? "";
    const site = plan.siteOf(node);
    const isTaken = devices.has(`${site}/${node}`);
    taken.push(`${site}/${node}`);
    expectNode({ plan, row, node, name: isTaken ? `${node} (${plan.cluster})` : node }, ledger);
  }
  for (const name of taken) devices.add(name);
}

interface Node {
  readonly plan: Plan;
  readonly row: Raw;
  readonly node: string;
  readonly name: string;
}

function expectNode({ plan, row, node, name }: Node, ledger: Ledger): void {
  const { book } = ledger;
  const { tags, settings, tenant } = plan;
  const site = plan.siteOf(node);
  const answers = plan.site.nodes[node];
  const status = dataAt(answers, `/nodes/${node}/status`);
  const version = isRaw(status)
    ? /^pve-manager\/(\d+\.\d+)/.exec(text(status["pveversion"]) ?? "")?.[1]
    : undefined;
  const platform = version === undefined ? undefined : `Proxmox VE ${version}`;
  if (platform !== undefined) book.put("platform", platform, { tags });
  const model = settings["NODE_DEVICE_TYPE"] ?? "Proxmox Node";
  const role = settings["NODE_DEVICE_ROLE"] ?? "Hypervisor";
  const manufacturer = settings["NODE_MANUFACTURER"] ?? "Proxmox";
  book.put("site", site, {});
  book.put("manufacturer", manufacturer, { tags });
  book.put("device-type", model, { manufacturer, tags });
  book.put("device-role", role, { tags });
  const memory = number(row["maxmem"]);
  const isOfCluster = plan.isOn("DEVICE_CLUSTER") && (plan.scope ?? site) === site;
  const network = rowsAt(answers, `/nodes/${node}/network`);
  book.put("device", `${site}/${name}`, {
    type: model,
    role,
    tenant,
    platform,
    status: row["status"] === "online" ? "active" : "offline",
    cluster: isOfCluster ? plan.cluster : null,
    proxmox_cpu_count: number(row["maxcpu"]),
    proxmox_memory_mb: memory === undefined ? undefined : Math.round(memory / MIB),
    ...expectInterfaces(network, { plan, site, name }, ledger),
    tags,
  });
}

interface Device {
  readonly plan: Plan;
  readonly site: string;
  readonly name: string;
}

/** Returns the primary addresses. */
function expectInterfaces(
  network: readonly Raw[] | undefined,
  { plan, site, name }: Device,
  ledger: Ledger,
): Record<string, Fact> {
  if (network === undefined) return {};
  const kept: { address: Address; priority: number }[] = [];
  const rows = network.toSorted((a, b) => compareNatural(String(a["iface"]), String(b["iface"])));
  for (const row of rows) {
    const iface = text(row["iface"]) ?? "";
    const { book } = ledger;
    const addresses = addressesOf(row);
    const vid = row["type"] === "vlan" ? vlanOf(row) : undefined;
    if (vid !== undefined) {
      book.put("vlan", `${site}/${vid}`, { name: `VLAN ${vid}`, tags: plan.tags });
      book.put("site", site, {});
    }
    if (iface === "lo" || addresses.some(isLoopback)) continue;
    if (addresses.length === 0 && !plan.isOn("ALL_INTERFACES")) continue;
    if (isPhantom(row)) continue;
    const speed = number(row["speed"]);
    const key = `${site}/${name}/${iface}`;
    const type = TYPES[text(row["type"]) ?? ""] ?? "other";
    const mac = plan.isOn("ALL_INTERFACES") ? ownMac(row, plan) : undefined;
    if (mac !== undefined) book.put("mac-address", `${mac} on interface ${key}`, {});
    book.put("interface", key, {
      type,
      enabled: Number(row["active"] ?? 0) === 1,
      mtu: number(row["mtu"]),
      speed: speed === undefined ? undefined : speed * 1000,
      tags: plan.tags,
      ...(plan.isOn("ALL_INTERFACES") ? { mac, ...linksOf(row, { type, network }) } : {}),
    });
    for (const address of addresses.filter((one) => !isLinkLocal(one))) {
      seeNetwork(address, { site, tags: plan.tags }, ledger);
      if (!isAssignable(address) || !take(address, ledger)) continue;
      const assigned = `interface ${key}`;
      book.put("ip-address", hostText(address), {
        address: cidrText(address),
        assigned,
        tags: plan.tags,
      });
      kept.push({ address, priority: number(row["priority"]) ?? Infinity });
    }
  }
  // The address of a hidden bridge may be the primary one.
  if (mayHideBridges(plan)) return {};
  kept.sort((a, b) => (a.priority === b.priority ? 0 : a.priority - b.priority));
  const primary = (family: 4 | 6): Fact => {
    const first = kept.find(({ address }) => address.family === family);
    if (first !== undefined) return cidrText(first.address);
    const method = family === 4 ? "method" : "method6";
    return rows.some((row) => ["dhcp", "auto"].includes(String(row[method]))) ? undefined : null;
  };
  return { primary_ip4: primary(4), primary_ip6: primary(6) };
}

/** Since PVE 8, to a token without SDN.Audit and SDN.Use on /sdn. */
function mayHideBridges({ site }: Plan): boolean {
  const rights = dataAt(site.cluster, "/access/permissions");
  const version = dataAt(site.cluster, "/version");
  if (!isRaw(rights) || !isRaw(version)) return false;
  const sdn = isRaw(rights["/sdn"]) ? rights["/sdn"] : {};
  const isShown = ["SDN.Audit", "SDN.Use"].some((privilege) => privilege in sdn);
  return Number.parseInt(text(version["release"]) ?? "", 10) >= 8 && !isShown;
}

function addressesOf(row: Raw): Address[] {
  return ["", "6"].flatMap((family) => {
    const mask = text(row[`netmask${family}`]) ?? "";
    const cidr = parseCidr(text(row[`cidr${family}`]) ?? "");
    return cidr ?? parseCidr(text(row[`address${family}`]) ?? "", mask) ?? [];
  });
}

function seeNetwork(
  address: Address,
  { site, tags }: { readonly site: string; readonly tags: readonly string[] },
  { networks }: Ledger,
): void {
  if (isHostRoute(address) || address.length === 0 || isGroup(address)) return;
  const network = cidrText(networkOf(address));
  const seen = networks.get(network) ?? { sites: new Set(), tags: new Set() };
  seen.sites.add(site);
  for (const tag of tags) seen.tags.add(tag);
  networks.set(network, seen);
}

function vlanOf(row: Raw): number | undefined {
  const iface = text(row["iface"]) ?? "";
  const named = /\.(\d+)$/.exec(iface)?.[1] ??
    (text(row["vlan-raw-device"]) && /^vlan(\d+)$/.exec(iface)?.[1]);
  const vid = number(row["vlanid"]) ?? number(row["vlan-id"]) ?? number(named);
  return vid !== undefined && vid >= 1 && vid <= 4094 ? vid : undefined;
}

/** A row that Proxmox VE invents for a missing raw device. */
function isPhantom(row: Raw): boolean {
  return row["exists"] === 0 && text(row["type"]) === undefined;
}

/** `hwaddress`, otherwise the MAC address in a name, unless another interface or a NIC has it too. */
function ownMac(row: Raw, { site }: Plan): string | undefined {
  const mac = macOf(row);
  if (mac === undefined) return undefined;
  const rows = Object.keys(site.nodes).flatMap((node) =>
    rowsAt(site.nodes[node], `/nodes/${node}/network`) ?? []
  );
  const configs = Object.values(site.nodes).flatMap((answers) => Object.entries(answers))
    .filter(([path]) => /\/config(?:\?current=1)?$/.test(path));
  const isOfGuest = JSON.stringify(configs).toUpperCase().includes(mac);
  return isOfGuest || rows.filter((other) => macOf(other) === mac).length > 1 ? undefined : mac;
}

function macOf(row: Raw): string | undefined {
  const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  const set = [...listed(row["options"]), ...listed(row["options6"])]
    .flatMap((line) => /^hwaddress (?:ether )?((?:[0-9a-f]{2}:?){6})$/i.exec(line)?.[1] ?? [])[0];
  const named = [String(row["iface"]), ...listed(row["altnames"])]
    .flatMap((name) => /^enx([0-9a-f]{12})$/.exec(name)?.[1]?.match(/../g)?.join(":") ?? [])
    .find((mac) => Number.parseInt(mac.slice(0, 2), 16) % 2 === 0);
  return (set ?? named)?.toUpperCase();
}

/** With ALL_INTERFACES: the LAG and the bridge of an interface, and the parent of a virtual one. */
function linksOf(
  row: Raw,
  { type, network }: { readonly type: string; readonly network: readonly Raw[] },
): Record<string, Fact> {
  const iface = text(row["iface"]) ?? "";
  const names = (value: unknown): string[] => (text(value) ?? "").split(/[\s,;]+/);
  const owner = (kind: string, keys: readonly string[]): string | undefined =>
    text(
      network.find((other) =>
        TYPES[text(other["type"]) ?? ""] === kind &&
        keys.some((key) => names(other[key]).includes(iface))
      )?.["iface"],
    );
  const below = text(row["vlan-raw-device"]) ?? /^(.+)[.:]\d+$/.exec(iface)?.[1];
  const isThere = network.some((other) => text(other["iface"]) === below);
  const bridge = owner("bridge", ["bridge_ports", "ovs_ports"]) ?? text(row["ovs_bridge"]);
  return {
    lag: type === "virtual" ? undefined : owner("lag", ["slaves", "ovs_bonds"]),
    bridge: bridge === iface ? undefined : bridge,
    parent: type === "virtual" && isThere ? below : undefined,
  };
}
