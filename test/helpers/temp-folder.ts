/** Folders that are removed at the end of the test, and hashes of their files. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { onTestFinished } from "vitest";
import { digest } from "../../src/base/digest.ts";

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "proxmox-diode-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder, also hidden ones: path → SHA-256. Symbolic links are not followed. */
export async function treeOf(folder: string): Promise<Record<string, string>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name)).sort();
  const hashed = files.map(async (file) => {
    const hash = digest(await readFile(file));
    return [relative(folder, file).replaceAll("\\", "/"), hash] as const;
  });
  return Object.fromEntries(await Promise.all(hashed));
}
