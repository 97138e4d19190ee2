/** Makes a virtual machine of a guest and its answers, with NICs, disks and addresses. */
import type { Found } from "../netbox/objects.ts";
import { cutName, isLonger, MAX_NAME, MAX_SERIAL } from "../netbox/names.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import { type PlatformRef, platformRef } from "../netbox/types/platform.ts";
import { siteRef } from "../netbox/types/site.ts";
import { type VirtualMachineRef, virtualMachineRef } from "../netbox/types/virtual-machine.ts";
import { valueOf } from "../proxmox/answers.ts";
import { parseDisk, serialOf } from "../proxmox/hardware.ts";
import { text } from "../proxmox/values.ts";
import type { Reason } from "../run-folder/left-out.ts";
import { isWhollyRead, keepAddresses, markPrimary, primaryOf } from "./addresses.ts";
import { keptIf } from "./cloud-init.ts";
import { siteIn, siteWithoutRules } from "./node-identity.ts";
import type { GuestContext, NodeContext } from "./context.ts";
import { type GuestReading, guestTags } from "./guest-answers.ts";
import { leaveUnexpectedValues } from "./ledger.ts";
import { keepValue } from "./kept-values.ts";
import { noteProblems, type RuledMachine } from "./machine-rules.ts";
import { ruledText, skipText } from "./rules/texts.ts";
import { agentPlatform, guestPlatform } from "./mapping/platform.ts";
import type { SeenMachine } from "./plan/collect.ts";
import type {
  AddressSource,
  DiskSource,
  GuestSource,
  NicSource,
  Origin,
  RuledValues,
} from "./sources.ts";
import { siteOf } from "./target/machines.ts";
import { requiredByNew } from "./target/names.ts";
import { findDisks, findNics } from "./target/parts.ts";
import { nameOf } from "./target/target.ts";
import { seeVlansOfNic } from "./vlans.ts";
import { seeVnetOfNic, slotsOfVnet, vnetOfNic } from "./vnets.ts";

export interface GuestParts {
  readonly guest: GuestSource;
  readonly nics: readonly NicSource[];
  readonly disks: readonly DiskSource[];
  readonly addresses: readonly AddressSource[];
}

export interface GuestInNetBox {
  readonly name: string;
  readonly found?: Found | undefined;
}

export function readGuest(
  reading: GuestReading,
  { name, found: machine }: GuestInNetBox,
  ruled: RuledMachine | undefined,
): GuestParts {
  const { node, what, answers, config, configAt, agentAt, addresses: found } = reading;
  const { source: cluster, ledger } = node;
  const rules = ruled?.machine.values;
  if ("reason" in answers.config) {
    const { reason, detail } = answers.config;
    // The record says why the config was not read; the note, what the virtual machine lacks.
    ledger.leave({ what: `${what}/config`, answer: configAt }, reason, { detail });
    ledger.note({ what, answer: configAt }, "config-not-read");
  }
  const site = ruledSite(reading, rules) ?? siteWithoutRules({ found: machine }, node);
  const { policy } = cluster;
  const tenantName = rules?.tenant?.value ?? policy.tenantName;
  const ref = machine === undefined
    ? virtualMachineRef(name, { cluster: cluster.ref, site, policy: { tenantName } })
    // NetBox refuses a VLAN of a site on a machine without one.
    : {
      ...machine.stub as VirtualMachineRef,
      ...(siteOf(machine.object) !== site && { site: siteRef(site) }),
    };
  if (machine !== undefined) {
    const subject = { what: `${what}/tenant`, answer: configAt };
    keepValue("tenant", rules?.tenant, {
      type: "virtual-machine",
      object: machine.object,
      subject,
      node,
    });
  }
  noteProblems(ruled?.machine, { subject: { what, answer: configAt }, ledger });
  const guest: GuestContext = { ...reading, site, ref, found: machine, ruled };
  const nics = readNics(reading, guest);
  const { disks, isRead: isDisksRead } = readDisks(reading.keys.volumes, guest);
  for (const { subject, reason, detail } of found.unread) {
    ledger.leave(subject, reason, { detail });
  }
  const kept = keepAddresses(found.occurrences, nics, guest);
  const isIntended = kept.some((address) => address.isIntended);
  if (isIntended) ledger.note({ what, answer: configAt }, "cloud-init-addresses");
  const isNicsRead = config !== undefined && nics.length === reading.keys.nics.length;
  const isSkipped = [...ruled?.addresses.values() ?? []].some((each) => each.skippedBy);
  const isRead = isNicsRead && !isSkipped && isWhollyRead(reading.nics, found);
  const primary = primaryOf(kept, {
    isKnown: (family) => isRead && found.isKnown(family),
    netbox: keptIf(isIntended, node.primaryIn({ kind: "virtual_machine", found: machine })),
  });
  const osinfo = valueOf(answers.agent?.osinfo);
  const origin: GuestOrigin = {
    subject: { what, answer: configAt },
    places: {
      resources: node.listing,
      config: configAt,
      ...(agentAt === undefined ? {} : { osinfo: agentAt.osinfo }),
    },
    resources: reading.row,
    found: machine,
    ...(config === undefined ? {} : { config }),
    ...(osinfo === undefined ? {} : { osinfo }),
    ...(rules === undefined ? {} : { rules }),
  };
  leaveUnexpectedValues(origin, ledger);
  const tags = readTags(origin, node);
  observeGuest(guest, {
    isNicsRead,
    isDisksRead,
    isTagsRead: config !== undefined && guestTags(reading.row, config).tags !== undefined,
    families: FAMILIES.filter((family) => isRead && found.isKnown(family)),
    answers: agentAt === undefined ? [configAt] : [configAt, agentAt.interfaces],
  });
  const platform = readPlatform(origin, node);
  return {
    guest: {
      ...origin,
      cluster,
      vmid: reading.vmid,
      kind: reading.kind,
      node: node.entry.node,
      name,
      site,
      ref,
      tags,
      platform,
      serial: readSerial(origin, node),
      primary,
    },
    nics,
    disks,
    addresses: markPrimary(kept, primary),
  };
}

