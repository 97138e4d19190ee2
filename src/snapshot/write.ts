/** Answers → a run folder. The manifest is written last: a folder without one is unfinished. */
import { fileEntry } from "../kernel/files.ts";
import { compareNatural } from "../kernel/natural-order.ts";
import { seal } from "../kernel/sealed.ts";
import type { Store } from "../kernel/store.ts";
import { encodeUtf8 } from "../kernel/utf8.ts";
import { writeAnswers } from "./answers.ts";
import { type Incomplete, incompleteOf } from "./incomplete.ts";
import { MANIFEST_FILE, NODES_FOLDER } from "./paths.ts";
import { type Answer, type FileEntry, type Manifest, SNAPSHOT_FORMAT } from "./schema.ts";

/** What the writer cannot know by itself. */
export interface ManifestFacts
  extends Omit<Manifest, "format" | "outcome" | "incomplete" | "counts" | "files"> {
  /** Paths of good answers of which the API token saw only a part. */
  readonly filtered?: Iterable<string>;
  readonly attempts?: number;
}

export interface SnapshotWriter {
  /** `file` is relative to the run folder, such as "pve/nodes/pve1.json". */
  write(file: string, answers: ReadonlyMap<string, Answer>): Promise<void>;
  /** Seals the folder. */
  finish(facts: ManifestFacts): Promise<Manifest>;
}

/**
 * Writes in the place of the snapshot that the store holds. Its manifest goes first: from then on, the
 * folder shows as unfinished.
 */
export async function startSnapshot(store: Store): Promise<SnapshotWriter> {
  const keys = await store.keys();
  await store.remove(MANIFEST_FILE);
  for (const key of keys) {
    if (key.startsWith("pve/")) await store.remove(key);
  }
  return createSnapshotWriter(store);
}

/** Writes over what is there; for a store that holds no snapshot. */
export function createSnapshotWriter(store: Store): SnapshotWriter {
  const files: FileEntry[] = [];
  const incomplete = new Map<string, Incomplete>();
  const counts = { answers: 0, failed: 0, nodes: 0 };
  return {
    async write(file, answers) {
      const bytes = encodeUtf8(writeAnswers(answers));
      await store.write(file, bytes);
      files.push(fileEntry(file, bytes));
      counts.answers += answers.size;
      counts.failed += [...answers.values()].filter(isFailure).length;
      counts.nodes += file.startsWith(NODES_FOLDER) ? 1 : 0;
      for (const [path, answer] of answers) {
        const gap = incompleteOf(path, answer);
        if (gap !== undefined) incomplete.set(path, gap);
      }
    },
    async finish({ filtered = [], attempts, ...facts }) {
      for (const path of filtered) {
        if (!incomplete.has(path)) {
          incomplete.set(path, { path, reason: "filtered", cause: "filtered" });
        }
      }
      const manifest: Manifest = {
        format: SNAPSHOT_FORMAT,
        ...facts,
        outcome: incomplete.size === 0 ? "complete" : "partial",
        incomplete: [...incomplete.values()].sort((a, b) => compareNatural(a.path, b.path)),
        counts: { ...counts, ...(attempts === undefined ? {} : { attempts }) },
        files: files.sort((a, b) => compareNatural(a.path, b.path)),
      };
      await store.write(MANIFEST_FILE, encodeUtf8(seal(manifest)));
      return manifest;
    },
  };
}

/** Asked, and not answered with what was asked for. */
export function isFailure(answer: Answer): boolean {
  return "failed" in answer || ("status" in answer && answer.status >= 400);
}
