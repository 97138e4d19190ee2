/** What `push` is told on the command line → what the stage takes. */
import { dirname } from "node:path";
import { dryRunKeys, openDryRun } from "../../entities/dry-run.ts";
import { type EntitySet, openEntities, type TransformedSet } from "../../entities/read.ts";
import { usageError } from "../../kernel/errors.ts";
import type { Store } from "../../kernel/store.ts";
import type { JournalPlace } from "../../push/journal.ts";
import { fileNameOf, type Target } from "../../push/target.ts";
import type { Session } from "../session.ts";

export interface OpenedInput {
  readonly store: Store;
  readonly set: EntitySet;
  /** The same set, if it is what `transform` wrote. */
  readonly run: TransformedSet | undefined;
}

/** One run folder; or a folder of dry-run files of an SDK; or such files. */
export async function openInput(
  session: Session,
  operands: readonly string[],
): Promise<OpenedInput> {
  const [first, ...others] = operands;
  if (first === undefined) {
    throw usageError("No run folder is named", {
      hint: "Name one that transform or bootstrap wrote, such as snapshots/example",
    });
  }
  if (operands.every((operand) => operand.endsWith(".json"))) {
    return await openFiles(session, operands);
  }
  if (others.length > 0) {
    throw usageError("Several run folders are named", {
      hint: "Push one after the other, or transform them together: transform a b --out both",
    });
  }
  const store = await session.openStore(first);
  const dryRun = dryRunKeys(await store.keys());
  if (dryRun.length > 0) return { store, set: await openDryRun(store, dryRun), run: undefined };
  const run = await openEntities(store);
  return { store, set: run, run };
}

async function openFiles(session: Session, files: readonly string[]): Promise<OpenedInput> {
  const places = files.map(splitPath);
  const folders = new Set(places.map(({ folder }) => folder));
  if (folders.size > 1) {
    throw usageError("The dry-run files stand in several folders", {
      hint: "Push those of one folder at a time: the journal stands beside them",
    });
  }
  const store = await session.openStore([...folders].join());
  return { store, set: await openDryRun(store, places.map(({ key }) => key)), run: undefined };
}

/** In the run folder, unless the user names a file: a checkout in a pipeline is fresh each time. */
export async function journalPlaceOf(
  session: Session,
  target: Target,
  run: Store,
): Promise<JournalPlace> {
  const file = session.option("journal");
  if (file === undefined) return journalIn(run, target);
  const { folder, key } = splitPath(file);
  return { store: await session.openStore(folder), key, target };
}

/** Where a run folder has it by itself. */
export function journalIn(run: Store, target: Target): JournalPlace {
  return { store: run, key: `push/${fileNameOf(target)}.journal`, target };
}

/** Of a path or a URI. */
function splitPath(path: string): { readonly folder: string; readonly key: string } {
  const slash = path.lastIndexOf("/");
  return path.includes("://")
    ? { folder: path.slice(0, slash), key: path.slice(slash + 1) }
    : { folder: dirname(path), key: path.slice(slash + 1) };
}
