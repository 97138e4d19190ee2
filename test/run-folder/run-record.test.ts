import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CHANGE_KINDS,
  type ChangeKind,
  parseRunRecord,
  readRunChanges,
  readRunRecord,
  recordedRuns,
  type RunChange,
  type RunRecord,
  writeRunRecord,
} from "../../src/run-folder/run-record.ts";
import { storeIn } from "../helpers/run-in-memory.ts";

const RUN = "2026-11-28T23-32-21Z";
const KEY = `log/${RUN}.jsonl`;
const RECORD: RunRecord = {
  format: 1,
  tool: { name: "proxmox-diode", version: "0.1.0" },
  run: RUN,
  started_at: "2026-11-28T23:32:20Z",
  ended_at: "2026-11-28T23:32:50Z",
  exit_code: 0,
  stages: { capture: 12.5, transform: 1, push: 16 },
  capture: { outcome: "partial", guests: 12, nodes: 3, missing: { timeout: 2 } },
  entities: { total: 90, left_out: 4 },
  changes: { since: "2026-11-27T23-32-21Z", added: 0, changed: 1, gone: 0, unread: 0 },
  push: {
    target: "grpc://127.0.0.1:1/diode",
    mode: "differences",
    since: "x",
    sent: 1,
    rejected: 0,
    state: "confirmed",
  },
};

const change: fc.Arbitrary<RunChange> = fc.record({
  what: fc.string(),
  entity: fc.string(),
  change: fc.constantFrom(...Object.keys(CHANGE_KINDS) as ChangeKind[]),
  node: fc.string(),
  parts: fc.array(fc.string()),
  fields: fc.array(
    fc.record({ field: fc.string(), from: fc.string(), to: fc.string() }, {
      requiredKeys: ["field"],
    }),
  ),
  reason: fc.string(),
}, { requiredKeys: ["what", "entity", "change"], noNullPrototype: true });

async function written(changes: readonly RunChange[]) {
  const files = new Map<string, Uint8Array>();
  const store = storeIn(files);
  await writeRunRecord(store, RECORD, changes);
  return { files, store, bytes: files.get(KEY) ?? new Uint8Array() };
}

test("a record is read as it was written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change), async (changes) => {
      const { store } = await written(changes);
      expect(await readRunRecord(store, RUN)).toEqual(RECORD);
      expect(await readRunChanges(store, RUN)).toEqual({ record: RECORD, changes, lost: 0 });
    }),
  );
});

test("a file that is cut off loses only its last changes, and says how many", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 5 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (changes, share) => {
        const { bytes } = await written(changes);
        const head = bytes.indexOf(0x0a) + 1;
        const end = head + Math.floor(share * (bytes.length - head));
        const read = parseRunRecord(bytes.subarray(0, end), "x");
        expect(read.record).toEqual(RECORD);
        expect(read.changes).toEqual(changes.slice(0, read.changes.length));
        expect(read.changes.length + read.lost).toBe(changes.length);
        expect(read.changes.length).toBe(
          bytes.subarray(head, end).filter((byte) => byte === 0x0a).length,
        );
      },
    ),
  );
});

test("a file that is cut off in its first line is refused, and so is a changed byte", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 3 }), fc.nat(), async (changes, at) => {
      const { bytes, files, store } = await written(changes);
      const head = bytes.subarray(0, at % (bytes.indexOf(0x0a) + 1));
      files.set(KEY, head);
      await expect(readRunRecord(store, RUN)).rejects.toThrow(
        `Cannot read the record "${KEY}" in memory`,
      );
      const index = at % bytes.length;
      const changed = bytes.with(index, (bytes[index] ?? 0) ^ 1);
      expect(() => parseRunRecord(changed, "x")).toThrow("Cannot read x");
    }),
  );
});

test("a newer format is refused, with both formats", async () => {
  const { store } = await written([]);
  await writeRunRecord(store, { ...RECORD, format: 2 }, []);
  await expect(readRunRecord(store, RUN)).rejects.toThrow(
    `Cannot read the record "${KEY}" in memory: it has journal format 2, and this program reads format 1`,
  );
});

test("runs with a record are listed in the order of time, whatever else is in the folder", async () => {
  const { store } = await written([]);
  await writeRunRecord(store, { ...RECORD, run: "2026-11-27T23-32-21Z" }, []);
  await store.write("log/notes.txt", new Uint8Array());
  await store.write("log/.2026-11-28T23-32-21Z.jsonl.part", new Uint8Array());
  expect(await recordedRuns(store)).toEqual(["2026-11-27T23-32-21Z", RUN]);
  expect(await readRunRecord(store, "2026-11-26T23-32-21Z")).toBeUndefined();
});
