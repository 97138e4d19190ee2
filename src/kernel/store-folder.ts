/** A store that is a folder on disk. unstorage reads; renames and appends, which it lacks, are ours. */
import { appendFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createStorage } from "unstorage";
import fsLite from "unstorage/drivers/fs-lite";
import type { Draft, Store } from "./store-shape.ts";

export function openFolder(place: string): Store {
  const storage = createStorage<Uint8Array>({ driver: fsLite({ base: place }) });
  return {
    place,
    keys: async () => (await storage.getKeys()).map((key) => key.replaceAll(":", "/")),
    async read(key) {
      const bytes: unknown = await storage.getItemRaw(key);
      // fs-lite hands a failure such as EACCES back as if it were the file.
      if (bytes instanceof Error) throw bytes;
      return bytes instanceof Uint8Array ? bytes : undefined;
    },
    write: (key, bytes) => writeWhole(join(place, key), bytes),
    remove: (key) => rm(join(place, key), { force: true }),
    draft: (folder) => openDraft(place, folder),
    close: () => storage.dispose(),
  };
}

/** Under another name first: a reader sees the old file or the new one, never half of one. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const part = join(dirname(file), `.${basename(file)}.part`);
  await writeFile(part, bytes);
  await rename(part, file);
}

async function openDraft(place: string, folder: string): Promise<Draft> {
  const target = join(place, folder);
  const part = join(place, `.${folder}.part`);
  const old = join(place, `.${folder}.old`);
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  return {
    write: (name, bytes) => writeFile(join(part, name), bytes),
    append: (name, bytes) => appendFile(join(part, name), bytes),
    async commit(name, bytes) {
      await writeFile(join(part, name), bytes);
      await rm(old, { recursive: true, force: true });
      await rename(target, old).catch(ignoreMissing);
      await rename(part, target);
      await rm(old, { recursive: true, force: true });
    },
    discard: () => rm(part, { recursive: true, force: true }),
  };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
