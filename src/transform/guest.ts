/** A guest of the listing, with its answers → one virtual machine, its NICs, disks and addresses. */
import { isReadable } from "../base/ip-address.ts";
import type { PlatformRef } from "../netbox/types/schema.ts";
import { virtualMachineRef } from "../netbox/types/stubs.ts";
import { listOf, objectOf } from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { ADDRESS_KEYS, isOpen } from "../proxmox/nics.ts";
import { list } from "../proxmox/values.ts";
import type { GuestScene } from "./context.ts";
import {
  configAddresses,
  keepAddresses,
  liveAddresses,
  markPrimary,
  type Occurrence,
  primaryOf,
} from "./guest-addresses.ts";
import { type AgentAnswers, readAgent } from "./guest-agent.ts";
import {
  type Config,
  type ConfigParts,
  type ConfigScene,
  partsOf,
  readDisks,
  readNics,
  readTags,
} from "./guest-config.ts";
import type { ListedGuest } from "./inventory.ts";
import { leaveMisfits } from "./ledger.ts";
import { platformName } from "./platform.ts";
import { guestSite } from "./sites.ts";
import type {
  AddressSource,
  DiskSource,
  Found,
  GuestSource,
  NicSource,
  Origin,
} from "./sources.ts";

export interface GuestParts {
  readonly guest: GuestSource;
  readonly nics: readonly NicSource[];
  readonly disks: readonly DiskSource[];
  readonly addresses: readonly AddressSource[];
  /** All things that the answers hold of it, left out or not. */
  readonly things: { readonly nics: number; readonly disks: number; readonly addresses: number };
}

export function readGuest(listed: ListedGuest, name: string, scene: GuestScene): GuestParts {
  const { id: { vmid, kind }, what, row } = listed;
  const { cluster } = scene;
  const path = PATHS.config({ node: scene.node, kind, vmid });
  const answer = scene.at(path);
  const found = objectOf(scene.answers?.get(path));
  if ("reason" in found) leaveConfig(found, listed, scene);
  const config = "value" in found ? found.value : undefined;
  const site = guestSite(cluster, scene.site);
  const ref = virtualMachineRef(name, { cluster: cluster.ref, site, policy: cluster.policy });
  const at: ConfigScene = {
    scene,
    kind,
    vmid,
    ref,
    guestSite: site,
    subject: (part) => ({ what: `${what}/${part}`, answer }),
    places: { config: answer },
  };
  const parts = partsOf(config ?? {}, kind);
  const nics = readNics(parts, at);
  const disks = readDisks(parts, at);
  const agent = kind === "qemu" ? readAgent({ what, vmid, row, config: found }, scene) : undefined;
  const live = agent === undefined
    ? containerAddresses(listed, { nics, isConfigRead: config !== undefined }, scene)
    : agentAddresses(agent, { what, nics });
  const kept = keepAddresses(live.occurrences, scene);
  const isRead = config !== undefined && isWhollyRead(parts, nics, live);
  const primary = primaryOf(kept, (family) => isRead && live.isKnown(family));
  const platform = platformName({ osinfo: agent?.osinfo, config, policy: cluster.policy });
  const origin: Origin<"resources" | "config" | "osinfo"> = {
    subject: { what, answer },
    places: {
      resources: scene.listing,
      config: answer,
      ...(agent === undefined ? {} : { osinfo: agent.places.osinfo }),
    },
    resources: row,
    ...(config === undefined ? {} : { config }),
    ...(agent?.osinfo === undefined ? {} : { osinfo: agent.osinfo }),
  };
  leaveMisfits(origin, scene.ledger);
  const guest: GuestSource = {
    ...origin,
    cluster,
    vmid,
    kind,
    node: scene.node,
    name,
    site,
    ref,
    tags: readTags(origin, scene),
    platform: typeof platform === "string" ? readPlatform(platform, origin, scene) : platform,
    primary,
  };
  const things = {
    nics: parts.nicKeys.length,
    disks: parts.volumeKeys.length,
    addresses: live.occurrences.length,
  };
  return { guest, nics, disks, addresses: markPrimary(kept, primary), things };
}

function readPlatform(
  name: string,
  origin: Origin<"resources" | "config" | "osinfo">,
  scene: GuestScene,
): PlatformRef {
  const ref = scene.shared.seePlatform(name, { cluster: scene.cluster, origin });
  const { subject: { what, answer } } = origin;
  if (ref.name !== name) scene.ledger.note({ what: `${what}/platform`, answer }, "cut", ref.name);
  return ref;
}

