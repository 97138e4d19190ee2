/** Where a join happens: the cluster and node at hand, and the tables that all of them share. */
import type { AnswerRef } from "../../entities/left-out.ts";
import type { PlatformRef, TagRef } from "../../entities/schema.ts";
import type { AnswersFile } from "../../snapshot/schema.ts";
import { platformRef } from "../stubs.ts";
import { Claims } from "./claims.ts";
import { Ledger, type Subject } from "./ledger.ts";
import { Shared, type Sighting } from "./shared.ts";
import type { ClusterSource } from "./sources.ts";

/** Everything that outlives a node. */
export class SharedTables {
  readonly tags: Shared<TagRef>;
  readonly platforms: Shared<PlatformRef>;
  readonly vlans: Shared<{ readonly vid: number; readonly site: string }>;
  /** `answer` is the first that has it. */
  readonly prefixes: Shared<
    { readonly network: string; readonly site: string; readonly answer: AnswerRef }
  >;

  constructor(keepsOrigins = false) {
    this.tags = new Shared(keepsOrigins);
    this.platforms = new Shared(keepsOrigins);
    this.vlans = new Shared(keepsOrigins);
    this.prefixes = new Shared(keepsOrigins);
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
  /** False: the API token sees only a part of the node's network. Source: proxmox.md §2.2. */
  readonly isNetworkWhole: boolean;
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

/** The same scene, with nothing in it that outlives a count. */
export function asideOf<Any extends Scene>(scene: Any): Any {
  return { ...scene, ledger: new Ledger(), claims: new Claims(), shared: new SharedTables() };
}
