/** Which networks reach which nodes: a table whose shades are seen before its numbers are read. */
import { networkOf, type Topology } from "../model/topology.ts";
import { type Html, markup } from "../page/markup.ts";
import { counted, grouped } from "../page/numbers.ts";

/** More columns are read by nobody; the list of guests has all networks. */
const MOST_NETWORKS = 80;
const LEVELS = 5;

export function networksHtml({ nodes, networks }: Topology): Html | undefined {
  if (networks.length === 0) return undefined;
  const shown = networks.slice(0, MOST_NETWORKS);
  const rows = nodes.map(({ node, nics, unread }) => {
    const counts = Map.groupBy(nics, networkOf);
    const guests = shown.map((network) =>
      new Set(counts.get(network)?.map(({ guest }) => guest.vmid)).size
    );
    return { node, guests, unread: unread.length };
  });
  const most = rows.flatMap(({ guests }) => guests).reduce((a, b) => Math.max(a, b), 1);
  const cell = (count: number): Html =>
    count === 0
      ? markup`<td></td>`
      : markup`<td class="s${Math.ceil((count / most) * LEVELS)}">${grouped(count)}</td>`;
  const hidden = networks.length - shown.length;
  return markup`<h3>Which networks reach which nodes</h3>
<p>Guests with a NIC there, by node; not known are those whose configs were not read. A VLAN of one number is one network, whatever bridge it is on.</p>
<div class="scroll" role="region" aria-label="Guests by node and network" tabindex="0"><table class="matrix">
<thead><tr><th scope="col">Node</th><th scope="col"><span>not known</span></th>${
    shown.map((network) => markup`<th scope="col"><span>${network}</span></th>`)
  }</tr></thead><tbody>${
    rows.map(({ node, guests, unread }) =>
      markup`<tr><th scope="row">${node}</th><td class="unknown">${
        unread > 0 && grouped(unread)
      }</td>${guests.map(cell)}</tr>`
    )
  }</tbody></table></div>${
    hidden > 0 &&
    markup`<p class="more">${counted(hidden, "network")} more in the list of guests.</p>`
  }`;
}
