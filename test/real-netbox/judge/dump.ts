/** A whole NetBox as text without ids and times, which is equal for two NetBoxes with the same objects. */
import type { NetBox } from "../server/netbox.ts";
import { listAll, type Row } from "../server/rest.ts";
import { PATHS } from "./read-back.ts";

/** Path → its objects, each as one line, in order. */
export type Dump = ReadonlyMap<string, readonly string[]>;

/** Fields that differ between two NetBoxes with the same objects. */
const OWN_TO_ONE_NETBOX = new Set([
  "id",
  "url",
  "display_url",
  "created",
  "last_updated",
  "assigned_object_id",
  "scope_id",
]);

export async function dumpOf(netbox: NetBox): Promise<Dump> {
  const dump = new Map<string, readonly string[]>();
  for (const path of PATHS) {
    const rows = await listAll(netbox, path);
    dump.set(path, rows.map((row: Row) => JSON.stringify(plain(row))).sort());
  }
  return dump;
}

/** One sentence for each object that only one NetBox has. */
export function dumpDifferences(expected: Dump, found: Dump): string[] {
  return [...expected].flatMap(([path, lines]) => {
    const there = found.get(path) ?? [];
    const gone = lines.filter((line) => !there.includes(line)).map((line) => `- ${path} ${line}`);
    const more = there.filter((line) => !lines.includes(line)).map((line) => `+ ${path} ${line}`);
    const count = lines.length === there.length
      ? []
      : [`${path}: ${there.length} objects, and not ${lines.length}`];
    return [...count, ...gone, ...more];
  });
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(plain);
    return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => !OWN_TO_ONE_NETBOX.has(key))
      .map(([key, content]) => [key, plain(content)]),
  );
}
