/** Errors that a user can act on. */
import { describe, expect, test } from "vitest";
import { AppError, inputError, reasonOf, usageError } from "../../src/base/errors.ts";

describe("AppError", () => {
  test("has a kind, a message, a hint and a cause", () => {
    const cause = new Error("ECONNREFUSED");
    const error = new AppError("remote", 'Cannot reach "pve1"', { hint: "Start it", cause });
    expect(error).toMatchObject({
      name: "AppError",
      kind: "remote",
      message: 'Cannot reach "pve1"',
      hint: "Start it",
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect(error.stack).toContain("errors.test.ts");
  });

  test("has no cause if none was given", () => {
    const error = new AppError("input", "Cannot read it");
    expect("cause" in error).toBe(false);
    expect(error.hint).toBeUndefined();
  });

  test.each(
    [
      ["wrong setting", usageError, "usage"],
      ["wrong file", inputError, "input"],
    ] as const,
  )("for a %s has the kind of its exit code", (_what, make, kind) => {
    const error = make("Cannot do it", { hint: "Do something else" });
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ kind, message: "Cannot do it", hint: "Do something else" });
  });
});

describe("reasonOf", () => {
  test.each([
    ["an error", new RangeError("too far"), "too far"],
    ["an error for the user", usageError("Setting is wrong"), "Setting is wrong"],
    ["a string", "just text", "just text"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["a number", 42, "42"],
  ])("is the text of %s", (_what, thrown, reason) => expect(reasonOf(thrown)).toBe(reason));
});
