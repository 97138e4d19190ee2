/** A guest of the listing, with its answers → one virtual machine, its NICs, disks and addresses. */
import type { IPAddressRef } from "../../entities/schema.ts";
import { PATHS } from "../../snapshot/paths.ts";
import { splitTags } from "../parse/tags.ts";
import { cutName, MAX_LONG_NAME } from "../parse/name.ts";
import { text } from "../parse/scalar.ts";
import { platformRef, tagRef, virtualMachineRef } from "../stubs.ts";
import { listOf, objectOf } from "./answer.ts";
import { readDisks, volumeKeys } from "./disks.ts";
import {
  configAddresses,
  keepAddresses,
  liveAddresses,
  type Occurrence,
} from "./guest-addresses.ts";
import { type AgentAnswers, readAgent } from "./guest-agent.ts";
import type { Config, ConfigScene } from "./guest-config.ts";
import { platformName } from "./guest-platform.ts";
import type { Guest } from "./inventory.ts";
import { nicKeys, readNics } from "./nics.ts";
import type { GuestScene } from "./scene.ts";
import { guestSite } from "./sites.ts";
import type { AddressSource, DiskSource, GuestSource, NicSource } from "./sources.ts";

export interface GuestParts {
  readonly guest: GuestSource;
  readonly nics: readonly NicSource[];
  readonly disks: readonly DiskSource[];
  readonly addresses: readonly AddressSource[];
  /** All things that the answers hold of it, left out or not. */
  readonly things: { readonly nics: number; readonly disks: number; readonly addresses: number };
}

/** Tags of one guest beyond this many characters would not fit a request. */
const MAX_TAGS_TEXT = 16_384;

type Named = Required<Pick<Guest, "id">> & Guest;

export function readGuest(entry: Named, name: string, scene: GuestScene): GuestParts {
  const { id, what, row } = entry;
  const path = PATHS.config({ node: scene.node, ...id });
  const found = objectOf(scene.answers?.get(path));
  const config = "value" in found ? found.value : undefined;
  if ("reason" in found) {
    scene.ledger.leave({ what: `${what}/config`, answer: scene.at(path) }, found.reason, {
      detail: found.detail,
    });
    scene.ledger.note({ what, answer: scene.at(path) }, "config-not-read");
  }
  const site = guestSite(scene.cluster, scene.site);
  const ref = virtualMachineRef(name, {
    cluster: scene.cluster.ref,
    site,
    policy: scene.cluster.policy,
  });
  const inConfig: ConfigScene = {
    ...scene,
    guestSite: site,
    subject: (part) => ({ what: `${what}/${part}`, answer: scene.at(path) }),
  };
  const nics = config === undefined ? [] : readNics(config, { ref, kind: id.kind }, inConfig);
  const disks = config === undefined ? [] : readDisks(config, { ref, kind: id.kind }, inConfig);
  const agent = id.kind === "qemu"
    ? readAgent({ what, vmid: id.vmid, row, config: found }, scene)
    : undefined;
  const occurrences = agent === undefined
    ? containerAddresses(entry, nics, scene)
    : agentAddresses(agent, nics, { what, vmid: id.vmid, scene });
  const addresses = keepAddresses(occurrences, scene);
  // Without an answer nothing is known: an address that NetBox has is left as it is.
  const isKnown = agent === undefined ? config !== undefined : agent.interfaces !== undefined;
  const primary = (family: 4 | 6): IPAddressRef | null | undefined =>
    addresses.find(({ address }) => address.family === family)?.ref ?? (isKnown ? null : undefined);
  const platform = platformName({ osinfo: agent?.osinfo, config, policy: scene.cluster.policy });
  if (typeof platform === "string") seePlatform(platform, scene);
  const guest: GuestSource = {
    subject: { what, answer: scene.at(path) },
    cluster: scene.cluster,
    resources: row,
    ...(config === undefined ? {} : { config }),
    ...(agent?.osinfo === undefined ? {} : { osinfo: agent.osinfo }),
    vmid: id.vmid,
    kind: id.kind,
    node: scene.node,
    name,
    site,
    ref,
    tags: tagsOf(entry, config, scene),
    platform: typeof platform === "string" ? platformRef(platform) : platform,
    primary4: primary(4),
    primary6: primary(6),
  };
  const things = {
    nics: nicKeys(config ?? {}).length,
    disks: volumeKeys(config ?? {}, id.kind).length,
    addresses: occurrences.length,
  };
  return { guest, nics, disks, addresses, things };
}

/** How many things the answers hold of a guest that is left out; undefined: it has none there. */
export function countChildren(entry: Guest, scene: GuestScene): Record<string, number> | undefined {
  if (entry.id === undefined) return undefined;
  const { things } = readGuest({ ...entry, id: entry.id }, "?", scene);
  return Object.values(things).some((count) => count > 0) ? things : undefined;
}

function agentAddresses(
  agent: AgentAnswers,
  nics: readonly NicSource[],
  at: { readonly what: string; readonly vmid: number; readonly scene: GuestScene },
): Occurrence[] {
  const path = PATHS.agentInterfaces({ node: at.scene.node, kind: "qemu", vmid: at.vmid });
  return liveAddresses(agent.interfaces, {
    what: at.what,
    nics,
    answer: at.scene.at(path),
    kind: "agentInterfaces",
  });
}

function containerAddresses(
  entry: Named,
  nics: readonly NicSource[],
  scene: GuestScene,
): Occurrence[] {
  const { what, id } = entry;
  const address = { node: scene.node, ...id };
  const written = configAddresses(nics, what, scene.at(PATHS.config(address)));
  if (!scene.cluster.policy.lxcLiveAddresses) return written;
  const path = PATHS.lxcInterfaces(address);
  const answer = scene.at(path);
  const found = listOf(scene.answers?.get(path));
  if ("value" in found) {
    return [
      ...written,
      ...liveAddresses(found.value, { what, nics, answer, kind: "lxcInterfaces" }),
    ];
  }
  const reason = entry.row.status === "running" ? found.reason : "guest-stopped";
  scene.ledger.leave({ what: `${what}/live`, answer }, reason, { detail: found.detail });
  return written;
}

/** From the listing; releases before 7.2 have them in the config alone. */
function tagsOf(entry: Guest, config: Config | undefined, scene: GuestScene): GuestSource["tags"] {
  const written = text(entry.row.tags) ?? text(config?.["tags"]) ?? "";
  if (written.length > MAX_TAGS_TEXT) {
    scene.ledger.leave({ what: `${entry.what}/tags`, answer: scene.listing }, "too-long");
    return scene.cluster.tags;
  }
  const names = splitTags(written).map((name) => cutName(name, MAX_LONG_NAME));
  for (const name of names) scene.shared.tags.see(name, scene.cluster, () => name);
  const global = new Set(scene.cluster.tags.map(({ name }) => name));
  return [...scene.cluster.tags, ...names.filter((name) => !global.has(name)).map(tagRef)];
}

function seePlatform(name: string, scene: GuestScene): void {
  const cut = cutName(name, MAX_LONG_NAME);
  scene.shared.platforms.see(cut, scene.cluster, () => cut);
}
