/** Diagram of a node: its interfaces and the networks of its guests, as boxes and links that dagre lays out. */
import { type Edge, Graph, layout } from "@dagrejs/dagre";
import { compareNatural } from "../../../base/natural-order.ts";
import { counted } from "../../../terminal/tables.ts";
import { type Html, markup, px, scrollHtml } from "../page/markup.ts";
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

function drawingHtml({ node, ports, vnets, nics }: NodeWiring): Html {
  const listed = [...("value" in ports ? ports.value : []), ...vnets];
  const used = new Set(listed.flatMap(({ over }) => over));
  const known = listed.filter(({ name }) => name !== "lo" || used.has(name))
    .toSorted((a, b) => compareNatural(a.name, b.name));
  const networks = networksOf(nics);
  const [portBoxes, networkBoxes] = [known.map(portBox), networks.map(networkBox)];
  const columns = [portBoxes, unlistedBoxes([...portBoxes, ...networkBoxes]), networkBoxes];
  const boxes = columns.flatMap((column) => column.slice(0, MOST_BOXES));
  const links = boxes.flatMap(({ id, over }) => over.map((lower) => [lower, id] as const));
  const isWhole = columns.every(({ length }) => length <= MOST_BOXES) && links.length <= MOST_LINKS;
  const text = label(node, known.slice(0, MOST_BOXES), networks.slice(0, MOST_BOXES));
  const drawing = graphSvg(text, boxes, links.slice(0, MOST_LINKS));
  return markup`${scrollHtml(`Wiring of ${node}`, drawing)}${
    !isWhole && markup`<p class="gap">Only a part is shown.</p>`
  }`;
}

interface Box {
  readonly id: string;
  /** Chooses its shape and colour. */
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly isFaint?: boolean;
  /** Ids of the boxes to its left that it is linked to. */
  readonly over: readonly string[];
}

/** Names that interfaces and guests refer to, but that the node does not list. */
function unlistedBoxes(boxes: readonly Box[]): Box[] {
  const ids = new Set(boxes.map(({ id }) => id));
  const missing = new Set(boxes.flatMap(({ over }) => over).filter((id) => !ids.has(id)));
  const lines = ["not listed by the node"];
  return [...missing].map((id) => ({
    id,
    kind: "stranger",
    title: cut(id.slice(PORT.length)),
    lines,
    over: [],
  }));
}

/** Before the name of an interface, so that it and a network never have the same id. */
const PORT = "port ";

interface Network {
  readonly id: string;
  readonly title: string;
  readonly bridge: string | undefined;
  readonly nics: readonly GuestNic[];
}

/** By bridge and VLANs. NICs without a bridge share a box. */
function networksOf(nics: readonly GuestNic[]): Network[] {
  const groups = Map.groupBy(nics, ({ bridge, title }) => `${bridge ?? ""} ${title}`);
  return [...groups].flatMap(([key, own]) =>
    own.slice(0, 1).map(({ title, bridge }) => ({ id: `guests ${key}`, title, bridge, nics: own }))
  ).sort((a, b) => compareNatural(a.id, b.id));
}

function portBox({ name, type, isActive, addresses, facts, vlanId, over }: NodePort): Box {
  const vlan = vlanId === undefined ? [] : [`VLAN ${vlanId}`];
  const state = [...vlan, ...facts, ...(isActive ? [] : ["not active"])].join(", ");
  return {
    id: PORT + name,
    kind: type,
    title: cut(name),
    lines: [...addresses, state].filter((line) => line !== "").map(cut),
    isFaint: !isActive,
    over: over.map((lower) => PORT + lower),
  };
}

function networkBox({ id, title, bridge, nics }: Network): Box {
  const names = [...new Set(nics.map(({ guest }) => guest.name ?? String(guest.vmid)))];
  return {
    id,
    kind: "guests",
    title: `${cut(title)} · ${counted(names.length, "guest")}`,
    lines: [some(names)],
    over: bridge === undefined ? [] : [PORT + bridge],
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

/** Width of a letter of the monospaced font at 12 pixels. */
const CHAR = 7.25;
const [PAD_X, PAD_Y, LINE] = [10, 8, 16];
interface Size {
  readonly width: number;
  readonly height: number;
}

/** `x` and `y` are the centre. */
type Place = Size & Point;

/** "top" is on the left in a graph from left to right ("LR"). */
const LAYOUT = {
  rankdir: "LR",
  rankalign: "top",
  nodesep: 10,
  ranksep: 56,
  marginx: 4,
  marginy: 4,
};

/** `links`: pairs of ids, the box on the left first. */
function graphSvg(
  label: string,
  boxes: readonly Box[],
  links: readonly (readonly [string, string])[],
): Html {
  // dagre treats "constructor" as an existing node, so nodes get numbers.
  const idOf = new Map(boxes.map(({ id }, i) => [id, String(i)]));
  const graph = new Graph();
  graph.setGraph(LAYOUT);
  for (const [i, box] of boxes.entries()) graph.setNode(String(i), sizeOf(box));
  for (const [from, to] of links) {
    const [v, w] = [idOf.get(from), idOf.get(to)];
    if (v !== undefined && w !== undefined && v !== w) graph.setEdge(v, w, {});
  }
  // Keep the order of the boxes.
  layout(graph, { disableOptimalOrderHeuristic: true });
  const { width, height } = graph.graph() as Size;
  const curves = graph.edges().map(({ v, w }: Edge) => {
    const [from, to] = [graph.node(v) as Place, graph.node(w) as Place];
    const between = (graph.edge(v, w).points as Point[]).slice(2, -2);
    const start = { x: from.x + from.width / 2, y: from.y };
    return curve([start, ...between, { x: to.x - to.width / 2, y: to.y }]);
  });
  return markup`<svg class="graph" role="img" aria-label="${label}" width="${px(width)}" height="${
    px(height)
  }" viewBox="0 0 ${px(width)} ${px(height)}">${
    curves.map((d: string) => markup`<path d="${d}"/>`)
  }${boxes.map((box, i) => boxSvg(box, graph.node(String(i)) as Place))}</svg>`;
}

function sizeOf({ title, lines }: Box): Size {
  const longest = Math.max(...[title, ...lines].map(({ length }) => length));
  return {
    width: Math.ceil(longest * CHAR) + 2 * PAD_X,
    height: (1 + lines.length) * LINE + 2 * PAD_Y - 4,
  };
}

function boxSvg({ kind, title, lines, isFaint }: Box, { x, y, width, height }: Place): Html {
  const [left, top] = [x - width / 2, y - height / 2];
  return markup`<g class="box ${kind}${isFaint === true && " faint"}"><rect x="${px(left)}" y="${
    px(top)
  }" width="${px(width)}" height="${px(height)}" rx="4"/>${
    [title, ...lines].map((line, i) =>
      markup`<text${i === 0 && markup` class="title"`} x="${px(left + PAD_X)}" y="${
        px(top + PAD_Y + 10 + i * LINE)
      }">${line}</text>`
    )
  }</g>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve that starts and ends horizontally. */
function curve(points: readonly Point[]): string {
  return points.map(({ x, y }, i) => {
    const last = points[i - 1];
    if (last === undefined) return `M${px(x)} ${px(y)}`;
    const middle = px((last.x + x) / 2);
    return `C${middle} ${px(last.y)} ${middle} ${px(y)} ${px(x)} ${px(y)}`;
  }).join("");
}
