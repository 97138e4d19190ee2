/** The list of files in a manifest is compared with the folder. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import {
  checkListing,
  type FileEntry,
  fileEntry,
  listingFaults,
  readListed,
} from "../../src/run-folder/manifest.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const FILES = { "pve/cluster.json": "cluster", "pve/nodes/a.json": "a", "pve/nodes/b.json": "b" };

async function listedStore(): Promise<{ store: Store; entries: FileEntry[] }> {
  const store = await openStore(await tempFolder());
  const entries: FileEntry[] = [];
  for (const [path, text] of Object.entries(FILES)) {
    await store.write(path, encodeUtf8(text));
    entries.push(fileEntry(path, encodeUtf8(text)));
  }
  return { store, entries };
}

test("fileEntry contains the length and SHA-256 of the bytes", () => {
  expect(fileEntry("a", encodeUtf8("abc"))).toEqual({
    path: "a",
    bytes: 3,
    // The test vector of FIPS 180-2.
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
});

describe("a listed file", () => {
  test("is read if it matches its entry", async () => {
    const { store, entries: [entry] } = await listedStore();
    expect(decodeUtf8(await readListed(store, entry!), "it")).toBe("cluster");
  });

  test("is rejected by name if any bit was changed", async () => {
    const { store, entries: [entry] } = await listedStore();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 7 * 8 - 1 }), async (bit) => {
        const bytes = encodeUtf8("cluster");
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await store.write("pve/cluster.json", bytes);
        await expect(readListed(store, entry!)).rejects.toMatchObject({
          kind: "input",
          message: `Cannot trust "pve/cluster.json" in ${store.place}: it was changed`,
        });
      }),
      { numRuns: 56 },
    );
  });

  test.each([
    ["longer than", "cluster "],
    ["shorter than", "cluste"],
    ["empty, unlike", ""],
  ])("is rejected if it is %s its entry", async (_what, text) => {
    const { store, entries: [entry] } = await listedStore();
    await store.write("pve/cluster.json", encodeUtf8(text));
    await expect(readListed(store, entry!)).rejects.toThrow("it was changed");
  });

  test("is rejected if its length differs from its entry", async () => {
    const { store, entries: [entry] } = await listedStore();
    await expect(readListed(store, { ...entry!, bytes: 8 })).rejects.toThrow("it was changed");
  });

  test.each(["../x", "/etc/passwd", "pve\\x"])(
    "is never opened outside the folder: %s",
    async (path) => {
      const { store, entries: [entry] } = await listedStore();
      await expect(readListed(store, { ...entry!, path })).rejects.toMatchObject({
        kind: "input",
        message: expect.stringContaining("Refused the file name"),
      });
    },
  );
});

describe("checkListing", () => {
  test("accepts a complete list, and ignores other folders", async () => {
    const { store, entries } = await listedStore();
    await store.write("netbox/x.json", encodeUtf8("x"));
    await expect(checkListing(store, "pve/", entries)).resolves.toBeUndefined();
  });

  test.each(["pve/nodes/c.json", "pve/.hidden", "pve/nodes/a.json$", "pve/nodes/deep/d.json"])(
    "rejects an unlisted file: %s",
    async (path) => {
      const { store, entries } = await listedStore();
      await store.write(path, encodeUtf8("extra"));
      await expect(checkListing(store, "pve/", entries)).rejects.toMatchObject({
        kind: "input",
        message: `Found "${path}" in ${store.place}, which its manifest does not list`,
      });
    },
  );

  test("rejects a missing file", async () => {
    const { store, entries } = await listedStore();
    await store.remove("pve/nodes/b.json");
    await expect(checkListing(store, "pve/", entries)).rejects.toMatchObject({
      kind: "input",
      message: `Cannot find "pve/nodes/b.json" in ${store.place}, which its manifest lists`,
    });
  });

  test("rejects a duplicate path", async () => {
    const { store, entries } = await listedStore();
    await expect(checkListing(store, "pve/", [...entries, entries[1]!])).rejects.toMatchObject({
      kind: "input",
      message: expect.stringContaining('Duplicate path "pve/nodes/a.json"'),
    });
  });

  test("rejects a path outside the folder", async () => {
    const { store, entries } = await listedStore();
    const stray = { ...entries[0]!, path: "../manifest.json" };
    await expect(checkListing(store, "pve/", [...entries, stray])).rejects.toMatchObject({
      kind: "input",
      message: 'Refused the file name "../manifest.json"',
    });
  });
});

test("listingFaults reports all faults, each once per path and reason", async () => {
  const { store, entries } = await listedStore();
  await store.remove("pve/nodes/b.json");
  for (const extra of ["pve/x", "pve/y"]) await store.write(extra, encodeUtf8("extra"));
  const stray = { ...entries[0]!, path: "../manifest.json" };
  const faults = await listingFaults(store, "pve/", [...entries, entries[1]!, stray, stray]);
  expect(faults.map(({ path, error }) => [path, error.kind, error.message.split(" ", 2).join(" ")]))
    .toEqual([
      ["../manifest.json", "input", "Refused the"],
      ["pve/nodes/a.json", "input", "Duplicate path"],
      ["../manifest.json", "input", "Duplicate path"],
      ["pve/x", "input", 'Found "pve/x"'],
      ["pve/y", "input", 'Found "pve/y"'],
      ["pve/nodes/b.json", "input", "Cannot find"],
    ]);
});
