/** What `verify` looks at, and what it finds. */
import type { EntityManifest } from "../../run-folder/entity-set.ts";
import { AppError, reasonOf } from "../../base/errors.ts";
import { TOOL } from "../../base/tool.ts";
import { MAPPING_VERSION } from "../../transform/mapping/tables.ts";

/** TABLE: the checks, and what holds when nothing is found. README is printed from it. */
export const CHECKS = {
  manifest: "Each manifest bears its own SHA-256 and is of a format that this version reads",
  listing: "Every file that a manifest lists is there, and no other",
  hash: "Every file has the bytes and the SHA-256 that its manifest lists",
  shape: "Every answer, entity and record holds what its contract says",
  count: "The counts of a manifest are those of its files",
  limit: "A request has at most 1,000 entities, and its file 3 MiB",
  order: "Answers are sorted by path, rows by id, entities in their natural order",
  form: "Entity files are cut, numbered and written as transform writes them, request ids included",
  identity: "No object comes twice, and no list has an item twice",
  reference: "Every stub names an entity of the set, or what is the user's: site, tenant, role …",
  origin: "Transformed again, with the settings on record, pve/ makes netbox/ to the byte",
  journal: "A push journal is unchanged, and tells of files and requests that are there",
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

/** Of each check; one lost file can leave thousands of references without their object. */
const MAX_LISTED = 25;

/** A patch release has the mapping of the release before: what it wrote is held to the byte. */
export function hasSameMapping({ mapping_version }: EntityManifest): boolean {
  return mapping_version === MAPPING_VERSION;
}

/** "made by version 0.1.0 (mapping version 1), and this is version 0.2.0 (mapping version 2)" */
export function versionsOf({ tool, mapping_version }: EntityManifest): string {
  const recorded = mapping_version === undefined
    ? "which records no mapping version"
    : `mapping version ${mapping_version}`;
  return `made by version ${tool.version} (${recorded}), and this is version ${TOOL.version} ` +
    `(mapping version ${MAPPING_VERSION})`;
}

export class Findings {
  readonly listed: Finding[] = [];
  /** What could not be looked at, and why. */
  readonly unchecked: string[] = [];
  readonly #counts = new Map<Check, number>();

  /** How many there are in all, listed or not. */
  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Check → how many findings; none at 0. */
  get counts(): Readonly<Partial<Record<Check, number>>> {
    return Object.fromEntries(this.#counts);
  }

  /** For what another mapping version may do differently without being wrong. */
  ifSameMapping(manifest: EntityManifest): Findings {
    return hasSameMapping(manifest) ? this : new Findings();
  }

  add(check: Check, place: FindingPlace, sentence: string): void {
    const count = (this.#counts.get(check) ?? 0) + 1;
    this.#counts.set(check, count);
    if (count <= MAX_LISTED) this.listed.push({ check, ...place, sentence });
  }

  /** What `read` has to say against its input is a finding; then there is no value. */
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
