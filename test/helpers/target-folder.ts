/** Target folders, as survey writes them, of objects that a test names. */
import { TOOL } from "../../src/base/tool.ts";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import type { Store } from "../../src/run-folder/store/store.ts";
import { writeTargetFile, writeTargetManifest } from "../../src/run-folder/target-files.ts";
import type { TargetManifest } from "../../src/run-folder/target.ts";
import { type RunFiles, storeIn } from "./run-in-memory.ts";

export type TargetObjects = { readonly [Name in SurveyedName]?: readonly NetBoxObject[] };

/** Types without objects are counted as 0, except optional ones and those that `manifest` lists as missing. */
export async function writeTarget(
  store: Store,
  objects: TargetObjects = {},
  manifest: Partial<TargetManifest> = {},
): Promise<void> {
  const { missing = [] } = manifest;
  const read = SURVEYED.filter(({ name, isOptional }) =>
    missing.every(({ type }) => type !== name) && (!isOptional || objects[name] !== undefined)
  );
  const counts = Object.fromEntries(read.map(({ name }) => [name, objects[name]?.length ?? 0]));
  const files = [];
  for (const { name } of read) {
    const own = objects[name] ?? [];
    if (own.length > 0) files.push(await writeTargetFile(store, name, { number: 1, objects: own }));
  }
  await writeTargetManifest(store, {
    tool: TOOL,
    netbox: { url: "https://netbox.example.net", version: "4.7.3", plugin: "1.18.3" },
    surveyed_at: "2026-10-05T09:00:00Z",
    outcome: missing.length === 0 ? "complete" : "partial",
    counts,
    missing,
    files,
    ...manifest,
  });
}

export async function buildTarget(
  objects?: TargetObjects,
  manifest?: Partial<TargetManifest>,
): Promise<RunFiles> {
  const files = new Map<string, Uint8Array>();
  await writeTarget(storeIn(files), objects, manifest);
  return files;
}
