/** A YAML document, or JSON, as a tree in which every value knows its line and its column. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

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

/** undefined: the document is empty. @throws SyntaxError with the place and the reason. */
export function parseYaml(text: string): Tree | undefined {
  const lines = new LineCounter();
  // With this schema every value is a string: "0012", "true".
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines });
  const fault = document.errors[0];
  if (fault !== undefined) throw new SyntaxError(fault.message.split("\n", 1)[0] ?? fault.code);
  const { contents } = document;
  return contents === null ? undefined : new TreeReader(lines).read(contents);
}

class TreeReader {
  readonly #lines: LineCounter;
  /** One tree for all uses of an anchor, however many; undefined while it is read. */
  readonly #anchored = new Map<string, Tree | undefined>();

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** @throws SyntaxError for an alias to nothing, or to what contains it. */
  read(node: Node): Tree {
    if (isAlias(node)) {
      const tree = this.#anchored.get(node.source);
      if (tree !== undefined) return tree;
      const { line, column } = this.#placeOf(node);
      throw new SyntaxError(
        `Unresolved alias at line ${line}, column ${column}: *${node.source} (a text that starts with "*" must be in quotes)`,
      );
    }
    const { anchor } = node as { anchor?: string };
    if (anchor === undefined) return this.#treeOf(node);
    this.#anchored.set(anchor, undefined);
    const tree = this.#treeOf(node);
    this.#anchored.set(anchor, tree);
    return tree;
  }

  #treeOf(node: Node): Tree {
    const place = this.#placeOf(node);
    if (isSeq<Node>(node)) {
      return { ...place, kind: "list", items: node.items.map((item) => this.read(item)) };
    }
    if (isMap<Node, Node | null>(node)) {
      return {
        ...place,
        kind: "mapping",
        entries: node.items.map(({ key, value }) => {
          const name = this.#keyOf(key);
          return [name, value === null ? { ...name, text: "", isPlain: true } : this.read(value)];
        }),
      };
    }
    const isPlain = isScalar(node) && (node.type === undefined || node.type === "PLAIN");
    return { ...place, kind: "scalar", text: isScalar(node) ? String(node.value) : "", isPlain };
  }

  #keyOf(key: Node): ScalarTree {
    const tree = this.read(key);
    const text = tree.kind === "scalar" ? tree.text : key.toString();
    return { ...this.#placeOf(key), kind: "scalar", text, isPlain: true };
  }

  #placeOf(node: Node): Place {
    const { line, col } = this.#lines.linePos(node.range?.[0] ?? 0);
    return { line, column: col };
  }
}

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
