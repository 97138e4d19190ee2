/** Disk sizes by storage pool and guest. */
import { compareCodeUnits } from "../../../base/natural-order.ts";
import { counted } from "../../../terminal/tables.ts";
import type { InventoryDisk, RunInventory } from "../../inventory.ts";
import { barsHtml, treemapSvg } from "../page/charts.ts";
import { type Html, markup, scrollHtml, sizeOfMib } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";

const MOST_POOLS = 30;

export function storageChapter({ disks }: RunInventory): Chapter {
  const pools = poolUses(disks);
  const shown = pools.slice(0, MOST_POOLS);
  const hidden = pools.length - shown.length;
  const total = sumOf(disks);
  const bars = shown.map(({ pool, mib, disks: count, guests }) => ({
    label: pool,
    parts: [{ mark: "plain", value: mib }],
    figure: `${sizeOfMib(mib)} in ${counted(count, "disk")} of ${counted(guests.length, "guest")}`,
  }));
  return {
    id: "storage",
    title: "Storage",
    lead: pools.length === 0
      ? "No disks."
      : `${sizeOfMib(total)} assigned to guests in ${counted(pools.length, "pool")}. These are ` +
        "the sizes in their configs, not the space used. Capture does not read the size of a pool.",
    body: [
      pools.length > 0 && barsHtml(bars),
      hidden > 0 && markup`<p class="more">${counted(hidden, "smaller pool")} not shown.</p>`,
      total > 0 && guestsHtml(shown.filter(({ mib }) => mib > 0)),
    ],
  };
}

function guestsHtml(pools: readonly PoolUse[]): Html {
  const sizes = pools.map(({ pool, mib }) => `${pool} ${sizeOfMib(mib)}`).join(", ");
  const groups = pools.map(({ pool, guests }) => ({
    name: pool,
    children: guests.map(({ guest, mib }) => ({ name: guest, value: mib })),
  }));
  return markup`<figure class="wide"><figcaption>Storage by guest: each rectangle is a guest, to scale</figcaption>${
    scrollHtml(
      "Storage by guest",
      treemapSvg(`Storage by pool and guest: ${sizes}`, groups, sizeOfMib),
    )
  }</figure>`;
}

export interface PoolUse {
  readonly pool: string;
  readonly mib: number;
  readonly disks: number;
  /** The largest first. */
  readonly guests: readonly { readonly guest: string; readonly mib: number }[];
}

/** The largest first. */
export function poolUses(disks: readonly InventoryDisk[]): PoolUse[] {
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

function sumOf(disks: readonly InventoryDisk[]): number {
  return disks.reduce((sum, { mib }) => sum + mib, 0);
}
