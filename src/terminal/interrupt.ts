/** Ctrl-C: the first stops the work, the second ends the process. */
import type { Io } from "./io.ts";
import { EXIT_CODES } from "./report.ts";

export async function interruptible<Result>(
  io: Io,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const ignoreStops = io.onStop(() => {
    if (controller.signal.aborted) io.exit(EXIT_CODES.interrupted);
    controller.abort();
  });
  try {
    return await work(controller.signal);
  } finally {
    ignoreStops();
  }
}

/** Ctrl-C ends a server normally: exit code 0. */
export async function untilStopped(io: Io): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ignoreStops = io.onStop(resolve);
  await promise;
  ignoreStops();
}
