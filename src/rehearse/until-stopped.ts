/** A server is ended by stopping it: Ctrl-C is no interruption, and the exit code is 0. */

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, () => resolve());
  });
}

/** Settings as lines for a shell, which whoever rehearses copies or evaluates. */

/** A variable that is undefined has no line. */
export function exportLines(variables: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => value === undefined ? [] : [`export ${name}=${quoted(value)}`])
    .join("\n");
}

function quoted(text: string): string {
  return /^[\w@.:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
