/** A snapshot is checked against its hashes; each fault has its own error. */
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { countAnswers, inputErrorOf } from "../helpers/open-snapshot.ts";
import { answersText, buildSnapshot, oneGuest, sealFiles } from "../helpers/snapshot-builder.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const CLUSTER = { "pve/cluster.json": "{}\n" };

async function sealed(): Promise<string> {
  const folder = await tempFolder();
  await buildSnapshot(folder, oneGuest());
  return folder;
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(file, "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  await writeFile(file, changed);
}

describe("a sealed snapshot", () => {
  test("is read completely", async () => {
    const folder = await sealed();
    expect(await countAnswers(folder)).toBe(8);
    const snapshot = await openSnapshot(await openStore(`${folder}/`));
    expect(snapshot.nodes).toEqual(["pve1"]);
    expect(snapshot.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(folder.endsWith(snapshot.name)).toBe(true);
  });

  test("has no answers for nodes without a file, whatever their names", async () => {
    const snapshot = await openSnapshot(await openStore(await sealed()));
    for (const node of ["pve2", "", "../cluster", "__proto__", "a/b", "pve1.json"]) {
      expect(await snapshot.node(node), node).toBeUndefined();
    }
  });

  test("may contain files of later stages", async () => {
    const folder = await sealed();
    await (await openStore(folder)).write("netbox/x.json", new Uint8Array());
    await writeFile(join(folder, "notes.txt"), "mine");
    expect(await countAnswers(folder)).toBe(8);
  });
});

describe("a snapshot is rejected", () => {
  test("if a file was changed", async () => {
    const folder = await sealed();
    await edit(join(folder, "pve/nodes/pve1.json"), (text) => text.replace("vmbr0", "vmbr1"));
    expect(await inputErrorOf(folder)).toBe(
      `Cannot trust "pve/nodes/pve1.json" in ${folder}: it was changed`,
    );
  });

  test("if a file was truncated", async () => {
    const folder = await sealed();
    await truncate(join(folder, "pve/cluster.json"), 100);
    expect(await inputErrorOf(folder)).toContain('"pve/cluster.json"');
  });

  test("if a file is missing", async () => {
    const folder = await sealed();
    await rm(join(folder, "pve/nodes/pve1.json"));
    expect(await inputErrorOf(folder)).toMatch(/^Cannot find "pve\/nodes\/pve1\.json" in/);
  });

  test.each(["pve/nodes/pve2.json", "pve/notes.txt"])(
    "if there is an extra file: %s",
    async (extra) => {
      const folder = await sealed();
      await writeFile(join(folder, extra), "{}\n");
      expect(await inputErrorOf(folder)).toContain(`Found "${extra}" in`);
    },
  );

  test("if a character or white space in the manifest was changed", async () => {
    for (
      const change of [
        (text: string) => text.replace("pve1.example", "pve2.example"),
        (text: string) => text.replace("complete", "partial"),
        (text: string) => `${text} `,
        (text: string) => text.replace('\n  "sha256": "', '\n  "sha256":  "'),
        (text: string) => text.replaceAll("\n", "\r\n"),
      ]
    ) {
      const folder = await sealed();
      await edit(join(folder, "manifest.json"), change);
      expect(await inputErrorOf(folder)).toMatch(
        /^(?:Cannot trust manifest\.json in .*: it was|No checksum in manifest\.json in )/,
      );
    }
  });

  test("if it is unfinished", async () => {
    const folder = await sealed();
    await rm(join(folder, "manifest.json"));
    expect(await inputErrorOf(folder)).toBe(
      `Found an unfinished snapshot in ${folder}: it has no manifest.json`,
    );
  });

  test("if capture stopped before its first file", async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, "capture.journal"), "");
    expect(await inputErrorOf(folder)).toContain("unfinished snapshot");
  });

  test("if it does not exist", async () => {
    const folder = await tempFolder();
    expect(await inputErrorOf(folder)).toContain("the folder does not exist, or is empty");
    expect(await inputErrorOf(join(folder, "none"))).toContain("the folder does not exist");
    await writeFile(join(folder, "readme.txt"), "");
    expect(await inputErrorOf(folder)).toBe(
      `Found no snapshot in ${folder}: it has no manifest.json`,
    );
  });

  test("if the folder is a file", async () => {
    const file = join(await tempFolder(), "file");
    await writeFile(file, "");
    expect(await inputErrorOf(file)).toMatch(/^Cannot read manifest\.json in .*: ENOTDIR/);
  });

  test("if a sealed file is not an answers file, with the line number", async () => {
    const folder = await tempFolder();
    const node = answersText({ "/nodes/pve1/status": '{"status":200', "/x": "}" });
    await sealFiles(folder, { ...CLUSTER, "pve/nodes/pve1.json": node });
    expect(await inputErrorOf(folder)).toMatch(/pve\/nodes\/pve1\.json in .*, line 2/);
  });

  test("if the manifest does not list the cluster's answers", async () => {
    const folder = await tempFolder();
    await sealFiles(folder, { "pve/nodes/pve1.json": "{}\n" });
    expect(await inputErrorOf(folder)).toContain("pve/cluster.json");
  });
});

test("any flipped bit in any file of a snapshot is detected", async () => {
  const folder = await sealed();
  const files = Object.keys(await treeOf(folder));
  const original = await Promise.all(files.map((file) => readFile(join(folder, file))));
  const bits = original.flatMap((bytes, file) =>
    Array.from({ length: bytes.length * 8 }, (_, bit) => ({ file, bit }))
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...bits), async ({ file, bit }) => {
      const bytes = Uint8Array.from(original[file]!);
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
      await writeFile(join(folder, files[file]!), bytes);
      await inputErrorOf(folder);
      await writeFile(join(folder, files[file]!), original[file]!);
    }),
    { numRuns: 200 },
  );
  expect(await countAnswers(folder)).toBe(8);
});
