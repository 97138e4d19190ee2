/** Filters of inspect and which names they match. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFilter } from "../../../src/look/inspect/filter.ts";
import { codePoint } from "../../helpers/arbitraries.ts";

test.each([
  ["web-01", "web-01", true],
  ["web-01", "WEB-01", true],
  ["web-01", "web-011", false],
  ["web*", "web-01", true],
  ["*01", "web-01", true],
  ["w*1", "web-01", true],
  ["db1, web-01", "web-01", true],
  ["web.01", "web-01", false],
  ["", "web-01", false],
])("filter %j and name %j match: %j", (asked, name, isFound) => {
  expect(parseFilter({ name: asked }).allows({ name })).toBe(isFound);
});

test("all filters must match, and a missing property never matches", () => {
  const filter = parseFilter({ name: "web*", tag: "prod" });
  expect(filter.allows({ name: "web-01", tag: ["test", "prod"] })).toBe(true);
  expect(filter.allows({ name: "web-01", tag: [] })).toBe(false);
  expect(filter.allows({ name: "web-01" })).toBe(false);
  expect(parseFilter({}).isEmpty).toBe(true);
  expect(parseFilter({}).allows({})).toBe(true);
});

test("any name is matched by itself and by *", () => {
  const name = fc.string({ unit: codePoint, minLength: 1 }).filter((text) =>
    text.trim() === text && !/[,*]/.test(text)
  );
  fc.assert(
    fc.property(name, (text) => {
      expect(parseFilter({ name: text }).allows({ name: text })).toBe(true);
      expect(parseFilter({ name: "*" }).allows({ name: text })).toBe(true);
    }),
  );
});
