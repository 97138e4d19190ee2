/** TABLE: the halves of a run folder, and how each is compared with another folder's. */
import { openEntities } from "../entities/read.ts";
import type { Store } from "../kernel/store.ts";
import { diffEntities } from "../look/diff/diff-entities.ts";
import { diffSnapshots } from "../look/diff/diff-snapshots.ts";
import type { Differences } from "../look/diff/differences.ts";
import { openSnapshot } from "../snapshot/read.ts";

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
