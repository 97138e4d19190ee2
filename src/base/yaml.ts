/** Parses YAML. Loaded only with a policy file, as its package takes a while to start. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Place, ScalarTree, Tree } from "./tree.ts";

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
