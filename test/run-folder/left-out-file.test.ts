/** left-out.json: one record per line, counted by reason, written as records arrive. */
import { describe, expect, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { decodeUtf8 } from "../../src/base/text.ts";
import { createLeftOutWriter, type LeftOutTotals } from "../../src/run-folder/left-out-file.ts";
import {
  type LeftOut,
  type Note,
  type NoteCode,
  NOTES,
  type Reason,
  REASONS,
} from "../../src/run-folder/left-out.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const ANSWER = { file: "pve/cluster.json", path: "/cluster/resources?type=vm" };

function record(what: string, reason: Reason = "template"): LeftOut {
  return { what, reason, sentence: REASONS[reason], answer: ANSWER };
}

function note(what: string, code: NoteCode = "renamed"): Note {
  return { what, code, sentence: NOTES[code], answer: ANSWER };
}

interface Written {
  readonly text: string;
  readonly totals: LeftOutTotals;
}

async function written(
  ...batches: readonly (readonly [readonly LeftOut[], readonly Note[]])[]
): Promise<Written> {
  const store = await openStore(await tempFolder());
  const draft = await store.draft("netbox");
  const writer = createLeftOutWriter(draft);
  for (const [leftOut, notes] of batches) await writer.add(leftOut, notes);
  const totals = await writer.finish();
  await draft.commit("manifest.json", new Uint8Array());
  const bytes = (await store.read(`netbox/${totals.name}`)) ?? new Uint8Array();
  expect(totals).toMatchObject({ bytes: bytes.byteLength, sha256: digest(bytes) });
  return { text: decodeUtf8(bytes, totals.name), totals };
}

describe("left-out.json", () => {
  test("has one record per line, followed by one note per line", async () => {
    const { text } = await written(
      [[record("vm/9000")], [note("vm/101")]],
      [[record("vm/104/agent", "agent-off")], [note("vm/102", "cut")]],
    );
    expect(text).toBe(`{"left_out":[
${JSON.stringify(record("vm/9000"))},
${JSON.stringify(record("vm/104/agent", "agent-off"))}
],"notes":[
${JSON.stringify(note("vm/101"))},
${JSON.stringify(note("vm/102", "cut"))}
]}
`);
  });

  test("is valid JSON without records and notes", async () => {
    const { text, totals } = await written();
    expect(JSON.parse(text)).toEqual({ left_out: [], notes: [] });
    expect(totals).toMatchObject({ name: "left-out.json", leftOut: {}, notes: {} });
  });

  test("is valid JSON with only notes, with only records, and after empty batches", async () => {
    const onlyNotes = await written([[], [note("vm/1")]], [[], []]);
    expect(JSON.parse(onlyNotes.text)).toEqual({ left_out: [], notes: [note("vm/1")] });
    const onlyRecords = await written([[], []], [[record("vm/1")], []]);
    expect(JSON.parse(onlyRecords.text)).toEqual({ left_out: [record("vm/1")], notes: [] });
  });

  test("counts records by reason and notes by code, in the order of their tables, without zeros", async () => {
    const { totals } = await written(
      [[record("a", "too-long"), record("b"), record("c", "out-of-scope")], [note("n", "cut")]],
      [[record("d")], [note("o"), note("p", "cut")]],
    );
    expect(Object.entries(totals.leftOut)).toEqual([
      ["out-of-scope", 1],
      ["template", 2],
      ["too-long", 1],
    ]);
    expect(Object.entries(totals.notes)).toEqual([["renamed", 1], ["cut", 2]]);
  });

  test("has the digest of the whole file if it is written in many pieces", async () => {
    const many = Array.from({ length: 40_000 }, (_, i) => record(`vm/${i}/${"ü".repeat(50)}`));
    const { text, totals } = await written([many.slice(0, 9), []], [many.slice(9), [note("n")]]);
    expect(totals.bytes).toBeGreaterThan(4 * 2 ** 20);
    const parsed = JSON.parse(text) as { left_out: LeftOut[]; notes: Note[] };
    expect(parsed.left_out.map(({ what }) => what)).toEqual(many.map(({ what }) => what));
    expect(totals.leftOut).toEqual({ template: 40_000 });
  });

  test("keeps each record on one line, whatever its text", async () => {
    const hostile = 'vm/1/"\n\u0000\u001b[2J\u2028\ud800},{';
    const { text } = await written([[record(hostile)], []]);
    expect(text.trimEnd().split("\n")).toHaveLength(4);
    expect((JSON.parse(text) as { left_out: LeftOut[] }).left_out[0]?.what).toBe(hostile);
  });
});

test.each([["reason", REASONS], ["note", NOTES]])(
  "each %s has its own sentence",
  (_, list) => {
    const sentences = Object.values(list);
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*[^.]$/);
  },
);
