/**
 * Single values of the answers that make no sense: a list where a text should stand, more processors
 * than there can be. The field is left out, the rest goes on, and each is a record.
 */
import type { AnswerRows } from "../../snapshot/rows.ts";
import { count, flag, isBlank, number, text } from "../../snapshot/scalar.ts";
import { configMemoryMib, coresTimesSockets, mibOf, vcpusOf } from "../parse/capacity.ts";
import { mtuOf, speedKbps } from "../parse/node-interface.ts";
import { MAX_INTEGER } from "../parse/size.ts";
import type { Ledger } from "./ledger.ts";
import type { Origin } from "./sources.ts";

/** undefined: the value makes no sense. */
type Reader = (value: unknown, row: Readonly<Record<string, unknown>>) => unknown;

/** TABLE: what reads a key that the mapping reads as one value. */
const READERS: {
  readonly [Name in keyof AnswerRows]?: { readonly [Key in keyof AnswerRows[Name]]?: Reader };
} = {
  nodes: {
    status: text,
    maxcpu: count,
    maxmem: (value) => mibOf(value, Number.MAX_SAFE_INTEGER),
  },
  clusterStatus: { online: number },
  network: {
    type: text,
    method: text,
    method6: text,
    active: flag,
    priority: number,
    mtu: mtuOf,
    speed: speedKbps,
  },
  resources: {
    status: text,
    template: flag,
    maxcpu: vcpusOf,
    maxmem: (value) => mibOf(value, MAX_INTEGER),
    tags: text,
    hastate: text,
  },
  config: {
    cores: (value, { sockets }) => vcpusOf(value) && coresTimesSockets(value, sockets),
    sockets: vcpusOf,
    memory: (value) => configMemoryMib(value, MAX_INTEGER),
    onboot: flag,
    ostype: text,
    description: text,
    tags: text,
    agent: text,
  },
  osinfo: { "name": text, "version-id": text },
};

const TABLE = Object.entries(READERS).map(([name, readers]) => (
  [name as keyof AnswerRows, Object.entries(readers as Readonly<Record<string, Reader>>)] as const
));

/** "vm/101/config.cores": one record for each key of a thing's answers that no reader makes sense of. */
export function leaveMisfits(origin: Origin, ledger: Ledger): void {
  const { what } = origin.subject;
  for (const [name, readers] of TABLE) {
    const row: Readonly<Record<string, unknown>> | undefined = origin[name];
    const answer = origin.places[name];
    if (row === undefined || answer === undefined) continue;
    for (const [key, read] of readers) {
      const value = row[key];
      if (isBlank(value) || read(value, row) !== undefined) continue;
      ledger.leave({ what: `${what}/${name}.${key}`, answer }, "unparsable", {
        detail: shown(value),
      });
    }
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return text(value) ?? (typeof value === "object" ? "an object" : String(value));
}
