/** Talk goes to stderr, as text or as one JSON object a line; stdout stays data. */
import { type ConsolaInstance, createConsola, type LogObject } from "consola";

export interface LogOptions {
  readonly format?: "text" | "json";
  /** quiet: errors only; verbose: everything. */
  readonly level?: "quiet" | "normal" | "verbose";
}

export type Log = Pick<ConsolaInstance, "error" | "warn" | "info" | "success" | "debug">;

const LEVELS = { quiet: 0, normal: 3, verbose: 4 } as const;

// What terminals obey: C0 but tab and newline, DEL, and the C1 range.
const CONTROL_REGEXP = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export function createLog(options: LogOptions = {}): Log {
  const level = LEVELS[options.level ?? "normal"];
  const streams = { stdout: process.stderr, stderr: process.stderr };
  if (options.format === "json") {
    return createConsola({ ...streams, level, reporters: [{ log: writeJsonLine }] });
  }
  return createConsola({ ...streams, level, formatOptions: { date: false } });
}

/** Text from outside may hold terminal escapes: shown as "\x1b", never obeyed. */
export function printable(text: string): string {
  return text.replace(
    CONTROL_REGEXP,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function writeJsonLine(entry: LogObject): void {
  const [message, fields] = entry.args;
  const line = { level: entry.type, message: String(message), ...asFields(fields) };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

function asFields(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
