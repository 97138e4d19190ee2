/**
 * Reads long lists, several pages at once, in a NetBox that people work in. Each page begins with the last object
 * of the page before it: if it does not, objects were deleted meanwhile and all that follows has moved, so
 * reading continues after the last id. Every object that was there all the time is read exactly once.
 */
import { pMapIterable } from "p-map";
import { AppError } from "../../base/errors.ts";
import type { NetBoxObject } from "../types/object-type.ts";
import type { ListPage, NetBox, Query } from "./client.ts";

/** NetBox's default MAX_PAGE_SIZE. Source: netbox/config/parameters.py. */
const PAGE_SIZE = 1000;

export interface LongList {
  /** Below /api/, such as "dcim/devices". */
  readonly path: string;
  readonly query: Query;
  /** Only objects with a higher id; 0: all. */
  readonly after: number;
  /** Pages asked for at once. */
  readonly concurrency: number;
}

export interface StartedList {
  /** Objects in the list when it was started. */
  readonly count: number;
  /** By id, page by page. @throws Refusal, AppError "remote". */
  objects(): AsyncGenerator<readonly NetBoxObject[]>;
}

/** So that NetBox answers only these keys, and the id. */
export function fieldsQuery(keys: readonly string[]): Query[number] {
  return ["fields", ["id", ...keys].join(",")];
}

/** Reads the first page. @throws Refusal, AppError "remote". */
export async function startList(netbox: NetBox, list: LongList): Promise<StartedList> {
  const first = await firstPage(netbox, list);
  return { count: first.count, objects: () => objectsFrom(netbox, list, first) };
}

async function* objectsFrom(
  netbox: NetBox,
  list: LongList,
  first: ListPage,
): AsyncGenerator<readonly NetBoxObject[]> {
  let { after } = list;
  for (let page = first;;) {
    let last = checkedLast(list, page, after);
    if (last === undefined) return;
    yield page.objects;
    if (!page.hasMore) return;
    const limit = page.objects.length;
    const query = queryAfter(list, after);
    const pages = pMapIterable(
      offsetsOf(page),
      (offset) => netbox.page(list.path, query, { limit, offset }),
      // While a file is written, pages are still read.
      { concurrency: list.concurrency, backpressure: 2 * list.concurrency },
    );
    for await (const { objects: [overlap, ...objects], hasMore } of pages) {
      if (overlap?.id !== last) break;
      last = checkedLast(list, { objects }, last) ?? last;
      yield objects;
      if (!hasMore) return;
    }
    after = last;
    page = await firstPage(netbox, { ...list, after });
  }
}

async function firstPage(netbox: NetBox, list: LongList): Promise<ListPage> {
  const part = { limit: PAGE_SIZE, offset: 0 };
  return await netbox.page(list.path, queryAfter(list, list.after), part);
}

function queryAfter({ query }: LongList, after: number): Query {
  return after === 0 ? query : [...query, ["id__gt", String(after)]];
}

/** None where pages have a single object: they cannot overlap. */
function* offsetsOf({ count, objects }: ListPage): Generator<number> {
  const step = objects.length - 1;
  if (step === 0) return;
  for (let offset = step; offset < count - 1; offset += step) yield offset;
}

/** The highest id; undefined without objects. @throws AppError "remote". */
function checkedLast(
  { path }: LongList,
  { objects }: Pick<ListPage, "objects">,
  after: number,
): number | undefined {
  let last = after;
  for (const { id } of objects) {
    if (id <= last) {
      throw new AppError("remote", `NetBox does not list ${path} by id: ${id} follows ${last}`, {
        hint: "A proxy between may keep old answers, or drop parts of the query",
      });
    }
    last = id;
  }
  return objects.length === 0 ? undefined : last;
}
