/** Was netbox/ made from pve/? Transforms pve/ again in memory and compares the bytes. */
import { AppError } from "../../base/errors.ts";
import { ENTITY_MANIFEST_FILE, type EntityManifest } from "../../run-folder/entity-set.ts";
import { writeEntities } from "../../run-folder/entity-writer.ts";
import { fileEntry } from "../../run-folder/manifest.ts";
import { readRequest } from "../../run-folder/request.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import { type Draft, readRequired, type Store } from "../../run-folder/store/store.ts";
import { parsePolicy, type Policy } from "../../transform/policy.ts";
import { type Batch, bootstrap, transform } from "../../transform/transform.ts";
import { givenOptions, type GivenTarget, targetText } from "../target.ts";
import { isBootstrapSet } from "./entities.ts";
import { type Findings, versionsOf } from "./findings.ts";
import { ExpectedFiles } from "./expected-files.ts";

interface OriginInput {
  readonly store: Store;
  readonly manifest: EntityManifest;
  /** Of the manifest of pve/; undefined without a valid one. */
  readonly snapshotSha256: string | undefined;
  /** --target, --since and --elsewhere. */
  readonly target: GivenTarget | undefined;
}

/** Where the entities come from, in words; undefined if that could not be confirmed. */
export async function verifyOrigin(
  input: OriginInput,
  findings: Findings,
): Promise<string | undefined> {
  const { store, manifest } = input;
  const batches = await batchesOf(input, findings);
  if (batches === undefined) return undefined;
  const found = findings.ifSameMapping(manifest);
  const before = found.count;
  const isMade = await findings.attempt(
    "origin",
    { file: ENTITY_MANIFEST_FILE },
    () => compare(batches, { store, manifest }, found).then(() => true),
  );
  if (isMade && found.count === before) {
    return manifest.snapshots.length === 0
      ? "a bootstrap"
      : "transforming pve/ gives the same bytes";
  }
  if (found === findings || !isMade) return undefined;
  findings.unchecked.push(`Origin of the entities: they were ${versionsOf(manifest)}`);
  return undefined;
}

type Batches = AsyncIterable<Batch> | Iterable<Batch>;

/** Transforms the source of netbox/ again; undefined, with the reason, if the source is not here. */
async function batchesOf(
  { store, manifest, snapshotSha256, target }: OriginInput,
  findings: Findings,
): Promise<Batches | undefined> {
  const [source, ...others] = manifest.snapshots;
  if (isBootstrapSet(manifest)) return await bootstrapOf(store, manifest);
  if (source === undefined) {
    findings.unchecked.push("Origin of the entities: transform did not make them");
    return undefined;
  }
  if (others.length > 0 || snapshotSha256 === undefined) {
    const where = others.length > 0 ? "their snapshots are" : "their snapshot is";
    findings.unchecked.push(`Origin of the entities: ${where} in another folder`);
    return undefined;
  }
  if (source.sha256 !== snapshotSha256) {
    const place = { file: ENTITY_MANIFEST_FILE, field: "snapshots[0].sha256" };
    findings.add("origin", place, "Refers to another snapshot than pve/: run transform again");
    return undefined;
  }
  if (manifest.target !== undefined && target === undefined) {
    findings.unchecked.push(
      `Origin of the entities: they were made with a target (${targetText(manifest.target)}): ` +
        "name it with --target",
    );
    return undefined;
  }
  if (manifest.since !== undefined && target?.since === undefined) {
    findings.unchecked.push(
      "Origin of the entities: they were made with an earlier run: name it with --since",
    );
    return undefined;
  }
  if (manifest.elsewhere !== undefined && (target?.elsewhere ?? []).length === 0) {
    findings.unchecked.push(
      "Origin of the entities: they were made with runs of other clusters: name them with --elsewhere",
    );
    return undefined;
  }
  const policy = policyOf(source.policy, findings);
  if (policy === undefined) return undefined;
  const inputs = [{ snapshot: await openSnapshot(store), policy }];
  return transform(inputs, await givenOptions(target));
}

function policyOf(texts: Readonly<Record<string, string>>, findings: Findings): Policy | undefined {
  try {
    return parsePolicy(texts);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const place = { file: ENTITY_MANIFEST_FILE, field: "snapshots[0].policy" };
    findings.add("shape", place, error.message);
    return undefined;
  }
}

/** A bootstrap depends on nothing but its timestamp. */
async function bootstrapOf(store: Store, { files }: EntityManifest): Promise<Batches | undefined> {
  const [first] = files;
  if (first === undefined) return undefined;
  const { entities: [entity] } = readRequest(await readRequired(store, first.path), first.path);
  return bootstrap((entity as { timestamp: string }).timestamp);
}

async function compare(
  batches: Batches,
  { store, manifest }: Pick<OriginInput, "store" | "manifest">,
  findings: Findings,
): Promise<void> {
  const own = fileEntry(ENTITY_MANIFEST_FILE, await readRequired(store, ENTITY_MANIFEST_FILE));
  const options = { store, findings, check: "origin" } as const;
  const expected = new ExpectedFiles([...manifest.files, own], options);
  const { tool, mapping_version, snapshots, target, since, elsewhere } = manifest;
  const comparing: Store = {
    ...store,
    draft: (folder) => Promise.resolve(comparingDraft(expected, folder)),
  };
  const facts = {
    tool,
    mapping_version,
    snapshots,
    target,
    ...(since && { since }),
    ...(elsewhere && { elsewhere }),
  };
  await writeEntities(comparing, batches, facts);
  expected.finish();
}

/** Compares what is written to it and keeps nothing. */
function comparingDraft(expected: ExpectedFiles, folder: string): Draft {
  const appended = new Map<string, Uint8Array[]>();
  const compare = (name: string, bytes: Uint8Array): Promise<void> =>
    expected.compare(`${folder}/${name}`, bytes);
  return {
    write: compare,
    append(name, bytes) {
      appended.set(name, [...appended.get(name) ?? [], bytes]);
      return Promise.resolve();
    },
    async commit(name, bytes) {
      for (const [each, chunks] of appended) await compare(each, Buffer.concat(chunks));
      // After any difference the hashes in the manifest differ too.
      if (expected.isSame) await compare(name, bytes);
      else expected.skip(`${folder}/${name}`);
    },
    discard: () => Promise.resolve(),
  };
}
