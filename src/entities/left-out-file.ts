/**
 * Records and notes → left-out.json, one a line:
 *
 * {"left_out":[
 * {"what":"vm/104/agent","reason":"agent-off",…}
 * ],"notes":[
 * {"what":"vm/105","code":"renamed",…}
 * ]}
 */
import { RunningDigest } from "../kernel/digest.ts";
import type { Draft } from "../kernel/store.ts";
import { encodeUtf8 } from "../kernel/utf8.ts";
import { type LeftOut, type Note, NOTES, REASONS } from "./left-out.ts";

export const LEFT_OUT_NAME = "left-out.json";

export interface LeftOutWriter {
  add(leftOut: readonly LeftOut[], notes: readonly Note[]): Promise<void>;
  finish(): Promise<LeftOutTotals>;
}

export interface LeftOutTotals {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Reason → records, in the order of the closed list; none at 0. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, number>>;
}

/** Large enough that a big fleet takes few writes. */
const CHUNK_CHARS = 2 ** 20;

export function createLeftOutWriter(draft: Pick<Draft, "append">): LeftOutWriter {
  const digest = new RunningDigest();
  const reasons = new Map<string, number>();
  const codes = new Map<string, number>();
  // Records go to the file as they come; notes are few and wait for their turn.
  const notes: string[] = [];
  let pending = '{"left_out":[';
  let separator = "\n";
  const flush = async (): Promise<void> => {
    const bytes = encodeUtf8(pending);
    pending = "";
    digest.update(bytes);
    await draft.append(LEFT_OUT_NAME, bytes);
  };
  return {
    async add(leftOut, noted) {
      for (const record of leftOut) {
        pending += separator + JSON.stringify(record);
        separator = ",\n";
        reasons.set(record.reason, (reasons.get(record.reason) ?? 0) + 1);
        if (pending.length > CHUNK_CHARS) await flush();
      }
      for (const note of noted) {
        notes.push(JSON.stringify(note));
        codes.set(note.code, (codes.get(note.code) ?? 0) + 1);
      }
    },
    async finish() {
      const body = notes.length === 0 ? "" : `\n${notes.join(",\n")}`;
      pending += `\n],"notes":[${body}\n]}\n`;
      await flush();
      const totals = { leftOut: inListOrder(REASONS, reasons), notes: inListOrder(NOTES, codes) };
      return { name: LEFT_OUT_NAME, ...digest.finish(), ...totals };
    },
  };
}

function inListOrder(list: object, counts: ReadonlyMap<string, number>): Record<string, number> {
  const counted = Object.keys(list).filter((key) => counts.has(key));
  return Object.fromEntries(counted.map((key) => [key, counts.get(key) ?? 0]));
}
