/** Texts and values of settings. */
import { expect, test } from "vitest";
import { allowedText, switchOf } from "../../src/base/setting.ts";

test.each([
  ["any text", "any text"],
  [["auto", "site", "none"], "auto, site or none"],
  [["1024", "1000"], "1024 or 1000"],
  [["one"], "one"],
])("allowedText for %j is %j", (allowed, text) => expect(allowedText({ allowed })).toBe(text));

test.each([["yes", true], ["ON", true], ["0", false], ["no", false], ["maybe", undefined]])(
  "switchOf %j is %j",
  (word, value) => expect(switchOf(word)).toBe(value),
);
