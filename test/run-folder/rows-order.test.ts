/** Rows that Proxmox VE sends in random order are sorted; all other lists keep their order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { writeAnswers } from "../../src/run-folder/answers.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import { shuffledSite } from "../helpers/shuffled.ts";
import { ok } from "../helpers/snapshot-builder.ts";

const ROW_PATHS = [PATHS.clusterStatus, PATHS.resources, PATHS.nodes, PATHS.network("pve1")];
const OTHER_PATHS = [
  PATHS.agentInterfaces({ node: "pve1", kind: "qemu", vmid: 101 }),
  PATHS.lxcInterfaces({ node: "pve1", kind: "lxc", vmid: 102 }),
  PATHS.config({ node: "pve1", kind: "lxc", vmid: 102 }),
  "/nodes/pve1/network/vmbr0",
  "/nodes/pve1/tasks",
];

function textOf(path: string, data: unknown): string {
  return writeAnswers(new Map([[path, ok(data)]]));
}

/** The values of one key, in the order of the text. */
function orderIn(text: string, key: string): unknown[] {
  const [answer] = Object.values(JSON.parse(text) as Record<string, { data: object[] }>);
  return (answer?.data ?? []).map((row) => (row as Record<string, unknown>)[key]);
}

describe("rows are sorted", () => {
  test.each([
    [PATHS.resources, "id", ["lxc/1000", "qemu/9", "lxc/100", "qemu/10"]],
    [PATHS.clusterStatus, "id", ["node/pve10", "node/pve9", "cluster"]],
    [PATHS.nodes, "node", ["pve10", "pve2", "Pve1", "pve1"]],
    [PATHS.network("pve1"), "iface", ["vmbr10", "eno1", "vmbr9", "bond0", "vmbr0.20"]],
  ])("of %s by %s, in natural order", (path, key, given) => {
    const expected: Readonly<Record<string, readonly string[]>> = {
      [PATHS.resources]: ["lxc/100", "lxc/1000", "qemu/9", "qemu/10"],
      [PATHS.clusterStatus]: ["cluster", "node/pve9", "node/pve10"],
      [PATHS.nodes]: ["Pve1", "pve1", "pve2", "pve10"],
      [PATHS.network("pve1")]: ["bond0", "eno1", "vmbr0.20", "vmbr9", "vmbr10"],
    };
    const rows = given.map((value) => ({ [key]: value }));
    expect(orderIn(textOf(path, rows), key)).toEqual(expected[path]);
  });

  test("by their other values if the key is equal or missing", () => {
    const rows = [{ id: "qemu/1", z: 2 }, { z: 1 }, { id: "qemu/1", z: 1 }, { z: 0 }];
    expect(orderIn(textOf(PATHS.resources, rows), "z")).toEqual([0, 1, 1, 2]);
  });

  test("even if a key is not a string", () => {
    const odd = [{ id: { toString: 1 } }, { id: ["x"] }, { id: null }, { id: 7 }, { id: true }, 5];
    const text = textOf(PATHS.resources, [...odd, "row", null]);
    expect(textOf(PATHS.resources, ["row", null, ...odd].toReversed())).toBe(text);
    expect((JSON.parse(text) as { [path: string]: { data: unknown[] } })[PATHS.resources]?.data)
      .toHaveLength(8);
  });
});

test.each(OTHER_PATHS)("lists in %s keep their order", (path) => {
  const rows = [{ id: "b", node: "b", iface: "b" }, { id: "a", node: "a", iface: "a" }];
  expect(orderIn(textOf(path, rows), "id")).toEqual(["b", "a"]);
  expect(textOf(path, { list: [3, 1, 2], result: rows })).toContain(
    '{"list":[3,1,2],"result":[{"id":"b",',
  );
});

test("lists inside rows keep their order", () => {
  const text = textOf(PATHS.network("pve1"), [{ iface: "a", families: ["inet6", "inet"] }]);
  expect(text).toContain('"families":["inet6","inet"]');
});

describe("an answers file has the same bytes", () => {
  const key = fc.oneof(
    fc.constantFrom("id", "node", "iface", "vmid", "type", "__proto__", "toString", "constructor"),
    fc.string({ maxLength: 4 }),
  );
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("pve2", "pve10", 9, 10));
  const row = fc.oneof(
    { weight: 9, arbitrary: fc.dictionary(key, value, { maxKeys: 6 }) },
    { weight: 1, arbitrary: value },
  );
  const answers = fc.dictionary(
    fc.constantFrom(...ROW_PATHS, ...OTHER_PATHS),
    fc.array(row, { maxLength: 8 }).map((rows): Answer => ok(rows)),
  );

  test("for any order of rows, keys and paths", () => {
    fc.assert(
      fc.property(answers, fc.integer(), (given, seed) => {
        const mixed = shuffledSite({ cluster: given, nodes: {} }, seed).cluster;
        expect(writeAnswers(new Map(Object.entries(mixed)))).toBe(
          writeAnswers(new Map(Object.entries(given))),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("when it is read and written again", () => {
    fc.assert(fc.property(answers, (given) => {
      const text = writeAnswers(new Map(Object.entries(given)));
      const again = Object.entries(JSON.parse(text) as Record<string, Answer>);
      expect(writeAnswers(new Map(again))).toBe(text);
    }));
  });
});
