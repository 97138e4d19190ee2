/** The text and data of a page of `report`, without a browser. */

interface ListRows {
  readonly things: string;
  readonly columns: readonly { readonly title: string; readonly kind: string }[];
  /** The text of each cell. */
  readonly rows: readonly (readonly string[])[];
}

/** The data of its lists. */
export function dataOf(page: string): { readonly lists: Readonly<Record<string, ListRows>> } {
  const [, json = ""] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page) ??
    [];
  const { texts, lists } = JSON.parse(json) as {
    texts: string[];
    lists: Record<string, Omit<ListRows, "rows"> & { cells: number[] }>;
  };
  return {
    lists: Object.fromEntries(
      Object.entries(lists).map(([id, { things, columns, cells }]) => {
        const rows = Array.from(
          { length: cells.length / columns.length },
          (_, row) => columns.map((_, column) => texts[cells[row * columns.length + column]!]!),
        );
        return [id, { things, columns, rows }];
      }),
    ),
  };
}

/** The text between the tags, without data and script. */
export function pageText(page: string): string {
  return page.replace(/<(script|style)[\s\S]*?<\/\1>/g, "").replace(/<[^>]*>/g, "")
    .replaceAll("&#39;", "'").replace(/\s+/g, " ");
}
