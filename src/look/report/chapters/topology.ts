/** Sites, clusters and nodes; which networks reach where; and how each node is wired. */
import type { Fleet } from "../model/fleet.ts";
import type { Topology } from "../model/topology.ts";
import { markup } from "../page/markup.ts";
import { counted } from "../page/numbers.ts";
import type { Chapter } from "../page/page.ts";
import { networksHtml } from "./networks.ts";
import { siteMapHtml, wiringId } from "./site-map.ts";
import { wiringHtml } from "./wiring.ts";

/** With fewer nodes all drawings are open; with more, the reader opens those that matter. */
const MOST_OPEN = 6;

export function topologyChapter(fleet: Fleet, topology: Topology | undefined): Chapter {
  const sites = new Set(fleet.nodes.map(({ site }) => site));
  const clusters = new Set(fleet.nodes.map(({ cluster }) => cluster));
  const isOpen = (topology?.nodes.length ?? 0) <= MOST_OPEN;
  return {
    id: "topology",
    title: "Topology",
    lead: `${counted(sites.size, "site")}, ${counted(clusters.size, "cluster")}, ${
      counted(fleet.nodes.length, "node")
    }. Each square is a guest.`,
    body: markup`${siteMapHtml(fleet, topology)}${
      topology === undefined
        ? markup`<p class="more">Which bridges, bonds and VLANs lie between guests and cables is told by a snapshot, and this folder holds none.</p>`
        : markup`${networksHtml(topology)}<h3>How each node is wired</h3>
<p>From left to right: cables, bonds, bridges, and the networks that guests are in.</p>
<div class="nodes">${
          topology.nodes.map((node, i) => wiringHtml(node, { id: wiringId(i), isOpen }))
        }</div>`
    }`,
    lists: [],
  };
}
