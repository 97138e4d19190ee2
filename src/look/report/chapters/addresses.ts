/** How the prefixes are used, and who has which address. */
import type { Fleet, FleetAddress } from "../model/fleet.ts";
import { type PrefixUse, prefixUses } from "../model/prefixes.ts";
import { type Html, markup } from "../page/markup.ts";
import { type List, listHtml } from "../page/list.ts";
import { counted, grouped, percent } from "../page/numbers.ts";
import type { Chapter } from "../page/page.ts";
import { stripSvg } from "../pictures/strip.ts";

/** Those with the most addresses; the list below has all addresses. */
const MOST_PREFIXES = 100;

export function addressesChapter({ addresses, prefixes }: Fleet): Chapter {
  const uses = prefixUses(addresses, prefixes);
  const list = addressList(addresses);
  const many = addresses.length === 1 ? "1 address" : `${grouped(addresses.length)} addresses`;
  return {
    id: "addresses",
    title: "Addresses",
    lead: addresses.length === 0
      ? "There are none."
      : `${many} in ${counted(uses.length, "network")}. A strip runs from the first ` +
        "address of a network to its last; what is filled is taken.",
    body: markup`${uses.length > 0 && usesHtml(uses)}${
      addresses.length > 0 && markup`<h3>All addresses</h3>${listHtml(list)}`
    }`,
    lists: addresses.length === 0 ? [] : [list],
  };
}

function usesHtml(uses: readonly PrefixUse[]): Html {
  const shown = uses.length <= MOST_PREFIXES
    ? uses
    : uses.toSorted((a, b) => b.used - a.used).slice(0, MOST_PREFIXES);
  const hidden = uses.length - shown.length;
  return markup`<div class="scroll" role="region" aria-label="Use of networks" tabindex="0"><table class="prefixes">
<thead><tr><th scope="col">Network</th><th scope="col">Taken</th><th scope="col" class="number">Used</th>
<th scope="col" class="number">Of</th><th scope="col">In NetBox</th></tr></thead>
<tbody>${shown.map(useHtml)}</tbody></table></div>
${
    hidden > 0 &&
    markup`<p class="more">${grouped(hidden)} networks with fewer addresses are not drawn.</p>`
  }`;
}

function useHtml({ prefix, isMapped, used, room, parts }: PrefixUse): Html {
  return markup`<tr><th scope="row" class="code">${
    prefix ?? "in none of them"
  }</th><td class="taken">${parts.length > 0 && stripSvg(parts)}</td><td class="number">${
    grouped(used)
  }</td><td class="number">${
    room !== undefined && room > 0 &&
    markup`${grouped(room)} <small>${percent(used / room)}</small>`
  }</td><td>${isMapped ? "as a prefix" : ""}</td></tr>`;
}

function addressList(addresses: readonly FleetAddress[]): List<FleetAddress> {
  return {
    id: "address-rows",
    things: "addresses",
    rows: addresses,
    columns: [
      { title: "Address", kind: "code", cell: ({ address }) => address },
      { title: "Of", cell: ({ holder }) => holder },
      { title: "Interface", kind: "code", cell: (row) => row.interface },
    ],
  };
}
