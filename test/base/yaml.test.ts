/** YAML and JSON as trees. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonOfTree, type Tree, treeOfJson } from "../../src/base/tree.ts";
import { parseYaml } from "../../src/base/yaml.ts";

const PLACE = { line: 7, column: 5 };

function json(text: string): unknown {
  const tree = parseYaml(text);
  return tree && jsonOfTree(tree);
}

const { tree: value } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie("tree")),
    fc.dictionary(fc.string(), tie("tree"), { noNullPrototype: true }),
  ),
}));

test("JSON is the same after it was read as YAML, or made a tree", () => {
  fc.assert(fc.property(value, (written) => {
    expect(json(JSON.stringify(written))).toEqual(written);
    expect(jsonOfTree(treeOfJson(written, PLACE))).toEqual(written);
  }));
});

test("a value knows its line and column, and whether it is in quotes", () => {
  const tree = parseYaml('a: 1\nb:\n  - "x"\n  - { c: true }\n');
  const item = (key: number): Tree | undefined =>
    tree?.kind === "mapping" ? tree.entries[key]?.[1] : undefined;
  expect(item(0)).toEqual({ kind: "scalar", text: "1", isPlain: true, line: 1, column: 4 });
  expect(item(1)).toMatchObject({
    kind: "list",
    items: [
      { kind: "scalar", text: "x", isPlain: false, line: 3, column: 5 },
      {
        kind: "mapping",
        line: 4,
        column: 5,
        entries: [[{ text: "c", column: 7 }, { column: 10 }]],
      },
    ],
  });
});

test("numbers that JSON writes in another way stay texts", () => {
  expect(json("[0012, 1.10, 1e3, 0x1, 7, -1.5, Infinity, '7']"))
    .toEqual(["0012", "1.10", "1e3", "0x1", 7, -1.5, "Infinity", "7"]);
});

describe("anchors", () => {
  test("are values at every place that names them, also as keys", () => {
    expect(json("a: &x web\nb: *x\n*x : c\n")).toEqual({ a: "web", b: "web", web: "c" });
  });

  test("that are named again and again take no more time", () => {
    const lines = Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    expect(parseYaml(`a0: &a0 x\n${lines.join("\n")}\n`)).toMatchObject({ kind: "mapping" });
  });

  test.each(["a: *db\n", "a: &x [*x]\n"])("%j is refused with its place", (text) => {
    expect(() => parseYaml(text)).toThrow(
      /alias at line 1, column \d+: \*\w+ \(a text that starts/i,
    );
  });
});

test.each([["", undefined], ["# nothing\n", undefined], ["a:\n", { a: "" }]])(
  "%j",
  (text, expected) => expect(json(text)).toEqual(expected),
);
