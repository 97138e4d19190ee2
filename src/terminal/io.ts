/** What a process gives to a command line: cli.ts gives the real ones, tests give their own. */

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Writes the text of --help or --version to stdout, with a line break. */
  help(text: string): void;
  /** Calls the listener on SIGINT and on SIGTERM, until the function that it returns is called. */
  onStop(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly writableNeedDrain?: boolean;
};
