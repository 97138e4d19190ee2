/** Values of Proxmox VE as comparable fields: dotted key → text. */
import type { Reading } from "../../proxmox/answers.ts";
import { canonicalJson } from "../../base/json.ts";

export type Fields = ReadonlyMap<string, string>;

/** The answers about a thing, by their names in left-out.json: "config", "agent/get-osinfo". */
export type Parts = ReadonlyMap<string, Reading<Fields>>;

/** TABLE: unordered lists, by their separator. */
const SETS: Readonly<Record<string, RegExp>> = {
  tags: /[;, ]+/,
  altnames: /, /,
  slaves: / +/,
  bridge_ports: / +/,
  ovs_ports: / +/,
  ovs_bonds: / +/,
};

/** Off is the same as absent: releases differ in which of the two they send. */
const OFF_WHEN_ABSENT: ReadonlySet<string> = new Set(["template"]);

/** Deeper than any value of Proxmox VE or Diode; deeper values are compared as JSON. */
export const MAX_DEPTH = 8;

/**
 * { cpuinfo: { cores: 4 } } → "cpuinfo.cores" → "4", for the keys that `isCompared`.
 * @throws AppError "input" if a value is nested too deep.
 */
export function fieldsOf(data: object, isCompared: (key: string) => boolean): Fields {
  return new Map(
    leavesOf(data, "", 0).flatMap(([key, value]): [string, string][] => {
      const text = isCompared(key) ? fieldText(key, value) : undefined;
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

/** 4 and "4" are equal; so are "", null and absent. */
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
