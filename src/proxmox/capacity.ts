/** How much a machine has: processors and memory, as NetBox's fields hold them. */
import { number, text } from "./values.ts";

const BYTES_PER_MIB = 2 ** 20;
/** Six digits, two of them decimals. Source: netbox virtualization/models/virtualmachines.py, vcpus. */
const MAX_VCPUS = 9999.99;

/** 4, "0.5", 1.999 → 4, 0.5, 2: two decimals; undefined for what is none, or more than NetBox holds. */
export function vcpusOf(value: unknown): number | undefined {
  return upTo(MAX_VCPUS, Math.round((number(value) ?? NaN) * 100) / 100);
}

/** A config's; one that is missing counts as 1. */
export function coresTimesSockets(cores: unknown, sockets: unknown): number | undefined {
  return vcpusOf((number(cores) ?? 1) * (number(sockets) ?? 1));
}

/** Bytes → MiB, rounded; undefined for what is no number, or more than `most`. */
export function mibOf(bytes: unknown, most: number): number | undefined {
  return upTo(most, Math.round((number(bytes) ?? NaN) / BYTES_PER_MIB));
}

/** A config's memory in MiB: an int up to PVE 8.0, then a string, "4096" or "current=4096". */
export function configMemoryMib(value: unknown, most: number): number | undefined {
  const [current = ""] = text(value)?.replace(/^current=/, "").split(",", 1) ?? [];
  return upTo(most, Math.round(number(current) ?? NaN));
}

function upTo(most: number, amount: number): number | undefined {
  return amount >= 0 && amount <= most ? amount : undefined;
}
