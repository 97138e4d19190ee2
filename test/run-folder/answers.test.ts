/** An answers file, byte for byte, and the errors of an invalid one. */
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

/** What reading all answers of a text throws. */
function complaint(text: string | Uint8Array): unknown {
  try {
    const answers = new Answers(FILE, typeof text === "string" ? encodeUtf8(text) : text);
    for (const path of answers.paths()) answers.get(path);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("an answers file", () => {
  test("is one JSON object with one answer a line, sorted by path, keys sorted", () => {
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

  test("without answers is an empty object on a line", () => {
    expect(textOf({})).toBe("{}\n");
    expect([...readFrom("{}\n").paths()]).toEqual([]);
  });

  test("keeps what is beside the data, and unknown keys", () => {
    const answer = { status: 200, data: [], changes: "--- a\n+++ b\n", total: 0, __proto__x: 1 };
    expect(readFrom(textOf({ "/nodes/pve1/network": answer })).get("/nodes/pve1/network"))
      .toEqual(answer);
  });

  test("gives every answer back, whatever its data and its path", () => {
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

  test("answers a question that it does not hold with nothing", () => {
    const answers = readFrom(textOf({ "/version": ok({ release: "8.4" }) }));
    for (const path of ["/nodes", "constructor", "__proto__", "toString", ""]) {
      expect(answers.get(path)).toBeUndefined();
    }
  });
});

describe("an invalid answers file: the error names the file, the line and the fault", () => {
  test.each([
    ["is empty", "", 1, "not an answers file"],
    ["is no object", "[]\n", 1, "not an answers file"],
    ["begins with a byte order mark", '\ufeff{\n"/a": {"status":200}\n}\n', 1, "not an answers"],
    ["has Windows line ends", '{\r\n"/a": {"status":200}\r\n}\r\n', 1, "not an answers file"],
    ["stands on one line", '{"/a": {"status":200}}\n', 1, "not an answers file"],
    ["was indented", '{\n  "/a": {"status":200}\n}\n', 2, "not an answers file"],
    ["was cut after a line", '{\n"/a": {"status":200},\n', 3, "not an answers file"],
    ["was cut inside a line", '{\n"/a": {"status":200},\n"/b": {"sta', 3, "not an answers file"],
    ["was cut before its last line feed", '{\n"/a": {"status":200}\n}', 2, "not an answers file"],
    ["has a comma too many", '{\n"/a": {"status":200},\n}\n', 2, "not an answers file"],
    ["lacks a comma", '{\n"/a": {"status":200}\n"/b": {"status":200}\n}\n', 2, "not an answers"],
    ["continues after its end", '{\n"/a": {"status":200}\n}\n{}\n', 3, "not an answers file"],
    ["has an empty line", '{\n"/a": {"status":200},\n\n"/b": {"status":200}\n}\n', 3, "not an"],
    ["has a path without quotes", '{\n/a: {"status":200}\n}\n', 2, "not an answers file"],
    ["has a path with a broken escape", '{\n"/\\x": {"status":200}\n}\n', 2, "not valid JSON"],
    ["has an answer that is no JSON", '{\n"/a": {"status":200,}\n}\n', 2, "not valid JSON"],
    [
      "has one path twice",
      '{\n"/a": {"status":200},\n"/a": {"status":404}\n}\n',
      3,
      "duplicate path",
    ],
    [
      "has one path in two spellings",
      '{\n"/a": {"failed":"dns"},\n"\\/a": {}\n}\n',
      3,
      "duplicate path",
    ],
    ["has an answer that is a list", '{\n"/a": []\n}\n', 2, "not an answer"],
    ["has an answer that is null", '{\n"/a": null\n}\n', 2, "not an answer"],
    ["has an answer that says nothing", '{\n"/a": {"data":1}\n}\n', 2, "not an answer"],
    ["has a status in a text", '{\n"/a": {"status":"200"}\n}\n', 2, "not an answer"],
    ["has an invalid status", '{\n"/a": {"status":200.5}\n}\n', 2, "not an answer"],
    ["has a failure of no known kind", '{\n"/a": {"failed":"oops"}\n}\n', 2, "not an answer"],
    ["has a reason of no known kind", '{\n"/a": {"skipped":"me"}\n}\n', 2, "not an answer"],
    ["has an answer that inherits", '{\n"/a": {"__proto__":{"status":200}}\n}\n', 2, "not an"],
  ])("when it %s", (_what, ...[text, line, reason]) => {
    expect(complaint(text)).toMatchObject({
      name: "AppError",
      kind: "input",
      message: expect.stringMatching(new RegExp(`^Cannot read ${FILE}, line ${line}: .*${reason}`)),
    });
  });

  test.each([
    ["in an answer", [0x22, 0xc3, 0x28, 0x22]],
    ["with half a surrogate", [0xed, 0xa0, 0x80]],
    ["in Latin-1", [0xe4]],
  ])("when it is no UTF-8: %s", (_what, junk) => {
    const [before, after] = [encodeUtf8('{\n"/a": {"status":500,"error":"'), encodeUtf8('"}\n}\n')];
    expect(complaint(Uint8Array.from([...before, ...junk, ...after]))).toMatchObject({
      kind: "input",
      message: expect.stringMatching(new RegExp(`^Cannot read ${FILE}.*not UTF-8`)),
    });
    expect(complaint(answersText({ "/a": '{"status":200}' }))).toBeUndefined();
  });

  test("in a message of one line, whatever the file holds", () => {
    const error = complaint('{\n"/a": {"status":\u0001"\u001b[31m\n}\n') as Error;
    expect(error.message).toContain(`${FILE}, line 2`);
    // deno-lint-ignore no-control-regex
    expect(error.message).not.toMatch(/[\r\n]/);
  });
});
