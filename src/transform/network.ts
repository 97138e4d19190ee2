/** A node's network answer → its interfaces, addresses, VLANs and networks. */
import {
  type Address,
  type AddressReason,
  isReadable,
  networkOf,
  parseAddress,
  splitCidr,
} from "../base/ip-address.ts";
import { compareCodeUnits, compareNatural } from "../base/natural-order.ts";
import { cutName, isLonger, MAX_NAME } from "../netbox/names.ts";
import type { DeviceRef, InterfaceRef, InterfaceType } from "../netbox/types/schema.ts";
import { interfaceRef, nodeAddressRef } from "../netbox/types/stubs.ts";
import { macOf, parentOf, portsOf, vlanIdOf } from "../proxmox/node-interfaces.ts";
import type { NetworkRow } from "../proxmox/rows.ts";
import { flag, isBlank, number, text, textOrNone, writtenAddress } from "../proxmox/values.ts";
import type { NodeScene } from "./context.ts";
import { markPrimary, primaryOf } from "./guest-addresses.ts";
import { leaveMisfits } from "./ledger.ts";
import { interfaceType } from "./mapping/values.ts";
import type { AddressSource, InterfaceSource, Origin, Primary } from "./sources.ts";

/** What a node's network holds for NetBox. */
export interface NodeNetwork {
  /** In natural order of their names. */
  readonly interfaces: readonly InterfaceSource[];
  readonly addresses: readonly AddressSource[];
  /** An address that is not in the interfaces file is told by no answer. */
  readonly primary: Primary;
  /** All things that the answer holds, left out or not. */
  readonly things: { readonly interfaces: number; readonly addresses: number };
}

export function readNetwork(
  rows: readonly Readonly<Record<string, unknown>>[],
  device: DeviceRef,
  scene: NodeScene,
): NodeNetwork {
  const ports = readPorts(rows, device, scene);
  const { allInterfaces } = scene.cluster.policy;
  const isSent = (port: Port): boolean => !isLoopback(port) && !isMissing(port);
  const links = allInterfaces ? linksOf(ports.filter(isSent)) : undefined;
  const interfaces: InterfaceSource[] = [];
  const addresses: (AddressSource & { readonly port: Port })[] = [];
  for (const port of ports) {
    seeVlan(port, scene);
    const { subject } = port.origin;
    if (isLoopback(port)) scene.ledger.leave(subject, "loopback");
    else if (!allInterfaces && !port.found.some(({ address }) => isReadable(address))) {
      scene.ledger.leave(subject, "no-address");
    } else if (isMissing(port)) scene.ledger.leave(subject, "missing-device");
    else {
      leaveMisfits(port.origin, scene.ledger);
      interfaces.push(interfaceSource(port, device, { scene, links: links?.get(port.iface) }));
    }
    for (const { text, address, network } of port.found) {
      if (network !== undefined && !isLoopback(port)) seeNetwork(network, port.origin, scene);
      const source = keepAddress(port, isLoopback(port) ? "loopback" : address, { text, scene });
      if (source !== undefined) addresses.push({ ...source, port });
    }
  }
  const byPriority = addresses.toSorted((a, b) => priorityOf(a.port.row) - priorityOf(b.port.row));
  // What could not be read, or was kept back, may be the very address that NetBox has.
  const isRead = scene.isNetworkWhole && rows.every(({ iface }) => text(iface) !== undefined) &&
    ports.every(({ found }) => found.every(({ address }) => isReadable(address)));
  const primary: Primary = scene.isNetworkFiltered
    ? { 4: undefined, 6: undefined }
    : primaryOf(byPriority, (family) => isRead && !ports.some((port) => isOpen(port, family)));
  return {
    interfaces,
    addresses: markPrimary(addresses, primary),
    primary,
    things: {
      interfaces: ports.length,
      addresses: ports.reduce((sum, { found }) => sum + found.length, 0),
    },
  };
}

function interfaceSource(
  port: Port,
  device: DeviceRef,
  { scene, links }: {
    readonly scene: NodeScene;
    readonly links: ReturnType<ReturnType<typeof linksOf>["get"]>;
  },
): InterfaceSource {
  return {
    ...port.origin,
    cluster: scene.cluster,
    name: port.name,
    type: port.type,
    device,
    ref: port.ref,
    lag: links?.lag,
    bridge: links?.bridge,
    parent: links?.parent,
    mac: scene.cluster.policy.allInterfaces ? seeMac(port, scene) : undefined,
  };
}

function seeMac(port: Port, scene: NodeScene): string | undefined {
  const { mac, refused } = macOf(port.row);
  if (refused !== undefined) {
    const subject = scene.subject(`${port.origin.subject.what}/mac`);
    scene.ledger.leave(subject, refused.reason, { detail: refused.written });
  }
  if (mac !== undefined) scene.macs.see(mac, macHolder(port, scene));
  return mac;
}