/** A rule's site; undefined: no rule sets it, or NetBox wants the machine at the site of its cluster. */
function ruledSite(
  { node: { source, ledger, run }, what, configAt: answer }: GuestReading,
  rules: RuledValues | undefined,
): string | undefined {
  const { site } = rules ?? {};
  if (site === undefined) return undefined;
  const name = siteIn(run.target, site.value);
  if (source.site === undefined || source.site === name) return name;
  const detail = `${ruledText("site", site)}; its cluster is at the site "${source.site}"`;
  ledger.note({ what: `${what}/site`, answer }, "rule-not-applied", detail);
  return undefined;
}

const FAMILIES = [4, 6] as const;

function observeGuest(
  { found, node, what, configAt: answer }: GuestContext,
  seen: Omit<SeenMachine, "found" | "subject">,
): void {
  if (found === undefined) return;
  node.run.observations?.seeMachine({ found, subject: { what, answer }, ...seen });
}

type GuestOrigin = Origin<"resources" | "config" | "osinfo">;

function readNics({ keys, nics }: GuestReading, guest: GuestContext): NicSource[] {
  const { node: { source: cluster, ledger, run }, what, config = {}, ruled } = guest;
  const answer = guest.configAt;
  const places = { config: answer };
  const parsed = keys.nics.flatMap((key) => {
    const subject = { what: `${what}/${key}`, answer };
    const skippedBy = ruled?.interfaces.get(key)?.skippedBy;
    if (skippedBy !== undefined) {
      ledger.leave(subject, "by-rule", { detail: skipText(skippedBy) });
      return [];
    }
    const value = text(config[key]);
    const net = nics.find((nic) => nic.key === key)?.net;
    if (net === undefined) {
      ledger.leave(subject, "unparsable", { detail: value });
      return [];
    }
    for (const part of net.unparsable) {
      ledger.leave({ what: `${subject.what}/${part}`, answer }, "unparsable", { detail: value });
    }
    if (net.hasZeroMac) ledger.leave({ what: `${subject.what}/mac`, answer }, "zero-mac");
    const name = net.name === undefined ? key : cutName(net.name, MAX_NAME, guest.vmid);
    return [{ key, subject, net, name, mac: net.mac }];
  });
  const found = findNics(run.target, guest.found, parsed);
  const taken = new Set(found.flatMap((nic) => nic === undefined ? [] : [nameOf(nic.object)]));
  const plain = new Set<string>();
  return parsed.map(({ key, subject, net, name: wanted }, i): NicSource => {
    const known = found[i];
    const name = known === undefined ? freeName(key, wanted, taken) : nameOf(known.object);
    if (net.name !== undefined && wanted !== net.name) ledger.note(subject, "cut", name);
    if (name !== wanted) {
      ledger.note(subject, known === undefined ? "renamed" : "keeps-name", `${wanted} → ${name}`);
    }
    const to = freeName(key, wanted, plain);
    if (known !== undefined && to !== name) {
      const { object } = known;
      const type = "vm-interface";
      run.observations?.otherNames.push({ type, object, to, by: "MAC address", subject });
    }
    const rules = ruled?.interfaces.get(key)?.values;
    const ref = { virtual_machine: guest.ref, name };
    const own = { subject, places, config, key, found: known, rules };
    const vnet = vnetOfNic(net, guest.node);
    const origin = vnet === undefined ? own : { ...own, ...slotsOfVnet(vnet, places, guest.node) };
    const network = vnet && seeVnetOfNic({ net, vnet, origin, ref }, guest);
    return {
      ...origin,
      ...network ?? seeVlansOfNic({ net, origin }, guest),
      cluster,
      name,
      net,
      ref,
    };
  });
}

