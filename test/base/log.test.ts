/** Log messages on stderr, as text or as JSON lines, without control characters. */
import process from "node:process";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  createLog,
  type Log,
  type LogOptions,
  printable,
  printableJson,
  printableLine,
} from "../../src/base/log.ts";
import { TextStream } from "../helpers/text-stream.ts";
import { codePoint } from "../helpers/arbitraries.ts";

const ESCAPES = "\u001b]0;title\u0007\u001b[2J\u009b31m\u0000\u007f\r";
// deno-lint-ignore no-control-regex
const CONTROL_REGEXP = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** All output while `write` runs, to the log's stream and to stdout. */
function outputOf(options: LogOptions, write: (log: Log) => void): { err: string; out: string } {
  const [err, out] = [new TextStream(), new TextStream()];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => out.write(text));
  onTestFinished(() => spy.mockRestore());
  write(createLog(err, options));
  return { err: err.text, out: out.text };
}

function jsonLines(options: LogOptions, write: (log: Log) => void): Record<string, unknown>[] {
  const lines = outputOf({ ...options, format: "json" }, write).err.split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function logAll(log: Log): void {
  log.error("An error");
  log.warn("A warning");
  log.info("A fact");
  log.success("A success");
  log.debug("A detail");
}

describe("the log", () => {
  test.each(["text", "json"] as const)("as %s goes to stderr, and nothing to stdout", (format) => {
    const { err, out } = outputOf({ format, level: "verbose" }, logAll);
    expect(out).toBe("");
    for (const word of ["error", "warning", "fact", "success", "detail"]) {
      expect(err).toContain(word);
    }
  });

  test.each(
    [
      ["quiet", ["An error"]],
      ["normal", ["An error", "A warning", "A fact", "A success"]],
      ["verbose", ["An error", "A warning", "A fact", "A success", "A detail"]],
    ] as const,
  )("with level %s contains only the messages of that level", (level, expected) => {
    expect(jsonLines({ level }, logAll).map((line) => line["message"])).toEqual(expected);
  });

  test("as text contains no control characters, whatever their source", () => {
    const { err } = outputOf({ format: "text" }, (log) => {
      log.warn(`Node "${ESCAPES}" is not listed`);
      log.error(`Cannot read "${ESCAPES}"`);
    });
    expect(err).toContain("is not listed");
    expect(err).not.toMatch(/\u0007|\u009b|\u001b\]|\u001b\[2J/);
  });
});

describe("JSON lines of the log", () => {
  test("contain the level, the message and the fields", () => {
    expect(jsonLines({}, (log) => log.warn("Skipped guest", { vmid: 101, node: "pve1" })))
      .toEqual([{ level: "warn", message: "Skipped guest", vmid: 101, node: "pve1" }]);
  });

  test("are written for each message, also if it is repeated", () => {
    const lines = jsonLines({}, (log) => {
      for (let i = 0; i < 20; i += 1) log.warn("Skipped guest", { reason: "template" });
    });
    expect(lines).toHaveLength(20);
  });

  test("are one line per message, with any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        const lines = jsonLines({}, (log) => log.info(`x${text}`, { text }));
        expect(lines).toHaveLength(1);
        expect(lines[0]?.["text"]).toBe(text.toWellFormed() === text ? text : lines[0]?.["text"]);
      }),
      { numRuns: 50 },
    );
  });

  test("keep their level and message if a field has the same name", () => {
    const [line] = jsonLines({}, (log) => log.info("A fact", { level: "error", message: "no" }));
    expect(line).toMatchObject({ level: "info", message: "A fact" });
  });
});

describe("printable", () => {
  test("shows control characters as text, and keeps line breaks and tabs", () => {
    expect(printable("a\tb\n\u001b[31mc\u009b")).toBe("a\tb\n\\x1b[31mc\\x9b");
    expect(printable("web\u202ebed\u2066\u200f")).toBe("web\\u202ebed\\u2066\\u200f");
  });

  test("contains no control characters", () => {
    expect(printable(ESCAPES)).not.toMatch(CONTROL_REGEXP);
    fc.assert(fc.property(fc.string({ unit: codePoint }), (text) => {
      expect(printable(text)).not.toMatch(CONTROL_REGEXP);
    }));
  });

  test("keeps letters of all scripts", () => {
    const text = "Zürich, 東京, Ελλάδα, 😀 … \u00a0";
    expect(printable(text)).toBe(text);
  });
});

test("printableLine shows line breaks and tabs as text", () => {
  expect(printableLine("a\nb\tc\u001b")).toBe("a\\x0ab\\x09c\\x1b");
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      expect(printableLine(text)).not.toMatch(CONTROL_REGEXP);
      expect(printableLine(text)).not.toMatch(/[\t\n]/);
    }),
  );
});

test("printableJson is parsed to the same value and contains no control characters", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: codePoint }), (value, text) => {
      const json = printableJson({ value, text: text + ESCAPES }, 2);
      expect(json).not.toMatch(CONTROL_REGEXP);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text: text + ESCAPES })));
    }),
  );
});
