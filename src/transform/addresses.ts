/** Selects the addresses of a guest that NetBox gets, NIC by NIC, from its agent or its config. */
import type { Found } from "../netbox/objects.ts";
import {
  type Address,
  type AddressReason,
  isReadable,
  networkOf,
  parseAddress,
  splitCidr,
} from "../base/ip-address.ts";
import { containerListOf } from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { ADDRESS_KEYS, isOpen, type Net, parseMac } from "../proxmox/nics.ts";
import type { GuestInterfaceRow, ResourceRow } from "../proxmox/rows.ts";
import { list, record, text, textOrNone, writtenText } from "../proxmox/values.ts";
import type { AnswerRef, Reason } from "../run-folder/left-out.ts";
import { type GuestContext, type GuestInput, hostIn, type NodeContext } from "./context.ts";
import { keepValue } from "./kept-values.ts";
import { skipText } from "./rules/texts.ts";
import { partOf } from "../netbox/types/object-type.ts";
import { naturalKey } from "../netbox/types/order.ts";
import type { VRFRef } from "../netbox/types/vrf.ts";
import type { AddressSource, NicSource, Origin, Primary, Subject } from "./sources.ts";
import { type AddressedMachine, findAddress, type KnownPrimary, vrfOf } from "./target/network.ts";

type Family = keyof typeof ADDRESS_KEYS;

/** One address somewhere in the answers: it becomes an entity or a record, exactly once. */
export interface Occurrence {
  /** The NIC of the config that has it; undefined: none has its MAC. */
  readonly nic: ConfigNic | undefined;
  /** "vm/101/net0" or "vm/101/agent/docker0". */
  readonly holder: string;
  /** As written. */
  readonly text: string;
  readonly address: Address | Reason;
  readonly answer: AnswerRef;
  /** "ipconfig0": cloud-init is to give it to the guest. */
  readonly intended?: string;
  /** In which answer, unless it is the config. */
  readonly live?: { readonly kind: LiveAnswer; readonly row: GuestInterfaceRow };
}

type LiveAnswer = "agentInterfaces" | "lxcInterfaces";

/** A NIC of a config that could be parsed. */
export interface ConfigNic {
  readonly key: string;
  readonly net: Net;
}

/** An answer that was not read. */
export interface Unread {
  readonly subject: Subject;
  readonly reason: Reason;
  readonly detail: string;
}

export interface FoundAddresses {
  readonly occurrences: readonly Occurrence[];
  /** Are these all of the family? If not, an address that NetBox has is left as it is. */
  readonly isKnown: (family: Family) => boolean;
  readonly unread: readonly Unread[];
}

export interface AgentInterfaces {
  /** Not yet checked; undefined: not read. */
  readonly rows: readonly unknown[] | undefined;
  readonly answer: AnswerRef;
  readonly unread: readonly Unread[];
}

export function agentAddresses(
  guest: GuestInput,
  nics: readonly ConfigNic[],
  { rows, answer, unread }: AgentInterfaces,
): FoundAddresses {
  const occurrences = liveAddresses(rows ?? [], { guest, nics, answer, kind: "agentInterfaces" });
  // On a NIC without a MAC no address can be found.
  const isKnown = rows !== undefined && nics.every(({ net }) => net.mac !== undefined);
  return { occurrences, isKnown: () => isKnown, unread };
}

/** Those of its config and, with LXC_LIVE_ADDRESSES, of the running container. */
export function containerAddresses(
  guest: GuestInput,
  nics: readonly ConfigNic[],
  row: ResourceRow,
): FoundAddresses {
  const { node, what, config, vmid, kind } = guest;
  const written = configAddresses(guest, nics);
  const openNics = (family: Family): ConfigNic[] =>
    nics.filter(({ net }) => isOpen(net, ADDRESS_KEYS[family], config?.["ostype"]));
  const fromConfig: FoundAddresses = {
    occurrences: written,
    isKnown: (family) => config !== undefined && openNics(family).length === 0,
    unread: [],
  };
  if (!node.source.policy.lxcLiveAddresses) return fromConfig;
  const path = PATHS.lxcInterfaces({ node: node.entry.node, kind, vmid });
  const found = containerListOf(node.get(path));
  // When the config has all addresses of a container, no other answer is needed.
  const isAll = fromConfig.isKnown(4) && fromConfig.isKnown(6);
  if (isAll && "reason" in found) return fromConfig;
  const answer = node.at(path);
  if ("reason" in found) {
    const isAsked = row.status === "running" || found.reason === "denied";
    const reason = isAsked ? found.reason : "guest-stopped";
    const subject = { what: `${what}/live`, answer };
    return { ...fromConfig, unread: [{ subject, reason, detail: found.detail }] };
  }
  const live = liveAddresses(found.value, { guest, nics, answer, kind: "lxcInterfaces" });
  // On a NIC without a MAC no address can be found.
  const isKnown = (family: Family): boolean =>
    config !== undefined && openNics(family).every(({ net }) => net.mac !== undefined) &&
    !live.some((occurrence) => mayHideMore(occurrence, family));
  // The primary address is that of the first NIC, no matter which answer has it.
  return { occurrences: byNic([...written, ...live], nics), isKnown, unread: [] };
}

