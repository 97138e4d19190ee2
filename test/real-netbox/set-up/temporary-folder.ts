/** Folders that are gone when this process is, however it ends. */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kept = new Set<string>();
process.on("exit", () => {
  for (const folder of kept) rmSync(folder, { recursive: true, force: true });
});

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `proxmox-diode-${purpose}-`));
  kept.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      kept.delete(path);
    },
  };
}
