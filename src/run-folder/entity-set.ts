/**
 * Reads the entity files in netbox/ and checks them against the manifest. Nothing but the
 * manifest is kept in memory: each file is read, and checked against its hash, when its turn comes.
 */
import { type } from "arktype";
import { digest } from "../base/digest.ts";
import { type AppError, inputError } from "../base/errors.ts";
import { compareNatural } from "../base/natural-order.ts";
import { ENTITIES_FORMAT, type StepName, STEPS } from "../netbox/types/steps.ts";
import { ENTITIES_FOLDER } from "./entity-writer.ts";
import { LEFT_OUT_NAME } from "./left-out-file.ts";
import { checkListing, type FileEntry, readListed, readManifestFile } from "./manifest.ts";
import { readRequired, type Store } from "./store/store.ts";
import { TargetSource } from "./target.ts";
import { parsePlan, PLAN_FILE, type TidyPlan } from "./tidy-plan.ts";

/** One Diode request. */
export interface EntityFile {
  /** Relative to the folder, as "netbox/11-virtual-machine-0001.json". */
  readonly path: string;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** undefined in a file of an SDK, which may hold entities of any type. */
  readonly step: StepName | undefined;
  /** The whole file. @throws AppError "input" when it is missing or was changed. */
  read(): Promise<Uint8Array>;
}

/** Files to be sent in this order. */
export interface EntitySet {
  /** As the user named it, without credentials. */
  readonly place: string;
  /** Over all that it holds: same hash, same entities. */
  readonly sha256: string;
  readonly files: readonly EntityFile[];
}

/** What `transform` made. */
export interface TransformedSet extends EntitySet {
  readonly manifest: EntityManifest;
  /** left-out.json as it is. @throws AppError "input" when it is missing or was changed. */
  readLeftOut(): Promise<Uint8Array>;
  /** undefined: it was made without a target. @throws AppError "input" when it was changed. */
  readPlan(): Promise<TidyPlan | undefined>;
}

export const ENTITY_MANIFEST_FILE = `${ENTITIES_FOLDER}/manifest.json`;
export const LEFT_OUT_FILE = `${ENTITIES_FOLDER}/${LEFT_OUT_NAME}`;
/** Entity files of a step are numbered from 0001; past 9999 the number grows. */
const ENTITY_FILE_REGEXP = /^netbox\/(\d\d[a-z]?-[a-z0-9-]+)-\d{4,}\.json$/;

const STEP_OF_PREFIX = new Map(STEPS.map(({ number, name }) => [`${number}-${name}`, name]));

/** @throws AppError "input" when the folder is unfinished, changed, or of a newer format. */
export async function openEntities(store: Store): Promise<TransformedSet> {
  const read = await readEntityManifest(store);
  await checkListing(store, `${ENTITIES_FOLDER}/`, [
    ...read.manifest.files,
    { path: ENTITY_MANIFEST_FILE, bytes: 0, sha256: "" },
  ]);
  return setOf(store, read);
}

/** What the manifest lists; whether these files exist shows only when they are read. @throws AppError "input". */
export async function listedEntities(store: Store): Promise<TransformedSet> {
  return setOf(store, await readEntityManifest(store));
}

function setOf(
  store: Store,
  { manifest, sha256 }: Awaited<ReturnType<typeof readEntityManifest>>,
): TransformedSet {
  const leftOut = manifest.files.find(({ path }) => path === LEFT_OUT_FILE);
  if (leftOut === undefined) {
    throw inputError(`Found no ${LEFT_OUT_NAME} in the manifest of ${store.place}`);
  }
  const plan = manifest.files.find(({ path }) => path === PLAN_FILE);
  const files = manifest.files.filter((entry) => entry !== leftOut && entry !== plan);
  return {
    place: store.place,
    sha256,
    manifest,
    files: files.map((entry) => entityFile(store, entry)).sort(bySendingOrder),
    readLeftOut: () => readListed(store, leftOut),
    async readPlan() {
      const what = `"${PLAN_FILE}" in ${store.place}`;
      return plan && parsePlan(await readListed(store, plan), what);
    },
  };
}

/** The plan of a run. @throws AppError "input" when it has none, or one that was changed. */
export async function readTidyPlan(store: Store): Promise<TidyPlan> {
  const plan = await (await openEntities(store)).readPlan();
  if (plan !== undefined) return plan;
  throw inputError(
    `Found no ${PLAN_FILE} in ${store.place}: the run was transformed without a target`,
    {
      hint: "Run survey, then transform with --target",
    },
  );
}

