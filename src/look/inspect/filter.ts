/** Filters of `inspect`: by node, tag, name or VMID. */

/** TABLE: the filters, each an option. */
export const FILTERS = {
  node: "Only what is on these nodes: pve1,pve2",
  tag: "Only guests with one of these tags",
  name: "Only guests, nodes or objects with these names; * matches any text",
  vmid: "Only guests with these VMIDs: 101,102",
} as const;

type FilterName = keyof typeof FILTERS;

/** What a filter looks at. A missing value never matches. */
export type GuestFacets = {
  readonly [Name in FilterName]?: string | readonly string[] | undefined;
};

export interface Filter {
  readonly isEmpty: boolean;
  allows(facets: GuestFacets): boolean;
}

/** Each text holds one or more patterns, "web-*,db1", without regard to case. All filters must match. */
export function parseFilter(texts: { readonly [Name in FilterName]?: string | undefined }): Filter {
  const patterns = (Object.keys(FILTERS) as FilterName[]).flatMap((name) => {
    const text = texts[name];
    return text === undefined ? [] : [{ name, pattern: patternOf(text) }];
  });
  return {
    isEmpty: patterns.length === 0,
    allows: (facets) =>
      patterns.every(({ name, pattern }) =>
        [facets[name]].flat().some((value) => value !== undefined && pattern.test(value))
      ),
  };
}

function patternOf(text: string): RegExp {
  const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  const patterns = words.map((word) =>
    word.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".*")
  );
  return new RegExp(`^(?:${patterns.join("|")})$`, "is");
}
