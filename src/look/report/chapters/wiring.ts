/** Diagram of a node: its interfaces and the networks of its guests, as boxes and links. */
import { counted } from "../../../terminal/tables.ts";
import { compareNatural } from "../../../base/natural-order.ts";
import type { NotRead } from "../../../proxmox/answers.ts";
import { type Box, graphSvg, type Link } from "../page/graph.ts";
import { type Html, markup } from "../page/markup.ts";
import { type GuestNic, networkNameOf, type NodePort, type NodeWiring } from "../topology.ts";

/** In one line of a box. */
const MOST_CHARS = 34;
/** Per column: interfaces, networks, and names that the node does not list. */
const MOST_BOXES = 150;
const MOST_LINKS = 600;

/** Of guests whose NICs are not known. */
const MOST_NAMED = 8;

export interface Fold {
  /** For links. */
  readonly id: string;
  readonly isOpen: boolean;
}

export function wiringHtml(network: NodeWiring, { id, isOpen }: Fold): Html {
  const { node, ports, nics, unread } = network;
  const guests = new Set(nics.map(({ guest }) => guest.vmid)).size;
  const interfaces = "value" in ports ? `${counted(ports.value.length, "interface")}, ` : "";
  return markup`<details class="node" id="${id}"${
    isOpen && markup` open`
  }><summary>${node} <span>${interfaces}${counted(guests, "guest")}</span></summary>${
    "reason" in ports && unknownHtml(ports)
  }${(nics.length > 0 || "value" in ports) && drawingHtml(network)}${
    unread.length > 0 && unreadHtml(unread)
  }</details>`;
}

function unknownHtml({ reason, detail }: NotRead): Html {
  const why = [reason, detail].filter((word) => word !== "").join(", ");
  return markup`<p class="gap">Interfaces not read: ${why}.</p>`;
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
    unlistedOf(known, networks).map(unlistedBox),
    networks.map(networkBox),
  ];
  const isWhole = groups.every(({ length }) => length <= MOST_BOXES) && links.length <= MOST_LINKS;
  const drawing = graphSvg(
    label(node, known.slice(0, MOST_BOXES), networks.slice(0, MOST_BOXES)),
    groups.flatMap((boxes) => boxes.slice(0, MOST_BOXES)),
    links.slice(0, MOST_LINKS),
  );
  return markup`<div class="scroll" role="region" aria-label="Wiring of ${node}" tabindex="0">${drawing}</div>${
    !isWhole && markup`<p class="gap">Only a part is shown.</p>`
  }`;
}

/** Names that interfaces and guests refer to, but that the node does not list. */
function unlistedOf(known: readonly NodePort[], networks: readonly Network[]): string[] {
  const names = new Set(known.map(({ name }) => name));
  const referred = [
    ...known.flatMap(({ over }) => over),
    ...networks.flatMap(({ bridge }) => bridge ?? []),
  ];
  return [...new Set(referred.filter((name) => !names.has(name)))];
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
  const groups = Map.groupBy(nics, (nic) => `${nic.bridge ?? ""} ${networkNameOf(nic) ?? ""}`);
  return [...groups].map(([key, own]) => {
    const [{ bridge, vlanId, trunks } = {} as Partial<GuestNic>] = own;
    const title = vlanId !== undefined
      ? `VLAN ${vlanId}`
      : bridge === undefined || bridge === ""
      ? "on no bridge"
      : trunks === undefined
      ? "untagged"
      : "trunk";
    return { id: `guests ${key}`, title, bridge: bridge === "" ? undefined : bridge, nics: own };
  }).sort((a, b) => compareNatural(a.id, b.id));
}

function portBox({ name, type, isActive, addresses, facts, vlanId }: NodePort): Box {
  const vlan = vlanId === undefined ? [] : [`VLAN ${vlanId}`];
  return {
    id: portId(name),
    kind: type,
    title: cut(name),
    lines: [
      ...addresses,
      ...[[...vlan, ...facts, ...(isActive ? [] : ["not active"])].join(", ")]
        .filter((line) => line !== ""),
    ].map((line) => cut(line)),
    isFaint: !isActive,
  };
}

function unlistedBox(name: string): Box {
  return {
    id: portId(name),
    kind: "stranger",
    title: cut(name),
    lines: ["not listed by the node"],
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
