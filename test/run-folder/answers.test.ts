/** The bytes of an answers file, and the errors of an invalid one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../src/base/text.ts";
import { Answers, writeAnswers } from "../../src/run-folder/answers.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import { anyText } from "../helpers/arbitraries.ts";
import { answersText, ok } from "../helpers/snapshot-builder.ts";

const FILE = "pve/nodes/pve1.json";

function textOf(answers: Readonly<Record<string, Answer>>): string {
  return writeAnswers(new Map(Object.entries(answers)));
}

function readFrom(text: string): Answers {
  return new Answers(FILE, encodeUtf8(text));
}

/** The error thrown when all answers of a text are read. */
function errorOf(text: string | Uint8Array): unknown {
  try {
    const answers = new Answers(FILE, typeof text === "string" ? encodeUtf8(text) : text);
    for (const path of answers.paths()) answers.get(path);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("an answers file", () => {
  test("is a JSON object with one answer per line, paths and keys sorted", () => {
    const text = textOf({
      "/nodes/pve3/status": { failed: "timeout" },
      "/nodes/pve1/qemu/102/agent/get-osinfo": { skipped: "agent-off" },
      "/nodes/pve1/network": { status: 200, data: [{ type: "bridge", iface: "vmbr0" }] },
      "/nodes/pve1/qemu/101/agent/get-osinfo": {
        status: 500,
        error: "QEMU guest agent is not running",
      },
    });
    expect(text).toBe(
      `{
"/nodes/pve1/network": {"data":[{"iface":"vmbr0","type":"bridge"}],"status":200},
"/nodes/pve1/qemu/101/agent/get-osinfo": {"error":"QEMU guest agent is not running","status":500},
"/nodes/pve1/qemu/102/agent/get-osinfo": {"skipped":"agent-off"},
"/nodes/pve3/status": {"failed":"timeout"}
}
`,
    );
    expect(JSON.parse(text)).toHaveProperty(["/nodes/pve3/status", "failed"], "timeout");
  });

  test("without answers is an empty object on one line", () => {
    expect(textOf({})).toBe("{}\n");
    expect([...readFrom("{}\n").paths()]).toEqual([]);
  });

  test("keeps unknown keys and keys beside the data", () => {
    const answer = { status: 200, data: [], changes: "--- a\n+++ b\n", total: 0, __proto__x: 1 };
    expect(readFrom(textOf({ "/nodes/pve1/network": answer })).get("/nodes/pve1/network"))
      .toEqual(answer);
  });

  test("returns all answers with any data and path", () => {
    const paths = anyText().map((text) => `/${text.toWellFormed()}`);
    const answers = fc.dictionary(paths, fc.jsonValue(), { maxKeys: 5 });
    fc.assert(fc.property(answers, (data) => {
      const given = Object.entries(data).map(([path, value]): [string, Answer] => [
        path,
        { status: 200, data: JSON.parse(JSON.stringify(value)) as unknown },
      ]);
      const read = readFrom(writeAnswers(new Map(given)));
      expect([...read.paths()].sort()).toEqual(given.map(([path]) => path).sort());
      for (const [path, answer] of given) expect(read.get(path)).toEqual(answer);
    }));
  });

  test("returns undefined for a path without an answer", () => {
    const answers = readFrom(textOf({ "/version": ok({ release: "8.4" }) }));
    for (const path of ["/nodes", "constructor", "__proto__", "toString", ""]) {
      expect(answers.get(path)).toBeUndefined();
    }
  });
});

describe("an invalid answers file is rejected with the file, the line and the fault", () => {
  test.each([
    ["is empty", "", 1, "not an answers file"],
    ["is not an object", "[]\n", 1, "not an answers file"],
    ["begins with a byte order mark", '\ufeff{\n"/a": {"status":200}\n}\n', 1, "not an answers"],
    ["has Windows line ends", '{\r\n"/a": {"status":200}\r\n}\r\n', 1, "not an answers file"],
    ["is on one line", '{"/a": {"status":200}}\n', 1, "not an answers file"],
    ["was indented", '{\n  "/a": {"status":200}\n}\n', 2, "not an answers file"],
    ["was cut after a line", '{\n"/a": {"status":200},\n', 3, "not an answers file"],
    ["was cut inside a line", '{\n"/a": {"status":200},\n"/b": {"sta', 3, "not an answers file"],
    ["has no line feed at the end", '{\n"/a": {"status":200}\n}', 2, "not an answers file"],
    ["has an extra comma", '{\n"/a": {"status":200},\n}\n', 2, "not an answers file"],
    ["lacks a comma", '{\n"/a": {"status":200}\n"/b": {"status":200}\n}\n', 2, "not an answers"],
    ["continues after its end", '{\n"/a": {"status":200}\n}\n{}\n', 3, "not an answers file"],
    ["has an empty line", '{\n"/a": {"status":200},\n\n"/b": {"status":200}\n}\n', 3, "not an"],
    ["has a path without quotes", '{\n/a: {"status":200}\n}\n', 2, "not an answers file"],
    ["has a path with a broken escape", '{\n"/\\x": {"status":200}\n}\n', 2, "not valid JSON"],
    ["has an answer that is not JSON", '{\n"/a": {"status":200,}\n}\n', 2, "not valid JSON"],
    [
      "has a path twice",
      '{\n"/a": {"status":200},\n"/a": {"status":404}\n}\n',
      3,
      "duplicate path",
    ],
    [
      "has the same path in two spellings",
      '{\n"/a": {"failed":"dns"},\n"\\/a": {}\n}\n',
      3,
      "duplicate path",
    ],
    ["has an answer that is a list", '{\n"/a": []\n}\n', 2, "not an answer"],
    ["has an answer that is null", '{\n"/a": null\n}\n', 2, "not an answer"],
    [
      "has an answer without status, failed or skipped",
      '{\n"/a": {"data":1}\n}\n',
      2,
      "not an answer",
    ],
    ["has a status that is a string", '{\n"/a": {"status":"200"}\n}\n', 2, "not an answer"],
    ["has an invalid status", '{\n"/a": {"status":200.5}\n}\n', 2, "not an answer"],
    ["has an unknown kind of failure", '{\n"/a": {"failed":"oops"}\n}\n', 2, "not an answer"],
    ["has an unknown reason for skipping", '{\n"/a": {"skipped":"me"}\n}\n', 2, "not an answer"],
    [
      "has an answer with an inherited status",
      '{\n"/a": {"__proto__":{"status":200}}\n}\n',
      2,
      "not an",
    ],
  ])("if it %s", (_what, ...[text, line, reason]) => {
    expect(errorOf(text)).toMatchObject({
      name: "AppError",
      kind: "input",
      message: expect.stringMatching(new RegExp(`^Cannot read ${FILE}, line ${line}: .*${reason}`)),
    });
  });

  test.each([
    ["in an answer", [0x22, 0xc3, 0x28, 0x22]],
    ["with half a surrogate", [0xed, 0xa0, 0x80]],
    ["in Latin-1", [0xe4]],
  ])("if it is not UTF-8: %s", (_what, junk) => {
    const [before, after] = [encodeUtf8('{\n"/a": {"status":500,"error":"'), encodeUtf8('"}\n}\n')];
    expect(errorOf(Uint8Array.from([...before, ...junk, ...after]))).toMatchObject({
      kind: "input",
      message: expect.stringMatching(new RegExp(`^Cannot read ${FILE}.*not UTF-8`)),
    });
    expect(errorOf(answersText({ "/a": '{"status":200}' }))).toBeUndefined();
  });

  test("in one line, whatever the file contains", () => {
    const error = errorOf('{\n"/a": {"status":\u0001"\u001b[31m\n}\n') as Error;
    expect(error.message).toContain(`${FILE}, line 2`);
    // deno-lint-ignore no-control-regex
    expect(error.message).not.toMatch(/[\r\n]/);
  });
});
