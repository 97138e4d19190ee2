/** Collects what is left out and what is noted, so that nothing is lost silently. */
import {
  type AnswerRef,
  type LeftOut,
  type Note,
  type NoteCode,
  NOTES,
  type Reason,
  REASONS,
} from "../../entities/left-out.ts";

const MAX_WHAT = 200;
const MAX_DETAIL = 300;
/** Longer than any path that Proxmox has. */
const MAX_PATH = 1000;

/** More than the reason or the code itself. */
export interface Remark {
  readonly detail?: string | undefined;
  readonly children?: Readonly<Record<string, number>> | undefined;
}

export class Ledger {
  #leftOut: LeftOut[] = [];
  #notes: Note[] = [];

  /** Hands over what has come since the last time. */
  take(): { readonly leftOut: readonly LeftOut[]; readonly notes: readonly Note[] } {
    const taken = { leftOut: this.#leftOut, notes: this.#notes };
    this.#leftOut = [];
    this.#notes = [];
    return taken;
  }

  /** `subject` is what and where it was read: one record. */
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

/** A thing, by its name in left-out.json, and the answer that it was read from. */
export interface Subject {
  readonly what: string;
  readonly answer: AnswerRef;
}

/** A node may be called by megabytes, and each of its records would name it. */
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
