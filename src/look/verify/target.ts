/** Checks a target folder: its manifest, files and objects. Memory holds one file, and all ids. */
import { decodeUtf8 } from "../../base/text.ts";
import { objectReferences } from "../../netbox/types/object-references.ts";
import type { NetBoxObject } from "../../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../../netbox/types/surveyed.ts";
import { type FileEntry, readListed } from "../../run-folder/manifest.ts";
import {
  objectInLine,
  readTargetManifest,
  typeOfTargetFile,
} from "../../run-folder/target-files.ts";
import {
  TARGET_FOLDER,
  TARGET_MANIFEST_FILE,
  type TargetManifest,
} from "../../run-folder/target.ts";
import type { Store } from "../../run-folder/store/store.ts";
import type { FindingPlace, Findings } from "./findings.ts";

const FOLDER = `${TARGET_FOLDER}/`;

/** Returns the manifest, if it is valid. */
export async function verifyTarget(
  store: Store,
  findings: Findings,
): Promise<TargetManifest | undefined> {
  const read = () => readTargetManifest(store);
  const opened = await findings.readManifest(TARGET_MANIFEST_FILE, FOLDER, read);
  if (opened === undefined) return undefined;
  await new TargetCheck(store, opened.manifest, findings).all();
  const others = (await store.keys()).filter((key) =>
    key !== TARGET_MANIFEST_FILE && !key.startsWith(FOLDER)
  );
  findings.unchecked.push(...others.sort().map((key) => `${key}: no manifest lists it`));
  return opened.manifest;
}

/** The objects of one type. */
class TypeObjects {
  readonly ids = new Set<number>();
  lastId = -Infinity;
  /** Ids that other objects name and that were not seen yet, each with the first place. */
  readonly awaited = new Map<number, FindingPlace>();
}

class TargetCheck {
  readonly #store: Store;
  readonly #manifest: TargetManifest;
  readonly #findings: Findings;
  readonly #types = new Map(SURVEYED.map(({ name }) => [name, new TypeObjects()]));

  constructor(store: Store, manifest: TargetManifest, findings: Findings) {
    [this.#store, this.#manifest, this.#findings] = [store, manifest, findings];
  }

  async all(): Promise<void> {
    const findings = this.#findings;
    const { files } = this.#manifest;
    this.#checkOutcome();
    const unreadable = await findings.addListing(this.#store, FOLDER, files);
    for (const entry of files) {
      const name = typeOfTargetFile(entry.path);
      if (name === undefined) {
        findings.add("listing", { file: entry.path }, "Listed, but belongs to no type of objects");
      } else if (!unreadable.has(entry.path) && !await this.#file(name, entry)) {
        unreadable.add(entry.path);
      }
    }
    // With a file unreadable, counts and references differ for that reason alone.
    if (unreadable.size > 0) {
      findings.unchecked.push("Counts and references: not every object can be read");
      return;
    }
    this.#compareCounts();
    this.#compareReferences();
  }

  /** False if an object in it could not be read. */
  async #file(name: SurveyedName, entry: FileEntry): Promise<boolean> {
    const findings = this.#findings;
    const file = entry.path;
    const text = await findings.attempt(
      "hash",
      { file },
      async () => decodeUtf8(await readListed(this.#store, entry), file),
    );
    if (text === undefined) return false;
    if (!text.endsWith("\n")) findings.add("shape", { file }, "The last line has no end");
    let isRead = true;
    for (const [i, line] of text.replace(/\n$/, "").split("\n").entries()) {
      const place = { file, line: i + 1 };
      const object = await findings.attempt("shape", place, () => objectInLine(line, "the line"));
      if (object === undefined) isRead = false;
      else this.#see(name, object, place);
    }
    return isRead;
  }

  #see(name: SurveyedName, object: NetBoxObject, place: FindingPlace): void {
    const { id } = object;
    const known = this.#of(name);
    if (known.ids.has(id)) this.#findings.add("identity", place, `Duplicate ${name} ${id}`);
    else if (id < known.lastId) {
      this.#findings.add("order", place, `Out of order: ${id} follows ${known.lastId}`);
    }
    known.lastId = id;
    known.ids.add(id);
    known.awaited.delete(id);
    for (const { key, type, id: named } of objectReferences(name, object)) {
      const { ids, awaited } = this.#of(type);
      if (!ids.has(named) && !awaited.has(named)) awaited.set(named, { ...place, field: key });
    }
  }

  #checkOutcome(): void {
    const { outcome, missing, unread = [], counts } = this.#manifest;
    const add = (field: string, sentence: string): void =>
      this.#findings.add("count", { file: TARGET_MANIFEST_FILE, field }, sentence);
    if ((outcome === "complete") !== (missing.length === 0)) {
      add("outcome", `Manifest says ${outcome}, but lists ${missing.length} missing types`);
    }
    for (const [key, gaps] of Object.entries({ missing, unread })) {
      gaps.forEach(({ type }, i) => {
        if (!Object.hasOwn(counts, type)) return;
        add(`${key}[${i}].type`, `Manifest lists ${type} as ${key}, but counts its objects`);
      });
    }
  }

  #compareCounts(): void {
    const { counts } = this.#manifest;
    const add = (type: string, sentence: string): void =>
      this.#findings.add(
        "count",
        { file: TARGET_MANIFEST_FILE, field: `counts.${type}` },
        sentence,
      );
    for (const [name, { ids }] of this.#types) {
      const expected = counts[name] ?? 0;
      if (expected !== ids.size) add(name, `Manifest says ${expected}, files contain ${ids.size}`);
    }
    for (const type of Object.keys(counts)) {
      if (!this.#types.has(type as SurveyedName)) add(type, `Unknown type "${type}"`);
    }
  }

  /** All objects were seen: what is still awaited does not exist. */
  #compareReferences(): void {
    const { outcome, scope, counts } = this.#manifest;
    if (outcome !== "complete" || scope !== undefined) {
      const why = scope === undefined ? "types are missing" : "it was made for one run";
      this.#findings.unchecked.push(`References between objects: ${why}`);
      return;
    }
    for (const [name, { awaited }] of this.#types) {
      // A version that does not survey the type wrote the target.
      if (!Object.hasOwn(counts, name)) continue;
      for (const [id, place] of awaited) {
        this.#findings.add("reference", place, `Reference to unknown ${name} ${id}`);
      }
    }
  }

  #of(name: SurveyedName): TypeObjects {
    return this.#types.get(name) as TypeObjects;
  }
}