/**
 * Before Proxmox VE 8.4 a row has one address of each family, the last one of the container: if that is
 * left out, there may be others. Source: PVE/LXC.pm, get_interfaces.
 */
function mayHideMore({ nic, text, address, live }: Occurrence, family: Family): boolean {
  const listed = list(live?.row["ip-addresses"]) ?? [];
  return nic !== undefined && typeof address === "string" && listed.length === 0 &&
    family === (text.includes(":") ? 6 : 4);
}

const WRITTEN_KEYS = Object.values(ADDRESS_KEYS);

/** `ip` and `ip6` of the config, and the families that it leaves open. */
function configAddresses(guest: GuestInput, nics: readonly ConfigNic[]): Occurrence[] {
  const { what, config, configAt: answer } = guest;
  return nics.flatMap((nic) =>
    WRITTEN_KEYS.flatMap((key): Occurrence[] => {
      const value = nic.net[key];
      const about = { nic, holder: holderOf(what, nic), answer };
      if (isOpen(nic.net, key, config?.["ostype"])) {
        const text = value === undefined ? key : `${key}=${value}`;
        return [{ ...about, text, address: "dynamic-address" }];
      }
      if (value === undefined) return [];
      return [{ ...about, text: value, address: parseAddress(...splitCidr(value)) }];
    })
  );
}

/** Joined into one flat string: the claims keep it, and a concatenated one takes three times the memory. */
function holderOf(what: string, nic: ConfigNic): string {
  return [what, nic.key].join("/");
}

/** Rows of the guest agent, or of a running container, in their own order within each NIC. */
function liveAddresses(
  rows: readonly unknown[],
  { guest: { what }, nics, answer, kind }: {
    readonly guest: GuestInput;
    readonly nics: readonly ConfigNic[];
    readonly answer: AnswerRef;
    readonly kind: LiveAnswer;
  },
): Occurrence[] {
  const found = rows.flatMap((value) => {
    // A row that is no object may hold an address all the same.
    const row: GuestInterfaceRow = record(value) ?? { "ip-addresses": [value] };
    const name = text(row.name) ?? "?";
    const mac = parseMac(row["hardware-address"]) ?? parseMac(row.hwaddr);
    // A MAC that is no text may be that of any NIC.
    const isOdd = mac === undefined &&
      [row["hardware-address"], row.hwaddr].some((value) => textOrNone(value) === undefined);
    const nic = mac === undefined ? undefined : nics.find(({ net }) => net.mac === mac);
    const holder = nic === undefined
      ? `${what}/${kind === "lxcInterfaces" ? "live" : "agent"}/${name}`
      : holderOf(what, nic);
    const live = { kind, row };
    return addressPairs(row).map(([host, length]) => ({
      nic,
      holder,
      text: length === undefined ? host : `${host}/${length}`,
      address: isOdd ? "unparsable" : addressOrReason(parseAddress(host, length), name, nic),
      answer,
      live,
    }));
  });
  return byNic(found, nics);
}

/** NIC by NIC, in the order of the config; those of no NIC come last. */
function byNic(occurrences: Occurrence[], nics: readonly ConfigNic[]): Occurrence[] {
  const place = ({ nic }: Occurrence) => (nic === undefined ? nics.length : nics.indexOf(nic));
  return occurrences.sort((a, b) => place(a) - place(b));
}

