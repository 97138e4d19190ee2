/** Writes batches of entities to the files of netbox/: each one Diode request, in emission order. */
import { digestAside } from "../base/digest.ts";
import { inputError, reasonOf, usageError } from "../base/errors.ts";
import { ByteBuffer, encodeUtf8, utf8Length } from "../base/text.ts";
import { compareCodeUnits } from "../base/natural-order.ts";
import {
  ENTITIES_FORMAT,
  type Step,
  type StepCounts,
  stepCounts,
  type StepName,
  STEPS,
} from "../netbox/types/steps.ts";
import { createLeftOutWriter } from "./left-out-file.ts";
import type { LeftOut, Note } from "./left-out.ts";
import { type FileEntry, fileEntry, seal } from "./manifest.ts";
import { requestId } from "./request.ts";
import type { Draft, Store } from "./store/store.ts";
import type { TargetSource } from "./target.ts";
import { type Action, countActions, type MadePlan, PLAN_FILE, planText } from "./tidy-plan.ts";

export const ENTITIES_FOLDER = "netbox";

/** Entities of all steps, those of one step in the order of the step, and what was left out. */
export interface EntityBatch {
  readonly made: readonly {
    readonly step: StepName;
    readonly entity: object;
    /** RFC 3339: the entity's timestamp. */
    readonly capturedAt: string;
    /** What NetBox has of it, as the target shows. */
    readonly found?: object | undefined;
  }[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
  /** With a target, in the last batch. */
  readonly plan?: MadePlan | undefined;
}

/** Facts that the manifest takes over as they are. */
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
  /** What NetBox held, if transform was given it. */
  readonly target?: TargetSource | undefined;
  /** Hash of the earlier entity set, if transform was given one. */
  readonly since?: string | undefined;
  /** Hashes of the entity sets of other clusters. */
  readonly elsewhere?: string[] | undefined;
}

export interface EntitySummary {
  /** Every step, those with no entity included; an extension only with entities. */
  readonly counts: StepCounts;
  /** Of these, the entities that NetBox had already. */
  readonly found: StepCounts;
  /** Reason → how many records. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Code → how many notes. */
  readonly notes: Readonly<Record<string, number>>;
  /** Action → how many items; absent without a target. */
  readonly plan?: Readonly<Partial<Record<Action, number>>>;
  readonly files: readonly FileEntry[];
}

/** Replaces the whole of netbox/ once everything is written; on failure the old one stays. */
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
      ...(facts.target === undefined ? {} : { found: summary.found }),
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

const OWN_FILE_REGEXP = /^netbox\/(?:\d\d[a-z]?-[a-z0-9-]+-\d{4,}|left-out|plan|manifest)\.json$/;

