/** A guest of the listing, with its answers → one virtual machine, its NICs, disks and addresses. */
import type { PlatformRef } from "../../entities/schema.ts";
import { PATHS } from "../../snapshot/paths.ts";
import { isReadable } from "../parse/address.ts";
import { virtualMachineRef } from "../stubs.ts";
import { objectOf } from "../../snapshot/reading.ts";
import { readDisks } from "./disks.ts";
import { keepAddresses } from "./guest-addresses.ts";
import { readAgent } from "./guest-agent.ts";
import { type Config, type ConfigParts, type ConfigScene, partsOf } from "./guest-config.ts";
import { agentAddresses, containerAddresses, type GuestAddresses } from "./guest-live.ts";
import { readTags } from "./guest-tags.ts";
import type { ListedGuest } from "./inventory.ts";
import { leaveMisfits } from "./misfits.ts";
import { readNics } from "./nics.ts";
import { platformName } from "./platform.ts";
import { markPrimary, primaryOf } from "./primary.ts";
import type { GuestScene } from "./scene.ts";
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
