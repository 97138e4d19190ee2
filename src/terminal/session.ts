/** What a running command uses: options, log, run folders, output and exit code. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { usageError } from "../base/errors.ts";
import { createLog, type Log } from "../base/log.ts";
import { switchOf } from "../base/setting.ts";
import { CLUSTER_FILE } from "../proxmox/endpoints.ts";
import { ENTITY_MANIFEST_FILE } from "../run-folder/entity-set.ts";
import { isTargetFolder } from "../run-folder/target-files.ts";
import { openStore, type Store } from "../run-folder/store/store.ts";
import { EXIT_CODES, type Io, openStdout, type OutputStream } from "./process.ts";
import { type Context, storeCredentials } from "./settings.ts";

export interface Session {
  readonly context: Context;
  readonly io: Io;
  readonly operands: readonly string[];
  readonly isJson: boolean;
  readonly log: Log;
  /** For a progress bar; undefined without a terminal, with --quiet and with a JSON log. */
  readonly terminal: OutputStream | undefined;
  option(name: string): string | undefined;
  isOn(name: string): boolean;
  /** Opens a run folder; it is closed when the command ends. */
  openStore(place: string): Promise<Store>;
  /** Opens a run folder for writing. */
  openTarget(place: string): Promise<Store>;
  /** Prints a summary or JSON on stdout; --quiet omits the summary. */
  print(text: string): void;
  /** Prints the result of the command on stdout. */
  data(text: string): void;
  /** Resolves once stdout has room again: await it from time to time in a long result. */
  drained(): Promise<void>;
  /** Sets the exit code of a command that throws nothing. */
  exitWith(kind: keyof typeof EXIT_CODES): void;
  /** Closes the run folders: an open connection would keep the program running. */
  close(): Promise<void>;
}

export function openSession(context: Context, outcome: { exitCode: number }): Session {
  const { io } = context;
  const isOn = (name: string): boolean => switchOf(context.options.get(name) ?? "false") === true;
  const isJson = isOn("json");
  const format = context.options.get("log-format") === "json" ? "json" : "text";
  const level = isOn("quiet") ? "quiet" : isOn("verbose") ? "verbose" : "normal";
  const stores: Store[] = [];
  const stdout = openStdout(io);
  const open = async (place: string): Promise<Store> => {
    const store = await openStore(place, storeCredentials(io.env));
    stores.push(store);
    return store;
  };
  const data = (text: string): void => stdout.write(`${text}\n`);
  return {
    context,
    io,
    operands: context.operands,
    isJson,
    log: createLog(io.stderr, { format, level }),
    terminal: io.stderr.isTTY && format !== "json" && level !== "quiet" ? io.stderr : undefined,
    option: (name) => context.options.get(name),
    isOn,
    openStore: open,
    async openTarget(place) {
      await refuseInside(place);
      return await open(place);
    },
    print(text) {
      if (isJson || level !== "quiet") data(text);
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

/** Folder of a run → file that shows that it is one. */
const SIGNS: ReadonlyMap<string, string> = new Map(
  [CLUSTER_FILE, ENTITY_MANIFEST_FILE].map((file) => [dirname(file), file]),
);

/** @throws AppError "usage" for a place in `pve/` or `netbox/` of a run, where it would break the manifest. */
async function refuseInside(place: string): Promise<void> {
  if (place === "" || place.includes("://")) return;
  const path = resolve(place);
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    const sign = SIGNS.get(basename(at));
    const run = dirname(at);
    if (sign === undefined || !await isThere(join(run, sign))) continue;
    // A target folder may be called "netbox", too.
    if (await isTargetFolder(await openStore(at))) continue;
    throw usageError(`Cannot write to ${place}: it is inside the run ${run}`, {
      hint: "Give a folder outside of it, or the run folder itself",
    });
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

/** Opens the run folder given as the first argument. @throws AppError "usage" without one. */
export async function openRunFolder(session: Session): Promise<Store> {
  const [run] = session.operands;
  if (run === undefined) {
    throw usageError("Missing argument: a run folder", { hint: "For example: snapshots/example" });
  }
  return await session.openStore(run);
}
