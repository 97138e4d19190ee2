/** The first difference between two versions of a file. */
import { expect, test } from "vitest";
import { differenceOf } from "../../../src/look/verify/expected-files.ts";

const HEAD = '{"id":"1","entities":[';

function file(...lines: string[]): string {
  return [HEAD, ...lines, "]}", ""].join("\n");
}

test("equal texts have no difference", () => {
  expect(differenceOf(file("7"), file("7"))).toBeUndefined();
});

test("a difference has its line, field and both values", () => {
  const found = file('{"a":{"b":[1,2]}},', '{"c":3}');
  const made = file('{"a":{"b":[1,9]}},', '{"c":3}');
  expect(differenceOf(found, made)).toEqual({
    line: 2,
    field: "a.b[1]",
    sentence: "Found 2, expected 9",
  });
});

test("a missing or additional field is a difference", () => {
  expect(differenceOf(file('{"a":1}'), file('{"a":1,"b":2}'))).toMatchObject({
    field: "b",
    sentence: "Found nothing, expected 2",
  });
  expect(differenceOf(file('{"a":1,"b":2}'), file('{"a":1}'))).toMatchObject({
    sentence: "Found 2, expected nothing",
  });
});

test("the header, a hash of all other lines, is only reported if nothing else differs", () => {
  const other = file("7").replace('"1"', '"2"');
  expect(differenceOf(file("7"), other)).toMatchObject({ line: 1, field: "id" });
  expect(differenceOf(file("8"), other)).toMatchObject({
    line: 2,
    sentence: "Found 8, expected 7",
  });
});

test("lines that differ only in spelling are shown shortened", () => {
  expect(differenceOf(file('{"a": 1}'), file('{"a":1}'))).toEqual({
    line: 2,
    sentence: String.raw`Found "{\"a\": 1}", expected "{\"a\":1}"`,
  });
  const long = differenceOf(file(`"${"x".repeat(500)}"`), file("1"));
  expect(long?.sentence).toBe(`Found "${"x".repeat(79)}…, expected 1`);
});

test("the first of several missing or additional lines is reported", () => {
  expect(differenceOf("a\nb\n", "a\n")).toMatchObject({
    line: 2,
    sentence: 'Found "b", expected "" (2 lines differ)',
  });
});
