/** A run folder in memory with the journal of a complete push. */
import { stepOfFile } from "../../src/run-folder/entity-set.ts";
import { fileEntry, unseal } from "../../src/run-folder/manifest.ts";
import {
  type Acknowledgement,
  type PushJournalHead,
  writePushJournal,
} from "../../src/run-folder/push-journal.ts";
import { readRequest } from "../../src/run-folder/request.ts";
import { type RunFiles, textOf } from "./run-in-memory.ts";

export const JOURNAL = "push/diode.example.net.journal";

export interface JournalChange {
  readonly header?: Partial<PushJournalHead>;
  /** Changes each line before it is written. */
  readonly line?: (line: Acknowledgement, i: number) => Acknowledgement;
}

export function pushed(
  run: RunFiles,
  { header, line = (each) => each }: JournalChange = {},
): RunFiles {
  const files = [...run].filter(([file]) => stepOfFile(file) !== undefined).sort();
  const lines = files.map(([path, bytes]): Acknowledgement => {
    const { id, entities } = readRequest(bytes, path);
    return {
      file: path,
      sha256: fileEntry(path, bytes).sha256,
      entities: entities.length,
      request_id: id as string,
      acknowledged_at: "2026-10-05T09:00:00.000Z",
    };
  });
  const manifest = "netbox/manifest.json";
  const head: PushJournalHead = {
    format: 1,
    target: "grpcs://diode.example.net/diode",
    entities: unseal(textOf(run, manifest), manifest).sha256,
    ...header,
  };
  return new Map(run).set(JOURNAL, new Uint8Array(writePushJournal(head, lines.map(line))));
}
