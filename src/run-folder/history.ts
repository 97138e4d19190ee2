/**
 * A history: a folder with the runs of one cluster, each in a folder named by its `captured_at`, and `log/` with a
 * record of each run, which stays when the run itself is removed.
 */
import { isUri } from "./store/place.ts";
import type { Store } from "./store/store.ts";

const RUN_NAME_REGEXP = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/;

/** "2026-11-28T23:32:21Z" → "2026-11-28T23-32-21Z": Windows refuses ":". */
export function runNameOf(capturedAt: string): string {
  return capturedAt.replaceAll(":", "-");
}

/** "2026-11-28T23-32-21Z" → "2026-11-28T23:32:21Z" */
export function capturedAtOf(runName: string): string {
  const [date, time] = runName.split("T");
  return `${date}T${time?.replaceAll("-", ":")}`;
}

export function isRunName(name: string): boolean {
  return RUN_NAME_REGEXP.test(name);
}

/** "2026-11-28", but not "2026-02-30". */
export function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(`${day}T`);
}

/** The folder of the survey that belongs to a run, beside it. */
export function surveyFolderOf(run: string): string {
  return `${run.replace(/[/\\]+$/, "")}-netbox`;
}

/** Names of the runs in a history, oldest first. */
export async function runsIn(history: Store): Promise<string[]> {
  return (await history.folders()).filter(isRunName).sort();
}

const FOLDER_REGEXP = /^(?:(.*)[/\\])?([^/\\]+)[/\\]*$/s;
const URI_REGEXP = /^(?:([^?#]*)[/\\])?([^/\\?#]+)[/\\]*([?#].*)?$/s;

/** "snapshots/lab/2026-11-28T23-32-21Z" → its history and its name; undefined for another name. */
export function historyOf(
  place: string,
): { readonly history: string; readonly run: string } | undefined {
  const [, folder = ".", run = "", more = ""] =
    (isUri(place) ? URI_REGEXP : FOLDER_REGEXP).exec(place) ?? [];
  return isRunName(run) ? { history: (folder || "/") + more, run } : undefined;
}
