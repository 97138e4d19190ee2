/** TABLE: the halves of a run folder, and how each is compared with another folder's. */
import { inputError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { openEntities } from "../../run-folder/entity-set.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Store } from "../../run-folder/store/store.ts";
import type { Session } from "../../terminal/session.ts";
import { diffEntities } from "./diff-entities.ts";
import { diffSnapshots } from "./diff-snapshots.ts";
import type { Differences } from "./differences.ts";

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

/** Of one half of the folders. */
export interface Compared {
  readonly half: Half;
  readonly differences: Differences;
}

export interface DiffResult {
  /** The run folders, as the user named them. */
  readonly a: string;
  readonly b: string;
  readonly compared: readonly Compared[];
}

const NAMES = Object.keys(HALVES) as Half[];

/** What the user asks for, or what both folders hold; the earlier folder comes first. */
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
  const asked = NAMES.filter((half) => session.isOn(half));
  if (asked.length > 0) return asked;
  const [inA, inB] = [await halvesIn(a), await halvesIn(b)];
  const shared = NAMES.filter((half) => inA.includes(half) && inB.includes(half));
  if (shared.length === 0) {
    throw inputError(
      `Found nothing to compare: ${a.place} holds ${said(inA)}, ${b.place} ${said(inB)}`,
      { hint: "Name two run folders that capture, simulate or transform wrote" },
    );
  }
  for (const half of NAMES.filter((each) => inA.includes(each) !== inB.includes(each))) {
    const lacking = inA.includes(half) ? b : a;
    session.log.warn(`Not compared: ${printable(lacking.place)} holds no ${half}`);
  }
  return shared;
}

async function halvesIn(store: Store): Promise<readonly Half[]> {
  const keys = await store.keys();
  return NAMES.filter((half) => keys.some(HALVES[half].isIn));
}

function said(halves: readonly Half[]): string {
  return halves.length === 0 ? "neither a snapshot nor entities" : halves.join(" and ");
}
