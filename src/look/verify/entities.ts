/** netbox/ and its manifest, file by file: one file is in memory at a time, and the keys of all. */
import type { EntityManifest } from "../../entities/manifest.ts";
import {
  ENTITY_MANIFEST_FILE,
  LEFT_OUT_FILE,
  readEntityManifest,
  stepOfFile,
} from "../../entities/read.ts";
import { type FileEntry, listingFaults, readListed } from "../../kernel/files.ts";
import { compareNatural } from "../../kernel/natural-order.ts";
import type { Store } from "../../kernel/store.ts";
import { type Findings, hasSameMapping, versionsOf } from "./findings.ts";
import { type LeftOutCounts, verifyLeftOut } from "./left-out.ts";
import { HOLDERS_FIRST, Objects } from "./objects.ts";
import { type ReadFile, type StepContext, verifyStep } from "./step.ts";

export interface VerifiedEntities {
  readonly manifest: EntityManifest;
  readonly sha256: string;
  /** File → the id of its request. */
  readonly requestIds: ReadonlyMap<string, string>;
}

const FOLDER = "netbox/";

/** What a bootstrap makes. */
const STATIC_STEPS: readonly string[] = ["tag", "custom-field", "cluster-type"];

/** Made of no snapshot; or else it was made by another program, and `receive` kept it. */
export function isBootstrap({ snapshots, counts }: EntityManifest): boolean {
  const made = Object.entries(counts).filter(([, count]) => count > 0).map(([step]) => step);
  return snapshots.length === 0 && made.every((step) => STATIC_STEPS.includes(step));
}

/** undefined when its manifest cannot be trusted, and nothing below it. */
export async function verifyEntities(
  store: Store,
  findings: Findings,
): Promise<VerifiedEntities | undefined> {
  const opened = await findings.attempt(
    "manifest",
    { file: ENTITY_MANIFEST_FILE },
    () => readEntityManifest(store),
  );
  if (opened === undefined) {
    findings.unchecked.push(`${FOLDER}, since what should be in it is not known`);
    return undefined;
  }
  const { manifest } = opened;
  const readable = await verifyListing(store, manifest, findings);
  const read: ReadFile = async (path) => {
    const entry = readable.get(path);
    return entry && await findings.attempt("hash", { file: path }, () => readListed(store, entry));
  };
  const before = findings.count;
  const requestIds = new Map<string, string>();
  const form = findings.ifSameMapping(manifest);
  const counts = await verifySteps(manifest, { store, findings, form, read, requestIds });
  const bytes = await read(LEFT_OUT_FILE);
  const records = bytes && await verifyLeftOut(bytes, { manifest, findings, form });
  if (form !== findings && form.count > 0) {
    findings.unchecked.push(
      `How ${FOLDER} is written: it was ${
        versionsOf(manifest)
      }, which writes some files differently`,
    );
  }
  // What stood in a file that cannot be read is not counted, and that is no second fault.
  const isWhole = readable.size === manifest.files.length && findings.count === before;
  if (isWhole && records) compareCounts(manifest, { counts, ...records }, findings);
  return { ...opened, requestIds };
}

/** The files of netbox/ that are there, by path. */
async function verifyListing(
  store: Store,
  { files }: EntityManifest,
  findings: Findings,
): Promise<Map<string, FileEntry>> {
  const own = { path: ENTITY_MANIFEST_FILE, bytes: 0, sha256: "" };
  const faults = await listingFaults(store, FOLDER, [...files, own]);
  for (const { path, error } of faults) findings.add("listing", { file: path }, error.message);
  const readable = new Map(files.map((entry) => [entry.path, entry]));
  for (const { path } of faults) readable.delete(path);
  for (const path of readable.keys()) {
    if (path === LEFT_OUT_FILE || stepOfFile(path) !== undefined) continue;
    findings.add("listing", { file: path }, "Is listed, and of no step");
    readable.delete(path);
  }
  if (!files.some(({ path }) => path === LEFT_OUT_FILE)) {
    findings.add("listing", { file: LEFT_OUT_FILE }, "Is not listed");
  }
  return readable;
}

/** Step → entities. */
async function verifySteps(
  manifest: EntityManifest,
  reading: Pick<StepContext, "store" | "findings" | "form" | "read" | "requestIds">,
): Promise<Record<string, number>> {
  const { findings, requestIds } = reading;
  const { tool, files } = manifest;
  const isOurs = manifest.snapshots.length > 0 || isBootstrap(manifest);
  if (!isOurs) findings.unchecked.push(`What stands in ${FOLDER}, since transform did not make it`);
  const objects = new Objects(findings);
  const otherFields = hasSameMapping(manifest) ? "reject" : "ignore";
  const context = { ...reading, tool, isOurs, otherFields, objects } as const;
  const counted: Record<string, number> = {};
  let [fileCount, entityCount] = [0, 0];
  for (const step of HOLDERS_FIRST) {
    const own = files.filter(({ path }) => stepOfFile(path) === step);
    own.sort((a, b) => compareNatural(a.path, b.path));
    const count = await verifyStep(step, own, context);
    counted[step] = count;
    fileCount += own.length;
    entityCount += count;
  }
  if (requestIds.size === fileCount && objects.count === entityCount) objects.finish();
  else if (isOurs) findings.unchecked.push("References, since not every entity can be read");
  return counted;
}

interface Counted extends LeftOutCounts {
  readonly counts: Readonly<Record<string, number>>;
}

function compareCounts(manifest: EntityManifest, counted: Counted, findings: Findings): void {
  for (const group of ["counts", "left_out", "notes"] as const) {
    const [told, found] = [manifest[group], counted[group]];
    for (const name of new Set([...Object.keys(told), ...Object.keys(found)])) {
      const [said = 0, is = 0] = [told[name], found[name]];
      if (said === is) continue;
      const place = { file: ENTITY_MANIFEST_FILE, field: `${group}.${name}` };
      findings.add("count", place, `Is ${said}, and the files hold ${is}`);
    }
  }
}
