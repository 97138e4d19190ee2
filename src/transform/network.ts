/** Reads a node's network answer: its interfaces, addresses, VLANs and networks. */
import {
  type Address,
  type AddressReason,
  isReadable,
  networkOf,
  parseAddress,
  splitCidr,
} from "../base/ip-address.ts";
import { compareCodeUnits, compareNatural } from "../base/natural-order.ts";
import { cutName, cutText, isLonger, MAX_DESCRIPTION, MAX_NAME } from "../netbox/names.ts";
import type { DeviceRef } from "../netbox/types/device.ts";
import { type InterfaceRef, type InterfaceType, typeIn } from "../netbox/types/interface.ts";
import { hasUnappliedChanges, hiddenRows, rowsOf } from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { altnamesOf, macOf, parentOf, portsOf, vlanIdOf } from "../proxmox/node-interfaces.ts";
import type { NetworkRow } from "../proxmox/rows.ts";
import { flag, isBlank, number, text, textOrNone, writtenText } from "../proxmox/values.ts";
import { claimAddress, markPrimary, primaryOf, returnedStatus } from "./addresses.ts";
import type { NodeContext } from "./context.ts";
import { leaveUnexpectedValues } from "./ledger.ts";
import { decideNode, noteProblems } from "./machine-rules.ts";
import type { AddressDecision, Rule } from "./rules/match.ts";
import { skipText } from "./rules/texts.ts";
import { interfaceType } from "./mapping/values.ts";
import type { Policy } from "./policy.ts";
import type { AddressSource, InterfaceSource, Origin, Primary } from "./sources.ts";
import { findPorts } from "./target/parts.ts";
import { nameOf } from "./target/target.ts";
import { seeVlansOfPort } from "./vlans.ts";

/** What a node's network has for NetBox. */
export interface NodeNetwork {
  /** In natural order of their names. */
  readonly interfaces: readonly InterfaceSource[];
  readonly addresses: readonly AddressSource[];
  readonly primary: Primary;
  /** How many of each the answer has, left out or not. */
  readonly counts: { readonly interfaces: number; readonly addresses: number };
}

/** undefined: not read. What is not sent, and what may be hidden, is in the ledger of `node`. */
export function readNetwork(device: DeviceRef, node: NodeContext): NodeNetwork | undefined {
  const { cluster, ledger, what } = node;
  const path = PATHS.network(node.entry.node);
  const answer = node.get(path);
  const found = rowsOf(answer);
  const subject = node.networkSubject(`${what}/network`);
  if ("reason" in found) {
    ledger.leave(subject, found.reason, { detail: found.detail });
    return undefined;
  }
  const hidden = hiddenRows(cluster.snapshot.manifest, path);
  if (hidden !== undefined) {
    ledger.leave(subject, hidden.reason, { detail: hidden.detail });
  }
  const isUnapplied = hasUnappliedChanges(answer);
  if (isUnapplied) ledger.note(node.networkSubject(what), "unapplied-changes");
  const rows = found.value;
  const ports = readPorts(rows, device, node);
  const ruled = decideNode(
    node.entry,
    node.source.policy,
    ports.map(({ row, iface, found }) => {
      const vlan = row.type === "vlan" ? vlanIdOf(row) : undefined;
      return { key: iface, facts: { bridge: iface, vlan }, found };
    }),
  );
  noteProblems(ruled?.machine, { subject: node.networkSubject(what), ledger });
  const isSent = (port: Port): boolean => !isLoopback(port) && !isMissing(port);
  const { allInterfaces } = node.source.policy;
  const links = allInterfaces ? linksOf(ports.filter(isSent)) : undefined;
  const interfaces: InterfaceSource[] = [];
  const addresses: AddressSource[] = [];
  for (const read of ports) {
    const decision = ruled?.interfaces.get(read.iface);
    const port = { ...read, origin: { ...read.origin, rules: decision?.values } };
    const vlans = decision?.skippedBy === undefined
      ? seeVlansOfPort(port.row, port.origin, node)
      : undefined;
    const { subject } = port.origin;
    if (decision?.skippedBy !== undefined) {
      ledger.leave(subject, "by-rule", { detail: skipText(decision.skippedBy) });
    } else if (isLoopback(port)) ledger.leave(subject, "loopback");
    else if (!allInterfaces && !port.found.some(({ address }) => isReadable(address))) {
      ledger.leave(subject, "no-address");
    } else if (isMissing(port)) ledger.leave(subject, "missing-device");
    else {
      leaveUnexpectedValues(port.origin, ledger);
      interfaces.push({
        ...port.origin,
        cluster: node.source,
        name: port.name,
        type: port.type,
        device,
        ref: port.ref,
        ...(links?.get(port.iface) ?? NO_LINKS),
        mac: sendsMacs(node.source.policy) ? seeMac(port, node) : undefined,
        vlans,
        description: describe(port, node),
      });
    }
    for (const found of port.found) {
      const own = ruled?.addresses.get(found);
      const skippedBy = decision?.skippedBy ?? own?.skippedBy;
      const address = skippedBy === undefined
        ? keepAddress(port, { ...found, rules: own?.values }, node)
        : skipAddress(port, { ...found, skippedBy }, node);
      if (address !== undefined) addresses.push(address);
    }
  }
  // A token that may not read the access control list would otherwise never give a node a primary address.
  const isFiltered = hidden !== undefined &&
    !(hidden.entry.path === PATHS.acl && hidden.entry.cause === "filtered");
  // What could not be read, or is hidden, may be the very address that NetBox has.
  const isRead = !isUnapplied && hidden === undefined &&
    rows.every(({ iface }) => text(iface) !== undefined) &&
    ports.every(({ found }) => found.every(({ address }) => isReadable(address))) &&
    ![...ruled?.addresses.values() ?? []].some(({ skippedBy }) => skippedBy !== undefined);
  const primary: Primary = isFiltered
    ? { 4: undefined, 6: undefined }
    : primaryOf(byPriority(addresses), {
      isKnown: (family) => isRead && !ports.some((port) => isOpen(port, family)),
      netbox: node.primaryIn({ kind: "device", found: node.entry.device.found }),
    });
  const { found: known } = node.entry.device;
  if (known !== undefined) {
    node.run.observations?.seeMachine({
      found: known,
      subject: node.networkSubject(what),
      families: FAMILY_NUMBERS.filter((family) =>
        isRead && !ports.some((port) => isOpen(port, family))
      ),
      answers: [subject.answer],
      ports: isRead ? new Set(ports.flatMap(({ iface, name }) => [iface, name])) : undefined,
    });
  }
  return {
    interfaces,
    addresses: markPrimary(addresses, primary),
    primary,
    counts: {
      interfaces: ports.length,
      addresses: ports.reduce((sum, { found }) => sum + found.length, 0),
    },
  };
}

