/** File names of nodes, paths of guests and sorted lists. */
import { basename } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeFile, nodeOfFile, PATHS, sortKeyOf } from "../../src/proxmox/endpoints.ts";
import { safeKey } from "../../src/run-folder/store/store.ts";
import { anyText } from "../helpers/arbitraries.ts";

/** The longest file name of common file systems, in bytes. */
const MAX_FILE_NAME = 255;

describe("the file of a node", () => {
  test.each(["pve1", "PVE-2", "a", "pve1.example.net", "0", "x".repeat(63)])(
    "has its name: %s",
    (node) => {
      expect(nodeFile(node)).toBe(`pve/nodes/${node}.json`);
      expect(nodeOfFile(`pve/nodes/${node}.json`)).toBe(node);
    },
  );

  test.each([
    "",
    ".",
    "..",
    "../x",
    "x/../y",
    "a..b",
    "/etc",
    "a/b",
    "a\\b",
    "a:b",
    "a b",
    "-a",
    "a-",
    ".a",
    "a.",
    "pve1\n",
    "pve1\0",
    "pvé",
    "a?b",
    "a$",
    "__proto__",
    "\u001b[31m",
    "x".repeat(300),
  ])("is undefined for an invalid node name: %j", (node) => {
    expect(nodeFile(node)).toBeUndefined();
    expect(nodeOfFile(`pve/nodes/${node}.json`)).toBeUndefined();
  });

  test("has a name that a file system accepts, also with the suffix of a draft", () => {
    const longest = Array.from({ length: 300 }, (_, i) => "x".repeat(300 - i))
      .find((node) => nodeFile(node) !== undefined);
    expect(longest?.length).toBeGreaterThan(63);
    expect(basename(`.${longest}.json.part`).length).toBeLessThanOrEqual(MAX_FILE_NAME);
  });

  test("is inside its folder for any node name", () => {
    const names = fc.oneof(anyText(), fc.stringMatching(/^[a-z./\\]{0,8}$/));
    fc.assert(
      fc.property(names, (node) => {
        const file = nodeFile(node);
        if (file === undefined) return;
        expect(safeKey(file)).toBe(`pve/nodes/${node}.json`);
        expect(nodeOfFile(file)).toBe(node);
        expect(file.split("/")).toHaveLength(3);
      }),
      { numRuns: 500 },
    );
  });

  test.each(["pve/cluster.json", "pve/nodes/.json", "pve/nodes/a.jsox", "nodes/a.json", "a", ""])(
    "is undefined for another file: %j",
    (file) => expect(nodeOfFile(file)).toBeUndefined(),
  );
});

test("the path for a guest contains its node, type and VMID", () => {
  const guest = { node: "pve1", kind: "lxc", vmid: 102 } as const;
  expect([PATHS.config(guest), PATHS.lxcInterfaces(guest), PATHS.osinfo(guest)]).toEqual([
    "/nodes/pve1/lxc/102/config?current=1",
    "/nodes/pve1/lxc/102/interfaces",
    "/nodes/pve1/qemu/102/agent/get-osinfo",
  ]);
});

test("lists of guests, nodes, interfaces and status are sorted, and no others", () => {
  expect(sortKeyOf("/cluster/resources?type=vm")).toBe("id");
  expect(sortKeyOf("/cluster/resources")).toBe("id");
  expect(sortKeyOf("/cluster/status")).toBe("id");
  expect(sortKeyOf("/nodes")).toBe("node");
  expect(sortKeyOf("/nodes/pve1/network")).toBe("iface");
  for (
    const path of [
      "/nodes/pve1/network/vmbr0",
      "/nodes/pve1/status",
      "/nodes/pve1/lxc/102/interfaces",
      "/cluster/statuses",
      "/x/nodes",
      "",
    ]
  ) {
    expect(sortKeyOf(path), path).toBeUndefined();
  }
});
