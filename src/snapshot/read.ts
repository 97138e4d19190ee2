/** A run folder → its snapshot, trusted only as far as its hashes reach. */
import { type } from "arktype";
import { inputError } from "../kernel/errors.ts";
import { checkListing, readListed } from "../kernel/files.ts";
import { readManifestFile } from "../kernel/manifest-file.ts";
import { type Store } from "../kernel/store.ts";
import { Answers } from "./answers.ts";
import { CLUSTER_FILE, MANIFEST_FILE, nodeFile, nodeOfFile } from "./paths.ts";
import { Manifest, type Snapshot, SNAPSHOT_FORMAT } from "./schema.ts";

/** @throws AppError "input" when the folder is unfinished, changed, or of a newer format. */
export async function openSnapshot(store: Store): Promise<Snapshot> {
  const { manifest, sha256 } = await readSnapshotManifest(store);
  await checkListing(store, "pve/", manifest.files);
  const entries = new Map(manifest.files.map((entry) => [entry.path, entry]));
  const read = async (file: string): Promise<Answers | undefined> => {
    const entry = entries.get(file);
    return entry && new Answers(file, await readListed(store, entry), `${file} in ${store.place}`);
  };
  return {
    name: nameOf(store.place),
    manifest,
    sha256,
    nodes: manifest.files.flatMap(({ path }) => nodeOfFile(path) ?? []),
    async cluster() {
      const answers = await read(CLUSTER_FILE);
      if (answers === undefined) throw inputError(`Cannot find ${CLUSTER_FILE} in ${store.place}`);
      return answers;
    },
    async node(node) {
      const file = nodeFile(node);
      return file === undefined ? undefined : await read(file);
    },
  };
}

/** The manifest alone, of whatever the folder holds. @throws AppError "input". */
export async function readSnapshotManifest(
  store: Store,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const found = await readManifestFile(store, {
    file: MANIFEST_FILE,
    format: "snapshot format",
    newest: SNAPSHOT_FORMAT,
    writtenBy: "captured it",
  });
  if (found === undefined) throw await noManifest(store);
  const manifest = Manifest(found.document);
  if (manifest instanceof type.errors) {
    throw inputError(`Cannot read ${found.what}: ${manifest.summary.split("\n", 1)[0]}`, {
      hint: "Name a run folder itself, which holds manifest.json and pve/",
    });
  }
  return { manifest, sha256: found.sha256 };
}

async function noManifest(store: Store): Promise<Error> {
  const keys = await store.keys();
  if (keys.length === 0) {
    return inputError(
      `Found no snapshot in ${store.place}: there is no such folder, or it is empty`,
      {
        hint: "Name a folder that capture or simulate wrote, such as snapshots/example",
      },
    );
  }
  const unfinished = keys.some((key) => key.startsWith("pve/") || key === "capture.journal");
  return inputError(
    unfinished
      ? `Found an unfinished snapshot in ${store.place}: it has no ${MANIFEST_FILE}`
      : `Found no snapshot in ${store.place}: it has no ${MANIFEST_FILE}`,
    { hint: unfinished ? "Finish it with capture --resume" : "Name a folder that capture wrote" },
  );
}

function nameOf(place: string): string {
  return place.replaceAll("\\", "/").split("/").findLast((part) => part !== "" && part !== ".") ??
    place;
}
