/**
 * Where a run of a remote history is captured. A remote store has no journals that lines can be added to, so that the
 * capture is made in a folder of this machine and then copied. An interrupted one stays there and is continued.
 */
import { lstat, mkdir, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { digest } from "../base/digest.ts";
import { usageError } from "../base/errors.ts";
import { TOOL } from "../base/tool.ts";
import { openFolder } from "../run-folder/store/folder.ts";
import type { Store } from "../run-folder/store/store.ts";

export interface WorkingFolder {
  readonly store: Store;
  /** It stays with a capture that can be continued. */
  removeIfEmpty(): Promise<void>;
}

/**
 * One for each user and history. `place` is without a password, which would be guessed from the name; `endpoint` is
 * the server of a bucket. @throws AppError "usage" when other users can write to it, or read it.
 */
export async function openWorkingFolder(
  place: string,
  endpoint: string | undefined,
): Promise<WorkingFolder> {
  const user = process.getuid?.();
  const of = digest(JSON.stringify([place.replace(/\/+$/, ""), endpoint ?? ""])).slice(0, 12);
  const folder = join(tmpdir(), `${TOOL.name}-${user ?? "user"}-${of}`);
  // Without following a link, which another user may have made.
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
  const found = await lstat(folder).catch((cause: unknown) => {
    throw usageError(`Cannot make the folder ${folder} for the capture`, {
      hint: "Name a folder for temporary files with TMPDIR",
      cause,
    });
  });
  const isOwn = user === undefined || (found.uid === user && (found.mode & 0o077) === 0);
  if (!found.isDirectory() || !isOwn) {
    throw usageError(`Cannot capture into ${folder}: other users can change or read it`, {
      hint: "Remove it, or name another folder for temporary files with TMPDIR",
    });
  }
  return {
    store: openFolder(folder),
    removeIfEmpty: () => rmdir(folder).catch(() => undefined),
  };
}
