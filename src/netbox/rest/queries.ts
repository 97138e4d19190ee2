/** Queries that ask for many values at once. */
import type { Query } from "./client.ts";

/** Far below gunicorn's default limit of a request line, which is 4,094 bytes. */
const MAX_QUERY_CHARS = 2000;
const MAX_VALUES = 100;

/** As many values in one query as fit into a request line: objects with one of them are found. */
export function* queriesOf(name: string, values: Iterable<string>): Generator<Query> {
  let query: (readonly [string, string])[] = [];
  let chars = 0;
  for (const each of values) {
    const length = new URLSearchParams([[name, each]]).toString().length + 1;
    if (query.length === MAX_VALUES || (query.length > 0 && chars + length > MAX_QUERY_CHARS)) {
      yield query;
      query = [];
      chars = 0;
    }
    query.push([name, each]);
    chars += length;
  }
  if (query.length > 0) yield query;
}
