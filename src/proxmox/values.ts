/**
 * Reads values as Proxmox VE sends them: texts, numbers, switches, rows and property strings. By version, one key is a
 * number, a number in a string, "", null or absent; other values are undefined, never an error.
 */

const NUMBER_REGEXP = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** "web-01", " web-01\u0000 " → "web-01"; 101 → "101"; "", null, {} → undefined. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return undefined;
  const clean = cleanText(value);
  return clean === "" ? undefined : clean;
}

/** Trimmed, without NUL and lone surrogates, which protobuf and PostgreSQL do not accept. */
export function cleanText(value: string): string {
  const whole = value.isWellFormed() ? value : value.toWellFormed();
  return (whole.includes("\0") ? whole.replaceAll("\0", "") : whole).trim();
}

/** "a,b c" → ["a", "b", "c"]. Source: PVE/Tools.pm, split_list. */
export function splitList(written: string): string[] {
  return written.split(/[,;\s\0]+/).filter((item) => item !== "");
}

/** No key, null, "" or blanks. */
export function isBlank(value: unknown): boolean {
  if (typeof value === "string") return cleanText(value) === "";
  return value === undefined || value === null;
}

/** As `text`; null for a blank value; undefined for other values. */
export function textOrNone(value: unknown): string | null | undefined {
  return isBlank(value) ? null : text(value);
}

/** A text as written; "?", which no parser accepts, for a value that is not a text. */
export function writtenText(value: unknown): string | undefined {
  return text(value) ?? (isBlank(value) ? undefined : "?");
}

/** 4, "4", "0.5", 5.6e-05 → number; "", "host", null → undefined. */
export function number(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !NUMBER_REGEXP.test(value.trim())) return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

/** A whole number from 0 up to the largest safe integer. */
export function count(value: unknown): number | undefined {
  // No exponents: a VLAN tag of "1e1" is a mistake, not 10.
  if (typeof value === "string" && !/^\s*\d+\s*$/.test(value)) return undefined;
  const parsed = number(value);
  return parsed !== undefined && Number.isSafeInteger(parsed) && parsed >= 0 ? parsed : undefined;
}

/** 1, "1", true, "on", "yes", "true" → true. Source: PVE/JSONSchema.pm, parse_boolean. */
export function flag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === 1 || (typeof value === "string" && /^(?:1|on|yes|true)$/i.test(value))) return true;
  if (value === 0 || (typeof value === "string" && /^(?:0|off|no|false)$/i.test(value))) {
    return false;
  }
  return undefined;
}

/** An object of an answer: a row of a list, a config. */
export type DataRow = Readonly<Record<string, unknown>>;

/** The value as an object with keys, or undefined for a list, a scalar or null. */
export function record(value: unknown): DataRow | undefined {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? value as DataRow : undefined;
}

/** The value as a list, or undefined. */
export function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as unknown[]) : undefined;
}

/** The objects of a list; anything else counts as an empty list. */
export function records(value: unknown): DataRow[] {
  return Array.isArray(value) ? value.filter((item) => record(item) !== undefined) : [];
}

/**
 * An integer of a property string, as the schema of Proxmox VE accepts it: "+5", "005" → 5.
 * Source: PVE/JSONSchema.pm, check_type.
 */
export function integer(value: string): number | undefined {
  // Adding 0 turns -0 into 0.
  return /^[+-]?\d+$/.test(value) ? Number(value) + 0 : undefined;
}

/**
 * "virtio=BC:24:11:2C:FE:01,bridge=vmbr0" → pairs; undefined for two values without a key, or a key twice. Without
 * quoting or escaping: a value has no comma, and may have "=". Source: PVE/JSONSchema.pm, parse_property_string.
 */
export function parsePropertyString(
  text: string,
  defaultKey: string,
): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    const value = part.slice(equals + 1).trim();
    if (equals === -1 && value === "") continue;
    const key = equals === -1 ? defaultKey : part.slice(0, equals).trim();
    if (key === "" || pairs.has(key)) return undefined;
    pairs.set(key, value);
  }
  return pairs.size === 0 ? undefined : pairs;
}

export const MAX_VLAN_ID = 4094;

/** 1–4094 (IEEE 802.1Q). */
export function parseVlanId(value: unknown): number | undefined {
  const id = count(value);
  return id !== undefined && id >= 1 && id <= MAX_VLAN_ID ? id : undefined;
}
