/** A node's network answer → its interfaces as they are, before it is known which NetBox gets. */
import type { DeviceRef, InterfaceRef, InterfaceType } from "../../entities/schema.ts";
import { compareCodeUnits, compareNatural } from "../../kernel/natural-order.ts";
import type { NetworkRow } from "../../snapshot/rows.ts";
import {
  type Address,
  type AddressReason,
  isReadable,
  networkOf,
  parseAddress,
  splitCidr,
  writtenAddress,
} from "../parse/address.ts";
import { cutName, isLonger, MAX_NAME } from "../parse/name.ts";
import { flag, isBlank, text, textOrNone } from "../../snapshot/scalar.ts";
import { interfaceRef } from "../stubs.ts";
import { interfaceType } from "../values.ts";
import type { NodeScene } from "./scene.ts";
import type { Origin } from "./sources.ts";

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
