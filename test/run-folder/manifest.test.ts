/** A manifest is validated before use. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seal } from "../../src/run-folder/manifest.ts";
import { SNAPSHOT_FORMAT } from "../../src/run-folder/snapshot.ts";
import { inputErrorOf } from "../helpers/open-snapshot.ts";
import { buildSnapshot, oneGuest } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

async function sealed(): Promise<string> {
  const folder = await tempFolder();
  await buildSnapshot(folder, oneGuest());
  return folder;
}

/** The error for a manifest with other facts and a valid checksum. */
async function messageOfManifest(facts: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await sealed();
  const text = await readFile(join(folder, "manifest.json"), "utf8");
  const manifest = { ...(JSON.parse(text) as object), ...facts };
  await writeFile(join(folder, "manifest.json"), seal(manifest));
  return await inputErrorOf(folder);
}

test("a manifest with a newer format is rejected, and the error names both versions", async () => {
  const message = await messageOfManifest({ format: SNAPSHOT_FORMAT + 1 });
  expect(message).toContain(`snapshot format ${SNAPSHOT_FORMAT + 1}`);
  expect(message).toContain(`up to ${SNAPSHOT_FORMAT}`);
});

test.each([
  ["a format of another type", { format: "1" }, "format"],
  ["no format", { format: undefined }, "format"],
  ["no host", { source: { host: "" } }, "source.host"],
  ["an invalid time", { captured_at: "yesterday" }, "captured_at"],
  ["an invalid month", { captured_at: "2026-13-01T00:00:00Z" }, "captured_at"],
  ["a day that does not exist", { captured_at: "2026-02-30T00:00:00Z" }, "captured_at"],
  ["an invalid outcome", { outcome: "fine" }, "outcome"],
  ["files that are not a list", { files: {} }, "files"],
  ["a negative length", { files: [{ path: "a", bytes: -1, sha256: "00" }] }, "bytes"],
])("a manifest with %s is rejected by the name of the key", async (_what, facts, key) => {
  expect(await messageOfManifest(facts)).toContain(key);
});

test.each(["../x", "/etc/passwd", "pve/../../x", "pve\\x", "pve/a\0b"])(
  "a manifest that lists a file outside the folder is rejected: %j",
  async (path) => {
    const files = [{ path, bytes: 0, sha256: "00" }];
    expect(await messageOfManifest({ files })).toContain("Refused the file name");
  },
);

test("a manifest that lists a file twice is rejected", async () => {
  const entry = { path: "pve/cluster.json", bytes: 0, sha256: "00" };
  expect(await messageOfManifest({ files: [entry, entry] })).toContain("Duplicate path");
});

test.each(["", "null", "[]", "{", '{\n  "format": nope\n}\n', "\u0000\u0001", "{}"])(
  "a text that is not a manifest is rejected in one line: %j",
  async (text) => {
    const folder = await sealed();
    await writeFile(join(folder, "manifest.json"), text);
    const message = await inputErrorOf(folder);
    expect(message).toContain("manifest.json");
    expect(message).not.toContain("\n");
  },
);
