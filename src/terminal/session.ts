/** What a running command uses: options, log, run folders, output and exit code. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { usageError } from "../base/errors.ts";
import { createLog, type Log } from "../base/log.ts";
import { switchOf } from "../base/setting.ts";
import { CLUSTER_FILE } from "../proxmox/endpoints.ts";
import { ENTITY_MANIFEST_FILE } from "../run-folder/entity-set.ts";
import { isTargetFolder } from "../run-folder/target-files.ts";
import { runsIn } from "../run-folder/history.ts";
import { parseSelector, selectedPlace, type Selector } from "../run-folder/selector.ts";
import { MANIFEST_FILE } from "../run-folder/snapshot.ts";
import { isUri, openStore, type Store } from "../run-folder/store/store.ts";
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
  /** Opens a run folder, or the run of a history that a selector names; it is closed when the command ends. */
  openStore(place: string): Promise<Store>;
  /** Opens a run folder for writing. A selector may name it as an argument, not as the value of an option. */
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
  // Each stage of a run prints, and the later ones change NetBox.
  const stdout = openStdout(io, context.command !== "run");
  const openPlace = async (place: string): Promise<Store> => {
    const store = await openStore(place, storeCredentials(io.env));
    stores.push(store);
    return store;
  };
  const log = createLog(io.stderr, { format, level });
  /** A selector names one run as long as the command runs, even when a newer one is finished meanwhile. */
  const selected = new Map<string, Promise<string>>();
  const placeOf = (place: string): Promise<string> => {
    const known = selected.get(place) ?? selectPlace(place, openPlace, log);
    selected.set(place, known);
    return known;
  };
  const data = (text: string): void => stdout.write(`${text}\n`);
  return {
    context,
    io,
    operands: context.operands,
    isJson,
    log,
    terminal: io.stderr.isTTY && format !== "json" && level !== "quiet" ? io.stderr : undefined,
    option: (name) => context.options.get(name),
    isOn,
    openStore: async (place) => await openPlace(await placeOf(place)),
    async openTarget(place) {
      const isArgument = context.operands.includes(place);
      if (!isArgument) await refuseSelector(place, openPlace);
      const folder = isArgument ? await placeOf(place) : place;
      await refuseInside(folder);
      return await openPlace(folder);
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

type OpenPlace = (place: string) => Promise<Store>;

/** The place itself, or that of the run which it selects. @throws AppError "input" when there is no such run. */
async function selectPlace(place: string, open: OpenPlace, log: Log): Promise<string> {
  const selector = await selectorOf(place, open);
  if (selector === undefined) return place;
  const history = await open(selector.history);
  const found = await selectedPlace(history, selector);
  log.info(`@${selector.text} is ${basename(found)}`);
  return found;
}

/** undefined: it is a folder, whatever its name. */
async function selectorOf(place: string, open: OpenPlace): Promise<Selector | undefined> {
  const selector = parseSelector(place);
  if (selector === undefined) return undefined;
  if (!isUri(place)) return await isThere(place) ? undefined : selector;
  const store = await open(place);
  const found = await store.read(MANIFEST_FILE) ?? await store.read(ENTITY_MANIFEST_FILE);
  return found === undefined ? selector : undefined;
}

/** @throws AppError "usage" for a selector: what is written would replace the run that it names. */
async function refuseSelector(place: string, open: OpenPlace): Promise<void> {
  const selector = await selectorOf(place, open);
  if (selector === undefined) return;
  if ((await runsIn(await open(selector.history))).length === 0) return;
  throw usageError(
    `Cannot write to a new folder "@${selector.text}": it names a run of a history`,
    {
      hint: `Name another folder, or the history itself without "@${selector.text}"`,
    },
  );
}

/** Folder of a run → file that shows that it is one. */
const SIGNS: ReadonlyMap<string, string> = new Map(
  [CLUSTER_FILE, ENTITY_MANIFEST_FILE].map((file) => [dirname(file), file]),
);

/** @throws AppError "usage" for a place in `pve/` or `netbox/` of a run, where it would break the manifest. */
async function refuseInside(place: string): Promise<void> {
  if (place === "" || isUri(place)) return;
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
