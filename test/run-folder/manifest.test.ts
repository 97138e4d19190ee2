/** A manifest is checked before it is used. */
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

/** Of a manifest with these facts, sealed as if they were true. */
async function complaintOfManifest(facts: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await sealed();
  const text = await readFile(join(folder, "manifest.json"), "utf8");
  const manifest = { ...(JSON.parse(text) as object), ...facts };
  await writeFile(join(folder, "manifest.json"), seal(manifest));
  return await inputErrorOf(folder);
}

test("a newer format is refused, and the error names both versions", async () => {
  const message = await complaintOfManifest({ format: SNAPSHOT_FORMAT + 1 });
  expect(message).toContain(`snapshot format ${SNAPSHOT_FORMAT + 1}`);
  expect(message).toContain(`up to ${SNAPSHOT_FORMAT}`);
});

test.each([
  ["a format of another kind", { format: "1" }, "format"],
  ["no format", { format: undefined }, "format"],
  ["no host", { source: { host: "" } }, "source.host"],
  ["an invalid time", { captured_at: "yesterday" }, "captured_at"],
  ["an invalid month", { captured_at: "2026-13-01T00:00:00Z" }, "captured_at"],
  ["a day that is in no calendar", { captured_at: "2026-02-30T00:00:00Z" }, "captured_at"],
  ["an invalid outcome", { outcome: "fine" }, "outcome"],
  ["files that are no list", { files: {} }, "files"],
  ["a negative length", { files: [{ path: "a", bytes: -1, sha256: "00" }] }, "bytes"],
])("a manifest with %s is refused by the name of the key", async (_what, facts, key) => {
  expect(await complaintOfManifest(facts)).toContain(key);
});

test.each(["../x", "/etc/passwd", "pve/../../x", "pve\\x", "pve/a\0b"])(
  "a manifest that lists a file outside the folder is refused: %j",
  async (path) => {
    const files = [{ path, bytes: 0, sha256: "00" }];
    expect(await complaintOfManifest({ files })).toContain("Refused the file name");
  },
);

test("a manifest that lists a file twice is refused", async () => {
  const entry = { path: "pve/cluster.json", bytes: 0, sha256: "00" };
  expect(await complaintOfManifest({ files: [entry, entry] })).toContain("Duplicate path");
});

test.each(["", "null", "[]", "{", '{\n  "format": nope\n}\n', "\u0000\u0001", "{}"])(
  "what is no manifest is refused on one line: %j",
  async (text) => {
    const folder = await sealed();
    await writeFile(join(folder, "manifest.json"), text);
    const message = await inputErrorOf(folder);
    expect(message).toContain("manifest.json");
    expect(message).not.toContain("\n");
  },
);
