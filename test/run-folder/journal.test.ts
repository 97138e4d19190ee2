/** Journal lines, each with its own checksum. */
import { type } from "arktype";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLine, encodeLine, JournalReader } from "../../src/run-folder/journal.ts";
import { anyText, anyValue } from "../helpers/arbitraries.ts";

function reader() {
  return new JournalReader({
    formats: [1],
    head: (value) => type({ format: "number" })(value),
    entry: (value) => type("object")(value),
    hints: { format: "another version", damaged: "a copy" },
  }, "the journal");
}

test("an encoded line is only decoded if it is complete and unchanged", () => {
  fc.assert(fc.property(anyText(), anyValue(), fc.nat(), (path, data, at) => {
    const value = { path, data: data ?? null };
    const line = Buffer.from(encodeLine(value));
    expect(line.indexOf("\n")).toBe(line.length - 1);
    const text = line.toString().slice(0, -1);
    expect(decodeLine(Buffer.from(text))).toEqual(JSON.parse(JSON.stringify(value)));
    const cut = at % text.length;
    expect(decodeLine(Buffer.from(text.slice(0, cut)))).toBeUndefined();
    const changed = `${text.slice(0, cut)}\u0001${text.slice(cut + 1)}`;
    expect(decodeLine(Buffer.from(changed))).toBeUndefined();
  }));
});

test("lines in the older format are decoded too", () => {
  const line = `44136fa355b3678a {}`;
  expect(decodeLine(Buffer.from(line))).toEqual({});
  expect(decodeLine(Buffer.from(line.replace("4", "5")))).toBeUndefined();
});

test("records are read in chunks of any size, and a truncated line is not a record", () => {
  const records = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 });
  fc.assert(fc.property(records, fc.nat(), fc.nat(), (values, cut, split) => {
    const bytes = Buffer.concat([{ format: 1 }, ...values].map(encodeLine));
    const part = bytes.subarray(0, cut % (bytes.length + 1));
    const middle = split % (part.length + 1);
    const journal = reader();
    const entries = [part.subarray(0, middle), part.subarray(middle)]
      .flatMap((each) => [...journal.read(each)])
      .map(({ entry }) => entry);
    expect(entries).toEqual(JSON.parse(JSON.stringify(values.slice(0, entries.length))));
    expect(journal.end).toBe(part.lastIndexOf(10) + 1);
    expect(journal.tail).toBe(journal.end < part.length ? "cut" : "whole");
  }));
});

describe("the end of a journal", () => {
  const head = Buffer.from(encodeLine({ format: 1 }));
  const entry = Buffer.from(encodeLine({ a: 1 }));
  const tailOf = (...parts: readonly Uint8Array[]) => {
    const journal = reader();
    for (const _ of journal.read(Buffer.concat(parts)));
    return [journal.tail, journal.end];
  };

  test.each<[string, Buffer, string]>([
    ["a line without its end", entry.subarray(0, -2), "cut"],
    [
      "a line whose line break was changed",
      Buffer.from(entry).fill(32, entry.length - 1),
      "changed",
    ],
    ["a line that was changed", Buffer.from(entry.toString().replace("1}", "2}")), "changed"],
    ["zeros that a power cut left", Buffer.from("\0\0\0\n"), "changed"],
  ])("is ignored if it is %s", (_, last, tail) => {
    expect(tailOf(head, entry, last)).toEqual([tail, head.length + entry.length]);
  });

  test("is ignored after zeros, but rejected after a changed line", () => {
    expect(tailOf(head, Buffer.from("\0\n"), entry)).toEqual(["changed", head.length]);
    expect(() => tailOf(head, Buffer.from("x\n"), entry)).toThrow(
      "Cannot read the journal: line 2 is damaged",
    );
  });
});
