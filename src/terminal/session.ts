/** What a running command has: its arguments, its log, its output and its exit code. */
import { createLog, type Log } from "../base/log.ts";
import { openStore, type Store } from "../run-folder/store/store.ts";
import { refuseInside } from "./inside.ts";
import { type Context, isSwitchedOn, logOptions } from "./options.ts";
import { EXIT_CODES } from "./report.ts";
import { storeCredentials } from "./settings.ts";
import { openStdout } from "./stdout.ts";

export interface Session {
  readonly context: Context;
  /** What stands behind the command's name. */
  readonly operands: readonly string[];
  readonly isJson: boolean;
  readonly log: Log;
  /** Where a bar may be drawn that changes in place; undefined: where a log is read, or nothing is. */
  readonly terminal: NodeJS.WriteStream | undefined;
  /** The text of an option, or undefined. */
  option(name: string): string | undefined;
  isOn(name: string): boolean;
  /** A run folder; the session lets go of it when the command ends, however it ends. */
  openStore(place: string): Promise<Store>;
  /** The same, of a folder that will be written to. */
  openTarget(place: string): Promise<Store>;
  /** What was done, for people or as JSON, on stdout; nothing with --quiet, unless it is JSON. */
  print(text: string): void;
  /** What the command is there to print. */
  data(text: string): void;
  /** Resolves when whoever reads stdout has caught up: to be awaited now and then in a long result. */
  drained(): Promise<void>;
  /** Ends the command with this code although nothing was thrown. */
  exitWith(kind: keyof typeof EXIT_CODES): void;
  /** An open connection would keep the program from ending. */
  close(): Promise<void>;
}

export function openSession(context: Context, outcome: { exitCode: number }): Session {
  const options = logOptions(context);
  const isJson = isSwitchedOn(context, "json");
  const stores: Store[] = [];
  const stdout = openStdout();
  const open = async (place: string): Promise<Store> => {
    const store = await openStore(place, storeCredentials());
    stores.push(store);
    return store;
  };
  const data = (text: string): void => stdout.write(`${text}\n`);
  return {
    context,
    operands: context.operands,
    isJson,
    log: createLog(options),
    terminal: process.stderr.isTTY && options.format !== "json" && options.level !== "quiet"
      ? process.stderr
      : undefined,
    option: (name) => context.options.get(name),
    isOn: (name) => isSwitchedOn(context, name),
    openStore: open,
    async openTarget(place) {
      await refuseInside(place);
      return await open(place);
    },
    print(text) {
      if (isJson || options.level !== "quiet") data(text);
    },
    data,
    drained: () => stdout.drained(),
    exitWith(kind) {
      outcome.exitCode = EXIT_CODES[kind];
    },
    async close() {
      for (const store of stores) await store.close();
    },
  };
}