/** Of a NIC, a MAC or an address that cannot be read, it is unknown what NetBox may have of it. */
function isWhollyRead(
  { nicKeys }: ConfigParts,
  nics: readonly NicSource[],
  { occurrences }: GuestAddresses,
): boolean {
  return nics.length === nicKeys.length &&
    nics.every(({ net }) => !net.hasZeroMac && !net.unparsable.includes("mac")) &&
    occurrences.every(({ address }) => isReadable(address));
}

/** How many things the answers hold of a guest that is left out; undefined: it has none there. */
export function countChildren(
  listed: ListedGuest,
  scene: GuestScene,
): Record<string, number> | undefined {
  const { things } = readGuest(listed, "?", scene);
  return Object.values(things).some((count) => count > 0) ? things : undefined;
}

function leaveConfig(
  { reason, detail }: Exclude<Found<Config>, { value: Config }>,
  { id, what }: ListedGuest,
  scene: GuestScene,
): void {
  const answer = scene.at(PATHS.config({ node: scene.node, ...id }));
  scene.ledger.leave({ what: `${what}/config`, answer }, reason, { detail });
  scene.ledger.note({ what, answer }, "config-not-read");
}

/** Where a guest's addresses are found: QEMU in its agent, LXC in its config and, if asked for, live. */

type Family = keyof typeof ADDRESS_KEYS;

export interface GuestAddresses {
  readonly occurrences: readonly Occurrence[];
  /** Are these all of the family? If not, an address that NetBox has is left as it is. */
  readonly isKnown: (family: Family) => boolean;
}

export function agentAddresses(
  { interfaces, places }: AgentAnswers,
  guest: { readonly what: string; readonly nics: readonly NicSource[] },
): GuestAddresses {
  const answer = places.agentInterfaces;
  const occurrences = liveAddresses(interfaces ?? [], {
    ...guest,
    answer,
    kind: "agentInterfaces",
  });
  // On a NIC without a MAC no address can be found.
  const areFindable = guest.nics.every(({ net }) => net.mac !== undefined);
  const isKnown = interfaces !== undefined && areFindable;
  return { occurrences, isKnown: () => isKnown };
}

export function containerAddresses(
  { what, id, row }: ListedGuest,
  { nics, isConfigRead }: { readonly nics: readonly NicSource[]; readonly isConfigRead: boolean },
  scene: GuestScene,
): GuestAddresses {
  const at = { node: scene.node, ...id };
  const written = configAddresses(nics, what, scene.at(PATHS.config(at)));
  const openNics = (family: Family): NicSource[] =>
    nics.filter(({ net, config }) => isOpen(net, ADDRESS_KEYS[family], config?.ostype));
  const fromConfig: GuestAddresses = {
    occurrences: written,
    isKnown: (family) => isConfigRead && openNics(family).length === 0,
  };
  if (!scene.cluster.policy.lxcLiveAddresses) return fromConfig;
  const path = PATHS.lxcInterfaces(at);
  const given = scene.answers?.get(path);
  // A config that has all of a container's addresses leaves nothing to ask.
  const isAll = fromConfig.isKnown(4) && fromConfig.isKnown(6);
  if (given === undefined && isAll) return fromConfig;
  const answer = scene.at(path);
  const found = listOf(given);
  if ("reason" in found) {
    // Where the config says it all, nobody misses the answer.
    if (isAll) return fromConfig;
    // A stopped container answers with null. Source: proxmox.md §3.12.
    const isAsked = row.status === "running" || found.reason === "denied";
    const reason = isAsked ? found.reason : "guest-stopped";
    scene.ledger.leave({ what: `${what}/live`, answer }, reason, { detail: found.detail });
    return fromConfig;
  }
  const live = liveAddresses(found.value, { what, nics, answer, kind: "lxcInterfaces" });
  // The primary address is that of the first NIC, wherever it was read.
  const place = (
    { nic }: Occurrence,
  ): number => (nic === undefined ? nics.length : nics.indexOf(nic));
  const occurrences = [...written, ...live].sort((a, b) => place(a) - place(b));
  // On a NIC without a MAC no address can be found.
  const isKnown = (family: Family): boolean =>
    isConfigRead && openNics(family).every(({ net }) => net.mac !== undefined) &&
    !live.some((occurrence) => mayHideMore(occurrence, family));
  return { occurrences, isKnown };
}

/**
 * Before Proxmox VE 8.4 a row has one address of each family, the last one that the container has: behind one that is
 * left out there may be others. Source: PVE/LXC.pm, get_interfaces; proxmox.md §3.12.
 */
function mayHideMore({ nic, text, address, from }: Occurrence, family: Family): boolean {
  const listed = list(from.lxcInterfaces?.["ip-addresses"]) ?? [];
  return nic !== undefined && typeof address === "string" && listed.length === 0 &&
    family === (text.includes(":") ? 6 : 4);
}
