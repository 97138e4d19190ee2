/** What the guests take of each storage pool. */
import type { Fleet } from "../model/fleet.ts";
import { poolUses } from "../model/pools.ts";
import { markup } from "../page/markup.ts";
import { counted, sizeOfMib } from "../page/numbers.ts";
import type { Chapter } from "../page/page.ts";
import { barsHtml } from "../pictures/bars.ts";
import { treemapSvg } from "../pictures/treemap.ts";

const MOST_POOLS = 30;

export function storageChapter({ disks }: Fleet): Chapter {
  const pools = poolUses(disks);
  const shown = pools.slice(0, MOST_POOLS);
  const total = pools.reduce((sum, { mib }) => sum + mib, 0);
  const bars = shown.map(({ pool, mib, disks: count, guests }) => ({
    label: pool,
    parts: [{ mark: "plain", value: mib }],
    figure: `${sizeOfMib(mib)} in ${counted(count, "disk")} of ${counted(guests.length, "guest")}`,
  }));
  const hidden = pools.length - shown.length;
  return {
    id: "storage",
    title: "Storage",
    lead: pools.length === 0
      ? "No disks are known of."
      : `${sizeOfMib(total)} are assigned to guests in ${
        counted(pools.length, "pool")
      }: the sizes ` +
        "that their configs name, not what is written. Capture does not ask how large a pool is.",
    body: pools.length === 0
      ? markup``
      : markup`${barsHtml(bars)}${
        hidden > 0 && markup`<p class="more">${counted(hidden, "smaller pool")} not drawn.</p>`
      }${
        total > 0 &&
        markup`<figure class="wide"><figcaption>Which guests take the room: each rectangle is one guest, to scale</figcaption><div class="scroll" role="region" aria-label="Storage by guest" tabindex="0">${
          treemapSvg(
            `Storage by pool and guest: ${
              shown.map(({ pool, mib }) => `${pool} ${sizeOfMib(mib)}`).join(", ")
            }`,
            shown.filter(({ mib }) => mib > 0).map(({ pool, mib, guests }) => ({
              name: pool,
              figure: sizeOfMib(mib),
              tiles: guests.map((guest) => ({
                name: guest.guest,
                value: guest.mib,
                figure: sizeOfMib(guest.mib),
              })),
            })),
          )
        }</figure>`
      }`,
    lists: [],
  };
}
