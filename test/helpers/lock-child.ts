/** A process that takes the lock of a history, says so, and waits: `lock-child.ts <folder>`. */
import { once } from "node:events";
import process from "node:process";
import { AppError } from "../../src/base/errors.ts";
import { takeLock } from "../../src/history/lock.ts";
import { openStore } from "../../src/run-folder/store/store.ts";

if (import.meta.main) {
  try {
    const lock = await takeLock(await openStore(process.argv[2] ?? ""));
    process.stdout.write("taken\n");
    process.stdin.resume();
    await once(process.stdin, "end");
    await lock.release();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stdout.write(`${error.kind}: ${error.message}\n`);
  }
}
