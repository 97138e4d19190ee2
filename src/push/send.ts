/** Sends planned files step by step, and journals each acknowledgement at once. */
import { setTimeout as wait } from "node:timers/promises";
import pMap from "p-map";
import { AppError, isAbort } from "../base/errors.ts";
import { RemoteFailure } from "../http/failure.ts";
import type { StepName } from "../netbox/types/steps.ts";
import type { EntityFile } from "../run-folder/entity-set.ts";
import type { PushJournal } from "../run-folder/push-journal.ts";
import type { SelectedFile } from "../run-folder/set-difference.ts";
import type { Diode } from "./diode.ts";
import { groupByStep, isSent, prepare, readEntities, type Requests } from "./plan.ts";
import type { Target } from "./settings.ts";

export interface SendJob {
  /** In sending order. */
  readonly files: readonly SelectedFile[];
  readonly target: Target;
  readonly requests: Requests;
  readonly diode: Diode;
  readonly journal: PushJournal;
  readonly concurrency: number;
  /** Between steps. */
  readonly stepPauseMs: number;
  /** How long to wait for Diode to apply custom fields that are new to the target. */
  readonly bootstrapWaitMs: number;
  /** After an abort no further file is started. */
  readonly signal: AbortSignal;
  readonly watch: SendWatch;
}

export interface SendWatch {
  onSent(sent: Sent): void;
  onPause(pause: { readonly ms: number; readonly isBootstrap: boolean }): void;
  /** Called when the pause is over or was interrupted. */
  onResume(): void;
}

/** An acknowledged file. */
export interface Sent {
  readonly file: EntityFile;
  readonly entities: number;
  /** Size of the encoded message. */
  readonly bytes: number;
  readonly tookMs: number;
  readonly errors: readonly EntityError[];
}

/** An entity that the server rejected. */
export interface EntityError {
  readonly file: string;
  /** undefined of a file of an SDK, and when the server names no entity. */
  readonly line?: number;
  /** 'virtual_machine "web-01"', or the file when the server names none. */
  readonly entity: string;
  readonly error: string;
}

/** @throws AppError "remote", "rejected" or "interrupted"; the journal has what was acknowledged. */
export async function sendFiles(job: SendJob): Promise<void> {
  const { files, signal, watch } = job;
  let sentBefore = false;
  for (const group of groupByStep(files)) {
    const pause = pauseBefore(group, sentBefore, job);
    if (pause.ms > 0 && group.some(isSent)) {
      watch.onPause(pause);
      // Only an abort ends it early, and then no file of the group is started.
      await wait(pause.ms, undefined, { signal }).catch(() => undefined);
      watch.onResume();
    }
    if (!await sendGroup(group, job)) throw interruptedError(job);
    sentBefore = group.some(isSent);
  }
}

/** Sent before the wait for custom fields: NetBox refuses a value of an unknown field. */
export const BOOTSTRAP_STEPS: ReadonlySet<StepName> = new Set<StepName>([
  "tag",
  "custom-field",
  "cluster-type",
]);

/**
 * Diode acknowledges entities before it applies them. Returns the longer of the pause between steps and
 * what is left of the time for the custom fields.
 */
function pauseBefore(
  [first]: readonly SelectedFile[],
  sentBefore: boolean,
  { journal, stepPauseMs, bootstrapWaitMs }: SendJob,
): { readonly ms: number; readonly isBootstrap: boolean } {
  const step = first?.file.step;
  const fields = journal.customFields;
  const needsFields = step !== undefined && !BOOTSTRAP_STEPS.has(step) && fields !== undefined;
  const age = needsFields ? Date.now() - Date.parse(fields.acknowledged_at) : Infinity;
  const bootstrapMs = Math.max(bootstrapWaitMs - Math.max(age, 0), 0);
  const stepMs = sentBefore ? stepPauseMs : 0;
  return { ms: Math.max(bootstrapMs, stepMs), isBootstrap: bootstrapMs > stepMs };
}

