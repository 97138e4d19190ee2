/** Where in a file a value stands, for error texts; read only when there is an error to tell. */

type Path = readonly (string | number)[];

/**
 * (text, ["entities", 3, "tag", "slug"]) → 5, the line of that key or list item, counted from 1; of the
 * last one on the way that there is.
 */
export async function lineOf(text: string, path: Path): Promise<number> {
  const { parse } = await import("@humanwhocodes/momoa");
  let value: unknown = parse(text).body;
  let line = 1;
  for (const step of path) {
    const part = partOf(value as Part, step);
    if (part === undefined) break;
    line = part.loc.start.line;
    value = part.value;
  }
  return line;
}

/** What of momoa's nodes is looked at: an object's members, a list's elements. */
interface Part {
  readonly loc: { readonly start: { readonly line: number } };
  readonly value: unknown;
  readonly name?: { readonly value: string };
  readonly members?: readonly Part[];
  readonly elements?: readonly Part[];
}

function partOf(node: Part, step: string | number): Part | undefined {
  return typeof step === "number"
    ? node.elements?.[step]
    : node.members?.find(({ name }) => name?.value === step);
}
