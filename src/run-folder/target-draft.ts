/**
 * An unfinished target folder: files with the objects that a survey has read so far, and survey.journal, which has
 * one line for each file. An interrupted survey continues after the last object of the last file.
 */
import { type } from "arktype";
import pLimit from "p-limit";
import { TOOL } from "../base/tool.ts";
import type { NetBoxObject } from "../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../netbox/types/surveyed.ts";
import { encodeLine, JournalReader, type JournalSchema } from "./journal.ts";
import { FileEntry, readListed } from "./manifest.ts";
import type { Store } from "./store/store.ts";
import {
  OBJECTS_PER_FILE,
  readTargetFile,
  writeTargetFile,
  writeTargetManifest,
} from "./target-files.ts";
import { TARGET_FOLDER, TARGET_MANIFEST_FILE, type TargetManifest, TargetScope } from "./target.ts";

export const SURVEY_JOURNAL_FILE = "survey.journal";
const FORMAT = 1;

const Head = type({
  format: "number",
  /** Of NetBox, without a final slash. */
  url: "string",
  started_at: "string",
  "scope?": TargetScope,
});
export type SurveyHead = Omit<typeof Head.infer, "format">;

/** What was written of a type since its last line. */
const Entry = type({
  type: type.enumerated(...SURVEYED.map(({ name }) => name)),
  files: FileEntry.array(),
  /** Objects in these files. */
  objects: "number.integer >= 0",
  /** The highest id in these files, when more objects follow; absent: the type is complete. */
  "after?": "number.integer > 0",
});
type Entry = typeof Entry.infer;

const SCHEMA: JournalSchema<typeof Head.infer, Entry> = {
  formats: [FORMAT],
  head: (value) => Head(value),
  entry: (value) => Entry(value),
  hints: {
    format:
      "Resume with the version of proxmox-diode that started the survey, or start over without --resume",
    damaged: "Start over without --resume",
  },
};

/** What was written of a type. */
export interface WrittenType {
  readonly files: readonly FileEntry[];
  readonly objects: number;
  /** The highest id in the files; undefined: the type is complete. */
  readonly after: number | undefined;
}

export class TargetDraft {
  readonly head: SurveyHead;
  readonly #store: Store;
  readonly #written = new Map<SurveyedName, WrittenType>();
  /** Read, but not yet in a file. */
  readonly #waiting = new Map<SurveyedName, NetBoxObject[]>();
  /** One change of the folder at a time: types may be read at the same time. */
  readonly #turn = pLimit(1);
  #isClosed = false;

  private constructor(store: Store, head: SurveyHead) {
    this.#store = store;
    this.head = head;
  }

  /** Of a survey that begins. */
  static empty(store: Store, head: SurveyHead): TargetDraft {
    return new TargetDraft(store, head);
  }

  /**
   * The one that an interrupted survey left; undefined: none, or nothing was written yet.
   * @throws AppError "input" when its journal is damaged or of another format.
   */
  static async open(store: Store): Promise<TargetDraft | undefined> {
    const bytes = await store.read(SURVEY_JOURNAL_FILE);
    if (bytes === undefined) return undefined;
    const reader = new JournalReader(
      SCHEMA,
      `the journal "${SURVEY_JOURNAL_FILE}" in ${store.place}`,
    );
    const entries = [...reader.read(bytes)].map(({ entry }) => entry);
    if (reader.head === undefined) return undefined;
    const { format: _, ...head } = reader.head;
    const draft = new TargetDraft(store, head);
    for (const entry of entries) draft.#count(entry);
    return draft;
  }

  /** A finished target, to read the types that it lacks. */
  static ofTarget(
    store: Store,
    { netbox: { url }, surveyed_at, scope, counts, files }: TargetManifest,
  ): TargetDraft {
    const head = { url, started_at: surveyed_at, ...(scope && { scope }) };
    const draft = new TargetDraft(store, head);
    for (const { name, number } of SURVEYED) {
      if (counts[name] === undefined) continue;
      const prefix = `${TARGET_FOLDER}/${number}-${name}-`;
      const own = files.filter(({ path }) => path.startsWith(prefix));
      draft.#count({ type: name, files: own, objects: counts[name] });
    }
    return draft;
  }

