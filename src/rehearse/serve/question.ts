/** A request's URL → what it asks of the API. */
import { type EndpointName, findEndpoint, type Variables } from "./endpoints.ts";

export interface Question {
  /** As a snapshot calls it: "/cluster/resources?type=vm". */
  readonly name: string;
  /** Without the query: "/cluster/resources". */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Undefined for what the table of endpoints does not have. */
  readonly endpoint: EndpointName | undefined;
  readonly variables: Variables;
}

/** Source: PVE/APIServer/AnyEvent.pm, split_abs_uri. Only the format "json" is answered. */
const CALL_REGEXP = /^\/api2\/+json(?<path>\/[^?]*)?(?:\?(?<query>.*))?$/s;

/** "/api2/json/nodes" → "/nodes"; undefined for what is no call of the JSON API. */
export function parseQuestion(url: string): Question | undefined {
  const match = CALL_REGEXP.exec(url);
  if (match === null) return undefined;
  const path = decoded(match.groups?.["path"] ?? "/").replace(/(?<=.)\/$/, "");
  const query = new URLSearchParams(match.groups?.["query"]);
  // A web page adds it so that no browser answers from its cache.
  query.delete("_dc");
  const found = findEndpoint(path);
  return {
    name: query.size === 0 ? path : `${path}?${query.toString()}`,
    path,
    query,
    endpoint: found?.name,
    variables: found?.variables ?? {},
  };
}

/** What is no percent encoding stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
