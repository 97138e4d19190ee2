/** Talk goes to stderr, as text or as one JSON object a line; stdout stays data. */
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

// What terminals obey: C0 but tab and newline, DEL, the C1 range; and what turns text around, so that it
// reads as another. Source: Unicode UAX #9, explicit formatting.
const CONTROL_REGEXP =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** What JSON leaves as it is, and a terminal does not show as it is. */
const JSON_REGEXP = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function createLog(stderr: NodeJS.WritableStream, options: LogOptions = {}): Log {
  const level = LEVELS[options.level ?? "normal"];
  // consola writes what is no warning to stdout.
  const streams = { stdout: stderr, stderr } as Pick<ConsolaOptions, "stdout" | "stderr">;
  // consola folds lines that repeat quickly; each of ours is a thing of its own.
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

/** Text from outside may hold terminal escapes: shown as "\x1b", never obeyed. */
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

/** The same on one line: what would break a table or a list is shown too. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, (char) => (char === "\n" ? "\\x0a" : "\\x09"));
}

/** JSON that a terminal shows and never obeys: JSON itself leaves the C1 range as it is. */
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
