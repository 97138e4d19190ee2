/** A server is ended by stopping it: Ctrl-C is no interruption, and the exit code is 0. */

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, () => resolve());
  });
}
