/** What Proxmox sent → fields that can be compared: dotted key → text. */
import type { Reading } from "../../proxmox/answers.ts";
import { canonicalJson } from "../../base/json.ts";

export type Fields = ReadonlyMap<string, string>;

/** The answers about a thing, by their names in left-out.json: "config", "agent/get-osinfo". */
export type Parts = ReadonlyMap<string, Reading<Fields>>;

/** Lists in no order: texts whose parts are held apart so, and arrays. */
const SETS: Readonly<Record<string, RegExp>> = {
  tags: /[;, ]+/,
  altnames: /, /,
  slaves: / +/,
  bridge_ports: / +/,
  ovs_ports: / +/,
  ovs_bonds: / +/,
};

/** Off is the same as absent: which of the two is sent depends on the release. */
const OFF_WHEN_ABSENT: ReadonlySet<string> = new Set(["template"]);

/** Deeper than anything that Proxmox sends or Diode takes. What is deeper is compared as its JSON. */
export const MAX_DEPTH = 8;

/**
 * { cpuinfo: { cores: 4 } } → "cpuinfo.cores" → "4", of the keys that `isWanted`.
 * @throws AppError "input" when a value is nested deeper than any JSON of ours.
 */
export function fieldsOf(data: object, isWanted: (key: string) => boolean): Fields {
  return new Map(
    leavesOf(data, "", 0).flatMap(([key, value]): [string, string][] => {
      const text = isWanted(key) ? fieldText(key, value) : undefined;
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

/** A number and the same number in a text are one; "", null and absent too. */
function fieldText(key: string, value: unknown): string | undefined {
  const text = plainText(key, value);
  if (text === "" || (text === "0" && OFF_WHEN_ABSENT.has(key))) return undefined;
  const separator = SETS[key];
  if (separator === undefined) return text;
  const parts = text.split(separator).filter((part) => part !== "").sort();
  return parts.length === 0 ? undefined : parts.join(", ");
}

function plainText(key: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return value.join(", ");
  }
  return typeof value === "object" ? canonicalJson(value, { what: key }) : String(value);
}

function leavesOf(value: object, prefix: string, depth: number): [string, unknown][] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const path = prefix + key;
    const isBranch = typeof item === "object" && item !== null && !Array.isArray(item) &&
      depth < MAX_DEPTH;
    return isBranch ? leavesOf(item, `${path}.`, depth + 1) : [[path, item]];
  });
}
