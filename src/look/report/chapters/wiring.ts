/** Diagram of a node: its interfaces and the networks of its guests, as boxes and links. */
import { compareNatural } from "../../../base/natural-order.ts";
import { counted } from "../../../terminal/tables.ts";
import { type Box, graphSvg, type Link } from "../page/graph.ts";
import { type Html, markup, scrollHtml } from "../page/markup.ts";
import type { GuestNic, NodePort, NodeWiring } from "../topology.ts";

/** In one line of a box. */
const MOST_CHARS = 34;
/** Per column: interfaces, networks, and names that the node does not list. */
const MOST_BOXES = 150;
const MOST_LINKS = 600;

/** Of guests whose NICs are not known. */
const MOST_NAMED = 8;

/** `id`: for links. */
export function wiringHtml(
  wiring: NodeWiring,
  { id, isOpen }: { readonly id: string; readonly isOpen: boolean },
): Html {
  const { node, ports, nics, unread } = wiring;
  const guests = new Set(nics.map(({ guest }) => guest.vmid)).size;
  const interfaces = "value" in ports ? `${counted(ports.value.length, "interface")}, ` : "";
  return markup`<details class="node" id="${id}"${
    isOpen && markup` open`
  }><summary>${node} <span>${interfaces}${counted(guests, "guest")}</span></summary>${
    "reason" in ports &&
    markup`<p class="gap">Interfaces not read: ${
      [ports.reason, ports.detail].filter(Boolean).join(", ")
    }.</p>`
  }${(nics.length > 0 || "value" in ports) && drawingHtml(wiring)}${
    unread.length > 0 && unreadHtml(unread)
  }</details>`;
}

function unreadHtml(guests: NodeWiring["unread"]): Html {
  const names = guests.slice(0, MOST_NAMED).map(({ vmid, name }) => name ?? vmid).join(", ");
  return markup`<p class="gap">NICs of ${
    counted(guests.length, "guest")
  } not known, because their configs were not read: ${names}${
    guests.length > MOST_NAMED && " and more"
  }.</p>`;
}

function drawingHtml({ node, ports, nics }: NodeWiring): Html {
  const listed = "value" in ports ? ports.value : [];
  const used = new Set(listed.flatMap(({ over }) => over));
  const known = listed.filter(({ name }) => name !== "lo" || used.has(name))
    .toSorted((a, b) => compareNatural(a.name, b.name));
  const networks = networksOf(nics);
  const links: Link[] = [
    ...known.flatMap(({ name, over }) =>
      over.map((lower) => ({ from: portId(lower), to: portId(name) }))
    ),
    ...networks.flatMap(({ id, bridge }) =>
      bridge === undefined ? [] : [{ from: portId(bridge), to: id }]
    ),
  ];
  const groups = [
    known.map(portBox),
    unlistedOf(known, networks),
    networks.map(networkBox),
  ];
  const isWhole = groups.every(({ length }) => length <= MOST_BOXES) && links.length <= MOST_LINKS;
  const drawing = graphSvg(
    label(node, known.slice(0, MOST_BOXES), networks.slice(0, MOST_BOXES)),
    groups.flatMap((boxes) => boxes.slice(0, MOST_BOXES)),
    links.slice(0, MOST_LINKS),
  );
  return markup`${scrollHtml(`Wiring of ${node}`, drawing)}${
    !isWhole && markup`<p class="gap">Only a part is shown.</p>`
  }`;
}

/** Names that interfaces and guests refer to, but that the node does not list. */
function unlistedOf(known: readonly NodePort[], networks: readonly Network[]): Box[] {
  const names = new Set(known.map(({ name }) => name));
  const referred = [
    ...known.flatMap(({ over }) => over),
    ...networks.flatMap(({ bridge }) => bridge ?? []),
  ];
  return [...new Set(referred.filter((name) => !names.has(name)))].map((name) => ({
    id: portId(name),
    kind: "stranger",
    title: cut(name),
    lines: ["not listed by the node"],
  }));
}

/** With a prefix, so that an interface and a network never have the same id. */
function portId(name: string): string {
  return `port ${name}`;
}

interface Network {
  readonly id: string;
  readonly title: string;
  readonly bridge: string | undefined;
  readonly nics: readonly GuestNic[];
}

/** By bridge and VLAN. NICs without a bridge share a box. */
function networksOf(nics: readonly GuestNic[]): Network[] {
  const groups = Map.groupBy(nics, ({ bridge, network }) => `${bridge ?? ""} ${network ?? ""}`);
  return [...groups].flatMap(([key, own]) =>
    own.slice(0, 1).map(({ title, bridge }) => ({ id: `guests ${key}`, title, bridge, nics: own }))
  ).sort((a, b) => compareNatural(a.id, b.id));
}

function portBox({ name, type, isActive, addresses, facts, vlanId }: NodePort): Box {
  const vlan = vlanId === undefined ? [] : [`VLAN ${vlanId}`];
  const state = [...vlan, ...facts, ...(isActive ? [] : ["not active"])].join(", ");
  return {
    id: portId(name),
    kind: type,
    title: cut(name),
    lines: [...addresses, state].filter((line) => line !== "").map(cut),
    isFaint: !isActive,
  };
}

function networkBox({ id, title, nics }: Network): Box {
  const names = [...new Set(nics.map(({ guest }) => guest.name ?? String(guest.vmid)))];
  return {
    id,
    kind: "guests",
    title: `${title} · ${counted(names.length, "guest")}`,
    lines: [some(names)],
  };
}

/** ["gw1", "git", …] → "gw1, git +12" */
function some(names: readonly string[]): string {
  let text = "";
  for (const [i, name] of names.entries()) {
    const next = i === 0 ? name : `${text}, ${name}`;
    const rest = names.length - i;
    if (next.length > MOST_CHARS - 5) return i === 0 ? cut(next) : `${text} +${rest}`;
    text = next;
  }
  return text;
}

function cut(text: string): string {
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS - 1)}…`;
}

/** Description for screen readers. */
function label(node: string, ports: readonly NodePort[], networks: readonly Network[]): string {
  const chains = ports.filter(({ over }) => over.length > 0)
    .map(({ name, over }) => `${name} on ${over.join(" and ")}`);
  const guests = networks.map(({ title, bridge, nics }) =>
    `${title} on ${bridge ?? "no bridge"} with ${counted(nics.length, "NIC")}`
  );
  return `Wiring of ${node}: ${[...chains, ...guests].join("; ")}`;
}