  /** Forgets types with a file that is missing or was changed: they are read again. */
  async check(): Promise<void> {
    for (const [name, { files }] of this.#written) {
      for (const file of files) {
        if (!await isWhole(this.#store, file)) this.#written.delete(name);
      }
    }
  }

  /** Replaces what the folder holds: call it before the first `add`. */
  async begin(): Promise<void> {
    const entries = [...this.#written].map(([name, written]) => entryOf(name, written));
    const lines = [{ format: FORMAT, ...this.head }, ...entries].map(encodeLine);
    await this.#store.write(SURVEY_JOURNAL_FILE, Buffer.concat(lines));
    await this.#store.remove(TARGET_MANIFEST_FILE);
    await this.#removeUnlisted();
  }

  /** As the user named it, without credentials. */
  get place(): string {
    return this.#store.place;
  }

  written(name: SurveyedName): WrittenType | undefined {
    return this.#written.get(name);
  }

  /** Of a type that is complete. */
  async *read(name: SurveyedName): AsyncGenerator<readonly NetBoxObject[]> {
    for (const file of this.#written.get(name)?.files ?? []) {
      yield await readTargetFile(this.#store, file);
    }
  }

  /** Objects in all files. */
  get objects(): number {
    return [...this.#written.values()].reduce((sum, { objects }) => sum + objects, 0);
  }

  /** Objects of a type come by id, up to its `end`. */
  async add(name: SurveyedName, objects: readonly NetBoxObject[]): Promise<void> {
    let waiting = [...this.#waiting.get(name) ?? [], ...objects];
    while (waiting.length > OBJECTS_PER_FILE) {
      const full = waiting.slice(0, OBJECTS_PER_FILE);
      waiting = waiting.slice(OBJECTS_PER_FILE);
      await this.#write(name, full, full.at(-1)?.id);
    }
    this.#waiting.set(name, waiting);
  }

  /** The type is complete. */
  async end(name: SurveyedName): Promise<void> {
    const rest = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    await this.#write(name, rest, undefined);
  }

  /** Of a type that NetBox stopped to list. */
  async drop(name: SurveyedName): Promise<void> {
    this.#waiting.delete(name);
    if (this.#written.delete(name)) await this.#turn(() => this.begin());
  }

  /** After a failure: nothing is written any more when this resolves. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turn(() => undefined);
  }

  /** Writes the manifest; the journal is removed last. */
  async finish(
    { netbox, missing: gaps }: Pick<TargetManifest, "netbox" | "missing">,
  ): Promise<TargetManifest> {
    const { started_at, scope } = this.head;
    const types = SURVEYED.flatMap(({ name, isOptional }) => {
      const written = this.#written.get(name);
      if (written === undefined || (isOptional && written.objects === 0)) return [];
      return [{ name, ...written }];
    });
    const isOptional = ({ type }: (typeof gaps)[0]): boolean =>
      SURVEYED.some((each) => each.name === type && each.isOptional);
    const [missing, unread] = [gaps.filter((gap) => !isOptional(gap)), gaps.filter(isOptional)];
    const manifest = {
      netbox,
      missing,
      ...(unread.length > 0 && { unread }),
      tool: TOOL,
      surveyed_at: started_at,
      ...(scope && { scope }),
      outcome: missing.length === 0 ? "complete" as const : "partial" as const,
      counts: Object.fromEntries(types.map(({ name, objects }) => [name, objects])),
      files: types.flatMap(({ files }) => files),
    };
    const whole = await writeTargetManifest(this.#store, manifest);
    await this.#store.remove(SURVEY_JOURNAL_FILE);
    return whole;
  }

  /** `after`: the highest id, when more objects follow. */
  async #write(
    name: SurveyedName,
    objects: readonly NetBoxObject[],
    after: number | undefined,
  ): Promise<void> {
    await this.#turn(async () => {
      if (this.#isClosed) throw new Error("The survey has ended");
      const number = (this.#written.get(name)?.files.length ?? 0) + 1;
      const files = objects.length === 0
        ? []
        : [await writeTargetFile(this.#store, name, { number, objects })];
      const written = { files, objects: objects.length, after };
      await this.#store.append(SURVEY_JOURNAL_FILE, encodeLine(entryOf(name, written)));
      this.#count(entryOf(name, written));
    });
  }

  #count({ type: name, files, objects, after }: Entry): void {
    const before = this.#written.get(name);
    this.#written.set(name, {
      files: [...before?.files ?? [], ...files],
      objects: (before?.objects ?? 0) + objects,
      after,
    });
  }

  /** Files of an older target, and one whose line was not written before the program was killed. */
  async #removeUnlisted(): Promise<void> {
    const listed = new Set(
      [...this.#written.values()].flatMap(({ files }) => files.map(({ path }) => path)),
    );
    for (const key of await this.#store.keys()) {
      if (key.startsWith(`${TARGET_FOLDER}/`) && !listed.has(key)) await this.#store.remove(key);
    }
  }
}

async function isWhole(store: Store, file: FileEntry): Promise<boolean> {
  return await readListed(store, file).then(() => true, () => false);
}

function entryOf(name: SurveyedName, { files, objects, after }: WrittenType): Entry {
  return { type: name, files: [...files], objects, ...(after !== undefined && { after }) };
}