/** The first reason in the order of the closed list. */
function addressOrReason(
  address: Address | AddressReason,
  interfaceName: string,
  nic: ConfigNic | undefined,
): Address | Reason {
  if (address === "unparsable") return address;
  if (address === "loopback" || interfaceName === "lo") return "loopback";
  if (interfaceName === "docker0") return "docker-bridge";
  if (typeof address === "string") return address;
  return nic === undefined ? "mac-unknown" : address;
}

/**
 * [host, prefix length] of a row. Older container answers have only `inet` and `inet6`, each with one
 * address; newer ones have both forms. Source: PVE/LXC.pm, get_interfaces.
 */
function addressPairs(row: GuestInterfaceRow): [string, string | undefined][] {
  const entries = row["ip-addresses"] ?? [];
  // What is no list, or no row of one, may be an address too: "?" is left out as unparsable.
  const pairs = (list(entries) ?? [entries]).map((entry): [string, string | undefined] => {
    const address = record(entry);
    return [text(address?.["ip-address"]) ?? "?", text(address?.["prefix"])];
  });
  if (row.inet === undefined && row.inet6 === undefined) return pairs;
  const known = new Set(pairs.map(([host, length]) => `${host}/${length}`));
  for (const value of [writtenText(row.inet), writtenText(row.inet6)]) {
    if (value !== undefined && !known.has(value)) pairs.push([...splitCidr(value)]);
  }
  return pairs;
}

type AddressOrigin = Origin<"config" | LiveAnswer | "sdnZones" | "sdnVnets">;

/** Claims what can be kept; lists the rest. `nics` are those that become entities. */
export function keepAddresses(
  found: readonly Occurrence[],
  nics: readonly NicSource[],
  { node, found: machine, ruled }: GuestContext,
): AddressSource[] {
  return found.flatMap((occurrence) => {
    const { holder, address, answer, live, intended } = occurrence;
    const nic = nics.find(({ key }) => key === occurrence.nic?.key);
    const subject = { what: `${holder}/${occurrence.text}`, answer };
    const decision = ruled?.addresses.get(occurrence);
    const skippedBy = decision?.skippedBy ??
      (occurrence.nic && ruled?.interfaces.get(occurrence.nic.key)?.skippedBy);
    if (typeof address === "string" || nic === undefined || skippedBy !== undefined) {
      // What the agent does not list, the guest no longer has.
      if (address !== "agent-answered") {
        node.run.observations?.seeUnassigned(machine, occurrence.text);
      }
      const detail = skippedBy && skipText(skippedBy);
      const reason = typeof address === "string" ? address : "mac-unknown";
      node.ledger.leave(subject, skippedBy === undefined ? reason : "by-rule", { detail });
      return [];
    }
    const rules = decision?.values;
    const real = intended === undefined
      ? undefined
      : node.run.realAddresses.get(hostIn(address.host, rules?.vrf?.value ?? nic.vrf));
    if (real !== undefined) {
      node.run.observations?.seeUnassigned(machine, address.host);
      node.ledger.leave(subject, "duplicate-address", { detail: real });
      return [];
    }
    const { network: _bridge, ...places } = nic.places;
    const { sdnZones, sdnVnets } = nic;
    const origin: AddressOrigin = {
      subject,
      rules,
      key: intended ?? nic.key,
      config: nic.config ?? {},
      places: live === undefined ? places : { ...places, [live.kind]: answer },
      ...(live === undefined ? {} : { [live.kind]: live.row }),
      ...(sdnZones === undefined ? {} : { sdnZones }),
      ...(sdnVnets === undefined ? {} : { sdnVnets }),
    };
    const known = claimAddress(address, {
      origin,
      holder,
      node,
      vrf: nic.vrf,
      machine: { kind: "virtual_machine", found: machine },
    });
    if (known === undefined) return [];
    return [{
      ...origin,
      found: known.found,
      isIntended: intended !== undefined,
      cluster: node.source,
      address,
      ref: { address: address.cidr, ...known.vrf, assigned_object_vm_interface: nic.ref },
      status: returnedStatus(address, known, node),
      isPrimary: false,
    }];
  });
}

/**
 * Gives an address to a machine, with its routing table as NetBox has it. undefined: another interface has it, or
 * NetBox has it in a place where it stays; that is in the ledger.
 */
