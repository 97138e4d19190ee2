/** Sites, clusters and nodes as boxes in boxes, with a square for each guest. */
import type { Fleet, FleetGuest, FleetNode } from "../model/fleet.ts";
import type { Topology } from "../model/topology.ts";
import { type Html, markup } from "../page/markup.ts";
import { counted } from "../page/numbers.ts";
import { squaresSvg } from "../pictures/squares.ts";
import { STATUS_NOTES, statusOf } from "./guests.ts";

/** Where the drawing of a node stands, by its place in the topology. */
export function wiringId(index: number): string {
  return `wiring-${index}`;
}

export function siteMapHtml({ nodes, guests }: Fleet, topology: Topology | undefined): Html {
  const drawings = new Map(topology?.nodes.map(({ node }, i) => [node, wiringId(i)]));
  const places = new Places(nodes, guests);
  const sites = Map.groupBy(nodes, ({ site }) => site);
  return markup`${LEGEND}<div class="map">${
    [...sites].map(([site, own]) =>
      markup`<section class="site" aria-label="Site ${site}"><h3>${site}</h3>${
        [...Map.groupBy(own, ({ cluster }) => cluster)].map(([cluster, members]) =>
          markup`<div class="cluster"><h4>${cluster ?? "no cluster"}</h4><ul class="tiles">${
            members.map((node) => tileHtml(node, places.on(node), drawings.get(node.name)))
          }</ul></div>`
        )
      }</section>`
    )
  }${strangersHtml(places.elsewhere())}</div>`;
}

const LEGEND = markup`<ul class="legend">${
  Object.entries(STATUS_NOTES).map(([status, note]) =>
    markup`<li><i data-mark="${status}"></i>${status}: ${note}</li>`
  )
}</ul>`;

/** Which guest is on which node. Guests that are left out name no cluster. */
class Places {
  readonly #byPlace: Map<string, FleetGuest[]>;

  constructor(nodes: readonly FleetNode[], guests: readonly FleetGuest[]) {
    const clusters = new Map(nodes.map((node) => [nodeName(node), node.cluster]));
    this.#byPlace = Map.groupBy(
      guests,
      ({ node = "", cluster }) => placeKey(node, cluster ?? clusters.get(node)),
    );
  }

  /** Each guest is told once. */
  on(node: FleetNode): readonly FleetGuest[] {
    const key = placeKey(nodeName(node), node.cluster);
    const found = this.#byPlace.get(key) ?? [];
    this.#byPlace.delete(key);
    return found;
  }

  /** Those that were not told yet: their nodes are not listed. */
  elsewhere(): readonly FleetGuest[] {
    return [...this.#byPlace.values()].flat();
  }
}

function placeKey(node: string, cluster: string | undefined): string {
  return JSON.stringify([node, cluster ?? ""]);
}

/** Of two nodes of one name, the later cluster's is called "node (cluster)". */
function nodeName({ name, cluster }: FleetNode): string {
  const suffix = ` (${cluster})`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

function tileHtml(
  { name, status, platform }: FleetNode,
  guests: readonly FleetGuest[],
  drawing: string | undefined,
): Html {
  const facts = [status === "active" ? undefined : status, platform];
  const title = drawing === undefined
    ? markup`<strong>${name}</strong>`
    : markup`<strong><a href="#${drawing}">${name}</a></strong>`;
  return markup`<li class="tile" data-mark="${status}">${title} <b>${
    counted(guests.length, "guest")
  }</b><span>${facts.filter((fact) => fact !== undefined).join(" · ")}</span>${
    squaresOf(guests)
  }</li>`;
}

function strangersHtml(guests: readonly FleetGuest[]): Html | undefined {
  if (guests.length === 0) return undefined;
  return markup`<div class="cluster"><h4>on no node that is known: ${
    counted(guests.length, "guest")
  }</h4>${squaresOf(guests)}</div>`;
}

function squaresOf(guests: readonly FleetGuest[]): Html | undefined {
  return squaresSvg(guests.map((guest) => ({
    mark: statusOf(guest),
    tip: `${guest.vmid} ${guest.name ?? ""}, ${statusOf(guest)}`,
  })));
}
