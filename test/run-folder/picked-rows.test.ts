import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../src/base/text.ts";
import { parsePickedRows } from "../../src/run-folder/answers.ts";

function pickFrom(text: string, keys: readonly string[]): unknown {
  return parsePickedRows(encodeUtf8(text), "it", keys);
}

/** Rows with texts that look like the places where the parser cuts. */
const rows = fc.array(
  fc.record({
    vmid: fc.integer({ min: 100, max: 99_999 }),
    name: fc.oneof(
      fc.string(),
      fc.constantFrom("},{", '"},{"', '"data":[', "]}", "\\", '\\"},{\\"'),
    ),
    other: fc.jsonValue({ maxDepth: 3 }),
    nested: fc.array(fc.record({ a: fc.constantFrom(1, "},{") }), { maxLength: 3 }),
  }),
  { maxLength: 8 },
);

/** Enough rows that the text is parsed in pieces. */
function long(few: readonly object[]): object[] {
  if (few.length === 0) return [];
  return Array.from(
    { length: 1500 },
    (_, i) => ({ ...few[i % few.length], i, padding: "x".repeat(100) }),
  );
}

test("a long list that is parsed in pieces has all rows, with the requested keys", () => {
  fc.assert(
    fc.property(rows, fc.boolean(), (few, isPretty) => {
      const data = long(few);
      const text = JSON.stringify({ changes: "},{", data, status: 200 }, null, isPretty ? 1 : 0);
      const expected = data.map((row) => ({
        vmid: Reflect.get(row, "vmid"),
        i: Reflect.get(row, "i"),
      }));
      const parsed = pickFrom(text, ["vmid", "i", "absent"]);
      expect(parsed).toMatchObject({ changes: "},{", status: 200 });
      const found: unknown = Reflect.get(parsed as object, "data");
      expect((found as { vmid: number; i: number }[]).map(({ vmid, i }) => ({ vmid, i }))).toEqual(
        expected,
      );
    }),
    { numRuns: 40 },
  );
});

test("a long list has only the requested keys", () => {
  const text = JSON.stringify({ data: long([{ vmid: 100, uptime: 5 }]), status: 200 });
  const { data } = pickFrom(text, ["vmid"]) as { data: object[] };
  expect(data).toHaveLength(1500);
  expect(data.every((row) => Object.keys(row).join() === "vmid")).toBe(true);
});

test("a list nested in another value is not taken for the list of the answer", () => {
  const inner = { data: long([{ vmid: 1 }]) };
  const value = { before: inner, data: [{ vmid: 2 }], status: 200 };
  expect(pickFrom(JSON.stringify(value), ["vmid"])).toEqual(value);
});

test("a key __proto__ does not pollute the prototype", () => {
  const row = '{"vmid":1,"__proto__":{"polluted":true},"padding":"' + "x".repeat(1000) + '"}';
  const text = `{"data":[${Array.from({ length: 100 }, () => row).join(",")}],"status":200}`;
  pickFrom(text, ["vmid", "__proto__"]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test.each(['{"data":[{"vmid":1},', "", '{"data":['])(
  "a truncated text is an error: %j",
  (text) => {
    expect(() => pickFrom(text + " ".repeat(70_000), ["vmid"])).toThrow(
      "Cannot read it: it is not valid JSON",
    );
  },
);
