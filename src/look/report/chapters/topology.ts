/** Sites, clusters and nodes, guests by node and network, and a diagram of each node. */
import { counted, groupDigits } from "../../../terminal/tables.ts";
import type { Guest, InventoryNode, RunInventory } from "../../inventory.ts";
import { networkNameOf, type Topology } from "../topology.ts";
import { type Html, markup } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import { squaresSvg } from "../page/charts.ts";
import { STATUS_NOTES, statusOf } from "./guests.ts";
import { wiringHtml } from "./wiring.ts";

/** Up to this many nodes, all diagrams are open. */
const MOST_OPEN = 6;

export function topologyChapter(inventory: RunInventory, topology: Topology | undefined): Chapter {
  const sites = new Set(inventory.nodes.map(({ site }) => site));
  const clusters = new Set(inventory.nodes.map(({ cluster }) => cluster));
  const isOpen = (topology?.nodes.length ?? 0) <= MOST_OPEN;
  return {
    id: "topology",
    title: "Topology",
    lead: `${counted(sites.size, "site")}, ${counted(clusters.size, "cluster")}, ${
      counted(inventory.nodes.length, "node")
    }. Each square is a guest.`,
    body: markup`${siteMapHtml(inventory, topology)}${
      topology === undefined
        ? markup`<p class="more">Bridges, bonds and VLANs are not shown: this folder contains no snapshot.</p>`
        : markup`${networksHtml(topology)}<h3>Network of each node</h3>
<p>From left to right: physical ports, bonds, bridges, and the networks of the guests.</p>
<div class="nodes">${
          topology.nodes.map((node, i) => wiringHtml(node, { id: wiringId(i), isOpen }))
        }</div>`
    }`,
    lists: [],
  };
}

/** Columns; the list of guests has all networks. */
const MOST_NETWORKS = 80;
const LEVELS = 5;

export function networksHtml({ nodes, networks }: Topology): Html | undefined {
  if (networks.length === 0) return undefined;
  const shown = networks.slice(0, MOST_NETWORKS);
  const rows = nodes.map(({ node, nics, unread }) => {
    const counts = Map.groupBy(nics, networkNameOf);
    const guests = shown.map((network) =>
      new Set(counts.get(network)?.map(({ guest }) => guest.vmid)).size
    );
    return { node, guests, unread: unread.length };
  });
  const most = rows.flatMap(({ guests }) => guests).reduce((a, b) => Math.max(a, b), 1);
  const cell = (count: number): Html =>
    count === 0
      ? markup`<td></td>`
      : markup`<td class="s${Math.ceil((count / most) * LEVELS)}">${groupDigits(count)}</td>`;
  const hidden = networks.length - shown.length;
  return markup`<h3>Guests by node and network</h3>
<p>Number of guests with a NIC in the network; "not known" are guests whose config was not read. A VLAN counts as one network on all bridges.</p>
<div class="scroll" role="region" aria-label="Guests by node and network" tabindex="0"><table class="matrix">
<thead><tr><th scope="col">Node</th><th scope="col"><span>not known</span></th>${
    shown.map((network) => markup`<th scope="col"><span>${network}</span></th>`)
  }</tr></thead><tbody>${
    rows.map(({ node, guests, unread }) =>
      markup`<tr><th scope="row">${node}</th><td class="unknown">${
        unread > 0 && groupDigits(unread)
      }</td>${guests.map(cell)}</tr>`
    )
  }</tbody></table></div>${
    hidden > 0 &&
    markup`<p class="more">${counted(hidden, "network")} more in the list of guests.</p>`
  }`;
}

/** Id of the diagram of a node, by its index in the topology. */
export function wiringId(index: number): string {
  return `wiring-${index}`;
}

function siteMapHtml({ nodes, elsewhere }: RunInventory, topology: Topology | undefined): Html {
  const drawings = new Map(topology?.nodes.map(({ node }, i) => [node, wiringId(i)]));
  const sites = Map.groupBy(nodes, ({ site }) => site);
  return markup`${LEGEND}<div class="map">${
    [...sites].map(([site, own]) =>
      markup`<section class="site" aria-label="Site ${site}"><h3>${site}</h3>${
        [...Map.groupBy(own, ({ cluster }) => cluster)].map(([cluster, members]) =>
          markup`<div class="cluster"><h4>${cluster ?? "no cluster"}</h4><ul class="tiles">${
            members.map((node) => tileHtml(node, drawings.get(node.name)))
          }</ul></div>`
        )
      }</section>`
    )
  }${otherGuestsHtml(elsewhere)}</div>`;
}

const LEGEND = markup`<ul class="legend">${
  Object.entries(STATUS_NOTES).map(([status, note]) =>
    markup`<li><i data-mark="${status}"></i>${status}: ${note}</li>`
  )
}</ul>`;

function tileHtml(
  { name, status, platform, guests }: InventoryNode,
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

function otherGuestsHtml(guests: readonly Guest[]): Html | undefined {
  if (guests.length === 0) return undefined;
  return markup`<div class="cluster"><h4>on an unknown node: ${
    counted(guests.length, "guest")
  }</h4>${squaresOf(guests)}</div>`;
}

function squaresOf(guests: readonly Guest[]): Html | undefined {
  return squaresSvg(guests.map((guest) => ({
    mark: statusOf(guest),
    tip: `${guest.row.vmid} ${guest.row.name ?? ""}, ${statusOf(guest)}`,
  })));
}
