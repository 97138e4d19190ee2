/** Lists of rows as a snapshot holds them, which may hold anything. */

export type Row = Readonly<Record<string, unknown>>;

export function asRow(value: unknown): Row | undefined {
  const isRow = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRow ? value as Row : undefined;
}

export function rowsOf(data: unknown): Row[] {
  const items: unknown[] = Array.isArray(data) ? data : [];
  return items.map(asRow).filter((row) => row !== undefined);
}

/** Rows for which `change` gives nothing are left out. What is no list, or no row, stays as it is. */
export function mapRows(data: unknown, change: (row: Row) => Row | undefined): unknown {
  if (!Array.isArray(data)) return data;
  return data.map((item: unknown) => {
    const row = asRow(item);
    return row === undefined ? item : change(row);
  }).filter((item) => item !== undefined);
}

/** A row with these of its keys alone. */
export function picked(row: Row, keys: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));
}
