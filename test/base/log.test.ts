/** What is said, and where: on stderr, as text or as JSON lines, and nothing that a terminal obeys. */
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
const OBEYED_REGEXP = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Everything written while `say` runs: to the stream of the log, and to stdout. */
function spoken(options: LogOptions, say: (log: Log) => void): { err: string; out: string } {
  const [err, out] = [new TextStream(), new TextStream()];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => out.write(text));
  onTestFinished(() => spy.mockRestore());
  say(createLog(err, options));
  return { err: err.text, out: out.text };
}

function jsonLines(options: LogOptions, say: (log: Log) => void): Record<string, unknown>[] {
  const lines = spoken({ ...options, format: "json" }, say).err.split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function sayAll(log: Log): void {
  log.error("An error");
  log.warn("A warning");
  log.info("A fact");
  log.success("A success");
  log.debug("A detail");
}

describe("talk", () => {
  test.each(["text", "json"] as const)("as %s goes to stderr, and nothing to stdout", (format) => {
    const { err, out } = spoken({ format, level: "verbose" }, sayAll);
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
  )("that is %s says only what is due", (level, expected) => {
    expect(jsonLines({ level }, sayAll).map((line) => line["message"])).toEqual(expected);
  });

  test("as text is free of what a terminal obeys, wherever it came from", () => {
    const { err } = spoken({ format: "text" }, (log) => {
      log.warn(`Node "${ESCAPES}" is not listed`);
      log.error(`Cannot read "${ESCAPES}"`);
    });
    expect(err).toContain("is not listed");
    expect(err).not.toMatch(/\u0007|\u009b|\u001b\]|\u001b\[2J/);
  });
});

describe("JSON lines", () => {
  test("have the level, the sentence and the fields", () => {
    expect(jsonLines({}, (log) => log.warn("Skipped guest", { vmid: 101, node: "pve1" })))
      .toEqual([{ level: "warn", message: "Skipped guest", vmid: 101, node: "pve1" }]);
  });

  test("are one for each thing said, however often it is said", () => {
    const lines = jsonLines({}, (log) => {
      for (let i = 0; i < 20; i += 1) log.warn("Skipped guest", { reason: "template" });
    });
    expect(lines).toHaveLength(20);
  });

  test("are one line each, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        const lines = jsonLines({}, (log) => log.info(`x${text}`, { text }));
        expect(lines).toHaveLength(1);
        expect(lines[0]?.["text"]).toBe(text.toWellFormed() === text ? text : lines[0]?.["text"]);
      }),
      { numRuns: 50 },
    );
  });

  test("keep their level and sentence when a field has such a name", () => {
    const [line] = jsonLines({}, (log) => log.info("A fact", { level: "error", message: "no" }));
    expect(line).toMatchObject({ level: "info", message: "A fact" });
  });
});

describe("printable text", () => {
  test("shows escapes as text, and keeps lines and tabs", () => {
    expect(printable("a\tb\n\u001b[31mc\u009b")).toBe("a\tb\n\\x1b[31mc\\x9b");
    expect(printable("web\u202ebed\u2066\u200f")).toBe("web\\u202ebed\\u2066\\u200f");
  });

  test("holds nothing that a terminal obeys", () => {
    expect(printable(ESCAPES)).not.toMatch(OBEYED_REGEXP);
    fc.assert(fc.property(fc.string({ unit: codePoint }), (text) => {
      expect(printable(text)).not.toMatch(OBEYED_REGEXP);
    }));
  });

  test("of letters of any script is as it was", () => {
    const text = "Zürich, 東京, Ελλάδα, 😀 … \u00a0";
    expect(printable(text)).toBe(text);
  });
});

test("a text for one line shows what would break the line", () => {
  expect(printableLine("a\nb\tc\u001b")).toBe("a\\x0ab\\x09c\\x1b");
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      expect(printableLine(text)).not.toMatch(OBEYED_REGEXP);
      expect(printableLine(text)).not.toMatch(/[\t\n]/);
    }),
  );
});

test("JSON for a terminal means the same as the value, and is nothing that is obeyed", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: codePoint }), (value, text) => {
      const json = printableJson({ value, text: text + ESCAPES }, 2);
      expect(json).not.toMatch(OBEYED_REGEXP);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text: text + ESCAPES })));
    }),
  );
});
