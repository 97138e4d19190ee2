/** Batches of entities → the files of netbox/: each one Diode request, in emission order. */
import { digestAside } from "../kernel/digest.ts";
import type { FileEntry } from "../kernel/files.ts";
import { reasonOf, usageError } from "../kernel/errors.ts";
import { compareCodeUnits } from "../kernel/natural-order.ts";
import { seal } from "../kernel/sealed.ts";
import type { Draft, Store } from "../kernel/store.ts";
import { encodeUtf8 } from "../kernel/utf8.ts";
import { createLeftOutWriter } from "./left-out-file.ts";
import type { LeftOut, Note } from "./left-out.ts";
import { type StepName, STEPS } from "./order.ts";
import { createStepWriter, type StepWriter, type Tool } from "./request-file.ts";
import { ENTITIES_FORMAT } from "./schema.ts";

export const ENTITIES_FOLDER = "netbox";

/** Entities of all steps, those of one step in the order of the step, and what was left out. */
export interface EntityBatch {
  readonly made: readonly {
    readonly step: StepName;
    readonly entity: object;
    /** RFC 3339: the entity's timestamp. */
    readonly capturedAt: string;
  }[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

/** What the writer cannot know by itself; goes into the manifest as it is. */
export interface EntityFacts {
  readonly tool: Tool;
  /** Of the mapping that made the entities. */
  readonly mapping_version?: number | undefined;
  /** The snapshots that the entities come from; none for a bootstrap. */
  readonly snapshots: readonly {
    /** Only when there are several. */
    readonly name?: string;
    /** SHA-256 of the snapshot's manifest. */
    readonly sha256: string;
    /** Setting → text, as used. */
    readonly policy: Readonly<Record<string, string>>;
  }[];
}

export interface EntitySummary {
  /** Every step, those with no entity included. */
  readonly counts: Readonly<Record<StepName, number>>;
  /** Reason → how many records. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Code → how many notes. */
  readonly notes: Readonly<Record<string, number>>;
  readonly files: readonly FileEntry[];
}

/** Replaces netbox/ as a whole, once everything is written; on failure the old one stays. */
export async function writeEntities(
  store: Store,
  batches: AsyncIterable<EntityBatch> | Iterable<EntityBatch>,
  facts: EntityFacts,
): Promise<EntitySummary> {
  await refuseForeign(store);
  const draft = await store.draft(ENTITIES_FOLDER);
  try {
    const summary = await writeFiles(draft, batches, facts.tool);
    const manifest = {
      format: ENTITIES_FORMAT,
      ...facts,
      counts: summary.counts,
      left_out: summary.leftOut,
      notes: summary.notes,
      files: summary.files,
    };
    await draft.commit("manifest.json", encodeUtf8(seal(manifest)));
    return summary;
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

const OWN_FILE_REGEXP = /^netbox\/(?:\d\d-[a-z-]+-\d{4,}|left-out|manifest)\.json$/;

/** The folder will be replaced: what nobody here wrote would be lost with it. */
async function refuseForeign(store: Store): Promise<void> {
  const keys = await store.keys().catch((cause: unknown) => {
    throw usageError(`Cannot write to ${store.place}: ${reasonOf(cause)}`, { cause });
  });
  if (keys.includes(ENTITIES_FOLDER)) {
    throw usageError(
      `Cannot write ${ENTITIES_FOLDER}/ in ${store.place}: what stands there is no folder`,
      { hint: "Name another run folder, or move it away" },
    );
  }
  const foreign = keys.find((key) =>
    key.startsWith(`${ENTITIES_FOLDER}/`) && !OWN_FILE_REGEXP.test(key)
  );
  if (foreign === undefined) return;
  throw usageError(
    `Cannot replace ${ENTITIES_FOLDER}/ in ${store.place}: it holds "${foreign}", which is no entity file`,
    { hint: "Name another run folder, or move that file away" },
  );
}

async function writeFiles(
  draft: Draft,
  batches: AsyncIterable<EntityBatch> | Iterable<EntityBatch>,
  tool: Tool,
): Promise<EntitySummary> {
  const requests = createRequestFiles(draft);
  const { write } = requests;
  const steps = new Map<StepName, StepWriter>(
    STEPS.map((step) => [step.name, createStepWriter(step, { tool, write })]),
  );
  const leftOut = createLeftOutWriter(draft);
  const counts = {} as Record<StepName, number>;
  try {
    for await (const batch of batches) {
      for (const { step, entity, capturedAt } of batch.made) {
        const full = steps.get(step)?.add(entity, capturedAt);
        if (full !== undefined) await full;
      }
      await leftOut.add(batch.leftOut, batch.notes);
    }
    for (const [name, step] of steps) counts[name] = await step.finish();
  } finally {
    // Whoever discards the draft shall not meet a file that is still being written.
    await requests.settle();
  }
  const { name, bytes, sha256, ...totals } = await leftOut.finish();
  const files = [...await requests.finish(), { path: `${ENTITIES_FOLDER}/${name}`, bytes, sha256 }];
  files.sort((a, b) => compareCodeUnits(a.path, b.path));
  return { counts, ...totals, files };
}

/** One file is on its way while the next one fills; when it fails, the next one tells, or the end. */
function createRequestFiles(draft: Draft) {
  const files: FileEntry[] = [];
  let last = Promise.resolve();
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    const [sha256] = await Promise.all([digestAside(bytes), draft.write(name, bytes)]);
    files.push({ path: `${ENTITIES_FOLDER}/${name}`, bytes: bytes.byteLength, sha256 });
  };
  const settle = (): Promise<void> => last.catch(() => undefined);
  return {
    /** `bytes` may change once it is done. */
    async write(name: string, bytes: Uint8Array): Promise<void> {
      await last;
      last = put(name, bytes.slice());
      void settle();
    },
    settle,
    async finish(): Promise<readonly FileEntry[]> {
      await last;
      return files;
    },
  };
}