function entityFile(store: Store, entry: FileEntry): EntityFile {
  const step = stepOfFile(entry.path);
  if (step === undefined) {
    throw inputError(`Found "${entry.path}" in the manifest of ${store.place}: it is of no step`, {
      hint: `Entity files are called ${ENTITIES_FOLDER}/01-tag-0001.json and so on`,
    });
  }
  return { ...entry, step, read: () => readListed(store, entry) };
}

/** "netbox/07-vm-interface-0001.json" → "vm-interface"; undefined for what is no entity file. */
export function stepOfFile(path: string): StepName | undefined {
  return STEP_OF_PREFIX.get(ENTITY_FILE_REGEXP.exec(path)?.[1] ?? "");
}

/** By step, then by number: of one step, the longer name has the higher number. */
function bySendingOrder(a: EntityFile, b: EntityFile): number {
  const steps = stepNumber(a) - stepNumber(b);
  return steps || a.path.length - b.path.length || (a.path < b.path ? -1 : 1);
}

function stepNumber({ step }: EntityFile): number {
  return STEPS.findIndex(({ name }) => name === step);
}

/** The manifest alone, of whatever the folder holds. @throws AppError "input". */
export async function readEntityManifest(
  store: Store,
): Promise<{ readonly manifest: EntityManifest; readonly sha256: string }> {
  return await readManifestFile(store, {
    file: ENTITY_MANIFEST_FILE,
    format: "entity format",
    newest: ENTITIES_FORMAT,
    writtenBy: "transformed it",
    missing: noManifest,
    check: (document) => EntityManifest(document),
  });
}

function noManifest({ place }: Store, keys: readonly string[]): AppError {
  if (keys.some((key) => key.startsWith(`${ENTITIES_FOLDER}/`))) {
    return inputError(
      `Found unfinished entity files in ${place}: no ${ENTITY_MANIFEST_FILE}`,
      {
        hint: "Run transform again; the manifest is written last",
      },
    );
  }
  const why = keys.length === 0
    ? "the folder does not exist, or is empty"
    : `no ${ENTITY_MANIFEST_FILE}`;
  return inputError(`Found no entity files in ${place}: ${why}`, {
    hint: keys.some((key) => key.startsWith("pve/"))
      ? "The snapshot is not transformed yet: run transform on it first"
      : "Name a run folder that transform or bootstrap wrote, such as snapshots/example",
  });
}

/** netbox/manifest.json: what `transform` made, of what, and the hash of every file. */
export const EntityManifest = type({
  format: "number.integer >= 1",
  tool: { name: "string", version: "string" },
  /** Of the mapping that made the entities; absent when none did, or a version that did not record it. */
  "mapping_version?": "number.integer >= 1",
  /** The snapshots that the entities come from; none for a bootstrap. */
  snapshots: type({
    "name?": "string",
    sha256: "string.hex",
    policy: { "[string]": "string" },
  }).array(),
  /** What NetBox held, if transform was given it. */
  "target?": TargetSource,
  /** Hash of the earlier entity set, if transform was given one. */
  "since?": "string.hex",
  /** Hashes of the entity sets of other clusters that transform was given. */
  "elsewhere?": "string.hex[]",
  /** Step → entities. */
  counts: { "[string]": "number.integer >= 0" },
  /** Step → entities that NetBox had already; only with a target. */
  "found?": { "[string]": "number.integer >= 0" },
  /** Reason → records. */
  left_out: { "[string]": "number.integer >= 0" },
  /** Code → notes. */
  notes: { "[string]": "number.integer >= 0" },
  files: type({ path: "string", bytes: "number.integer >= 0", sha256: "string.hex" }).array(),
});
export type EntityManifest = typeof EntityManifest.infer;

/**
 * Files that the dry-run clients of the official Diode SDKs wrote: each is one request, in the order of
 * their names, which end in a time. There is no manifest, so their hashes are taken here.
 * @throws AppError "input" when a file is missing.
 */
export async function openDryRun(store: Store, keys: readonly string[]): Promise<EntitySet> {
  const files: EntityFile[] = [];
  for (const path of [...new Set(keys)].sort(compareNatural)) {
    const bytes = await readRequired(store, path);
    const entry = { path, bytes: bytes.byteLength, sha256: digest(bytes) };
    files.push({ ...entry, step: undefined, read: () => readListed(store, entry) });
  }
  if (files.length === 0) throw inputError(`Found no dry-run file in ${store.place}`);
  return {
    place: store.place,
    sha256: digest(files.map(({ path, sha256 }) => `${sha256} ${path}\n`).join("")),
    files,
  };
}

/** The keys of a folder that holds dry-run files and no run: its JSON files, folders aside. */
export function dryRunKeys(keys: readonly string[]): readonly string[] {
  const isRun = keys.some((key) => key === "manifest.json" || key.startsWith("netbox/"));
  return isRun ? [] : keys.filter((key) => /^[^/]+\.json$/.test(key));
}