function seeMac({ row, name, origin }: Port, node: NodeContext): string | undefined {
  const { mac, refused } = macOf(row);
  if (refused !== undefined) {
    const subject = node.networkSubject(`${origin.subject.what}/mac`);
    node.ledger.leave(subject, refused.reason, { detail: refused.written });
  }
  if (mac !== undefined) node.run.macs.see(mac, macHolder(name, node));
  return mac;
}

function macHolder(name: string, node: NodeContext): string {
  return node.labelled(`${node.what}/${name}`);
}

/** The same network, once the MAC addresses of all others are known: no interface gets one that two have. */
export function withOwnMacs(network: NodeNetwork, node: NodeContext): NodeNetwork {
  const interfaces = network.interfaces.map((source) => {
    const { mac, name } = source;
    const other = mac === undefined ? undefined : node.run.macs.other(mac, macHolder(name, node));
    if (other === undefined) return source;
    const subject = node.networkSubject(`${source.subject.what}/mac`);
    node.ledger.leave(subject, "duplicate-mac", { detail: `${mac} of ${other}` });
    return { ...source, mac: undefined };
  });
  return { ...network, interfaces };
}

function skipAddress(
  { origin }: Port,
  { text, skippedBy }: Occurrence & { readonly skippedBy: Rule },
  node: NodeContext,
): undefined {
  node.run.observations?.seeUnassigned(node.entry.device.found, text);
  const subject = node.networkSubject(`${origin.subject.what}/${text}`);
  node.ledger.leave(subject, "by-rule", { detail: skipText(skippedBy) });
}

/** Adds the address's network to the prefixes. undefined: the address itself is left out. */
function keepAddress(
  port: Port,
  found: Occurrence & { readonly rules: AddressDecision["values"] | undefined },
  node: NodeContext,
): AddressSource | undefined {
  const { origin, ref } = port;
  const { text, rules } = found;
  const address = isLoopback(port) ? "loopback" : found.address;
  const holder = origin.subject.what;
  const subject = node.networkSubject(`${holder}/${text}`);
  if (typeof address === "string") {
    node.run.observations?.seeUnassigned(node.entry.device.found, text);
    if (address === "not-assignable") seePrefix(found.network, { ...origin, rules }, node);
    node.ledger.leave(subject, address);
    return undefined;
  }
  const { host, prefixLength, family, cidr } = address;
  const machine = { kind: "device", found: node.entry.device.found } as const;
  const ruled = { ...origin, subject, rules };
  const known = claimAddress(address, { origin: ruled, holder, node, machine });
  if (prefixLength === (family === 4 ? 32 : 128)) {
    node.ledger.leave(node.networkSubject(`${holder}/prefix/${text}`), "host-route");
  } else {
    // The prefix goes where the address is, which may be where NetBox keeps it.
    const isKept = known?.found !== undefined && known.vrf.vrf?.name !== rules?.vrf?.value;
    const { vrf: _kept, ...others } = rules ?? {};
    seePrefix(networkOf(host, prefixLength), { ...origin, rules: isKept ? others : rules }, node);
  }
  if (known === undefined) return undefined;
  return {
    ...ruled,
    found: known.found,
    cluster: node.source,
    address,
    ref: { address: cidr, ...known.vrf, assigned_object_interface: ref },
    status: returnedStatus(address, known, node),
    isPrimary: false,
  };
}

