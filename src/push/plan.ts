/** Which files of a set have to be sent, and their requests: all checked before the first one is sent. */
import { fromJson, type JsonValue, type Message, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { AppError, inputError, reasonOf } from "../base/errors.ts";
import { encodeUtf8 } from "../base/text.ts";
import { EntitySchema, IngestRequestSchema } from "../netbox/diode/ingester.ts";
import { MAX_MESSAGE_BYTES } from "../netbox/diode/limits.ts";
import { entityLabel } from "../netbox/types/order.ts";
import type { StepName } from "../netbox/types/steps.ts";
import type { EntityFile, EntitySet } from "../run-folder/entity-set.ts";
import type { PushJournal } from "../run-folder/push-journal.ts";
import { readRequest, requestId, type RequestJson } from "../run-folder/request.ts";
import { contentHash, type SelectedFile } from "../run-folder/set-difference.ts";

export interface PlanChoices {
  /** Acknowledgements of this set. */
  readonly journal: PushJournal | undefined;
  /** Also send acknowledged files. */
  readonly isAgain: boolean;
  /** Empty: all of them. */
  readonly steps: readonly StepName[];
}

export interface Plan {
  /** In sending order, including files of which no entity has to be sent. */
  readonly files: readonly SelectedFile[];
  /** Acknowledged before, according to the journal. */
  readonly acknowledged: readonly SelectedFile[];
  /** Number of files in steps that were not selected. */
  readonly unselected: number;
}

/** Totals of a step, or of one file of an SDK. */
export interface StepTotals {
  readonly step: string;
  files: number;
  entities: number;
  /** On the wire. */
  bytes: number;
}

export function planFiles(all: readonly SelectedFile[], choices: PlanChoices): Plan {
  const { journal, isAgain, steps } = choices;
  const selected = all.filter(({ file: { step } }) =>
    steps.length === 0 || (step !== undefined && steps.includes(step))
  );
  const isDone = ({ file }: SelectedFile): boolean =>
    !isAgain && journal?.isAcknowledged(file) === true;
  return {
    files: selected.filter((planned) => !isDone(planned)),
    acknowledged: selected.filter(isDone),
    unselected: all.length - selected.length,
  };
}

export function wholeFiles(set: EntitySet): SelectedFile[] {
  return set.files.map((file) => ({ file }));
}

/** Files that may be sent at the same time: those of a step. Files of an SDK are sent one after another. */
export function groupByStep(files: readonly SelectedFile[]): SelectedFile[][] {
  return [...Map.groupBy(files, ({ file }) => file.step ?? file.path).values()];
}

/** @throws AppError "input" that names file, entity and field of what Diode would not accept; "interrupted". */
export async function checkFiles(
  { files, acknowledged }: Plan,
  requests: Requests,
  signal: AbortSignal,
): Promise<StepTotals[]> {
  // Fails if a file was edited after it was sent: the journal is about its earlier content.
  for (const { file } of acknowledged) await file.read();
  const totals: StepTotals[] = [];
  for (const group of groupByStep(files)) {
    const [first] = group;
    const step = first?.file.step ?? first?.file.path ?? "";
    const total = { step, files: 0, entities: 0, bytes: 0 };
    for (const planned of group.filter(isSent)) {
      if (signal.aborted) throw new AppError("interrupted", "Interrupted: nothing was sent yet");
      const { entities, bytes } = await requests.check(planned);
      total.files += 1;
      total.entities += entities;
      total.bytes += bytes.length;
    }
    totals.push(total);
  }
  return totals;
}

/** False for a file without differences to the earlier run. */
export function isSent({ only }: SelectedFile): boolean {
  return only?.length !== 0;
}

export interface PreparedRequest {
  readonly id: string;
  /** The encoded message. */
  readonly bytes: Uint8Array;
  /** Number of entities. */
  readonly entities: number;
  /** Hash of the custom fields in a file of that step, without timestamps; undefined in other steps. */
  readonly customFields: string | undefined;
}

/** Enough for most runs. Files beyond it are read and encoded a second time. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;

/** Every file is checked before the first one is sent; encoded requests stay in memory in between. */
export class Requests {
  readonly #kept = new Map<string, PreparedRequest>();
  #keptBytes = 0;

  /** @throws AppError "input" that names file, entity and field of what Diode would not accept. */
  async check(planned: SelectedFile): Promise<PreparedRequest> {
    const request = await prepare(planned);
    if (this.#keptBytes + request.bytes.length <= MAX_KEPT_BYTES) {
      this.#keptBytes += request.bytes.length;
      this.#kept.set(planned.file.path, request);
    }
    return request;
  }

  /** Returns the request and forgets it. @throws AppError "input" when the file was changed meanwhile. */
  async take(planned: SelectedFile): Promise<PreparedRequest> {
    const kept = this.#kept.get(planned.file.path);
    this.#kept.delete(planned.file.path);
    return kept ?? await prepare(planned);
  }
}

/** @throws AppError "input" that names file, entity and field of what Diode would not accept. */
export async function prepare(planned: SelectedFile): Promise<PreparedRequest> {
  const { file } = planned;
  const { entities, ...header } = await readPlanned(planned);
  const message = decode(IngestRequestSchema, header);
  if (typeof message === "string") throw refused(file, [`: ${message}`]);
  const faults: string[] = [];
  for (const [index, entity] of entities.entries()) {
    const decoded = decode(EntitySchema, entity);
    if (typeof decoded !== "string" && decoded.entity.case !== undefined) {
      message.entities.push(decoded);
      continue;
    }
    const line = lineOf(planned, index);
    const place = line === undefined ? `entity ${index + 1}` : `line ${line}`;
    // Diode accepts an entity without an object, and calls it nil in its answer.
    const fault = typeof decoded === "string" ? decoded : "no object, such as a virtual_machine";
    faults.push(`, ${place}: ${entityLabel(entity)}: ${fault}`);
  }
  if (faults.length > 0) throw refused(file, faults);
  const bytes = toBinary(IngestRequestSchema, message);
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw refused(file, [`: larger than the ${MAX_MESSAGE_BYTES} bytes that Diode accepts`]);
  }
  const customFields = file.step === "custom-field" ? customFieldsHash(entities) : undefined;
  return { id: message.id, bytes, entities: entities.length, customFields };
}