function macHolder({ name }: Pick<Port, "name">, scene: NodeScene): string {
  return scene.labelled(`${scene.what}/${name}`);
}

/** The same interfaces, once the MAC addresses of all others are known; one that two have is none. */
export function withOwnMacs(
  interfaces: readonly InterfaceSource[],
  scene: NodeScene,
): InterfaceSource[] {
  return interfaces.map((source) => {
    const { mac } = source;
    const other = mac === undefined ? undefined : scene.macs.other(mac, macHolder(source, scene));
    if (other === undefined) return source;
    const subject = scene.subject(`${source.subject.what}/mac`);
    scene.ledger.leave(subject, "duplicate-mac", { detail: `${mac} of ${other}` });
    return { ...source, mac: undefined };
  });
}

function keepAddress(
  port: Port,
  address: Address | AddressReason,
  { text, scene }: { readonly text: string; readonly scene: NodeScene },
): AddressSource | undefined {
  const holder = port.origin.subject.what;
  const subject = scene.subject(`${holder}/${text}`);
  if (typeof address === "string") {
    scene.ledger.leave(subject, address);
    return undefined;
  }
  seePrefix(address, { text, origin: port.origin }, scene);
  const first = scene.claims.claim(address.host, scene.labelled(holder));
  if (first !== undefined) {
    scene.ledger.leave(subject, "duplicate-address", { detail: first });
    return undefined;
  }
  return {
    ...port.origin,
    subject,
    cluster: scene.cluster,
    address,
    ref: nodeAddressRef(address.cidr, port.ref),
    isPrimary: false,
  };
}

function seePrefix(
  { host, prefixLength, family }: Address,
  { text, origin }: { readonly text: string; readonly origin: Port["origin"] },
  scene: NodeScene,
): void {
  if (prefixLength === (family === 4 ? 32 : 128)) {
    scene.ledger.leave(scene.subject(`${origin.subject.what}/prefix/${text}`), "host-route");
    return;
  }
  const network = networkOf(host, prefixLength);
  if (network !== undefined) seeNetwork(network, origin, scene);
}

function seeNetwork(network: string, origin: Port["origin"], scene: NodeScene): void {
  const { site, cluster, shared } = scene;
  const { answer } = origin.subject;
  shared.prefixes.see(`${network} ${site}`, { cluster, origin }, () => ({ network, site, answer }));
}

function seeVlan({ row, origin }: Port, { site, cluster, shared, ...scene }: NodeScene): void {
  if (row.type !== "vlan") return;
  const vid = vlanIdOf(row);
  if (vid === undefined) {
    scene.ledger.leave(scene.subject(`${origin.subject.what}/vlan`), "unparsable");
  } else shared.seeVlan(vid, site, { cluster, origin });
}

/** Interfaces that are not in /etc/network/interfaces have none, and come last. */
function priorityOf(row: NetworkRow): number {
  return number(row.priority) ?? Number.MAX_SAFE_INTEGER;
}

/** A node's network answer → its interfaces as they are, before it is known which NetBox gets. */

/** An interface of the answer, before it is known whether NetBox gets it. */
export interface Port {
  readonly row: NetworkRow;
  readonly iface: string;
  readonly name: string;
  readonly type: InterfaceType;
  readonly ref: InterfaceRef;
  readonly origin: Origin<"network">;
  /** Every address that it has, taken or not. */
  readonly found: readonly Occurrence[];
}

export interface Occurrence {
  /** As written. */
  readonly text: string;
  readonly address: Address | AddressReason;
  /** The network that it stands in, although NetBox would refuse the address itself. */
  readonly network?: string | undefined;
}

const FAMILIES = [
  { cidr: "cidr", address: "address", netmask: "netmask" },
  { cidr: "cidr6", address: "address6", netmask: "netmask6" },
] as const;

/** In natural order of their names, each with a name of its own. */
export function readPorts(
  rows: readonly NetworkRow[],
  device: DeviceRef,
  scene: NodeScene,
): Port[] {
  const taken = new Set<string>();
  return rows.flatMap((row) => namedRow(row, scene)).sort(compareRows).map(({ row, iface }) => {
    const name = nameOf(iface, taken);
    const subject = scene.subject(`${scene.what}/${iface}`);
    if (name !== iface) {
      scene.ledger.note(subject, isLonger(iface, MAX_NAME) ? "cut" : "renamed", name);
    }
    const type = interfaceType(text(row.type) ?? "");
    return {
      row,
      iface,
      name,
      type,
      ref: interfaceRef(device, name, type),
      origin: { subject, places: { network: subject.answer }, network: row },
      found: addressesOf(row),
    };
  });
}

