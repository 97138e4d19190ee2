/** Reads and writes the snapshot of a run folder; every file is checked against its hash. */
import { type AppError, inputError } from "../base/errors.ts";
import { encodeUtf8 } from "../base/text.ts";
import { compareNatural } from "../base/natural-order.ts";
import { type Answer, type Incomplete, incompleteOf, isFailure } from "../proxmox/answers.ts";
import { CLUSTER_FILE, nodeOfFile, NODES_FOLDER } from "../proxmox/endpoints.ts";
import { Answers, writeAnswers } from "./answers.ts";
import {
  checkListing,
  type FileEntry,
  fileEntry,
  readListed,
  readManifestFile,
  seal,
} from "./manifest.ts";
import { Manifest, MANIFEST_FILE, type Snapshot, SNAPSHOT_FORMAT } from "./snapshot.ts";
import type { Store } from "./store/store.ts";

/** @throws AppError "input" when the folder is unfinished, changed, or of a newer format. */
export async function openSnapshot(store: Store): Promise<Snapshot> {
  const { manifest, sha256 } = await readSnapshotManifest(store);
  await checkListing(store, "pve/", manifest.files);
  const entries = new Map(manifest.files.map((entry) => [entry.path, entry]));
  const read = async (file: string): Promise<Answers | undefined> => {
    const entry = entries.get(file);
    return entry && new Answers(file, await readListed(store, entry), `${file} in ${store.place}`);
  };
  const fileOfNode = new Map(manifest.files.flatMap(({ path }) => {
    const node = nodeOfFile(path);
    return node === undefined ? [] : [[node, path] as const];
  }));
  return {
    name: nameOf(store.place),
    manifest,
    sha256,
    nodes: [...fileOfNode.keys()],
    async cluster() {
      const answers = await read(CLUSTER_FILE);
      if (answers === undefined) throw inputError(`Cannot find ${CLUSTER_FILE} in ${store.place}`);
      return answers;
    },
    async node(node) {
      const file = fileOfNode.get(node);
      return file === undefined ? undefined : await read(file);
    },
  };
}

/** The manifest alone. @throws AppError "input". */
export async function readSnapshotManifest(
  store: Store,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  return await readManifestFile(store, {
    file: MANIFEST_FILE,
    format: "snapshot format",
    newest: SNAPSHOT_FORMAT,
    writtenBy: "captured it",
    missing: noManifest,
    check: (document) => Manifest(document),
    hint: "Name a run folder itself, which holds manifest.json and pve/",
    other: { key: "surveyed_at", what: "a target folder, which survey wrote, and no run" },
  });
}

function noManifest({ place }: Store, keys: readonly string[]): AppError {
  if (keys.length === 0) {
    return inputError(
      `Found no snapshot in ${place}: the folder does not exist, or is empty`,
      {
        hint: "Name a folder that capture or simulate wrote, such as snapshots/example",
      },
    );
  }
  const unfinished = keys.some((key) => key.startsWith("pve/") || key === "capture.journal");
  return inputError(
    unfinished
      ? `Found an unfinished snapshot in ${place}: it has no ${MANIFEST_FILE}`
      : `Found no snapshot in ${place}: it has no ${MANIFEST_FILE}`,
    { hint: unfinished ? "Finish it with capture --resume" : "Name a folder that capture wrote" },
  );
}

function nameOf(place: string): string {
  return place.replaceAll("\\", "/").split("/").findLast((part) => part !== "" && part !== ".") ??
    place;
}

/** Facts that the manifest takes over as they are. */
export interface ManifestFacts
  extends Omit<Manifest, "format" | "outcome" | "incomplete" | "counts" | "files"> {
  /** Paths of answers of which the API token saw only a part. */
  readonly filtered?: Iterable<string>;
  readonly attempts?: number;
}

export interface SnapshotWriter {
  /** `file` is relative to the run folder, such as "pve/nodes/pve1.json". */
  write(file: string, answers: ReadonlyMap<string, Answer>): Promise<void>;
  /** Writes the sealed manifest, without which a folder is unfinished. */
  finish(facts: ManifestFacts): Promise<Manifest>;
}

/** Replaces the snapshot in the store. Its manifest is removed first: from then on, the folder is unfinished. */
export async function startSnapshot(store: Store): Promise<SnapshotWriter> {
  const keys = await store.keys();
  await store.remove(MANIFEST_FILE);
  for (const key of keys) {
    if (key.startsWith("pve/")) await store.remove(key);
  }
  return createSnapshotWriter(store);
}

/** For a store that holds no snapshot: overwrites what is there. */
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
