/** A guest's config, sorted into its parts, and the scene in which they are read. */
import { compareNatural } from "../base/natural-order.ts";
import { cutName, MAX_LONG_NAME, MAX_NAME } from "../netbox/names.ts";
import type { TagRef, VirtualMachineRef } from "../netbox/types/schema.ts";
import { tagRef, vlanRef, vmInterfaceRef } from "../netbox/types/stubs.ts";
import { parseDisk } from "../proxmox/disks.ts";
import type { GuestKind } from "../proxmox/endpoints.ts";
import { parseNet } from "../proxmox/nics.ts";
import { cleanText, text } from "../proxmox/values.ts";
import type { GuestScene, Scene } from "./context.ts";
import type { Subject } from "./ledger.ts";
import type { AnswersOf, DiskSource, NicSource, Origin } from "./sources.ts";

export type Config = Readonly<Record<string, unknown>>;

/** A config that was read, with the keys of its NICs and volumes in natural order. */
export interface ConfigParts {
  readonly config: Config;
  /** "net0", "net2", "net10". */
  readonly nicKeys: readonly string[];
  /** "efidisk0", "ide2", "scsi0": every volume, mapped or not. */
  readonly volumeKeys: readonly string[];
}

/** Where the parts of one guest's config are read. */
export interface ConfigScene {
  readonly scene: Scene;
  readonly kind: GuestKind;
  readonly vmid: number;
  readonly ref: VirtualMachineRef;
  /** The site of the virtual machine and of its interfaces' VLANs. */
  readonly guestSite: string;
  /** "net1" → "vm/101/net1" and the answer that it stands in. */
  readonly subject: (part: string) => Subject;
  /** Where the config stands. */
  readonly places: Origin<"config">["places"];
}

const NIC_REGEXP = /^net\d+$/;
const VOLUME_REGEXPS: Readonly<Record<GuestKind, RegExp>> = {
  qemu: /^(?:scsi|virtio|ide|sata|efidisk|tpmstate|unused)\d+$/,
  lxc: /^(?:rootfs|mp\d+|unused\d+)$/,
};

export function partsOf(config: Config, kind: GuestKind): ConfigParts {
  const nicKeys: string[] = [];
  const volumeKeys: string[] = [];
  const volume = VOLUME_REGEXPS[kind];
  for (const key of Object.keys(config)) {
    if (NIC_REGEXP.test(key)) nicKeys.push(key);
    else if (volume.test(key)) volumeKeys.push(key);
  }
  return {
    config,
    nicKeys: nicKeys.sort(compareNatural),
    volumeKeys: volumeKeys.sort(compareNatural),
  };
}

/** A guest's config → its NICs, named and with their VLANs. */

export function readNics({ config, nicKeys }: ConfigParts, at: ConfigScene): NicSource[] {
  const { scene, kind, guestSite, places } = at;
  const taken = new Set<string>();
  const nics: NicSource[] = [];
  for (const key of nicKeys) {
    const subject = at.subject(key);
    const value = text(config[key]);
    const net = value === undefined ? undefined : parseNet(kind, value);
    if (net === undefined) {
      scene.ledger.leave(subject, "unparsable", { detail: value });
      continue;
    }
    for (const part of net.unparsable) {
      scene.ledger.leave(at.subject(`${key}/${part}`), "unparsable", { detail: value });
    }
    if (net.hasZeroMac) scene.ledger.leave(at.subject(`${key}/mac`), "zero-mac");
    const name = nameOf(key, net.name, { taken, at });
    const origin = { subject, places, config, key };
    if (net.vlanId !== undefined) {
      scene.shared.seeVlan(net.vlanId, guestSite, { cluster: scene.cluster, origin });
    }
    nics.push({
      ...origin,
      cluster: scene.cluster,
      name,
      net,
      ref: vmInterfaceRef(at.ref, name),
      vlan: net.vlanId === undefined ? undefined : vlanRef(net.vlanId, guestSite),
    });
  }
  return nics;
}

/** QEMU: the key. LXC: the name in the container, once; the later of two falls back to its key. */
function nameOf(
  key: string,
  given: string | undefined,
  { taken, at }: { readonly taken: Set<string>; readonly at: ConfigScene },
): string {
  const wanted = given === undefined ? key : cutName(given, MAX_NAME, at.vmid);
  let name = taken.has(wanted) ? key : wanted;
  for (let count = 1; taken.has(name); count += 1) {
    const mark = count === 1 ? key : `${key} ${count}`;
    name = cutName(`${cutName(wanted, MAX_NAME - mark.length - 3)} (${mark})`, MAX_NAME);
  }
  taken.add(name);
  const { ledger } = at.scene;
  if (given !== undefined && wanted !== given) ledger.note(at.subject(key), "cut", name);
  if (name !== wanted) ledger.note(at.subject(key), "renamed", `${wanted} → ${name}`);
  return name;
}

/** A guest's config → its disks, and the volumes that are none. */

export function readDisks({ config, volumeKeys }: ConfigParts, at: ConfigScene): DiskSource[] {
  const { scene: { cluster, ledger }, kind, ref, places } = at;
  const disks: DiskSource[] = [];
  for (const key of volumeKeys) {
    const subject = at.subject(key);
    const volume = text(config[key]);
    const disk = parseDisk({ kind, key }, volume, cluster.policy.diskBaseUnit);
    if ("reason" in disk) ledger.leave(subject, disk.reason, { detail: volume });
    else {disks.push({
        subject,
        places,
        cluster,
        config,
        key,
        pool: disk.pool,
        sizeMb: disk.sizeMb,
        guest: ref,
      });}
  }
  return disks;
}

/** The tags of a guest: its cluster's and its own. */

/** Tags of one guest beyond this many characters would not fit a request. */
const MAX_TAGS_TEXT = 16_384;

/**
 * Its own tags as written, and what NetBox shall call each; undefined: their text is too long. From
 * the listing; releases before 7.2 have them in the config alone.
 */
export function tagNames(
  { resources, config }: AnswersOf<"resources" | "config">,
): { readonly tag: string; readonly name: string }[] | undefined {
  const written = text(resources?.tags) ?? text(config?.tags) ?? "";
  if (written.length > MAX_TAGS_TEXT) return undefined;
  return splitTags(written).map((tag) => ({ tag, name: cutName(tag, MAX_LONG_NAME) }));
}

export function readTags(
  origin: Origin<"resources" | "config">,
  scene: GuestScene,
): readonly TagRef[] {
  const { cluster, shared, ledger, listing } = scene;
  const written = tagNames(origin);
  if (written === undefined) {
    ledger.leave({ what: `${origin.subject.what}/tags`, answer: listing }, "too-long");
    return cluster.tags;
  }
  if (written.length === 0) return cluster.tags;
  const tags = [...cluster.tags];
  for (const { tag, name } of written) {
    if (name !== tag) {
      ledger.note({ what: `${origin.subject.what}/tags`, answer: listing }, "cut", name);
    }
    const ref = shared.tags.see(name, { cluster, origin }, () => tagRef(name));
    if (!tags.some((other) => other.name === name)) tags.push(ref);
  }
  return tags;
}

/** "web;prod", and in old configs "web, prod" → names. */

/** Distinct, in natural order. Source: PVE/Tools.pm, split_list. */
export function splitTags(text: string): string[] {
  const names = text.split(/[;,\s\0]+/).map(cleanText).filter((name) => name !== "");
  return [...new Set(names)].sort(compareNatural);
}
