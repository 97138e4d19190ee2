/**
 * Writes a target folder as survey would after a push of a run: an object for each of its entities, and as
 * many other objects as are missing for a given number. The same run gives the same bytes.
 */
import { TOOL } from "../../src/base/tool.ts";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { stepCalled, type StepName, STEPS } from "../../src/netbox/types/steps.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import { openEntities, type TransformedSet } from "../../src/run-folder/entity-set.ts";
import type { FileEntry } from "../../src/run-folder/manifest.ts";
import { readRequest } from "../../src/run-folder/request.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import {
  OBJECTS_PER_FILE,
  writeTargetFile,
  writeTargetManifest,
} from "../../src/run-folder/target-files.ts";
import { EntityObjects, type Fields } from "./entity-objects.ts";
import { otherObjects } from "./other-objects.ts";

const IS_STEP = new Set<string>(STEPS.map(({ name }) => name));

/** `run`, `out`: folders. Returns the number of objects: `size`, and what the entities name that no step makes. */
export async function writeTargetOfRun(run: string, out: string, size: number): Promise<number> {
  const set = await openEntities(await openStore(run));
  const files = new TargetFiles(await openStore(out));
  const made = new EntityObjects();
  for await (const address of entitiesIn(set, "ip-address")) made.seePrimary(address);
  const own = Object.values(set.manifest.counts).reduce((sum, count) => sum + count, 0);
  const others = otherObjects(Math.max(0, size - own));
  // In this order, an object comes after those that its entity names by a stub.
  for (const { name } of SURVEYED) {
    if (IS_STEP.has(name)) {
      for await (const entity of entitiesIn(set, name as StepName)) {
        await files.add(name, made.objectOf(name as StepName, entity));
      }
    }
    for (const object of others[name]?.() ?? []) await files.add(name, object);
  }
  for (const [name, object] of made.withoutStep()) await files.add(name, object);
  return await files.finish();
}

async function* entitiesIn(set: TransformedSet, step: StepName): AsyncGenerator<Fields> {
  const { field } = stepCalled(step);
  for (const file of set.files) {
    if (file.step !== step) continue;
    const { entities } = readRequest(await file.read(), file.path);
    for (const entity of entities) yield (entity as Record<string, Fields>)[field] as Fields;
  }
}

/** Writes a file whenever enough objects of a type have come. */
class TargetFiles {
  readonly #store: Store;
  readonly #waiting = new Map<SurveyedName, NetBoxObject[]>();
  readonly #written: FileEntry[] = [];
  readonly #numbers = new Map<SurveyedName, number>();
  readonly #counts: Record<string, number> = Object.fromEntries(
    SURVEYED.map(({ name }) => [name, 0]),
  );

  constructor(store: Store) {
    this.#store = store;
  }

  async add(name: SurveyedName, object: NetBoxObject): Promise<void> {
    const waiting = this.#waiting.get(name) ?? [];
    waiting.push(object);
    this.#waiting.set(name, waiting);
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    if (waiting.length === OBJECTS_PER_FILE) await this.#flush(name);
  }

  async #flush(name: SurveyedName): Promise<void> {
    const objects = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    const number = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, number);
    this.#written.push(await writeTargetFile(this.#store, name, { number, objects }));
  }

  /** Returns the number of objects. */
  async finish(): Promise<number> {
    for (const name of this.#waiting.keys()) await this.#flush(name);
    await writeTargetManifest(this.#store, {
      tool: TOOL,
      netbox: { url: "https://netbox.example.net", version: "4.7.3", plugin: "1.18.3" },
      surveyed_at: "2026-01-15T07:00:00Z",
      outcome: "complete",
      counts: this.#counts,
      missing: [],
      files: this.#written.sort((a, b) => (a.path < b.path ? -1 : 1)),
    });
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }
}
