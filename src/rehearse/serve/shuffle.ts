/** Keys and rows in the order in which Perl's hashes give them: another one on every call. */
import { rowKeys } from "../../proxmox/endpoints.ts";
import type { Random } from "../random.ts";

/** Rows only where their order has no meaning; keys everywhere. */
export function shuffled(envelope: object, path: string, random: Random): object {
  const data: unknown = "data" in envelope ? envelope.data : undefined;
  const isUnordered = Array.isArray(data) && rowKeys(path) !== undefined;
  const rows = isUnordered ? { ...envelope, data: inAnyOrder(data, random) } : envelope;
  return withKeysInAnyOrder(rows, random) as object;
}

function withKeysInAnyOrder(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withKeysInAnyOrder(item, random));
  const entries = inAnyOrder(Object.entries(value), random);
  return Object.fromEntries(entries.map(([key, item]) => [key, withKeysInAnyOrder(item, random)]));
}

function inAnyOrder<Item>(items: readonly Item[], random: Random): Item[] {
  const drawn = items.map((item) => ({ item, place: random.below(2 ** 31) }));
  return drawn.sort((a, b) => a.place - b.place).map(({ item }) => item);
}
