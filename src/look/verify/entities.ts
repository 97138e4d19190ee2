/** Checks netbox/ and its manifest. Memory holds one file at a time, and the keys of all objects. */
import { digest } from "../../base/digest.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { stepCalled, type StepName } from "../../netbox/types/steps.ts";
import {
  ENTITY_MANIFEST_FILE,
  type EntityManifest,
  LEFT_OUT_FILE,
  readEntityManifest,
  stepOfFile,
} from "../../run-folder/entity-set.ts";
import {
  createStepWriter,
  ENTITIES_FOLDER,
  MAX_ENTITIES,
  MAX_FILE_BYTES,
} from "../../run-folder/entity-writer.ts";
import { createLeftOutWriter, readLeftOutLines } from "../../run-folder/left-out-file.ts";
import { NOTES, REASONS } from "../../run-folder/left-out.ts";
import { type FileEntry, readListed } from "../../run-folder/manifest.ts";
import { FIRST_ENTITY_LINE, readRequest } from "../../run-folder/request.ts";
import { readLine } from "../../run-folder/shapes.ts";
import { parsePlan, PLAN_FILE, planText } from "../../run-folder/tidy-plan.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { Counts } from "../counts.ts";
import { ExpectedFiles } from "./expected-files.ts";
import { type Findings, hasSameMapping, versionsOf } from "./findings.ts";
import { MACHINES_FIRST, Objects, repeatedIn } from "./objects.ts";

export interface VerifiedEntities {
  readonly manifest: EntityManifest;
  readonly sha256: string;
  /** File → its request. */
  readonly requests: ReadonlyMap<string, RequestFacts>;
}

interface RequestFacts {
  readonly id: string;
  /** How many. */
  readonly entities: number;
}

const FOLDER = `${ENTITIES_FOLDER}/`;
const STATIC_STEPS: readonly string[] = ["tag", "custom-field", "cluster-type"];

/** A set without snapshots is a bootstrap, or was kept by `receive` from another program. */
export function isBootstrapSet({ snapshots, counts }: EntityManifest): boolean {
  const steps = Object.entries(counts).filter(([, count]) => count > 0).map(([step]) => step);
  return snapshots.length === 0 && steps.every((step) => STATIC_STEPS.includes(step));
}

export async function verifyEntities(
  store: Store,
  findings: Findings,
): Promise<VerifiedEntities | undefined> {
  const read = () => readEntityManifest(store);
  const opened = await findings.readManifest(ENTITY_MANIFEST_FILE, FOLDER, read);
  if (opened === undefined) return undefined;
  const check = new EntityCheck(store, opened.manifest, findings);
  await check.all();
  return { ...opened, requests: check.requests };
}

class EntityCheck {
  readonly requests = new Map<string, RequestFacts>();
  readonly #store: Store;
  readonly #manifest: EntityManifest;
  readonly #findings: Findings;
  /** For the form of the files, which another mapping version may write differently. */
  readonly #form: Findings;
  /** Written by transform or bootstrap, so that the content and the form are known. */
  readonly #isOurs: boolean;
  readonly #objects: Objects;
  readonly #counts = { counts: new Counts(), left_out: new Counts(), notes: new Counts() };
  /** Files that exist as listed, by path. */
  #readable = new Map<string, FileEntry>();

  constructor(store: Store, manifest: EntityManifest, findings: Findings) {
    this.#store = store;
    this.#manifest = manifest;
    this.#findings = findings;
    this.#form = findings.ifSameMapping(manifest);
    this.#isOurs = manifest.snapshots.length > 0 || isBootstrapSet(manifest);
    this.#objects = new Objects(findings, manifest.target !== undefined);
  }

  async all(): Promise<void> {
    const findings = this.#findings;
    await this.#listing();
    const before = findings.count;
    if (!this.#isOurs) {
      findings.unchecked.push(`Content of ${FOLDER}: transform did not write it`);
    }
    await this.#steps();
    const isCounted = await this.#leftOut();
    await this.#plan();
    if (this.#form !== findings && this.#form.count > 0) {
      findings.unchecked.push(`Format of ${FOLDER}: it was ${versionsOf(this.#manifest)}`);
    }
    // With a file unreadable, the counts differ for that reason alone.
    const isWhole = this.#readable.size === this.#manifest.files.length;
    if (isWhole && isCounted && findings.count === before) this.#compareCounts();
  }

