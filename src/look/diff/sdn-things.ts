/** Zones, VNets and subnets of SDN as comparable fields. */
import {
  type Answer,
  hiddenRows,
  incompleteOf,
  type NotRead,
  rowsOf,
} from "../../proxmox/answers.ts";
import { PATHS, vnetQuestion } from "../../proxmox/endpoints.ts";
import { vnetNames } from "../../proxmox/sdn.ts";
import { text } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import type { DiffSubject, Fields } from "./differences.ts";
import { type ComparedAnswer, inventoryOf } from "./inventory.ts";

/** A thing whose fields are all in one row. */
export interface RowThing {
  readonly subject: DiffSubject;
  readonly fields: Fields;
}

export interface Listing<Item> {
  /** By a key that is the same in both snapshots. */
  readonly things: ReadonlyMap<string, Item>;
  /** Why a thing that is not listed may exist. */
  readonly gap: NotRead | undefined;
}

/** TABLE: answer → the key of a row that names the thing, and its name in left-out.json. */
const KINDS = {
  sdnZones: { key: "zone", what: "sdn-zone" },
  sdnVnets: { key: "vnet", what: "sdn-vnet" },
  sdnSubnets: { key: "subnet", what: "sdn-subnet" },
} as const satisfies Partial<Record<ComparedAnswer, unknown>>;

export type SdnListings = Readonly<Record<keyof typeof KINDS, Listing<RowThing>>>;

/** undefined: SDN was not captured. */
export function readSdnThings(
  answers: AnswersFile,
  manifest: Snapshot["manifest"],
): SdnListings | undefined {
  const vnets = answers.get(PATHS.sdnVnets);
  if (vnets === undefined) return undefined;
  const listing = (kind: keyof typeof KINDS, path: string): Listing<RowThing> => {
    const answer = answers.get(path);
    return { things: thingsIn(kind, answer), gap: gapIn(path, answer, manifest) };
  };
  const subnets = vnetNames(vnets).flatMap((vnet) => vnetQuestion("sdnSubnets", vnet) ?? [])
    .map(({ path }) => listing("sdnSubnets", path));
  const sdnVnets = listing("sdnVnets", PATHS.sdnVnets);
  return {
    sdnZones: listing("sdnZones", PATHS.sdnZones),
    sdnVnets,
    sdnSubnets: {
      things: new Map(subnets.flatMap(({ things }) => [...things])),
      // The subnets of a VNet that is not listed are not known either.
      gap: subnets.find(({ gap }) => gap !== undefined)?.gap ?? sdnVnets.gap,
    },
  };
}

function thingsIn(kind: keyof typeof KINDS, answer: Answer | undefined): Map<string, RowThing> {
  const { key, what } = KINDS[kind];
  const rows = rowsOf(answer);
  if ("reason" in rows) return new Map();
  return new Map(rows.value.flatMap((row): [string, RowThing][] => {
    const name = text(row[key]);
    if (name === undefined) return [];
    return [[name, { subject: { what: `${what}/${name}` }, fields: inventoryOf(row, kind) }]];
  }));
}

/** None for a release without SDN. */
function gapIn(
  path: string,
  answer: Answer | undefined,
  manifest: Snapshot["manifest"],
): NotRead | undefined {
  const rows = rowsOf(answer);
  const isAbsent = answer !== undefined && "status" in answer && answer.status !== 200 &&
    incompleteOf(path, answer) === undefined;
  if ("reason" in rows && !isAbsent) return rows;
  return isAbsent ? undefined : hiddenRows(manifest, path);
}
