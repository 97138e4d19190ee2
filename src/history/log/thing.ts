/** What changed on one thing, run by run. */
import { AppError, usageError } from "../../base/errors.ts";
import { compareNatural } from "../../base/natural-order.ts";
import {
  isWithin,
  KIND_WORDS,
  kindOf,
  namesHost,
  NearNames,
  spelledOut,
  thingsCalled,
} from "../../look/explain/names.ts";
import { ENTITY_MANIFEST_FILE } from "../../run-folder/entity-set.ts";
import { readRunChanges, type RunChange } from "../../run-folder/run-record.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { counted } from "../../terminal/tables.ts";
import { thingsIn } from "../changes.ts";
import { inOrder } from "../in-order.ts";
import { storedRuns } from "../stored-run.ts";
import type { RunNames } from "./runs.ts";

/** As --json prints it. */
export interface ThingLog {
  /** "vm/101" */
  readonly what: string;
  /** Only where several clusters have things of this name. */
  readonly cluster?: string;
  /** The newest entity: "virtual-machine web-02". */
  readonly entity: string;
  /** Oldest first. */
  readonly changes: readonly LoggedChange[];
}

export interface LoggedChange extends RunChange {
  readonly run: string;
  readonly kept: boolean;
  /** It was gone before: the run that found it gone. */
  readonly gone_since?: string;
}

export interface FoundThings {
  readonly things: readonly ThingLog[];
  /** Runs of which some or all changes cannot be read. */
  readonly unreadable: readonly { readonly run: string; readonly why: string }[];
}

/** @throws AppError "usage" when no run has the thing. */
export async function logOfThing(
  history: Store,
  { selected, kept }: RunNames,
  typed: string,
): Promise<FoundThings> {
  const unreadable = new Map<string, string>();
  const changesOf = async (run: string) => {
    try {
      const recorded = await readRunChanges(history, run);
      if (recorded === undefined && await isTransformed(history, run)) {
        unreadable.set(run, "it has no record");
      }
      const lost = recorded?.lost ?? 0;
      if (lost > 0) unreadable.set(run, `the file was cut off: ${counted(lost, "change")} lost`);
      return { run, changes: recorded?.changes ?? [] };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      unreadable.set(run, error.message);
      return { run, changes: [] };
    }
  };
  const query = new ThingQuery(typed);
  for await (const { changes } of inOrder(selected, changesOf)) query.learn(changes);
  const log = new ThingLogs(query);
  for await (const { run, changes } of inOrder(selected, changesOf)) {
    log.add(changes, { run, kept: kept.has(run) });
  }
  const things = log.things();
  const recorded = async function* () {
    for await (const { changes } of inOrder(selected, changesOf)) yield changes;
  };
  return {
    things: things.length > 0 ? things : await unchangedThings(history, query, recorded()),
    // Several are read at once, and may end in any order.
    unreadable: selected.flatMap((run) => {
      const why = unreadable.get(run);
      return why === undefined ? [] : [{ run, why }];
    }),
  };
}

/** Of another run without a record, such as one that was interrupted, no change could be known. */
async function isTransformed(history: Store, run: string): Promise<boolean> {
  return await history.read(`${run}/${ENTITY_MANIFEST_FILE}`) !== undefined;
}

/** Of a history whose first run has no record, only the files tell that a thing is there. */
async function unchangedThings(
  history: Store,
  query: ThingQuery,
  recorded: AsyncIterable<readonly RunChange[]>,
): Promise<ThingLog[]> {
  const near = new NearNames(query.typed);
  const addNames = (changes: readonly RunChange[]): void => {
    for (const change of changes) near.add([change.what, ...namesOf(change)]);
  };
  for await (const { entities } of storedRuns(history)) {
    if (entities === undefined) continue;
    const present = await thingsIn(entities);
    query.learn(present);
    const log = new ThingLogs(query);
    log.add(present, { run: "", kept: true });
    const things = log.things();
    if (things.length > 0) return things.map((thing) => ({ ...thing, changes: [] }));
    addNames(present);
    break;
  }
  for await (const changes of recorded) addNames(changes);
  const kinds = `Write a thing as kind/name. Kinds: ${KIND_WORDS.join(", ")}`;
  throw usageError(`No "${query.typed}" in any run of ${history.place}`, {
    hint: near.best().length === 0 ? kinds : `Did you mean ${near.best().join(", ")}?`,
  });
}

