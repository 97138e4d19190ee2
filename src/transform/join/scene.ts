/** Where a join happens: the cluster and node at hand, and the tables that all of them share. */
import { compareNatural } from "../../kernel/natural-order.ts";
import type { AnswerRef } from "../../entities/left-out.ts";
import type { PlatformRef, TagRef } from "../../entities/schema.ts";
import { PATHS } from "../../snapshot/paths.ts";
import type { AnswersFile } from "../../snapshot/schema.ts";
import { Names } from "../slugs.ts";
import { platformRef } from "../stubs.ts";
import { Claims } from "./claims.ts";
import { Ledger, type Subject } from "./ledger.ts";
import type { MacHolders } from "./macs.ts";
import { clusterAnswer, nodeAnswer } from "./places.ts";
import { Shared, type Sighting } from "./shared.ts";
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
