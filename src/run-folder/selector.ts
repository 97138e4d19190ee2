/** "snapshots/lab@latest": a run of a history, named by its place in time. It stands wherever a command takes a run. */
import { type AppError, inputError } from "../base/errors.ts";
import { capturedAtOf, isDay, runNameOf, runsIn, surveyFolderOf } from "./history.ts";
import { MANIFEST_FILE } from "./snapshot.ts";
import { isUri, placeIn, type Store } from "./store/store.ts";

export interface Selector {
  /** As the user named it. */
  readonly history: string;
  /** After the "@". */
  readonly text: string;
  readonly run:
    /** 0: the newest run with a snapshot. */
    | { readonly back: number }
    /** The newest run of a day (UTC): "2026-11-27". */
    | { readonly day: string }
    /** The run of this name, else the newest one before: "2026-11-28T23-32-21Z". */
    | { readonly name: string };
  /** The survey beside that run is meant: "@latest-netbox". */
  readonly isSurvey: boolean;
}

const SELECTOR_REGEXP =
  /^(.+)@((?:latest(?:~(\d{1,5}))?|(\d{4}-\d\d-\d\d)(T\d\d[-:]\d\d[-:]\d\dZ)?)(-netbox)?)$/s;

/** undefined: it is the place of a run itself. In a URI, what is before the first "/" names a server and a user. */
export function parseSelector(place: string): Selector | undefined {
  const [, history = "", text = "", back, day, time, survey] = SELECTOR_REGEXP.exec(place) ?? [];
  // "2026-02-30" is no day.
  if (day !== undefined && !isDay(day)) return undefined;
  if (text === "" || (isUri(place) && !/^[^:]+:\/\/[^/]*\//.test(history))) return undefined;
  const isSurvey = survey !== undefined;
  if (day === undefined) return { history, text, run: { back: Number(back ?? 0) }, isSurvey };
  if (time === undefined) return { history, text, run: { day }, isSurvey };
  return { history, text, run: { name: runNameOf(`${day}${time}`) }, isSurvey };
}

/** The place of the run, or of its survey. @throws AppError "input" when there is no such run. */
export async function selectedPlace(history: Store, selector: Selector): Promise<string> {
  const run = await selectRun(history, selector);
  const folder = selector.isSurvey ? surveyFolderOf(run) : run;
  if (selector.isSurvey && !(await history.folders()).includes(folder)) {
    throw inputError(`Found no survey of the run ${run} in ${history.place}`, {
      hint: "Only `run` with --survey or --tidy writes one",
    });
  }
  return placeIn(selector.history, folder);
}

/** The name of the run. Only runs whose capture ended count, except one that is named exactly. */
async function selectRun(history: Store, { run, text }: Selector): Promise<string> {
  const all = await runsIn(history);
  if (all.length === 0) {
    throw inputError(`Found no run in ${history.place}: it is no history, or is empty`, {
      hint: `Name a folder to which \`run --history\` writes, or a run folder without "@${text}"`,
    });
  }
  if ("name" in run && all.includes(run.name)) return run.name;
  const isCandidate = (name: string): boolean => {
    if ("day" in run) return name.startsWith(`${run.day}T`);
    return "back" in run || name < run.name;
  };
  let back = "back" in run ? run.back : 0;
  for (const name of all.filter(isCandidate).toReversed()) {
    if (await history.read(`${name}/${MANIFEST_FILE}`) === undefined) continue;
    if (back === 0) return name;
    back -= 1;
  }
  throw noRun(history, { all, run, text });
}

function noRun(
  { place }: Store,
  { all, run, text }: Pick<Selector, "run" | "text"> & { readonly all: readonly string[] },
): AppError {
  const at = "day" in run ? run.day : "name" in run ? run.name : undefined;
  const before = at === undefined ? undefined : all.findLast((name) => name < at);
  const after = at === undefined ? undefined : all.find((name) => name > `${at}~`);
  const nearest = [before, after].filter((name) => name !== undefined).map(capturedAtOf);
  const [oldest = "", newest = ""] = [all.at(0), all.at(-1)].map((name) =>
    capturedAtOf(name ?? "")
  );
  return inputError(`Found no finished run "@${text}" in ${place}`, {
    hint: nearest.length > 0
      ? `Nearest in time: ${nearest.join(", ")}`
      : `It has ${all.length === 1 ? "1 run" : `${all.length} runs`}, from ${oldest} to ${newest}`,
  });
}