/** Returns the message, or the library's reason for refusing it, cut to 200 characters. */
function decode<Shape extends Message>(schema: GenMessage<Shape>, json: unknown): Shape | string {
  try {
    return fromJson(schema, json as JsonValue);
  } catch (error) {
    const reason = reasonOf(error)
      .replace(
        /^cannot decode \w+ (?:diode\.v1|google\.protobuf)\.(\S+) from JSON:?/,
        "invalid $1:",
      )
      .replace("bigint (int64)", "a whole number (int64)");
    return reason.length > 200 ? `${reason.slice(0, 199)}…` : reason;
  }
}

function refused(file: EntityFile, faults: readonly string[]): AppError {
  const count = faults.length === 1 ? "" : `${faults.length} entities of this file are invalid; `;
  return inputError(`Cannot send "${file.path}"${faults[0]}`, { hint: `${count}nothing was sent` });
}

async function readPlanned({ file, only }: SelectedFile): Promise<RequestJson> {
  const request = readRequest(await file.read(), `"${file.path}"`);
  if (only === undefined) return request;
  const entities = only.map((index) => request.entities[index]);
  return { ...request, id: requestId(encodeUtf8(JSON.stringify(entities))), entities };
}

/** Files of transform have one entity a line, after the header's; those of an SDK may have any layout. */
function lineOf({ file, only }: SelectedFile, index: number): number | undefined {
  return file.step === undefined ? undefined : (only?.[index] ?? index) + 2;
}

export interface FoundEntity {
  readonly label: string;
  readonly line: number | undefined;
}

/** Looks up entities by their index in the request. Reads the file once, for all of them. */
export async function readEntities(
  planned: SelectedFile,
): Promise<(index: number) => FoundEntity | undefined> {
  const { entities } = await readPlanned(planned);
  return (index) =>
    index in entities
      ? { label: entityLabel(entities[index]), line: lineOf(planned, index) }
      : undefined;
}

function customFieldsHash(entities: readonly unknown[]): string {
  return contentHash(
    entities.map((entity) => (entity as Record<string, unknown>)["custom_field"]),
  );
}
