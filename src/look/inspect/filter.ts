/** Which guests, nodes and things of theirs to list. */

/** TABLE: what may be asked for, and how an option says so. */
export const FILTERS = {
  node: "Only what is on these nodes: pve1,pve2",
  tag: "Only guests with one of these tags",
  name: "Only guests, nodes or objects of these names; * stands for anything",
  vmid: "Only guests with these VMIDs: 101,102",
} as const;

export type FilterName = keyof typeof FILTERS;

/** What is known of a thing; what it lacks, it is not found by. */
export type GuestFacets = {
  readonly [Name in FilterName]?: string | readonly string[] | undefined;
};

export interface Filter {
  readonly isEmpty: boolean;
  allows(facets: GuestFacets): boolean;
}

/** Each text names one value or several, "web-*,db1"; no letter case. All filters must allow. */
export function filterOf(texts: { readonly [Name in FilterName]?: string | undefined }): Filter {
  const names = Object.keys(FILTERS) as FilterName[];
  const patterns = names.flatMap((name) => {
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
