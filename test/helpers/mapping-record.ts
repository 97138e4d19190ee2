/**
 * test/golden/mapping-version.json: the contents of the golden files and the mapping version that made them.
 * A released mapping version always makes the same entities of the same snapshot.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { digest } from "../../src/base/digest.ts";

export interface MappingRecord {
  readonly mapping_version: number;
  /** The first tool version that made these entities. */
  readonly tool_version: string;
  /** Golden folder → what its entities were made of, and what was made. */
  readonly folders: Readonly<Record<string, { readonly source: string; readonly made: string }>>;
}

type Made = MappingRecord["folders"][string];

/** @throws Error when entities changed since an earlier tool version, but the mapping version did not. */
export function nextRecord(before: MappingRecord | undefined, now: MappingRecord): MappingRecord {
  if (before === undefined || before.mapping_version !== now.mapping_version) return now;
  const changed = Object.entries(now.folders).filter(([folder, { source, made }]) => {
    const old = before.folders[folder];
    return old !== undefined && old.source === source && old.made !== made;
  });
  if (changed.length === 0) return { ...now, tool_version: before.tool_version };
  if (before.tool_version === now.tool_version) return now;
  throw new Error(
    `Raise MAPPING_VERSION in src/transform/mapping/tables.ts: version ${before.tool_version} has mapping ` +
      `version ${before.mapping_version} too and made other entities of ` +
      changed.map(([folder]) => folder).join(", "),
  );
}

/** `folder` contains netbox/. The tool version in every file is ignored. */
export async function madeIn(folder: string): Promise<Made> {
  const netbox = join(folder, "netbox");
  const lines: string[] = [];
  let source = "";
  for (const name of (await readdir(netbox)).sort()) {
    const text = await readFile(join(netbox, name), "utf8");
    if (name === "manifest.json") {
      const { snapshots } = JSON.parse(text) as { readonly snapshots: unknown };
      source = digest(JSON.stringify(snapshots));
    } else {
      // The id of a request is a hash of its entities.
      const { id } = JSON.parse(text) as { readonly id?: string };
      lines.push(`${name} ${id ?? digest(text)}`);
    }
  }
  return { source, made: digest(lines.join("\n")) };
}
