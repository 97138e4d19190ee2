/** Where a join happens: the cluster and node at hand, and the tables that all of them share. */
import { compareNatural } from "../base/natural-order.ts";
import type { PlatformRef, TagRef } from "../netbox/types/schema.ts";
import { platformRef } from "../netbox/types/stubs.ts";
import { objectOf } from "../proxmox/answers.ts";
import { CLUSTER_FILE, guestOfConfig, NODES_FOLDER, PATHS } from "../proxmox/endpoints.ts";
import { parseNet } from "../proxmox/nics.ts";
import { text } from "../proxmox/values.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import type { AnswersFile } from "../run-folder/snapshot.ts";
import { partsOf } from "./guest-config.ts";
import { Ledger, type Subject } from "./ledger.ts";
import { Shared, type Sighting } from "./shared.ts";
import { Names } from "./slugs.ts";
import type { ClusterSource } from "./sources.ts";

/** Everything that outlives a node. */
export class SharedTables {
  /** Of all that becomes an entity: complete after the first pass. */
  readonly names = new Names();
  readonly tags: Shared<TagRef>;
  readonly platforms: Shared<PlatformRef>;
  readonly vlans: Shared<{ readonly vid: number; readonly site: string }>;
  /** `answer` is the first that has it. */
  readonly prefixes: Shared<
    { readonly network: string; readonly site: string; readonly answer: AnswerRef }
  >;

  readonly #withDevices = new Set<ClusterSource>();

  constructor(keepsOrigins = false) {
    this.tags = new Shared(keepsOrigins);
    this.platforms = new Shared(keepsOrigins);
    this.vlans = new Shared(keepsOrigins);
    this.prefixes = new Shared(keepsOrigins);
  }

  seeDevice(cluster: ClusterSource): void {
    this.#withDevices.add(cluster);
  }

  /**
   * The tags of what all devices share, complete after the first pass: the global ones and those of
   * all hosts. Every device must send the same ones: of entities that Diode applies in one batch, the
   * last one overwrites the tags that the others added, since the plugin merges with what it read
   * first. Source: netbox_diode_plugin/api/differ.py, prechange_data_from_instance.
   */
  deviceTags(): readonly TagRef[] {
    const clusters = [...this.#withDevices].sort((a, b) => compareNatural(a.hostTag, b.hostTag));
    const byName = new Map(clusters.flatMap(({ tags }) => tags).map((tag) => [tag.name, tag]));
    return [...byName.values()];
  }

  /** Platforms are known by name. */
  seePlatform(name: string, by: Sighting): PlatformRef {
    const ref = platformRef(name);
    return this.platforms.see(ref.name, by, () => ref);
  }

  /** VLANs are known by (vid, site). */
  seeVlan(vid: number, site: string, by: Sighting): void {
    this.vlans.see(`${vid} ${site}`, by, () => ({ vid, site }));
  }
}

export interface Scene {
  readonly cluster: ClusterSource;
  /** The site of the node, its device and its interfaces. */
  readonly site: string;
  readonly claims: Claims;
  readonly shared: SharedTables;
  readonly ledger: Ledger;
  /** "vm/101/net0", and of which snapshot when there are several. */
  readonly labelled: (what: string) => string;
}

export interface NodeScene extends Scene {
  /** "node/pve1". */
  readonly what: string;
  readonly subject: (what: string) => Subject;
  /** Filled with ALL_INTERFACES alone. */
  readonly macs: MacHolders;
  /**
   * False: rows of the node's network may be hidden from the API token, or the answer shows changes that
   * are not applied. Source: proxmox.md §2.2, §5.
   */
  readonly isNetworkWhole: boolean;
  /** True: the node's network is known to be filtered, or it was not read whether it is: a hidden bridge may be primary. */
  readonly isNetworkFiltered: boolean;
}

export interface GuestScene extends Scene {
  readonly node: string;
  /** undefined: the snapshot holds no file of the node. */
  readonly answers: AnswersFile | undefined;
  /** Where an answer of this node stands. */
  readonly at: (path: string) => AnswerRef;
  /** Where the listing of all guests stands. */
  readonly listing: AnswerRef;
}

export function guestSceneOf(
  scene: NodeScene,
  { node, label, answers }: {
    readonly node: string;
    readonly label: string | undefined;
    readonly answers: AnswersFile | undefined;
  },
): GuestScene {
  return {
    ...scene,
    node,
    answers,
    at: (path) => nodeAnswer(node, answers?.pathOf(path) ?? path, label),
    listing: clusterAnswer(PATHS.resources, label),
  };
}

/** The same scene for a count alone: of what it sees, only the MAC addresses are kept. */
export function asideOf<Any extends Scene>(scene: Any): Any {
  return { ...scene, ledger: new Ledger(), claims: new Claims(), shared: new SharedTables() };
}

/**
 * Which interfaces have a MAC address. NetBox's plugin for Diode looks an interface up by its MAC
 * address before its name, so two interfaces with one MAC address could become one.
 * Source: diode-netbox-plugin, docs/matching-criteria-documentation.md, dcim.interface.
 */

export class MacHolders {
  readonly #holders = new Map<string, string[]>();

  see(mac: string, holder: string): void {
    const holders = this.#holders.get(mac);
    if (holders === undefined) this.#holders.set(mac, [holder]);
    else if (!holders.includes(holder)) holders.push(holder);
  }

  /** The first in natural order that has it besides `holder`. */
  other(mac: string, holder: string): string | undefined {
    return this.#holders.get(mac)?.filter((each) => each !== holder).sort(compareNatural)[0];
  }
}

/** The NICs of all guest configs in a node's file, those of templates and of guests out of scope too. */
export function seeGuestMacs(
  answers: AnswersFile,
  { macs, labelled }: {
    readonly macs: MacHolders;
    readonly labelled: (what: string) => string;
  },
): void {
  for (const path of answers.paths()) {
    const guest = guestOfConfig(path);
    const found = guest === undefined ? undefined : objectOf(answers.get(path));
    if (guest === undefined || found === undefined || !("value" in found)) continue;
    for (const key of partsOf(found.value, guest.kind).nicKeys) {
      const mac = parseNet(guest.kind, text(found.value[key]) ?? "")?.mac;
      if (mac !== undefined) macs.see(mac, labelled(`vm/${guest.vmid}/${key}`));
    }
  }
}

/** Who holds an address. NetBox knows it by its host part alone, so the first holder keeps it. */

export class Claims {
  readonly #holders = new Map<string, string>();

  /** undefined when `holder` has it from now on, else who had it before. */
  claim(host: string, holder: string): string | undefined {
    const first = this.#holders.get(host);
    if (first === undefined) this.#holders.set(host, holder);
    return first;
  }
}

/** Where an answer stands: in which file of the run folder, and under which path. */

/** `label` names the snapshot when there are several. */
export function clusterAnswer(path: string, label: string | undefined): AnswerRef {
  return answerIn(CLUSTER_FILE, path, label);
}

/** An answer of a node or of one of its guests. */
export function nodeAnswer(node: string, path: string, label: string | undefined): AnswerRef {
  return answerIn(`${NODES_FOLDER}${node}.json`, path, label);
}

function answerIn(file: string, path: string, label: string | undefined): AnswerRef {
  return label === undefined ? { file, path } : { file, path, snapshot: label };
}
