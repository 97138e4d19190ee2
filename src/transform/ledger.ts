/** Collects records of what is left out, and notes: nothing is lost silently. */
import { CLUSTER_FILE } from "../proxmox/endpoints.ts";
import { type AnswerName, ANSWERS, elsewhere, type Reader } from "../proxmox/rows.ts";
import { type DataRow, isBlank, text } from "../proxmox/values.ts";
import {
  type AnswerRef,
  type LeftOut,
  type Note,
  type NoteCode,
  NOTES,
  type Reason,
  REASONS,
} from "../run-folder/left-out.ts";
import type { Origin, Subject } from "./sources.ts";

const MAX_WHAT = 200;
const MAX_DETAIL = 300;
/** Longer than any path that Proxmox has. */
const MAX_PATH = 1000;

interface Remark {
  readonly detail?: string | undefined;
  readonly children?: Readonly<Record<string, number>> | undefined;
}

export class Ledger {
  #leftOut: LeftOut[] = [];
  #notes: Note[] = [];

  /** What was added since the last call. */
  take(): { readonly leftOut: readonly LeftOut[]; readonly notes: readonly Note[] } {
    const taken = { leftOut: this.#leftOut, notes: this.#notes };
    this.#leftOut = [];
    this.#notes = [];
    return taken;
  }

  /** What was left out since the last call of `take`. */
  get records(): readonly LeftOut[] {
    return this.#leftOut;
  }

  leave(subject: Subject, reason: Reason, remark: Remark = {}): void {
    const { what, answer } = subject;
    const sentence = sentenceOf(REASONS[reason], remark.detail);
    const record = { what: what.slice(0, MAX_WHAT), reason, sentence, answer: short(answer) };
    this.#leftOut.push(
      remark.children === undefined ? record : { ...record, children: remark.children },
    );
  }

  note(subject: Subject, code: NoteCode, detail?: string): void {
    const { what, answer } = subject;
    this.#notes.push({
      what: what.slice(0, MAX_WHAT),
      code,
      sentence: sentenceOf(NOTES[code], detail),
      answer: short(answer),
    });
  }
}

/** Where an answer of cluster.json is. `label` names the snapshot when there are several. */
export function clusterAnswer(path: string, label: string | undefined): AnswerRef {
  return answerIn(CLUSTER_FILE, path, label);
}

/** Where an answer in any file is. */
export function answerIn(file: string, path: string, label: string | undefined): AnswerRef {
  return label === undefined ? { file, path } : { file, path, snapshot: label };
}

/** A node's name may have megabytes, and each of its records would repeat it. */
function short(answer: AnswerRef): AnswerRef {
  const { file, path } = answer;
  if (file.length <= MAX_PATH && path.length <= MAX_PATH) return answer;
  return { ...answer, file: file.slice(0, MAX_PATH), path: path.slice(0, MAX_PATH) };
}

function sentenceOf(sentence: string, detail: string | undefined): string {
  return detail === undefined || detail === ""
    ? sentence
    : `${sentence}: ${detail.slice(0, MAX_DETAIL)}`;
}

/** Answer → the keys that are read as one value. */
const READERS = new Map<string, readonly (readonly [key: string, read: Reader])[]>(
  Object.entries(ANSWERS).map(([name, keys]) => {
    return [name, Object.entries(keys).filter(([, read]) => read !== elsewhere)];
  }),
);

/** One record, such as "vm/101/config.cores", for each value of a thing's answers that is left out alone. */
export function leaveUnexpectedValues(origin: Origin, ledger: Ledger): void {
  const { what } = origin.subject;
  for (const [name, answer] of Object.entries(origin.places) as [AnswerName, AnswerRef][]) {
    const row: DataRow | undefined = origin[name];
    if (row === undefined) continue;
    for (const [key, read] of READERS.get(name) ?? []) {
      const value = row[key];
      if (value === undefined || read(value, row) !== undefined || isBlank(value)) continue;
      ledger.leave({ what: `${what}/${name}.${key}`, answer }, "unparsable", {
        detail: shown(value),
      });
    }
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return text(value) ?? (typeof value === "object" ? "an object" : String(value));
}
