/**
 * log/<run>.jsonl of a history: what one run did, and what changed since the run before. It is a journal of which the
 * head is the run, and each other line is one thing that changed. It is written when the run has ended, however it
 * ended.
 */
import { type } from "arktype";

/** The newest format that this program reads, and the only one that it writes. */
export const RUN_RECORD_FORMAT = 1;

const Count = type("number.integer >= 0");

const RunRecord = type({
  format: "number.integer >= 1",
  tool: { name: "string", version: "string" },
  /** Name of its folder: its `captured_at`, as "2026-11-28T23-32-21Z". */
  run: "string",
  started_at: "string.date.iso",
  ended_at: "string.date.iso",
  exit_code: "number.integer",
  /** Of a run that an error ended: its sentence. */
  "error?": "string",
  /** It continued a run that was interrupted. */
  "resumed?": "boolean",
  /** Seconds of each stage that was run; of one that was run twice, both. */
  stages: type({ "[string]": "number >= 0" }),
  /** Absent: the capture did not end. */
  "capture?": {
    outcome: "'complete' | 'partial'",
    guests: Count,
    nodes: Count,
    /** Cause, a key of CAUSES → answers that were not read. */
    missing: type({ "[string]": "number.integer >= 1" }),
  },
  /** Absent: transform did not end. */
  "entities?": { total: Count, left_out: Count },
  /** Absent: nothing was compared. */
  "changes?": {
    /** The run before, with which it was compared. */
    since: "string",
    added: Count,
    changed: Count,
    gone: Count,
    /** Not readable now: these are not gone. */
    unread: Count,
  },
  /** Absent: the push did not begin. */
  "push?": {
    /** `Target.name` */
    target: "string",
    /** "whole": all entities. */
    mode: "'whole' | 'differences'",
    /** Of "whole": why. */
    "why?": "string",
    /** Of "differences": the base. */
    "since?": "string",
    /** Entities. Those that were sent again count once. */
    sent: Count,
    rejected: Count,
    /** "confirmed": NetBox was seen to have everything; "acknowledged": Diode has everything; "partial": neither. */
    state: "'confirmed' | 'acknowledged' | 'partial'",
  },
  /** Changes that `tidy` made in NetBox. Absent: it was not run. */
  "tidied?": Count,
});
export type RunRecord = typeof RunRecord.infer;