export function claimAddress(
  { host, prefixLength }: Address,
  { origin, holder, node, machine, vrf: ofZone }: {
    /** The address as the answers have it, and what rules say about it. */
    readonly origin: Origin;
    readonly holder: string;
    readonly node: NodeContext;
    readonly machine: AddressedMachine;
    /** Of the EVPN zone that it is in; a rule's comes first. */
    readonly vrf?: string | undefined;
  },
): { readonly found: Found | undefined; readonly vrf: { readonly vrf?: VRFRef } } | undefined {
  const { ledger, run: { addresses, shared, target, observations } } = node;
  const { subject, rules: { vrf: ruled } = {} } = origin;
  const wanted = ruled?.value ?? ofZone;
  const first = addresses.claim(host, node.labelled(holder), wanted);
  if (first !== undefined) {
    ledger.leave(subject, "duplicate-address", { detail: first });
    observations?.seeUnassigned(machine.found, host);
    return undefined;
  }
  const known = findAddress(target, { host, vrf: wanted, ownVrfs: shared.ownVrfs }, machine);
  if (known === undefined) {
    if (wanted === undefined) return { found: undefined, vrf: {} };
    const vrf = shared.seeVrf(wanted, { cluster: node.source, origin, ledger });
    return vrf && { found: undefined, vrf: { vrf } };
  }
  if ("object" in known) {
    const vrf = vrfOf(target, known);
    keepValue("vrf", ruled, { type: "ip-address", object: known.object, subject, node });
    if (ruled === undefined && wanted !== undefined && vrf.vrf?.name !== wanted) {
      ledger.note(subject, "keeps-vrf", `${wanted}; NetBox has ${vrf.vrf?.name ?? "none"}`);
    }
    const isTheirs = vrf.vrf !== undefined && vrf.vrf.name !== wanted;
    if (isTheirs) shared.seeInVrf(networkOf(host, prefixLength), known.object);
    // The mask is what Proxmox VE says.
    return { found: { ...known, stub: vrf }, vrf };
  }
  ledger.leave(subject, known.reason, { detail: known.detail });
  if (known.held !== undefined) {
    observations?.contested.push({ ...known.held, host, subject });
  }
  return undefined;
}

/** Of an address that the earlier run set to deprecated, because its guest was gone. */
export function returnedStatus(
  { cidr: address }: Address,
  { found, vrf }: NonNullable<ReturnType<typeof claimAddress>>,
  { run: { deprecated } }: NodeContext,
): "active" | undefined {
  const isDeprecated = deprecated.size > 0 &&
    partOf(found?.object, "status", "value") === "deprecated" &&
    deprecated.has(naturalKey("ip-address", { address, ...vrf }));
  return isDeprecated ? "active" : undefined;
}

/** A MAC or an address that cannot be read may be what NetBox has: then no address is known to be gone. */
export function isWhollyRead(nics: readonly ConfigNic[], { occurrences }: FoundAddresses): boolean {
  return nics.every(({ net }) => !net.hasZeroMac && !net.unparsable.includes("mac")) &&
    occurrences.every(({ address }) => isReadable(address));
}

export interface PrimaryFacts {
  /** Are these all addresses of the family? If not, the primary address that NetBox has is left as it is. */
  readonly isKnown: (family: Family) => boolean;
  readonly netbox: (family: Family) => KnownPrimary | undefined;
}

/**
 * Of a machine's addresses, the one that is its primary one in NetBox already, else the first of each
 * family in the order of its interfaces.
 */
export function primaryOf(
  ordered: readonly AddressSource[],
  { isKnown, netbox }: PrimaryFacts,
): Primary {
  const of = (family: Family): Primary[4] => {
    const all = ordered.filter(({ address }) => address.family === family);
    const known = netbox(family);
    const chosen = all.find(({ address }) => address.host === known?.host);
    if (chosen === undefined && known?.isKept) return undefined;
    return (chosen ?? all[0])?.ref ?? (isKnown(family) ? null : undefined);
  };
  return { 4: of(4), 6: of(6) };
}

/** The same addresses, those that are primary marked. */
export function markPrimary(
  addresses: readonly AddressSource[],
  primary: Primary,
): AddressSource[] {
  return addresses.map((one) => (
    primary[one.address.family] === one.ref ? { ...one, isPrimary: true } : one
  ));
}
