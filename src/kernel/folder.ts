/** A folder and those above it, made where they are missing. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * As mkdir with `recursive`, which on Node tries for ever where a folder exists and yet can hold no
 * other: below a link to nowhere, on a stale mount, in /proc.
 * @throws Error of the file system.
 */
export async function makeFolder(path: string): Promise<void> {
  const refusal = await refusalOf(path);
  if (refusal === undefined) return;
  const above = dirname(path);
  if (refusal.code !== "ENOENT" || above === path) throw refusal;
  await makeFolder(above);
  const again = await refusalOf(path);
  if (again !== undefined) throw again;
}

/** undefined when the folder is there, whoever made it. */
async function refusalOf(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    return found?.isDirectory() === true ? undefined : error as NodeJS.ErrnoException;
  }
}
