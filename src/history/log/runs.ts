/** The runs of a history, each by its record; those without one, by what their files tell. */
import { type AppError, inputError, reasonOf } from "../../base/errors.ts";
import { durationText } from "../../base/duration.ts";
import { capturedAtOf, runsIn } from "../../run-folder/history.ts";
import { readRunRecord, recordedRuns, type RunRecord } from "../../run-folder/run-record.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { shown } from "../../terminal/document.ts";
import { type Cell, counted, groupDigits, type TableLayout } from "../../terminal/tables.ts";
import { inOrder } from "../in-order.ts";
import { lockHolder } from "../lock.ts";
import { readStoredRun, type StoredRun } from "../stored-run.ts";

/** As --json prints it. */
export interface LoggedRun {
  readonly run: string;
  readonly captured_at: string;
  /** Is its folder there? Retention removes it, and leaves the record. */
  readonly kept: boolean;
  readonly record?: RunRecord;
  /** Without a record: what the files of the run tell. */
  readonly files?: RunFileFacts;
  /** Of the newest run, without a record: the program that is at work, or was when it was killed. */
  readonly holder?: string;
  /** Why the record, or without one the files, cannot be read. */
  readonly damaged?: string;
}

interface RunFileFacts {
  readonly interrupted: boolean;
  readonly outcome?: "complete" | "partial";
  /** That became entities. */
  readonly guests?: number;
  readonly pushes: readonly {
    readonly target: string;
    readonly mode: "whole" | "differences";
    readonly state: "confirmed" | "acknowledged" | "partial";
  }[];
}

export interface RunSelection {
  /** The newest ones. */
  readonly last?: number | undefined;
  /** The name of a run, or its beginning. */
  readonly since?: string | undefined;
}

export interface RunNames {
  /** Oldest first. */
  readonly selected: readonly string[];
  readonly kept: ReadonlySet<string>;
}

/** @throws AppError "input" when there is no run. */
export async function runNames(
  history: Store,
  { last = Infinity, since = "" }: RunSelection = {},
): Promise<RunNames> {
  const kept = new Set(await runsIn(history));
  const all = [...new Set([...kept, ...await recordedRuns(history)])].sort();
  if (all.length === 0) throw noHistory(history);
  const selected = all.filter((name) => name >= since);
  return { selected: last === 0 ? [] : selected.slice(-last), kept };
}

function noHistory({ place }: Store): AppError {
  return inputError(`Found no run in ${place}: it is no history, or is empty`, {
    hint: "Name a folder to which `run --history` writes",
  });
}

/** One that cannot be read does not hide the others. */
export async function* loggedRuns(
  history: Store,
  { selected, kept }: RunNames,
): AsyncGenerator<LoggedRun> {
  const { host, pid } = await lockHolder(history) ?? {};
  const holder = host === undefined ? undefined : `${host} (process ${pid})`;
  yield* inOrder(selected, async (run): Promise<LoggedRun> => {
    const facts = { run, captured_at: capturedAtOf(run), kept: kept.has(run) };
    try {
      const record = await readRunRecord(history, run);
      return record === undefined
        ? {
          ...facts,
          ...(holder !== undefined && run === selected.at(-1) && { holder }),
          ...filesOf(await readStoredRun(history, run)),
        }
        : { ...facts, record };
    } catch (error) {
      return { ...facts, damaged: reasonOf(error) };
    }
  });
}

function filesOf(run: StoredRun): Pick<LoggedRun, "files" | "damaged"> {
  if (run.fault !== undefined) return { damaged: run.fault.message };
  const guests = run.entities?.manifest.counts["virtual-machine"];
  return {
    files: {
      interrupted: run.isInterrupted,
      ...(run.outcome && { outcome: run.outcome }),
      ...(guests === undefined ? {} : { guests }),
      pushes: run.pushes.map(({ target, state, isWhole }) => ({
        target,
        mode: isWhole ? "whole" : "differences",
        state,
      })),
    },
  };
}

/** TABLE: the columns of the log. */
const COLUMNS: Readonly<Record<string, (run: LoggedRun) => Cell | undefined>> = {
  "Run": ({ run }) => run,
  "Capture": captureText,
  "Guests": ({ record, files }) => record?.capture?.guests ?? files?.guests,
  "Added": ({ record }) => record?.changes?.added,
  "Changed": ({ record }) => record?.changes?.changed,
  "Gone": ({ record }) => record?.changes?.gone,
  "Sent": ({ record }) => record?.push?.sent,
  "Push": pushText,
  "Duration": ({ record }) =>
    record && durationText(Date.parse(record.ended_at) - Date.parse(record.started_at)),
  "Note": noteText,
};

export const RUN_TABLE: TableLayout<LoggedRun> = {
  head: Object.keys(COLUMNS),
  cells: (run) => Object.values(COLUMNS).map((cell) => cell(run) ?? ""),
};

/** "complete"; "partial: timed-out 3, denied 12" */
function captureText({ record, files }: LoggedRun): string | undefined {
  if (files !== undefined) return files.interrupted ? "interrupted" : files.outcome;
  if (record === undefined) return undefined;
  const { outcome, missing } = record.capture ?? { outcome: "not ended", missing: {} };
  const causes = Object.entries(missing).map(([cause, count]) => `${cause} ${groupDigits(count)}`);
  return [outcome, causes.join(", ")].filter(Boolean).join(": ");
}

/** "confirmed"; "acknowledged (whole)" */
function pushText({ record, files }: LoggedRun): string | undefined {
  const pushes = files?.pushes ?? (record?.push ? [record.push] : []);
  if (pushes.length === 0) return record || files ? "not pushed" : undefined;
  return pushes.map(({ state, mode }) => mode === "whole" ? `${state} (whole)` : state).join("; ");
}

/** Of an error: a line of the table is one line of a terminal, as far as possible. */
const MOST_ERROR_CHARS = 100;

function brief(error: string): string {
  return error.length > MOST_ERROR_CHARS ? `${error.slice(0, MOST_ERROR_CHARS)}…` : error;
}

function noteText({ kept, record, files, holder, damaged }: LoggedRun): string {
  const failed = record && record.exit_code !== 0
    ? `exit code ${record.exit_code}${record.error === undefined ? "" : `: ${brief(record.error)}`}`
    : "";
  // A run that did not come to an end of its capture may never have had a folder.
  const isRemoved = !kept && (record === undefined || record.capture !== undefined);
  const tidied = record?.tidied ?? 0;
  return [
    isRemoved ? "folder removed" : "",
    tidied === 0 ? "" : `tidy: ${counted(tidied, "change")} in NetBox`,
    files === undefined ? "" : "no record",
    holder === undefined ? "" : `at work, or killed: ${shown(holder)}`,
    damaged === undefined ? "" : `damaged: ${shown(damaged)}`,
    record?.resumed ? "resumed" : "",
    shown(failed),
  ].filter(Boolean).join("; ");
}
