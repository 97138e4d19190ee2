/** Draws boxes and links from left to right; dagre lays them out. */
import { type Edge, Graph, layout } from "@dagrejs/dagre";
import { type Html, markup, px } from "./markup.ts";

export interface Box {
  readonly id: string;
  /** Chooses its shape and colour. */
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly isFaint?: boolean;
}

export interface Link {
  /** On the left. */
  readonly from: string;
  readonly to: string;
}

/** Width of a letter of the monospaced font at 12 pixels. */
const CHAR = 7.25;
const [PAD_X, PAD_Y, LINE] = [10, 8, 16];
const MARGIN = 4;

export function graphSvg(label: string, boxes: readonly Box[], links: readonly Link[]): Html {
  // dagre treats "constructor" as an existing node, so nodes get numbers.
  const idOf = new Map(boxes.map(({ id }, i) => [id, String(i)]));
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 10, ranksep: 56, marginx: MARGIN, marginy: MARGIN });
  for (const box of boxes) graph.setNode(idOf.get(box.id) ?? "", sizeOf(box));
  for (const { from, to } of links) {
    const [v, w] = [idOf.get(from), idOf.get(to)];
    if (v !== undefined && w !== undefined && v !== w) graph.setEdge(v, w, {});
  }
  // Keep the order of the boxes.
  layout(graph, { disableOptimalOrderHeuristic: true });
  const { width, height } = graph.graph() as Size;
  const places = leftAligned(graph.nodes().map((id: string) => graph.node(id) as Place));
  const curves = graph.edges().map(({ v, w }: Edge) => {
    const between = (graph.edge(v, w).points as Point[]).slice(2, -2);
    return curve([rightOf(places[Number(v)]), ...between, leftOf(places[Number(w)])]);
  });
  return markup`<svg class="graph" role="img" aria-label="${label}" width="${px(width)}" height="${
    px(height)
  }" viewBox="0 0 ${px(width)} ${px(height)}">${
    curves.map((d: string) => markup`<path d="${d}"/>`)
  }${boxes.map((box, i) => boxSvg(box, places[i] ?? NOWHERE))}</svg>`;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** `x` and `y` are the centre. */
interface Place extends Size {
  readonly x: number;
  readonly y: number;
}

const NOWHERE: Place = { x: 0, y: 0, width: 0, height: 0 };

/** dagre centres the boxes of a column; align them left. */
function leftAligned(places: readonly Place[]): readonly Place[] {
  const columns = Map.groupBy(places, ({ x }) => x);
  const leftOfColumn = new Map(
    [...columns].map(([x, own]) => [x, x - Math.max(...own.map(({ width }) => width)) / 2]),
  );
  return places.map((place) => ({
    ...place,
    x: (leftOfColumn.get(place.x) ?? 0) + place.width / 2,
  }));
}

function rightOf({ x, y, width } = NOWHERE): Point {
  return { x: x + width / 2, y };
}

function leftOf({ x, y, width } = NOWHERE): Point {
  return { x: x - width / 2, y };
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
