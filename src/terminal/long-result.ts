/** Results that may be too long to be held: printed as they come, as fast as they are read. */
import { printableJson } from "../base/log.ts";
import type { Session } from "./session.ts";
import { type Cell, renderTable } from "./tables.ts";

/** Rows of one table; of a longer result, every so many rows are a table of their own. */
const PAGE_ROWS = 1000;

export interface Listing<Row> {
  readonly head: readonly string[];
  readonly cells: (row: Row) => readonly Cell[];
}

/** Answers how many rows there were. */
export async function printTable<Row>(
  session: Session,
  rows: AsyncIterable<Row>,
  { head, cells }: Listing<Row>,
): Promise<number> {
  let count = 0;
  let page: (readonly Cell[])[] = [];
  const flush = async (): Promise<void> => {
    if (page.length > 0) session.data(renderTable(head, page));
    page = [];
    await session.drained();
  };
  for await (const row of rows) {
    count += 1;
    page.push(cells(row));
    if (page.length === PAGE_ROWS) await flush();
  }
  await flush();
  return count;
}

/** One JSON object: what `facts` has, and then the lists. */
export async function printJsonObject(
  session: Session,
  facts: object,
  lists: Readonly<Record<string, AsyncIterable<unknown>>>,
): Promise<void> {
  const text = printableJson(facts, 2);
  const names = Object.keys(lists);
  if (names.length === 0) return session.data(text);
  session.data(`${text.replace(/\n?\}$/, "")}${text === "{}" ? "" : ","}`);
  for (const [name, rows] of Object.entries(lists)) {
    session.data(`  ${printableJson(name)}: [`);
    let waiting: string | undefined;
    for await (const row of rows) {
      if (waiting !== undefined) session.data(`${waiting},`);
      waiting = `    ${printableJson(row)}`;
      await session.drained();
    }
    if (waiting !== undefined) session.data(waiting);
    session.data(name === names.at(-1) ? "  ]" : "  ],");
  }
  session.data("}");
}
