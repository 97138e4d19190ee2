/** Logs on stderr, as text or as one JSON object a line; results go to stdout. */
import {
  type ConsolaInstance,
  type ConsolaOptions,
  type ConsolaReporter,
  createConsola,
  type LogObject,
} from "consola";

export interface LogOptions {
  readonly format?: "text" | "json";
  /** quiet: errors only; verbose: everything. */
  readonly level?: "quiet" | "normal" | "verbose";
}

export type Log = Pick<ConsolaInstance, "error" | "warn" | "info" | "success" | "debug">;

const LEVELS = { quiet: 0, normal: 3, verbose: 4 } as const;

// Terminal control characters (C0 except tab and newline, DEL, C1), and characters that reverse text.
// Source: Unicode UAX #9, explicit formatting.
const CONTROL_REGEXP =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Control characters that JSON does not escape. */
const JSON_REGEXP = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function createLog(stderr: NodeJS.WritableStream, options: LogOptions = {}): Log {
  const level = LEVELS[options.level ?? "normal"];
  // consola writes everything below a warning to stdout.
  const streams = { stdout: stderr, stderr } as Pick<ConsolaOptions, "stdout" | "stderr">;
  // Without a throttle: consola folds lines that repeat quickly.
  const log = createConsola({ ...streams, level, throttle: 0, formatOptions: { date: false } });
  log.setReporters(
    options.format === "json"
      ? [{ log: (entry: LogObject) => stderr.write(jsonLine(jsonEntry(entry))) }]
      : log.options.reporters.map(printableOnly),
  );
  return log;
}

function printableOnly(reporter: ConsolaReporter): ConsolaReporter {
  return {
    log: (entry, context) =>
      reporter.log({ ...entry, args: entry.args.map(printableArgument) }, context),
  };
}

function printableArgument(value: unknown): unknown {
  return typeof value === "string" ? printable(value) : value;
}

/** Terminal escapes in text from outside are shown as "\x1b". */
export function printable(text: string): string {
  return text.replace(CONTROL_REGEXP, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : jsonEscape(char);
  });
}

function jsonEntry(entry: LogObject): object {
  const [message, fields] = entry.args;
  return { ...asFields(fields), level: entry.type, message: String(message) };
}

/** The same on one line: tabs and newlines are shown as escapes too. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, (char) => (char === "\n" ? "\\x0a" : "\\x09"));
}

/** JSON without terminal escapes: JSON.stringify does not escape the C1 range. */
export function printableJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(JSON_REGEXP, jsonEscape);
}

/** The same, as a line. */
export function jsonLine(value: object): string {
  return `${printableJson(value)}\n`;
}

function jsonEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function asFields(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** As one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[\w@.:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
