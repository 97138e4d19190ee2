/** Addresses of a guest, from its agent or its config → those that NetBox gets, NIC by NIC. */
import { type Address, type AddressReason, parseAddress, splitCidr } from "../base/ip-address.ts";
import { guestAddressRef } from "../netbox/types/stubs.ts";
import { ADDRESS_KEYS, isOpen, parseMac } from "../proxmox/nics.ts";
import type { GuestInterfaceRow } from "../proxmox/rows.ts";
import { list, record, text, textOrNone, writtenAddress } from "../proxmox/values.ts";
import type { AnswerRef, Reason } from "../run-folder/left-out.ts";
import type { GuestScene } from "./context.ts";
import type { AddressSource, NicSource, Primary } from "./sources.ts";

/** One address somewhere in the answers: an entity or a record, exactly once. */
export interface Occurrence {
  /** The NIC of the config that it stands on; undefined: none has its MAC. */
  readonly nic: NicSource | undefined;
  /** "vm/101/net0" or "vm/101/agent/docker0". */
  readonly holder: string;
  /** As written. */
  readonly text: string;
  readonly address: Address | Reason;
  readonly answer: AnswerRef;
  readonly from: Pick<AddressSource, "places" | "agentInterfaces" | "lxcInterfaces">;
}

interface LiveAnswer {
  /** "vm/101". */
  readonly what: string;
  readonly nics: readonly NicSource[];
  readonly answer: AnswerRef;
  readonly kind: "agentInterfaces" | "lxcInterfaces";
}

/** LXC: `ip` and `ip6` of the config, and where it leaves them open. */
export function configAddresses(
  nics: readonly NicSource[],
  what: string,
  answer: AnswerRef,
): Occurrence[] {
  return nics.flatMap((nic) =>
    Object.values(ADDRESS_KEYS).flatMap((key): Occurrence[] => {
      const value = nic.net[key];
      const about = { nic, holder: holderOf(what, nic), answer, from: { places: nic.places } };
      if (isOpen(nic.net, key, nic.config?.ostype)) {
        const text = value === undefined ? key : `${key}=${value}`;
        return [{ ...about, text, address: "dynamic-address" }];
      }
      if (value === undefined) return [];
      return [{ ...about, text: value, address: parseAddress(...splitCidr(value)) }];
    })
  );
}

/** In one piece: the claims keep it, and a text that was put together weighs three times as much. */
function holderOf(what: string, nic: NicSource): string {
  return [what, nic.key].join("/");
}

/** Rows of the guest agent, or of a running container, in their own order within each NIC. */
export function liveAddresses(
  rows: readonly unknown[],
  { what, nics, answer, kind }: LiveAnswer,
): Occurrence[] {
  const nicByMac = new Map(nics.toReversed().map((nic) => [nic.net.mac, nic]));
  const found = rows.flatMap((value) => {
    // A row that is no object may hold an address all the same.
    const row: GuestInterfaceRow = record(value) ?? { "ip-addresses": [value] };
    const name = text(row.name) ?? "?";
    const macs = [row["hardware-address"], row.hwaddr];
    const mac = macs.map(parseMac).find((found) => found !== undefined);
    // One that is no text may be that of any NIC.
    const isOdd = mac === undefined && macs.some((value) => textOrNone(value) === undefined);
    const nic = mac === undefined ? undefined : nicByMac.get(mac);
    const holder = nic === undefined
      ? `${what}/${kind === "lxcInterfaces" ? "live" : "agent"}/${name}`
      : holderOf(what, nic);
    const from = { places: { ...nic?.places, [kind]: answer }, [kind]: row };
    return pairsOf(row).map(([host, length]) => ({
      nic,
      holder,
      text: length === undefined ? host : `${host}/${length}`,
      address: isOdd ? "unparsable" : judge(parseAddress(host, length), name, nic),
      answer,
      from,
    }));
  });
  // NIC by NIC, in the order of the config; what stands on no NIC comes last.
  const place = (
    nic: NicSource | undefined,
  ): number => (nic === undefined ? nics.length : nics.indexOf(nic));
  return found.sort((a, b) => place(a.nic) - place(b.nic));
}

/** Claims what can be kept; lists the rest. */
export function keepAddresses(found: readonly Occurrence[], scene: GuestScene): AddressSource[] {
  return found.flatMap((occurrence) => {
    const { nic, holder, address, answer, from } = occurrence;
    const subject = { what: `${holder}/${occurrence.text}`, answer };
    if (typeof address === "string" || nic === undefined) {
      scene.ledger.leave(subject, typeof address === "string" ? address : "mac-unknown");
      return [];
    }
    const first = scene.claims.claim(address.host, scene.labelled(holder));
    if (first !== undefined) {
      scene.ledger.leave(subject, "duplicate-address", { detail: first });
      return [];
    }
    return [{
      subject,
      key: nic.key,
      config: nic.config ?? {},
      ...from,
      cluster: scene.cluster,
      address,
      ref: guestAddressRef(address.cidr, nic.ref),
      isPrimary: false,
    }];
  });
}

/** The first reason in the order of the closed list. */
function judge(
  address: Address | AddressReason,
  interfaceName: string,
  nic: NicSource | undefined,
): Address | Reason {
  if (address === "unparsable") return address;
  if (address === "loopback" || interfaceName === "lo") return "loopback";
  if (interfaceName === "docker0") return "docker-bridge";
  if (typeof address === "string") return address;
  return nic === undefined ? "mac-unknown" : address;
}

/**
 * [host, prefix length] of a row. Older container answers have only `inet` and `inet6`, each with one
 * address; newer ones have both forms. Source: PVE/LXC.pm, get_interfaces; proxmox.md §3.12.
 */
function pairsOf(row: GuestInterfaceRow): [string, string | undefined][] {
  const entries = row["ip-addresses"] ?? [];
  // So may what is no list, or no row of one: "?" is left out as unparsable.
  const pairs = (list(entries) ?? [entries]).map((entry): [string, string | undefined] => {
    const address = record(entry);
    return [text(address?.["ip-address"]) ?? "?", text(address?.["prefix"])];
  });
  if (row.inet === undefined && row.inet6 === undefined) return pairs;
  const known = new Set(pairs.map(([host, length]) => `${host}/${length}`));
  for (const value of [writtenAddress(row.inet), writtenAddress(row.inet6)]) {
    if (value !== undefined && !known.has(value)) pairs.push([...splitCidr(value)]);
  }
  return pairs;
}

/** Of a machine's addresses, in the order of its interfaces: the first of each family is primary. */

/** `isKnown`: are these all of that family? If not, the one that NetBox has is left as it is. */
export function primaryOf(
  ordered: readonly AddressSource[],
  isKnown: (family: 4 | 6) => boolean,
): Primary {
  const first = (family: 4 | 6): Primary[4] =>
    ordered.find(({ address }) => address.family === family)?.ref ??
      (isKnown(family) ? null : undefined);
  return { 4: first(4), 6: first(6) };
}

/** The same addresses, each told whether it is the primary one of its family. */
export function markPrimary(
  addresses: readonly AddressSource[],
  primary: Primary,
): AddressSource[] {
  return addresses.map((one) => (
    primary[one.address.family] === one.ref ? { ...one, isPrimary: true } : one
  ));
}
