/** left-out.json is read line by line. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../src/base/text.ts";
import {
  createLeftOutWriter,
  readLeftOut,
  readLeftOutLines,
} from "../../src/run-folder/left-out-file.ts";
import {
  type LeftOut,
  type Note,
  type NoteCode,
  NOTES,
  type Reason,
  REASONS,
} from "../../src/run-folder/left-out.ts";
import { codePoint } from "../helpers/arbitraries.ts";

const answer = fc.record({ file: fc.string(), path: fc.string() }, { noNullPrototype: true });
const record: fc.Arbitrary<LeftOut> = fc.record({
  what: fc.string({ unit: codePoint }),
  reason: fc.constantFrom(...Object.keys(REASONS) as Reason[]),
  sentence: fc.string(),
  answer,
}, { noNullPrototype: true });
const note: fc.Arbitrary<Note> = fc.record({
  what: fc.string({ unit: codePoint }),
  code: fc.constantFrom(...Object.keys(NOTES) as NoteCode[]),
  sentence: fc.string(),
  answer,
}, { noNullPrototype: true });

async function written(leftOut: readonly LeftOut[], notes: readonly Note[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const writer = createLeftOutWriter({
    append: (_name, bytes) => Promise.resolve(void chunks.push(bytes)),
  });
  await writer.add(leftOut, notes);
  await writer.finish();
  return new Uint8Array(Buffer.concat(chunks));
}

test("records and notes are read back with their line numbers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record), fc.array(note), async (leftOut, notes) => {
      const bytes = await written(leftOut, notes);
      const records = leftOut.map((each, i) => ({ line: i + 2, leftOut: each }));
      const after = records.length + 3;
      expect([...readLeftOutLines(bytes)]).toEqual([
        ...records,
        ...notes.map((each, i) => ({ line: after + i, note: each })),
      ]);
      expect([...readLeftOut(bytes)]).toEqual(leftOut);
    }),
  );
});

test.each([
  ["not JSON", "{what", "line 2"],
  ["not a record", '{"what":"vm/101"}', "line 2"],
  ["a number", "7", "line 2"],
])("a line that is %s is rejected with its number", (_what, line, where) => {
  const bytes = encodeUtf8(`{"left_out":[\n${line}\n],"notes":[\n]}\n`);
  expect(() => [...readLeftOutLines(bytes)]).toThrow(where);
});
