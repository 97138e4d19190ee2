/** Disk sizes by storage pool and guest. */
import { counted } from "../../../terminal/tables.ts";
import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import { compareCodeUnits } from "../../../base/natural-order.ts";
import type { InventoryDisk, RunInventory } from "../../inventory.ts";
import { type Html, markup, px, sizeOfMib } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import { barsHtml } from "../page/charts.ts";

const MOST_POOLS = 30;

export function storageChapter({ disks }: RunInventory): Chapter {
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
      ? "No disks."
      : `${sizeOfMib(total)} assigned to guests in ${
        counted(pools.length, "pool")
      }. These are the ` +
        "sizes in their configs, not the space used. Capture does not read the size of a pool.",
    body: pools.length === 0
      ? markup``
      : markup`${barsHtml(bars)}${
        hidden > 0 && markup`<p class="more">${counted(hidden, "smaller pool")} not shown.</p>`
      }${
        total > 0 &&
        markup`<figure class="wide"><figcaption>Storage by guest: each rectangle is a guest, to scale</figcaption><div class="scroll" role="region" aria-label="Storage by guest" tabindex="0">${
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

export interface Group {
  readonly name: string;
  readonly figure: string;
  readonly tiles: readonly Tile[];
}

export interface Tile {
  readonly name: string;
  readonly value: number;
  readonly figure: string;
}

const [WIDTH, HEIGHT, HEAD] = [1000, 380, 22];
/** Width of a letter at 12 and 11 pixels. */
const [HEAD_CHAR, TILE_CHAR] = [7.2, 6.4];
const MOST_TILES = 400;

interface Datum {
  readonly name: string;
  readonly figure: string;
  readonly value?: number;
  readonly children?: readonly Datum[];
}

export function treemapSvg(label: string, groups: readonly Group[]): Html {
  const root = hierarchy<Datum>({
    name: "",
    figure: "",
    children: groups.map(({ name, figure, tiles }) => ({ name, figure, children: fewest(tiles) })),
  }).sum(({ value = 0 }) => value);
  const laid = treemap<Datum>().size([WIDTH, HEIGHT]).tile(treemapSquarify).paddingTop((node) =>
    node.depth === 1 ? HEAD : 0
  ).paddingInner(2).round(true)(root);
  const boxes = laid.children?.map(({ x0, y0, x1, data, children = [] }) =>
    markup`<g><text class="head" x="${x0 + 1}" y="${y0 + 15}">${headOf(data, x1 - x0)}</text>${
      children.map((tile) => {
        const [width, height] = [tile.x1 - tile.x0, tile.y1 - tile.y0];
        const name = height < 16 ? "" : fitted(tile.data.name, width - 8, TILE_CHAR);
        return markup`<rect x="${px(tile.x0)}" y="${px(tile.y0)}" width="${px(width)}" height="${
          px(height)
        }" data-tip="${tile.data.name}, ${tile.data.figure} on ${data.name}"/>${
          name !== "" && markup`<text x="${tile.x0 + 5}" y="${tile.y0 + 14}">${name}</text>`
        }`;
      })
    }</g>`
  );
  return markup`<svg class="treemap" role="img" aria-label="${label}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${boxes}</svg>`;
}

/** Combines the smallest tiles into one. */
function fewest(tiles: readonly Tile[]): Datum[] {
  const shown = tiles.slice(0, MOST_TILES);
  const rest = tiles.slice(MOST_TILES);
  if (rest.length === 0) return [...shown];
  const value = rest.reduce((sum, tile) => sum + tile.value, 0);
  return [...shown, { name: `${rest.length} smaller ones`, figure: "together", value }];
}

function headOf({ name, figure }: Datum, width: number): string {
  const whole = `${name} · ${figure}`;
  return fitted(whole, width, HEAD_CHAR) === whole ? whole : fitted(name, width, HEAD_CHAR);
}

function fitted(text: string, width: number, char: number): string {
  const most = Math.floor(width / char);
  if (text.length <= most) return text;
  return most < 4 ? "" : `${text.slice(0, most - 1)}…`;
}
