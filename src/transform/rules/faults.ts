/** What is wrong in a policy file: all of it, with line and column. */
import { didYouMean } from "../../base/nearest.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { allowedText } from "../../base/setting.ts";
import type { MappingTree, Place, ScalarTree, Tree } from "../../base/tree.ts";

export class Faults {
  readonly file: string;
  readonly #found: { readonly place: Place; readonly text: string }[] = [];

  constructor(file: string) {
    this.file = file;
  }

  add({ line, column }: Place, text: string): void {
    this.#found.push({ place: { line, column }, text });
  }

  get count(): number {
    return this.#found.length;
  }

  /** "policy.yaml:12:10 unknown condition …", in the order of the file. */
  get lines(): readonly string[] {
    const sorted = this.#found.toSorted(({ place: a }, { place: b }) =>
      a.line - b.line || a.column - b.column
    );
    return [...new Set(sorted.map(({ place, text }) => `${placeText(this.file, place)} ${text}`))];
  }
}

/** "policy.yaml:12:10" */
export function placeText(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** 'unknown condition "pol": did you mean "pool"?' */
export function unknownKey(what: string, key: string, allowed: readonly string[]): string {
  const all = `: allowed: ${allowedText({ allowed: allowed.toSorted(compareNatural) })}`;
  return `unknown ${what} "${key}"${didYouMean(key, allowed) || all}`;
}

/** A null of YAML, which in quotes is a text. */
export function isNull(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.isPlain && /^(?:|~|null|Null|NULL)$/.test(tree.text);
}

export function scalarIn(tree: Tree): ScalarTree | undefined {
  return tree.kind === "scalar" ? tree : undefined;
}

/** The value of a key. */
export function mappingEntry(tree: Tree, key: string): Tree | undefined {
  if (tree.kind !== "mapping") return undefined;
  return tree.entries.find(([{ text }]) => text === key)?.[1];
}

/** Adds a fault for each key that is not allowed. */
export function checkKeys(
  { entries }: MappingTree,
  { what, allowed, faults }: {
    readonly what: string;
    readonly allowed: readonly string[];
    readonly faults: Faults;
  },
): void {
  for (const [key] of entries) {
    if (!allowed.includes(key.text)) faults.add(key, unknownKey(what, key.text, allowed));
  }
}