function seePrefix(network: string | undefined, origin: Origin, node: NodeContext): void {
  if (network === undefined) return;
  const { source: cluster, entry: { site }, ledger, run: { shared } } = node;
  const { subject: { answer }, rules: { vrf: ruled, prefix_role: role } = {} } = origin;
  const vrf = ruled && shared.seeVrf(ruled.value, { cluster, origin, ledger });
  if (ruled !== undefined && vrf === undefined) return;
  shared.seePrefix({ network, site, answer, vrf, role: role?.value }, { cluster, origin });
}

/** Does an interface of a node carry its MAC address? */
export function sendsMacs({ allInterfaces, networkDepth }: Policy): boolean {
  return allInterfaces || networkDepth === "full";
}

/** With NETWORK_DEPTH=full: its comments in one line. */
function describe({ row, origin }: Port, node: NodeContext): string | undefined {
  if (node.source.policy.networkDepth !== "full" || isBlank(row.comments)) return undefined;
  const subject = node.networkSubject(`${origin.subject.what}/comments`);
  const comments = text(row.comments)?.replaceAll(/\s+/g, " ");
  if (comments === undefined) {
    node.ledger.leave(subject, "unparsable");
    return undefined;
  }
  const description = cutText(comments, MAX_DESCRIPTION);
  if (description !== comments) node.ledger.note(subject, "cut-text", description);
  return description;
}

/** Interfaces that are not in /etc/network/interfaces have no priority, and come last. */
function byPriority(addresses: readonly AddressSource[]): AddressSource[] {
  const priority = ({ network }: AddressSource) =>
    number(network?.priority) ?? Number.MAX_SAFE_INTEGER;
  return addresses.toSorted((a, b) => priority(a) - priority(b));
}

/** An interface of the answer, sent or not. */
interface Port {
  readonly row: NetworkRow;
  readonly iface: string;
  readonly name: string;
  readonly type: InterfaceType;
  readonly ref: InterfaceRef;
  readonly origin: Origin<"network">;
  /** Every address that it has, kept or not. */
  readonly found: readonly Occurrence[];
}

interface Occurrence {
  /** As written. */
  readonly text: string;
  readonly address: Address | AddressReason;
  /** Its network, when NetBox would refuse the address itself. */
  readonly network?: string | undefined;
}

const FAMILY_NUMBERS = [4, 6] as const;
const FAMILIES = [
  { cidr: "cidr", address: "address", netmask: "netmask" },
  { cidr: "cidr6", address: "address6", netmask: "netmask6" },
] as const;

/** In natural order of their names, each with a name of its own. */
function readPorts(rows: readonly NetworkRow[], device: DeviceRef, node: NodeContext): Port[] {
  const named = rows.flatMap((row) => namedRow(row, node)).sort(compareRows);
  const known = findPorts(
    node.run.target,
    node.entry.device.found,
    named.map(({ row, iface }) => ({ name: iface, altnames: altnamesOf(row) })),
  );
  const taken = new Set(known.flatMap((port) => port === undefined ? [] : [nameOf(port.object)]));
  const plain = new Set<string>();
  return named.map(({ row, iface }, i) => {
    const inNetBox = known[i];
    const name = inNetBox === undefined ? freeName(iface, taken) : nameOf(inNetBox.object);
    const to = freeName(iface, plain);
    const subject = node.networkSubject(`${node.what}/${iface}`);
    if (name !== iface) {
      const code = isLonger(iface, MAX_NAME) ? "cut" : "renamed";
      node.ledger.note(subject, inNetBox === undefined ? code : "keeps-name", name);
    }
    if (inNetBox !== undefined && name !== iface) {
      node.run.observations?.otherNames.push({
        type: "interface",
        object: inNetBox.object,
        to,
        by: "alternative name",
        subject,
      });
    }
    const ownType = interfaceType(text(row.type) ?? "");
    return {
      row,
      iface,
      name,
      // NetBox takes links by the type that it has.
      type: inNetBox === undefined ? ownType : typeIn(inNetBox) ?? ownType,
      ref: inNetBox === undefined ? { device, name, type: ownType } : { device, name },
      origin: { subject, places: { network: subject.answer }, network: row, found: inNetBox },
      found: addressesIn(row),
    };
  });
}

