/** Nothing is written among the files of a run: its manifest would list fewer than there are. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { usageError } from "../base/errors.ts";
import { CLUSTER_FILE } from "../proxmox/endpoints.ts";
import { ENTITY_MANIFEST_FILE } from "../run-folder/entity-set.ts";

/** What tells that a folder of that name belongs to a run, relative to the run. */
const SIGNS: ReadonlyMap<string, string> = new Map(
  [CLUSTER_FILE, ENTITY_MANIFEST_FILE].map((file) => [dirname(file), file]),
);

/** @throws AppError "usage" when a place on disk is `pve/` or `netbox/` of a run, or below. */
export async function refuseInside(place: string): Promise<void> {
  if (place === "" || place.includes("://")) return;
  const path = resolve(place);
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    const sign = SIGNS.get(basename(at));
    const run = dirname(at);
    if (sign === undefined || !await isThere(join(run, sign))) continue;
    throw usageError(`Cannot write to ${place}: it is among the files of the run ${run}`, {
      hint: "Name a folder outside of it, or the run itself",
    });
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
