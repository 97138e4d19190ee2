/** Rows of the cluster-wide listings. */
import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/proxmox/answers.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import {
  addressedGuests,
  idleReason,
  isOnline,
  majorOf,
  nodeNames,
  readGuestRow,
  readListing,
  rowName,
  unmappedReason,
  versionOf,
} from "../../src/proxmox/listing.ts";

const ROW = { type: "qemu", vmid: 101, node: "pve1", name: "web", status: "running" };

function ok(data: unknown): Answer {
  return { status: 200, data };
}

describe("a row of /cluster/resources", () => {
  test("is a guest, whether its numbers are numbers or strings", () => {
    const guest = { ...ROW, kind: "qemu", isTemplate: false };
    const { type: _, ...expected } = guest;
    expect(readGuestRow({ ...ROW, vmid: "101", template: 0 })).toEqual(expected);
    expect(readGuestRow({ ...ROW, template: "1" })).toEqual({ ...expected, isTemplate: true });
  });

  test.each([
    [{}, "other-type", "resource/?"],
    [{ type: "storage", id: "storage/pve1/local" }, "other-type", "resource/storage/pve1/local"],
    [{ ...ROW, vmid: "x", id: "qemu/x" }, "no-vmid", "resource/qemu/x"],
    [{ ...ROW, name: "", status: "unknown" }, "unreachable", "vm/101"],
    [{ ...ROW, name: null }, "no-name", "vm/101"],
    [{ ...ROW, template: 1 }, "template", "vm/101"],
    [ROW, undefined, "vm/101"],
  ])("%j is left out as %s, with the ID %s", (row, reason, name) => {
    expect(unmappedReason(row)).toBe(reason);
    expect(rowName(row)).toBe(name);
  });

  test("has an API path if it has a type, a VMID and a node", () => {
    const rows = [ROW, { ...ROW, node: "" }, { ...ROW, vmid: -1 }, { ...ROW, type: "storage" }];
    expect(addressedGuests(rows).map(({ node, kind, vmid }) => [node, kind, vmid])).toEqual([
      ["pve1", "qemu", 101],
    ]);
  });
});

describe("the listings of a cluster", () => {
  const listing = readListing(
    new Map([
      [
        PATHS.clusterStatus,
        ok([
          { type: "cluster", name: "lab", quorate: 1 },
          { type: "node", name: "pve2", online: 0 },
          { type: "node", name: "pve3" },
        ]),
      ],
      [PATHS.nodes, ok([{ node: "pve1", status: "online" }, { node: "" }, "no row"])],
      [PATHS.resources, { status: 403, error: "Permission check failed" }],
    ]),
  );

  test("contain the cluster, its nodes, and rows without a node name", () => {
    expect(listing.cluster).toMatchObject({ name: "lab" });
    expect([...nodeNames(listing)]).toEqual(["pve1", "pve2", "pve3"]);
    expect(listing.nameless).toEqual([PATHS.nodes, PATHS.nodes]);
  });

  test("show which nodes are online; a node that is not listed may be", () => {
    expect(["pve1", "pve2", "pve3", "other"].map((node) => isOnline(node, listing)))
      .toEqual([true, false, true, true]);
  });

  test("contain the reason if one was not read", () => {
    expect(listing.resources).toEqual([]);
    expect(listing.notRead).toEqual({
      resources: { reason: "denied", detail: "403 Permission check failed" },
    });
  });
});

test.each([
  [ok({ version: "9.1.4" }), "9.1.4", 9],
  [ok({ version: "7.4-16" }), "7.4-16", 7],
  [ok({}), undefined, undefined],
  [{ failed: "reset" } as const, undefined, undefined],
])("the version in %j is %s", (answer, version, major) => {
  expect([versionOf(answer), majorOf(answer)]).toEqual([version, major]);
});

test.each([
  ["running", undefined],
  ["stopped", "guest-stopped"],
  ["paused", "guest-stopped"],
  ["unknown", "unreachable"],
  [undefined, "unreachable"],
])("a guest with status %s is not asked as it is %s", (status, reason) => {
  expect(idleReason({ status })).toBe(reason);
});
