/** Sites, clusters and nodes, guests by node and network, and a diagram of each node. */
import { counted, groupDigits } from "../../../terminal/tables.ts";
import type { Guest, InventoryNode, RunInventory } from "../../inventory.ts";
import { shadeOf, squaresSvg } from "../page/charts.ts";
import { type Html, legendHtml, markup, scrollHtml } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import type { SdnRow, Topology } from "../topology.ts";
import { STATUS_NOTES, statusOf } from "./guests.ts";
import { wiringHtml } from "./wiring.ts";

export function topologyChapter(inventory: RunInventory, topology: Topology | undefined): Chapter {
  const sites = new Set(inventory.nodes.map(({ site }) => site));
  const clusters = new Set(inventory.nodes.map(({ cluster }) => cluster));
  return {
    id: "topology",
    title: "Topology",
    lead: `${counted(sites.size, "site")}, ${counted(clusters.size, "cluster")}, ${
      counted(inventory.nodes.length, "node")
    }. Each square is a guest.`,
    body: [
      LEGEND,
      siteMapHtml(inventory, topology),
      ...(topology === undefined
        ? [
          markup`<p class="more">Bridges, bonds and VLANs are not shown: this folder contains no snapshot.</p>`,
        ]
        : [networksHtml(topology), sdnHtml(topology), wiringsHtml(topology)]),
    ],
  };
}

const LEGEND = legendHtml(
  Object.fromEntries(
    Object.entries(STATUS_NOTES).map(([status, note]) => [status, `${status}: ${note}`]),
  ),
);

/** Up to this many nodes, all diagrams are open. */
const MOST_OPEN = 6;

function wiringsHtml({ nodes }: Topology): Html {
  return markup`<h3>Network of each node</h3>
<p>From left to right: physical ports, bonds, bridges and VNets, and the networks of the guests.</p>
<div class="nodes">${
    nodes.map((node, i) => wiringHtml(node, { id: wiringId(i), isOpen: nodes.length <= MOST_OPEN }))
  }</div>`;
}

/** Id of the diagram of a node, by its index in the topology. */
function wiringId(index: number): string {
  return `wiring-${index}`;
}

/** Columns; the list of guests has all networks. */
const MOST_NETWORKS = 80;

function networksHtml({ nodes, networks }: Topology): Html | undefined {
  if (networks.length === 0) return undefined;
  const shown = networks.slice(0, MOST_NETWORKS);
  const rows = nodes.map(({ node, nics, unread }) => {
    const byNetwork = Map.groupBy(nics, ({ network }) => network);
    const counts = shown.map((network) =>
      new Set(byNetwork.get(network)?.map(({ guest }) => guest.vmid)).size
    );
    return { node, counts, unread: unread.length };
  });
  const most = rows.flatMap(({ counts }) => counts).reduce((a, b) => Math.max(a, b), 1);
  const table = markup`<table class="matrix">
<thead><tr><th scope="col">Node</th><th scope="col"><span>not known</span></th>${
    shown.map((network) => markup`<th scope="col"><span>${network}</span></th>`)
  }</tr></thead><tbody>${
    rows.map(({ node, counts, unread }) =>
      markup`<tr><th scope="row">${node}</th><td class="unknown">${
        unread > 0 && groupDigits(unread)
      }</td>${
        counts.map((count) =>
          count === 0
            ? markup`<td></td>`
            : markup`<td class="${shadeOf(count / most)}">${groupDigits(count)}</td>`
        )
      }</tr>`
    )
  }</tbody></table>`;
  const hidden = networks.length - shown.length;
  return markup`<h3>Guests by node and network</h3>
<p>Number of guests with a NIC in the network; "not known" are guests whose config was not read. A VLAN counts as one network on all bridges.</p>
${scrollHtml("Guests by node and network", table)}${
    hidden > 0 &&
    markup`<p class="more">${counted(hidden, "network")} more in the list of guests.</p>`
  }`;
}

/** Rows; simulated or not, few clusters have more VNets. */
const MOST_VNETS = 300;

function sdnHtml({ sdn }: Topology): Html | undefined {
  if (sdn.length === 0) return undefined;
  const zones = new Set(sdn.map(({ zone }) => zone)).size;
  const vnets = sdn.filter(({ vnet }) => vnet !== undefined).length;
  const table = markup`<table>
<thead><tr>${
    ["Zone", "Type", "VNet", "Alias", "Tag", "Subnets"].map((title) =>
      markup`<th scope="col">${title}</th>`
    )
  }<th scope="col" class="number">Guests</th></tr></thead><tbody>${
    sdn.slice(0, MOST_VNETS).map(vnetRowHtml)
  }</tbody></table>`;
  const hidden = sdn.length - MOST_VNETS;
  return markup`<h3>Software-defined networks</h3>
<p>${counted(zones, "zone")} with ${
    counted(vnets, "VNet")
  }. Guests are those with a NIC on the VNet.</p>
${scrollHtml("Zones and VNets", table)}${
    hidden > 0 && markup`<p class="more">${counted(hidden, "VNet")} more not shown.</p>`
  }`;
}

function vnetRowHtml(
  { zone, type, vnet, alias, tag, isVlanAware, subnets, guests }: SdnRow,
  index: number,
  all: readonly SdnRow[],
): Html {
  // The zone is named once.
  const isFirst = all[index - 1]?.zone !== zone;
  const tags = [tag, isVlanAware ? "VLAN aware" : ""].filter((text) => text !== "").join(", ");
  return markup`<tr><th scope="row">${isFirst && zone}</th><td>${
    isFirst && (type ?? "not listed")
  }</td><td>${vnet ?? markup`<i>no VNets</i>`}</td><td>${alias}</td><td>${tags}</td><td>${
    subnets.join(", ")
  }</td><td class="number">${vnet !== undefined && groupDigits(guests)}</td></tr>`;
}

function siteMapHtml({ nodes, elsewhere }: RunInventory, topology: Topology | undefined): Html {
  const drawings = new Map(topology?.nodes.map(({ node }, i) => [node.toLowerCase(), wiringId(i)]));
  return markup`<div class="map">${
    [...Map.groupBy(nodes, ({ site }) => site)].map(([site, own]) =>
      markup`<section class="site" aria-label="Site ${site}"><h3>${site}</h3>${
        [...Map.groupBy(own, ({ cluster }) => cluster)].map(([cluster, members]) =>
          markup`<div class="cluster"><h4>${cluster ?? "no cluster"}</h4><ul class="tiles">${
            members.map((node) => tileHtml(node, drawings.get(node.node)))
          }</ul></div>`
        )
      }</section>`
    )
  }${
    elsewhere.length > 0 &&
    markup`<div class="cluster"><h4>on an unknown node: ${counted(elsewhere.length, "guest")}</h4>${
      squaresOf(elsewhere)
    }</div>`
  }</div>`;
}

function tileHtml(
  { name, status, platform, guests }: InventoryNode,
  drawing: string | undefined,
): Html {
  const facts = [status === "active" ? undefined : status, platform];
  return markup`<li class="tile" data-mark="${status}"><strong>${
    drawing === undefined ? name : markup`<a href="#${drawing}">${name}</a>`
  }</strong> <b>${counted(guests.length, "guest")}</b><span>${
    facts.filter((fact) => fact !== undefined).join(" · ")
  }</span>${squaresOf(guests)}</li>`;
}

function squaresOf(guests: readonly Guest[]): Html | undefined {
  return squaresSvg(guests.map((guest) => ({
    mark: statusOf(guest),
    tip: `${guest.row.vmid} ${guest.row.name ?? ""}, ${statusOf(guest)}`,
  })));
}
