/** Compares the snapshots, the entity files, or both, of two run folders. */
import { inputError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { openEntities } from "../../run-folder/entity-set.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Store } from "../../run-folder/store/store.ts";
import type { Session } from "../../terminal/session.ts";
import { diffEntities } from "./diff-entities.ts";
import { diffSnapshots } from "./diff-snapshots.ts";
import type { RunDifferences } from "./differences.ts";

/** TABLE: the halves of a run folder, and how to compare them. */
export const HALVES = {
  snapshot: {
    title: "Inventory of Proxmox VE",
    isIn: (key: string) => key === "manifest.json" || /^(?:pve\/|capture\.journal$)/.test(key),
    diff: async (a: Store, b: Store) => diffSnapshots(await openSnapshot(a), await openSnapshot(b)),
  },
  entities: {
    title: "Entities for NetBox",
    isIn: (key: string) => key.startsWith("netbox/"),
    diff: async (a: Store, b: Store) => diffEntities(await openEntities(a), await openEntities(b)),
  },
} as const;

export type Half = keyof typeof HALVES;

export interface Compared {
  readonly half: Half;
  readonly differences: RunDifferences;
}

export interface DiffResult {
  /** As given by the user. */
  readonly a: string;
  readonly b: string;
  readonly compared: readonly Compared[];
}

const NAMES = Object.keys(HALVES) as Half[];

/** The halves that the options select, or else those in both folders. The earlier folder comes first. */
export async function compareHalves(
  session: Session,
  stores: readonly [Store, Store],
): Promise<Compared[]> {
  const compared: Compared[] = [];
  for (const half of await chooseHalves(session, stores)) {
    compared.push({ half, differences: await HALVES[half].diff(...stores) });
  }
  return compared;
}

async function chooseHalves(
  session: Session,
  [a, b]: readonly [Store, Store],
): Promise<readonly Half[]> {
  const selected = NAMES.filter((half) => session.isOn(half));
  if (selected.length > 0) return selected;
  const [inA, inB] = [await halvesIn(a), await halvesIn(b)];
  const shared = NAMES.filter((half) => inA.includes(half) && inB.includes(half));
  if (shared.length === 0) {
    throw inputError(
      `Nothing to compare: ${a.place} contains ${listed(inA)}, ${b.place} ${listed(inB)}`,
      { hint: "Give two run folders of capture, simulate or transform" },
    );
  }
  for (const half of NAMES.filter((each) => inA.includes(each) !== inB.includes(each))) {
    const lacking = inA.includes(half) ? b : a;
    session.log.warn(`Skipped ${half}: ${printable(lacking.place)} contains none`);
  }
  return shared;
}

async function halvesIn(store: Store): Promise<readonly Half[]> {
  const keys = await store.keys();
  return NAMES.filter((half) => keys.some(HALVES[half].isIn));
}

function listed(halves: readonly Half[]): string {
  return halves.length === 0 ? "neither a snapshot nor entities" : halves.join(" and ");
}