/**
 * After the first failure no further file is started; those under way finish and are journaled.
 * Returns false when an abort left files unsent.
 */
async function sendGroup(group: readonly SelectedFile[], job: SendJob): Promise<boolean> {
  const { signal, concurrency } = job;
  const failures: unknown[] = [];
  let done = 0;
  function* untilFailure(): Generator<SelectedFile> {
    for (const planned of group) {
      if (failures.length > 0 || signal.aborted) return;
      yield planned;
    }
  }
  const send = async (planned: SelectedFile): Promise<void> => {
    try {
      await sendFile(planned, job);
      done += 1;
    } catch (error) {
      if (!signal.aborted || !isAbort(error)) failures.push(error);
    }
  };
  await pMap(untilFailure(), send, { concurrency });
  // A bug is reported before what the user can act on.
  if (failures.length > 0) {
    throw failures.find((each) => !(each instanceof AppError)) ?? failures[0];
  }
  return done === group.length;
}

async function sendFile(planned: SelectedFile, job: SendJob): Promise<void> {
  const { file } = planned;
  const now = (): string => new Date().toISOString();
  const line = { file: file.path, sha256: file.sha256 };
  if (!isSent(planned)) {
    await job.journal.add({ ...line, entities: 0, acknowledged_at: now() });
    return;
  }
  await job.journal.sending({ ...line, sent_at: now() });
  const started = performance.now();
  const { id, bytes, entities, customFields } = await job.requests.take(planned);
  const errors = await job.diode.ingest(bytes).catch((error: unknown) => {
    throw error instanceof RemoteFailure ? sendError(error, file, job) : error;
  });
  await job.journal.add({
    ...line,
    entities,
    request_id: id,
    acknowledged_at: now(),
    ...(errors.length === 0 ? {} : { errors: [...errors] }),
    ...(customFields === undefined ? {} : { custom_fields: customFields }),
  });
  job.watch.onSent({
    file,
    entities,
    bytes: bytes.length,
    tookMs: performance.now() - started,
    errors: await entityErrors(errors, planned),
  });
}

/** Source: diode-server, ingester/component.go. */
const INDEX_REGEXP = /^entity at index (\d+) /;

async function entityErrors(
  errors: readonly string[],
  planned: SelectedFile,
): Promise<EntityError[]> {
  if (errors.length === 0) return [];
  const { path } = planned.file;
  const find = await readEntities(planned);
  return errors.map((error) => {
    const index = Number(INDEX_REGEXP.exec(error)?.[1] ?? NaN);
    const { label = path, line } = find(index) ?? {};
    return { file: path, ...(line !== undefined && { line }), entity: label, error };
  });
}

/** Sends what the target has acknowledged before: nothing of it is journaled. @throws AppError "remote" or "rejected". */
export async function sendAgain(files: readonly SelectedFile[], job: SendJob): Promise<void> {
  for (const group of groupByStep(files)) {
    await pMap(group, async (selected) => {
      const { bytes } = await prepare(selected);
      await job.diode.ingest(bytes).catch((error: unknown) => {
        throw error instanceof RemoteFailure ? sendError(error, selected.file, job) : error;
      });
    }, { concurrency: job.concurrency });
  }
}

const RESUME_HINT = "The same command without --again resumes after the acknowledged files";

function sendError(failure: RemoteFailure, file: EntityFile, { target }: SendJob): AppError {
  const kind = failure.verdict === "rejected" ? "rejected" : "remote";
  const message = `Cannot send "${file.path}" to ${target.name}: ${failure.message}`;
  const { hint } = failure;
  return new AppError(kind, message, {
    hint: hint === undefined
      ? RESUME_HINT
      : `${hint}; the same command without --again resumes after the acknowledged files`,
  });
}

function interruptedError({ files, journal }: SendJob): AppError {
  const done = files.filter(({ file }) => journal.isAcknowledged(file)).length;
  return new AppError(
    "interrupted",
    `Interrupted: ${done} of ${files.length} files are acknowledged`,
    { hint: RESUME_HINT },
  );
}
