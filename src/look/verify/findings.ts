/** The checks of `verify`, and what they find. */
import type { EntityManifest } from "../../run-folder/entity-set.ts";
import { AppError, reasonOf } from "../../base/errors.ts";
import { TOOL } from "../../base/tool.ts";
import { type FileEntry, listingFaults } from "../../run-folder/manifest.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { MAPPING_VERSION } from "../../transform/mapping/tables.ts";

/** TABLE: the checks, each with what it confirms. The README is generated from it. */
export const CHECKS = {
  manifest: "Each manifest has a valid checksum and a format that this version reads",
  listing: "All files that a manifest lists exist, and no others",
  hash: "Every file has the size and SHA-256 in its manifest",
  shape: "Every answer, entity, record and object has the shape that its format requires",
  count: "The counts in a manifest match its files",
  limit: "A request has at most 1,000 entities, and its file at most 3 MiB",
  order: "Answers are sorted by path, rows and objects by id, entities in their natural order",
  form:
    "Entity files are split, numbered and formatted as transform writes them, request ids included",
  identity: "No duplicate objects, and no duplicate items in a list",
  reference:
    "Every stub refers to an entity of the set, or to an object that users manage (site, tenant, role …); in a complete target, every object that another one names exists",
  origin:
    "Transforming pve/ again with the recorded settings, and --target if a target was used, gives the same bytes as netbox/",
  journal: "A push journal is unchanged and refers to existing files and requests",
} as const;

export type Check = keyof typeof CHECKS;

export interface FindingPlace {
  /** Relative to the run folder. */
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  /** "virtual_machine.cluster", "data[3]", or the API path of an answer. */
  readonly field?: string;
}

export interface Finding extends FindingPlace {
  readonly check: Check;
  readonly sentence: string;
}

/** Per check: one missing file can break thousands of references. */
const MAX_LISTED = 25;

/** Patch releases keep the mapping version, so their files must be the same byte for byte. */
export function hasSameMapping({ mapping_version }: EntityManifest): boolean {
  return mapping_version === MAPPING_VERSION;
}

/** "made by version 0.1.0 (mapping version 1), and this is version 0.2.0 (mapping version 2), which …" */
export function versionsOf({ tool, mapping_version }: EntityManifest): string {
  const recorded = mapping_version === undefined
    ? "which records no mapping version"
    : `mapping version ${mapping_version}`;
  return `made by version ${tool.version} (${recorded}), and this is version ${TOOL.version} ` +
    `(mapping version ${MAPPING_VERSION}), which writes some files differently`;
}

export class Findings {
  readonly listed: Finding[] = [];
  /** What could not be checked, and why. */
  readonly unchecked: string[] = [];
  /** Check → number of findings; checks without findings are absent. */
  readonly counts: Partial<Record<Check, number>> = {};
  /** Number of findings, listed or not. */
  count = 0;

  /** Where findings go that another mapping version may cause: to a list that is thrown away. */
  ifSameMapping(manifest: EntityManifest): Findings {
    return hasSameMapping(manifest) ? this : new Findings();
  }

  add(check: Check, place: FindingPlace, sentence: string): void {
    const count = (this.counts[check] ?? 0) + 1;
    this.counts[check] = count;
    this.count += 1;
    if (count <= MAX_LISTED) this.listed.push({ check, ...place, sentence });
  }

  /** undefined if the manifest is not valid: then nothing else in the folder can be checked. */
  async readManifest<Opened>(
    file: string,
    folder: string,
    read: () => Promise<Opened>,
  ): Promise<Opened | undefined> {
    const opened = await this.attempt("manifest", { file }, read);
    if (opened === undefined) this.unchecked.push(`${folder}: its manifest is not valid`);
    return opened;
  }

  /** Returns the paths that cannot be read. */
  async addListing(
    store: Store,
    folder: string,
    entries: readonly FileEntry[],
  ): Promise<Set<string>> {
    const faults = await listingFaults(store, folder, entries);
    for (const { path, error } of faults) this.add("listing", { file: path }, error.message);
    return new Set(faults.map(({ path }) => path));
  }

  /** An input error of `read` becomes a finding, and the value undefined. */
  async attempt<Value>(
    check: Check,
    place: FindingPlace,
    read: () => Value | Promise<Value>,
  ): Promise<Value | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== "input") throw error;
      this.add(check, place, reasonOf(error));
      return undefined;
    }
  }
}