/** The folder will be replaced, and files that this program did not write would be lost. */
async function refuseForeign(store: Store): Promise<void> {
  const keys = await store.keys().catch((cause: unknown) => {
    throw usageError(`Cannot write to ${store.place}: ${reasonOf(cause)}`, { cause });
  });
  if (keys.includes(ENTITIES_FOLDER)) {
    throw usageError(
      `Cannot write ${ENTITIES_FOLDER}/ in ${store.place}: it is not a folder`,
      { hint: "Name another run folder, or move it away" },
    );
  }
  const foreign = keys.find((key) =>
    key.startsWith(`${ENTITIES_FOLDER}/`) && !OWN_FILE_REGEXP.test(key)
  );
  if (foreign === undefined) return;
  throw usageError(
    `Cannot replace ${ENTITIES_FOLDER}/ in ${store.place}: it holds "${foreign}", which is not an entity file`,
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
  const counted = new Map<StepName, number>();
  let plan: MadePlan | undefined;
  const known = new Map<StepName, number>();
  try {
    for await (const batch of batches) {
      for (const { step, entity, capturedAt, found } of batch.made) {
        if (found !== undefined) known.set(step, (known.get(step) ?? 0) + 1);
        const full = steps.get(step)?.add(entity, capturedAt);
        if (full !== undefined) await full;
      }
      await leftOut.add(batch.leftOut, batch.notes);
      plan ??= batch.plan;
    }
    for (const [name, step] of steps) counted.set(name, await step.finish());
  } finally {
    // Wait for pending writes before the draft is discarded.
    await requests.settle();
  }
  const { name, bytes, sha256, ...totals } = await leftOut.finish();
  const files = [...await requests.finish(), { path: `${ENTITIES_FOLDER}/${name}`, bytes, sha256 }];
  if (plan !== undefined) files.push(await writePlan(draft, plan));
  files.sort((a, b) => compareCodeUnits(a.path, b.path));
  const counts = stepCounts((step) => counted.get(step) ?? 0);
  const found = stepCounts((step) => known.get(step) ?? 0, counts);
  return { counts, found, ...totals, ...(plan && { plan: countActions(plan) }), files };
}

async function writePlan(draft: Draft, plan: MadePlan): Promise<FileEntry> {
  const bytes = encodeUtf8(planText(plan));
  await draft.write(PLAN_FILE.slice(`${ENTITIES_FOLDER}/`.length), bytes);
  return fileEntry(PLAN_FILE, bytes);
}

/** So many files are written while the next ones fill. */
const FILES_AT_ONCE = 4;

/** A failure surfaces with a later file, or at the end. */
function createRequestFiles(draft: Draft) {
  const files: FileEntry[] = [];
  const pending: Promise<void>[] = [];
  // Memory that is used again: a fresh copy of each file would make the runtime collect garbage all the time.
  const spare: ByteBuffer[] = [];
  const put = async (name: string, buffer: ByteBuffer): Promise<void> => {
    const bytes = buffer.view(0);
    const [sha256] = await Promise.all([digestAside(bytes), draft.write(name, bytes)]);
    files.push({ path: `${ENTITIES_FOLDER}/${name}`, bytes: bytes.byteLength, sha256 });
    spare.push(buffer);
  };
  return {
    /** `bytes` may change once it is done. */
    async write(name: string, bytes: Uint8Array): Promise<void> {
      if (pending.length === FILES_AT_ONCE) await pending.shift();
      const buffer = spare.pop() ?? new ByteBuffer();
      buffer.clear();
      buffer.append(bytes);
      const written = put(name, buffer);
      pending.push(written);
      // Reported by the promise that waits for it.
      written.catch(() => undefined);
    },
    async settle(): Promise<void> {
      await Promise.allSettled(pending);
    },
    async finish(): Promise<readonly FileEntry[]> {
      await Promise.all(pending);
      return files;
    },
  };
}

/** Source: diode.v1.IngestRequest, entities (max_items). */
export const MAX_ENTITIES = 1000;
/** Bytes of file text; the wire form is always smaller, and the server takes 4 MiB of that. */
export const MAX_FILE_BYTES = 3 * 2 ** 20;

/** What made the files. Plain X.Y.Z: Diode's schema allows no suffix. */
export interface Tool {
  readonly name: string;
  readonly version: string;
}

export interface StepWriter {
  /** A promise when a file became full and is being written. @throws AppError "input". */
  add(entity: object, capturedAt: string): Promise<void> | undefined;
  /** Writes the last file; answers how many entities the step has. */
  finish(): Promise<number>;
}

interface StepContext {
  readonly tool: Tool;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
}

const ID_PLACEHOLDER = "00000000-0000-0000-0000-000000000000";
const CLOSING = encodeUtf8("\n]");
const END = encodeUtf8("}\n");

/**
 * Entities of one step → files, each exactly one Diode IngestRequest in protobuf JSON:
 *
 * {"stream":"latest","id":"…","producer_app_name":"proxmox-diode",…,"entities":[
 * {"timestamp":"2026-01-02T03:04:05Z","tag":{"name":"discovered","slug":"discovered"}},
 * {"timestamp":"2026-01-02T03:04:05Z","tag":{"name":"proxmox-ve","slug":"proxmox-ve"}}
 * ]}
 */
export function createStepWriter(step: Step, { tool, write }: StepContext): StepWriter {
  const header = headerOf(tool);
  // Lines go straight into bytes: thousands of waiting strings would be garbage grown old.
  const request = new ByteBuffer();
  let inFile = 0;
  let files = 0;
  let count = 0;
  const start = (): void => {
    request.clear();
    request.append(header.bytes);
  };
  const flush = (): Promise<void> => {
    files += 1;
    inFile = 0;
    const name = `${step.number}-${step.name}-${String(files).padStart(4, "0")}.json`;
    request.append(CLOSING);
    const entities = request.view(header.entitiesAt);
    request.overwrite(header.idAt, encodeUtf8(requestId(entities)));
    request.append(END);
    return write(name, request.view(0)).then(start);
  };
  start();
  return {
    add(entity, capturedAt) {
      const line = `{"timestamp":"${capturedAt}","${step.field}":${JSON.stringify(entity)}}`;
      const append = (): void => {
        request.appendText(inFile === 0 ? line : `,\n${line}`);
        inFile += 1;
        count += 1;
      };
      if (inFile < MAX_ENTITIES && fits(line, request.length)) {
        append();
        return undefined;
      }
      if (!fits(line, header.bytes.length)) {
        const bytes = utf8Length(line) + ROOM_PER_LINE;
        throw inputError(
          `Cannot write a ${step.name} of ${bytes} bytes: a request has at most ${MAX_FILE_BYTES}`,
        );
      }
      return flush().then(append);
    },
    async finish() {
      if (inFile > 0) await flush();
      return count;
    },
  };
}

/** A separator before the line; brackets and a newline after the last one. */
const ROOM_PER_LINE = 2 + CLOSING.length + END.length;

/** Counts the bytes of a line only where they matter: a UTF-16 unit has three at the most. */
function fits(line: string, before: number): boolean {
  const free = MAX_FILE_BYTES - before - ROOM_PER_LINE;
  return line.length * 3 <= free || utf8Length(line) <= free;
}

/** Everything before the first entity, and where the id goes. */
function headerOf(tool: Tool): { bytes: Uint8Array; idAt: number; entitiesAt: number } {
  const text = opening({
    stream: "latest",
    id: ID_PLACEHOLDER,
    producer_app_name: tool.name,
    producer_app_version: tool.version,
    sdk_name: tool.name,
    sdk_version: tool.version,
  });
  const bytes = encodeUtf8(text);
  return { bytes, idAt: text.indexOf(ID_PLACEHOLDER), entitiesAt: bytes.length - "[\n".length };
}

/** A request that came from elsewhere, in the form of an entity file. Its header is not empty. */
export function requestText(request: { readonly entities: readonly object[] }): string {
  const { entities, ...header } = request;
  return `${opening(header)}${entities.map((entity) => JSON.stringify(entity)).join(",\n")}\n]}\n`;
}

function opening(header: object): string {
  return `${JSON.stringify(header).slice(0, -1)},"entities":[\n`;
}
