/** Disks → what the guests take of each storage pool. */
import { compareCodeUnits } from "../../../kernel/natural-order.ts";
import type { FleetDisk } from "./fleet.ts";

export interface PoolUse {
  readonly pool: string;
  readonly mib: number;
  readonly disks: number;
  /** The largest first. */
  readonly guests: readonly { readonly guest: string; readonly mib: number }[];
}

/** The largest first. */
export function poolUses(disks: readonly FleetDisk[]): PoolUse[] {
  const pools = [...Map.groupBy(disks, ({ pool }) => pool ?? "(no pool)")].map(([pool, own]) => ({
    pool,
    mib: sumOf(own),
    disks: own.length,
    guests: [...Map.groupBy(own, ({ guest }) => guest)]
      .map(([guest, ofGuest]) => ({ guest, mib: sumOf(ofGuest) }))
      .sort((a, b) => b.mib - a.mib || compareCodeUnits(a.guest, b.guest)),
  }));
  return pools.sort((a, b) => b.mib - a.mib || compareCodeUnits(a.pool, b.pool));
}

function sumOf(disks: readonly FleetDisk[]): number {
  return disks.reduce((sum, { mib }) => sum + mib, 0);
}