  async #listing(): Promise<void> {
    const findings = this.#findings;
    const { files } = this.#manifest;
    const own = { path: ENTITY_MANIFEST_FILE, bytes: 0, sha256: "" };
    const faulty = await findings.addListing(this.#store, FOLDER, [...files, own]);
    this.#readable = new Map(
      files.filter(({ path }) => !faulty.has(path)).map((entry) => [entry.path, entry]),
    );
    for (const path of this.#readable.keys()) {
      if ([LEFT_OUT_FILE, PLAN_FILE].includes(path) || stepOfFile(path) !== undefined) continue;
      findings.add("listing", { file: path }, "Listed, but belongs to no step");
      this.#readable.delete(path);
    }
    if (!files.some(({ path }) => path === LEFT_OUT_FILE)) {
      findings.add("listing", { file: LEFT_OUT_FILE }, "Not listed");
    }
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    const entry = this.#readable.get(path);
    return entry &&
      await this.#findings.attempt("hash", { file: path }, () => readListed(this.#store, entry));
  }

  async #steps(): Promise<void> {
    let [fileCount, entityCount] = [0, 0];
    for (const step of MACHINES_FIRST) {
      const files = this.#manifest.files.filter(({ path }) => stepOfFile(path) === step);
      files.sort((a, b) => compareNatural(a.path, b.path));
      await this.#step(step, files);
      fileCount += files.length;
      entityCount += this.#counts.counts.of(step);
    }
    if (this.requests.size === fileCount && this.#objects.count === entityCount) {
      this.#objects.finish();
    } else if (this.#isOurs) {
      this.#findings.unchecked.push("References: not every entity can be read");
    }
  }

  /** Checks each line, and that writing the entities again gives the same files. */
  async #step(name: StepName, files: readonly FileEntry[]): Promise<void> {
    const findings = this.#findings;
    const step = stepCalled(name);
    const before = findings.count;
    const options = { store: this.#store, findings: this.#form, check: "form" } as const;
    const expected = new ExpectedFiles(files, options);
    const writer = createStepWriter(step, {
      tool: this.#manifest.tool,
      write: (file, bytes) => expected.compare(`${FOLDER}${file}`, bytes),
    });
    const otherFields = hasSameMapping(this.#manifest) ? "reject" : "ignore";
    let isWhole = this.#isOurs;
    for (const { path } of files) {
      const entities = await this.#entitiesIn(path);
      this.#counts.counts.add(name, entities.length);
      isWhole &&= entities.length > 0;
      for (const [i, item] of entities.entries()) {
        const place = { file: path, line: i + FIRST_ENTITY_LINE };
        if (this.#isOurs) {
          const line = readLine(item, step, otherFields);
          const isValid = "timestamp" in line;
          for (const { field, problem } of isValid ? [] : line) {
            findings.add("shape", { ...place, field }, problem);
          }
          if (isValid) this.#objects.see(name, line.entity, place);
          // After a fault, the lines that follow are written elsewhere.
          isWhole &&= findings.count === before;
          if (isValid && isWhole) await writer.add(line.entity, line.timestamp);
        }
        const repeated = await findings.attempt("shape", place, () => [...repeatedIn(item)]);
        for (const field of repeated ?? []) {
          findings.add("identity", { ...place, field }, "Duplicate item");
        }
      }
    }
    if (!isWhole) return;
    await writer.finish();
    expected.finish();
  }

  async #entitiesIn(path: string): Promise<readonly unknown[]> {
    const findings = this.#findings;
    const bytes = await this.#read(path);
    if (bytes === undefined) return [];
    const place = { file: path };
    if (bytes.byteLength > MAX_FILE_BYTES) {
      findings.add("limit", place, `${bytes.byteLength} bytes; the limit is ${MAX_FILE_BYTES}`);
    }
    const request = await findings.attempt("shape", place, () => readRequest(bytes, path));
    if (request === undefined) return [];
    const { id, entities } = request;
    // An id that is not a string is reported as a fault of form.
    this.requests.set(path, {
      id: typeof id === "string" ? id : "",
      entities: entities.length,
    });
    if (entities.length > MAX_ENTITIES) {
      findings.add("limit", place, `${entities.length} entities; the limit is ${MAX_ENTITIES}`);
    }
    return entities;
  }

  /** Checks left-out.json; false if its records cannot be counted. */
  async #leftOut(): Promise<boolean> {
    const file = LEFT_OUT_FILE;
    const bytes = await this.#read(file);
    if (bytes === undefined) return false;
    const writer = createLeftOutWriter({ append: () => Promise.resolve() });
    const isRead = await this.#findings.attempt("shape", { file }, async () => {
      for (const each of readLeftOutLines(bytes)) {
        const [group, code, meanings] = "note" in each
          ? ["notes", each.note.code, NOTES] as const
          : ["left_out", each.leftOut.reason, REASONS] as const;
        this.#counts[group].add(code);
        // A newer version may have more codes.
        if (hasSameMapping(this.#manifest) && !Object.hasOwn(meanings, code)) {
          this.#findings.add("shape", { file, line: each.line }, `Unknown code "${code}"`);
        }
        await writer.add("note" in each ? [] : [each.leftOut], "note" in each ? [each.note] : []);
      }
      return true;
    });
    const { sha256 } = await writer.finish();
    if (isRead && sha256 !== digest(bytes)) {
      this.#form.add("form", { file }, "Not formatted as transform writes it");
    }
    return isRead === true;
  }

  /** Checks plan.json, which only a run with a target has. */
  async #plan(): Promise<void> {
    const { target, since, elsewhere = [] } = this.#manifest;
    const place = { file: PLAN_FILE };
    const bytes = this.#readable.has(PLAN_FILE) ? await this.#read(PLAN_FILE) : undefined;
    const plan = bytes &&
      await this.#findings.attempt("shape", place, () => parsePlan(bytes, PLAN_FILE));
    if (plan === undefined) return;
    const isSame = plan.target.sha256 === target?.sha256 && plan.since === since &&
      (plan.elsewhere ?? []).join() === elsewhere.join();
    if (!isSame) this.#findings.add("shape", place, "Made with others than the entities");
    if (bytes !== undefined && planText(plan) !== decodeUtf8(bytes, PLAN_FILE)) {
      this.#form.add("form", place, "Not formatted as transform writes it");
    }
  }

  #compareCounts(): void {
    for (const group of ["counts", "left_out", "notes"] as const) {
      const [listed, found] = [this.#manifest[group], this.#counts[group].toObject()];
      for (const name of new Set([...Object.keys(listed), ...Object.keys(found)])) {
        const [expected = 0, count = 0] = [listed[name], found[name]];
        if (expected === count) continue;
        const place = { file: ENTITY_MANIFEST_FILE, field: `${group}.${name}` };
        this.#findings.add("count", place, `Manifest says ${expected}, files contain ${count}`);
      }
    }
  }
}
