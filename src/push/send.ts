/** Planned files → Diode, step by step; each acknowledgement goes to the journal at once. */
import { setTimeout as wait } from "node:timers/promises";
import type { EntityFile } from "../run-folder/entity-set.ts";
import { AppError } from "../base/errors.ts";
import { RemoteFailure } from "../http/failure.ts";
import { inParallel } from "./in-parallel.ts";
import type { PushJournal } from "../run-folder/push-journal.ts";
import { pauseBefore, type PauseOptions } from "./pauses.ts";
import { groupByStep, isSent } from "./plan.ts";
import { placeOf, type PlannedFile } from "./prepare.ts";
import type { Diode } from "./remote/client.ts";
import type { Requests } from "./requests.ts";
import type { Target } from "./settings.ts";

export interface SendJob {
  /** In order. */
  readonly files: readonly PlannedFile[];
  readonly target: Target;
  readonly requests: Requests;
  readonly diode: Diode;
  readonly journal: PushJournal;
  readonly concurrency: number;
  readonly pauses: PauseOptions;
  /** Once it is aborted, nothing more is started. */
  readonly signal: AbortSignal;
  readonly watch: SendWatch;
}

/** Told as it happens. */
export interface SendWatch {
  onSent(sent: Sent): void;
  onPause(pause: { readonly ms: number; readonly isBootstrap: boolean }): void;
  /** The pause is over, or was interrupted. */
  onResume(): void;
}

/** A file that was acknowledged. */
export interface Sent {
  readonly file: EntityFile;
  readonly entities: number;
  /** On the wire. */
  readonly bytes: number;
  readonly tookMs: number;
  readonly errors: readonly EntityError[];
}

/** What the server said against an entity. */
export interface EntityError {
  readonly file: string;
  readonly line: number;
  /** 'virtual_machine "web-01"', or the file when the server names none. */
  readonly entity: string;
  readonly error: string;
}

/** @throws AppError "remote", "rejected" or "interrupted"; the journal has what was acknowledged. */
export async function sendFiles(job: SendJob): Promise<void> {
  const { files, journal, signal, watch } = job;
  try {
    let sentBefore = false;
    for (const group of groupByStep(files)) {
      const pause = pauseBefore(group, { sentBefore, journal, ...job.pauses });
      if (pause.ms > 0 && group.some(isSent)) {
        watch.onPause(pause);
        await wait(pause.ms, undefined, { signal }).finally(() => watch.onResume());
      }
      await inParallel(group, job, (planned) => sendFile(planned, job));
      signal.throwIfAborted();
      sentBefore = group.some(isSent);
    }
  } catch (error) {
    throw signal.aborted ? interrupted(job) : error;
  }
}

async function sendFile(planned: PlannedFile, job: SendJob): Promise<void> {
  const { file } = planned;
  const acknowledged_at = (): string => new Date().toISOString();
  const line = { file: file.path, sha256: file.sha256 };
  if (!isSent(planned)) {
    await job.journal.add({ ...line, entities: 0, acknowledged_at: acknowledged_at() });
    return;
  }
  const started = performance.now();
  const { id, bytes, entities, customFields } = await job.requests.take(planned);
  const errors = await job.diode.ingest(bytes).catch((error: unknown) => {
    throw error instanceof RemoteFailure ? failed(error, file, job) : error;
  });
  await job.journal.add({
    ...line,
    entities,
    request_id: id,
    acknowledged_at: acknowledged_at(),
    ...(errors.length === 0 ? {} : { errors: [...errors] }),
    ...(customFields === undefined ? {} : { custom_fields: customFields }),
  });
  job.watch.onSent({
    file,
    entities,
    bytes: bytes.length,
    tookMs: performance.now() - started,
    errors: await Promise.all(errors.map((error) => entityError(error, planned))),
  });
}

/** Source: diode-server, ingester/component.go. */
const INDEX_REGEXP = /^entity at index (\d+) /;

async function entityError(error: string, planned: PlannedFile): Promise<EntityError> {
  const { path } = planned.file;
  const index = Number(INDEX_REGEXP.exec(error)?.[1] ?? NaN);
  const { label = path, line = 1 } = await placeOf(planned, index) ?? {};
  return { file: path, line, entity: label, error };
}

const RESUME = "what was acknowledged stays so, and a push without --again goes on from there";

function failed(failure: RemoteFailure, file: EntityFile, { target }: SendJob): AppError {
  const kind = failure.verdict === "rejected" ? "rejected" : "remote";
  const message = `Cannot send "${file.path}" to ${target.name}: ${failure.message}`;
  return new AppError(kind, message, {
    hint: failure.hint === undefined ? capitalized(RESUME) : `${failure.hint}; ${RESUME}`,
  });
}

function interrupted({ files, journal }: SendJob): AppError {
  const done = files.filter(({ file }) => journal.holds(file)).length;
  return new AppError(
    "interrupted",
    `Interrupted: ${done} of ${files.length} files are acknowledged`,
    { hint: capitalized(RESUME) },
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