interface NamedRow {
  readonly row: NetworkRow;
  readonly iface: string;
}

function namedRow(row: NetworkRow, scene: NodeScene): NamedRow[] {
  const iface = text(row.iface);
  if (iface !== undefined) return [{ row, iface }];
  scene.ledger.leave(scene.subject(`${scene.what}/?`), "no-name");
  return [];
}

/** Proxmox names no interface twice; should it, the order of its answer has no say all the same. */
function compareRows(a: NamedRow, b: NamedRow): number {
  const facts = ({ row }: NamedRow): string =>
    [row.type, row.cidr, row.address, row.cidr6, row.address6].map((value) => text(value) ?? "")
      .join(" ");
  return compareNatural(a.iface, b.iface) || compareCodeUnits(facts(a), facts(b));
}

function nameOf(iface: string, taken: Set<string>): string {
  let name = cutName(iface, MAX_NAME);
  for (let count = 2; taken.has(name); count += 1) {
    name = `${cutName(iface, MAX_NAME - 10)} (${count})`;
  }
  taken.add(name);
  return name;
}

/** An interface that has another address too is none, even with ::1 on it. */
export function isLoopback({ iface, found }: Port): boolean {
  if (iface === "lo") return true;
  return found.length > 0 && found.every(({ address }) => address === "loopback");
}

/**
 * A row that Proxmox invents for the device below a VLAN or an alias, when the node has no such
 * device. Source: PVE/INotify.pm, __read_etc_network_interfaces.
 */
export function isMissing({ row, found }: Port): boolean {
  return flag(row.exists) === false && isBlank(row.type) && found.length === 0;
}

/** Methods whose addresses, if there are any, are in the interfaces file. */
const WRITTEN_METHODS = new Set<string | null | undefined>([null, "static", "manual", "loopback"]);

/**
 * May it have an address of this family that is not in the interfaces file, as with DHCP, SLAAC or PPP? A method that
 * is no text may be anything. Source: PVE/INotify.pm, method and method6; interfaces(5).
 */
export function isOpen({ row }: Port, family: 4 | 6): boolean {
  return !WRITTEN_METHODS.has(textOrNone(family === 4 ? row.method : row.method6));
}

/** One address per family, as Proxmox keeps no more: `cidr` first, else `address` + `netmask`. */
function addressesOf(row: NetworkRow): Occurrence[] {
  return FAMILIES.flatMap((keys) => {
    const cidr = writtenAddress(row[keys.cidr]);
    const whole = cidr === undefined ? undefined : occurrence(cidr, ...splitCidr(cidr));
    if (whole !== undefined && isReadable(whole.address)) return [whole];
    const host = writtenAddress(row[keys.address]);
    if (host !== undefined) return [occurrence(host, host, text(row[keys.netmask]))];
    return whole === undefined ? [] : [whole];
  });
}

function occurrence(written: string, host: string, prefixLength: string | undefined): Occurrence {
  const address = parseAddress(host, prefixLength);
  if (address !== "not-assignable") return { text: written, address };
  return { text: written, address, network: networkOf(host, prefixLength) };
}

/** Which interface of a node belongs to which: bond, bridge and device below (ALL_INTERFACES). */

export interface Links {
  lag?: InterfaceRef;
  bridge?: InterfaceRef;
  parent?: InterfaceRef;
}

/**
 * Interface → its links. NetBox takes a parent only on a virtual interface and a LAG on all others.
 * Source: netbox dcim/models/device_components.py, Interface.clean.
 */
export function linksOf(ports: readonly Port[]): ReadonlyMap<string, Links> {
  const byName = new Map(ports.map((port) => [port.iface, port]));
  const links = new Map<string, Links>(ports.map((port) => [port.iface, {}]));
  const link = (member: string, as: keyof Links, target: Port | undefined): void => {
    const port = byName.get(member);
    if (port === undefined || target === undefined || port === target) return;
    if (as === "lag" && port.type === "virtual") return;
    const own = links.get(member);
    if (own !== undefined) own[as] = target.ref;
  };
  for (const port of ports) {
    for (const member of [...portsOf(port.row.slaves), ...portsOf(port.row.ovs_bonds)]) {
      link(member, "lag", port);
    }
    for (const member of [...portsOf(port.row.bridge_ports), ...portsOf(port.row.ovs_ports)]) {
      link(member, "bridge", port);
    }
  }
  // What an interface says of itself comes last, and holds.
  for (const port of ports) {
    const bridge = text(port.row.ovs_bridge);
    if (bridge !== undefined) link(port.iface, "bridge", byName.get(bridge));
    const parent = port.type === "virtual" ? parentOf(port.row) : undefined;
    if (parent !== undefined) link(port.iface, "parent", byName.get(parent));
  }
  return links;
}