/** QEMU: the key. LXC: the name in the container, once; the later of two falls back to its key. */
function freeName(key: string, wanted: string, taken: Set<string>): string {
  let name = taken.has(wanted) ? key : wanted;
  for (let count = 1; taken.has(name); count += 1) {
    const mark = count === 1 ? key : `${key} ${count}`;
    name = cutName(`${cutName(wanted, MAX_NAME - mark.length - 3)} (${mark})`, MAX_NAME);
  }
  taken.add(name);
  return name;
}

/** Reasons of a drive that is no disk. Any other one may hide a disk. */
const NO_DISK: readonly Reason[] = [
  "cdrom",
  "no-volume",
  "cloud-init",
  "bind-mount",
  "not-in-mapping",
];

/** `isRead`: are these all? */
function readDisks(
  keys: readonly string[],
  guest: GuestContext,
): { readonly disks: readonly DiskSource[]; readonly isRead: boolean } {
  let isRead = guest.config !== undefined;
  const { node: { source: cluster, ledger, run }, kind, what, config = {} } = guest;
  const answer = guest.configAt;
  const places = { config: answer };
  const disks = keys.flatMap((key) => {
    const subject = { what: `${what}/${key}`, answer };
    const volume = text(config[key]);
    const disk = parseDisk({ kind, key }, volume, cluster.policy.diskBaseUnit);
    if (!("reason" in disk)) {
      return [{ subject, places, config, key, name: key, cluster, ...disk, guest: guest.ref }];
    }
    ledger.leave(subject, disk.reason, { detail: volume });
    isRead &&= NO_DISK.includes(disk.reason);
    return [];
  });
  const found = findDisks(run.target, guest.found, disks);
  const named = disks.map((disk, i): DiskSource => {
    const known = found[i];
    const name = known === undefined ? disk.key : nameOf(known.object);
    if (name !== disk.key) ledger.note(disk.subject, "keeps-name", `${disk.key} → ${name}`);
    return { ...disk, found: known };
  });
  return { disks: named, isRead };
}

/** The tags of its cluster, then its own, then those of rules. */
function readTags(origin: GuestOrigin, node: NodeContext): readonly TagRef[] {
  const { source: cluster, ledger, run } = node;
  const { from, tags: written } = guestTags(origin.resources, origin.config);
  const { what, answer } = origin.subject;
  const subject = { what: `${what}/tags`, answer: origin.places[from] ?? answer };
  if (written === undefined) ledger.leave(subject, "too-long");
  const own = written ?? [];
  for (const { tag, name } of own) if (name !== tag) ledger.note(subject, "cut", name);
  return run.shared.seeTags(own.map(({ name }) => name), { cluster, origin });
}

/** With GUEST_SERIAL. A serial number that is cut would be another one. */
function readSerial({ config, subject }: GuestOrigin, node: NodeContext): string | undefined {
  if (!node.source.policy.guestSerial || config === undefined) return undefined;
  const serial = serialOf(config.smbios1);
  const isFitting = typeof serial === "string" && !isLonger(serial, MAX_SERIAL);
  if (serial === null || isFitting) return serial ?? undefined;
  const { what, answer } = subject;
  const reason = serial === undefined ? "unparsable" : "too-long-for-field";
  node.ledger.leave({ what: `${what}/serial`, answer }, reason, { detail: text(config.smbios1) });
  return undefined;
}

function readPlatform(origin: GuestOrigin, node: NodeContext): PlatformRef | null | undefined {
  const { source: cluster, ledger, run } = node;
  const { osinfo, config, subject, places } = origin;
  const ruled = origin.rules?.platform?.value;
  const name = ruled ?? guestPlatform(config, osinfo, cluster.policy);
  if (typeof name !== "string") return name;
  const required = requiredByNew(run.target, { platform: platformRef(name).name });
  if (required.length > 0) {
    const { what, answer } = subject;
    const detail = required.join(", ");
    ledger.leave({ what: `${what}/platform`, answer }, "required-field", { detail });
    return undefined;
  }
  const ref = run.shared.seePlatform(name, { cluster, origin });
  if (ref.name !== name) {
    const from = agentPlatform(osinfo) === undefined ? "config" : "osinfo";
    const { what, answer } = subject;
    ledger.note({ what: `${what}/platform`, answer: places[from] ?? answer }, "cut", ref.name);
  }
  return ref;
}
