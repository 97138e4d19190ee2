/** A document as a tree in which every value knows its line and its column. */

/** Both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ScalarTree extends Place {
  readonly kind: "scalar";
  readonly text: string;
  /** Not in quotes: `true` and `12` may be more than texts. */
  readonly isPlain: boolean;
}

export interface ListTree extends Place {
  readonly kind: "list";
  readonly items: readonly Tree[];
}

export interface MappingTree extends Place {
  readonly kind: "mapping";
  readonly entries: readonly (readonly [key: ScalarTree, value: Tree])[];
}

export type Tree = ScalarTree | ListTree | MappingTree;

/** A value of JSON as a tree, all of it at one place. */
export function treeOfJson(value: unknown, place: Place): Tree {
  const { line, column } = place;
  if (Array.isArray(value)) {
    return { line, column, kind: "list", items: value.map((item) => treeOfJson(item, place)) };
  }
  if (typeof value !== "object" || value === null) {
    const isPlain = typeof value !== "string";
    return { line, column, kind: "scalar", text: String(value), isPlain };
  }
  const entries = Object.entries(value).map(([key, item]) =>
    [{ line, column, kind: "scalar", text: key, isPlain: true }, treeOfJson(item, place)] as const
  );
  return { line, column, kind: "mapping", entries };
}

/** The tree as JSON. Numbers and switches outside quotes are such, if JSON writes them in the same way. */
export function jsonOfTree(tree: Tree): unknown {
  if (tree.kind === "list") return tree.items.map(jsonOfTree);
  if (tree.kind === "mapping") {
    return Object.fromEntries(tree.entries.map(([{ text }, value]) => [text, jsonOfTree(value)]));
  }
  const { text, isPlain } = tree;
  if (!isPlain) return text;
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && String(Number(text)) === text && Number.isFinite(Number(text))
    ? Number(text)
    : text;
}