interface NamedRow {
  readonly row: NetworkRow;
  readonly iface: string;
}

function namedRow(row: NetworkRow, node: NodeContext): NamedRow[] {
  const iface = text(row.iface);
  if (iface !== undefined) return [{ row, iface }];
  node.ledger.leave(node.networkSubject(`${node.what}/?`), "no-name");
  return [];
}

/** Should Proxmox VE name an interface twice, the order of its answer still does not matter. */
function compareRows(a: NamedRow, b: NamedRow): number {
  const facts = ({ row }: NamedRow): string =>
    [row.type, row.cidr, row.address, row.cidr6, row.address6].map((value) => text(value) ?? "")
      .join(" ");
  return compareNatural(a.iface, b.iface) || compareCodeUnits(facts(a), facts(b));
}

function freeName(iface: string, taken: Set<string>): string {
  let name = cutName(iface, MAX_NAME);
  for (let count = 2; taken.has(name); count += 1) {
    name = `${cutName(iface, MAX_NAME - 10)} (${count})`;
  }
  taken.add(name);
  return name;
}

/** An interface with ::1 and another address is not a loopback interface. */
function isLoopback({ iface, found }: Port): boolean {
  if (iface === "lo") return true;
  return found.length > 0 && found.every(({ address }) => address === "loopback");
}

/**
 * A row that Proxmox VE adds for the device below a VLAN or an alias, when the node has no such
 * device. Source: PVE/INotify.pm, __read_etc_network_interfaces.
 */
function isMissing({ row, found }: Port): boolean {
  return flag(row.exists) === false && isBlank(row.type) && found.length === 0;
}

/** Methods whose addresses, if there are any, are in the interfaces file. */
const WRITTEN_METHODS = new Set<string | null | undefined>([null, "static", "manual", "loopback"]);

/**
 * May it have an address of this family that is not in the interfaces file, as with DHCP, SLAAC or PPP? A method that
 * is no text may be anything. Source: PVE/INotify.pm, method and method6; interfaces(5).
 */
function isOpen({ row }: Port, family: 4 | 6): boolean {
  return !WRITTEN_METHODS.has(textOrNone(family === 4 ? row.method : row.method6));
}

/** One address per family, as Proxmox keeps no more: `cidr` first, else `address` + `netmask`. */
function addressesIn(row: NetworkRow): Occurrence[] {
  return FAMILIES.flatMap((keys) => {
    const cidr = writtenText(row[keys.cidr]);
    const whole = cidr === undefined ? undefined : occurrence(cidr, ...splitCidr(cidr));
    if (whole !== undefined && isReadable(whole.address)) return [whole];
    const host = writtenText(row[keys.address]);
    if (host !== undefined) return [occurrence(host, host, text(row[keys.netmask]))];
    return whole === undefined ? [] : [whole];
  });
}

function occurrence(written: string, host: string, prefixLength: string | undefined): Occurrence {
  const address = parseAddress(host, prefixLength);
  if (address !== "not-assignable") return { text: written, address };
  return { text: written, address, network: networkOf(host, prefixLength) };
}

/** With ALL_INTERFACES: the bond and the bridge of an interface, and the device below it. */
type Links = { -readonly [Kind in "lag" | "bridge" | "parent"]: InterfaceSource[Kind] };

const NO_LINKS: Links = { lag: undefined, bridge: undefined, parent: undefined };

/**
 * Interface → its links. NetBox takes a parent only on a virtual interface and a LAG on all others.
 * Source: netbox dcim/models/knowncomponents.py, Interface.clean.
 */
function linksOf(ports: readonly Port[]): ReadonlyMap<string, Links> {
  const byName = new Map(ports.map((port) => [port.iface, port]));
  const links = new Map<string, Links>(ports.map((port) => [port.iface, { ...NO_LINKS }]));
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
  // What an interface's own row says comes last, and wins.
  for (const port of ports) {
    const bridge = text(port.row.ovs_bridge);
    if (bridge !== undefined) link(port.iface, "bridge", byName.get(bridge));
    const parent = port.type === "virtual" ? parentOf(port.row) : undefined;
    if (parent !== undefined) link(port.iface, "parent", byName.get(parent));
  }
  return links;
}