/** The things that a name on the command line means: "vm/101", "vm/web-01", "ip/10.0.0.5", "nic/101/net0". */
class ThingQuery {
  readonly typed: string;
  readonly #name: string;
  readonly #host: string | undefined;
  readonly #paths: Set<string>;

  constructor(typed: string) {
    this.typed = typed;
    this.#name = spelledOut(typed);
    this.#host = this.#name.startsWith("ip/") ? this.#name.slice("ip/".length) : undefined;
    const paths = [typed, ...thingsCalled(this.#name)].flatMap((path) =>
      path.startsWith("node/") ? [path, path.toLowerCase()] : [path]
    );
    // A kind alone ("vm") would match everything of its kind.
    this.#paths = new Set(paths.filter((path) => path.includes("/")));
  }

  /** A guest keeps its VMID under all of its names. */
  learn(changes: readonly RunChange[]): void {
    for (const change of changes) {
      if (namesOf(change).includes(this.#name)) this.#paths.add(change.what);
    }
  }

  /** What of the thing is in a line, and how the thing is called there; undefined: nothing. */
  match(change: RunChange): { readonly what: string; readonly change: RunChange } | undefined {
    const whole = this.#pathOf(change.what) ??
      change.also?.find((name) => this.#paths.has(name) || name === this.#name);
    if (whole !== undefined) return { what: whole, change };
    const parts = change.parts?.filter((part) => this.#pathOf(`${change.what}/${part}`)) ?? [];
    const [first] = parts;
    if (first === undefined) return undefined;
    return { what: this.#pathOf(`${change.what}/${first}`) ?? "", change: { ...change, parts } };
  }

  #pathOf(what: string): string | undefined {
    const isNetwork = what.startsWith("prefix/");
    if (this.#host !== undefined && !isNetwork && namesHost(what, this.#host)) return this.#name;
    return [...this.#paths].find((path) => isWithin(what, path));
  }
}

/** "virtual-machine web-02", renamed from web-01 → "vm/web-02", "vm/web-01" */
function namesOf({ entity, fields = [] }: RunChange): string[] {
  const [step = ""] = entity.split(" ", 1);
  const renamed = step === "virtual-machine" ? fields.filter(({ field }) => field === "name") : [];
  const names = [entity.slice(step.length + 1), ...renamed.flatMap(({ from }) => from ?? [])];
  return names.map((name) => `${kindOf(step)}/${name}`);
}

/** Collects the changes of each thing that is meant. */
class ThingLogs {
  readonly #query: ThingQuery;
  readonly #changes = new Map<
    string,
    { what: string; cluster?: string; changes: LoggedChange[] }
  >();
  /** Thing or part → the run that found it gone. */
  readonly #gone = new Map<string, string>();

  constructor(query: ThingQuery) {
    this.#query = query;
  }

  add(changes: readonly RunChange[], run: Pick<LoggedChange, "run" | "kept">): void {
    for (const each of changes) {
      const found = this.#query.match(each);
      if (found === undefined) continue;
      const { what, change } = found;
      const { cluster } = change;
      const key = JSON.stringify([what, cluster]);
      const known = this.#changes.get(key) ??
        { what, ...(cluster === undefined ? {} : { cluster }), changes: [] };
      this.#changes.set(key, known);
      known.changes.push({ ...run, ...change, ...this.#returned(run.run, change) });
    }
  }

  #returned(run: string, change: RunChange): Pick<LoggedChange, "gone_since"> {
    const key = JSON.stringify([change.what, change.cluster, change.entity.split(" ", 1)[0]]);
    const gone = this.#gone.get(key);
    if (change.change === "gone") this.#gone.set(key, run);
    if (change.change !== "added" || gone === undefined) return {};
    this.#gone.delete(key);
    return { gone_since: gone };
  }

  things(): ThingLog[] {
    const logs = [...this.#changes.values()].map(({ changes, ...thing }) => {
      const newest = changes.findLast(({ what }) => what === thing.what) ?? changes.at(-1);
      return { ...thing, entity: newest?.entity ?? "", changes };
    });
    return logs.sort((a, b) =>
      compareNatural(a.what, b.what) || compareNatural(a.cluster ?? "", b.cluster ?? "")
    );
  }
}
