/** Collects what is left out and what is noted, so that nothing is lost silently. */
import { configMemoryMib, coresTimesSockets, mibOf, vcpusOf } from "../proxmox/capacity.ts";
import { MAX_INTEGER } from "../proxmox/disks.ts";
import { mtuOf, speedKbps } from "../proxmox/node-interfaces.ts";
import type { AnswerRows } from "../proxmox/rows.ts";
import { count, flag, isBlank, number, text } from "../proxmox/values.ts";
import {
  type AnswerRef,
  type LeftOut,
  type Note,
  type NoteCode,
  NOTES,
  type Reason,
  REASONS,
} from "../run-folder/left-out.ts";
import type { Origin } from "./sources.ts";

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

/**
 * Single values of the answers that make no sense: a list where a text should stand, more processors
 * than there can be. The field is left out, the rest goes on, and each is a record.
 */

/** undefined: the value makes no sense. */
type Reader = (value: unknown, row: Readonly<Record<string, unknown>>) => unknown;

/** TABLE: what reads a key that the mapping reads as one value. */
const READERS: {
  readonly [Name in keyof AnswerRows]?: { readonly [Key in keyof AnswerRows[Name]]?: Reader };
} = {
  nodes: {
    status: text,
    maxcpu: count,
    maxmem: (value) => mibOf(value, Number.MAX_SAFE_INTEGER),
  },
  clusterStatus: { online: number },
  network: {
    type: text,
    method: text,
    method6: text,
    active: flag,
    priority: number,
    mtu: mtuOf,
    speed: speedKbps,
  },
  resources: {
    status: text,
    template: flag,
    maxcpu: vcpusOf,
    maxmem: (value) => mibOf(value, MAX_INTEGER),
    tags: text,
    hastate: text,
  },
  config: {
    cores: (value, { sockets }) => vcpusOf(value) && coresTimesSockets(value, sockets),
    sockets: vcpusOf,
    memory: (value) => configMemoryMib(value, MAX_INTEGER),
    onboot: flag,
    ostype: text,
    description: text,
    tags: text,
    agent: text,
  },
  osinfo: { "name": text, "version-id": text },
};

const TABLE = Object.entries(READERS).map(([name, readers]) => (
  [name as keyof AnswerRows, Object.entries(readers as Readonly<Record<string, Reader>>)] as const
));

/** "vm/101/config.cores": one record for each key of a thing's answers that no reader makes sense of. */
export function leaveMisfits(origin: Origin, ledger: Ledger): void {
  const { what } = origin.subject;
  for (const [name, readers] of TABLE) {
    const row: Readonly<Record<string, unknown>> | undefined = origin[name];
    const answer = origin.places[name];
    if (row === undefined || answer === undefined) continue;
    for (const [key, read] of readers) {
      const value = row[key];
      if (isBlank(value) || read(value, row) !== undefined) continue;
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
