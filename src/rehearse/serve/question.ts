/** A request's URL → what it asks of the API. */
import { type EndpointName, findEndpoint, type Variables } from "./endpoints.ts";

export interface Question {
  /** False for what is no call of the JSON API, such as "/". */
  readonly isCall: boolean;
  /** As a snapshot calls it: "/cluster/resources?type=vm". */
  readonly name: string;
  /** Without the query: "/cluster/resources". */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Undefined for what the table of endpoints does not have. */
  readonly endpoint: EndpointName | undefined;
  readonly variables: Variables;
}

/** Source: PVE/APIServer/AnyEvent.pm, split_abs_uri. Other formats than "json" are not served. */
const CALL_REGEXP = /^\/api2\/+json(?=[/?]|$)/;

/** "/api2/json/nodes" → "/nodes" */
export function parseQuestion(url: string): Question {
  const isCall = CALL_REGEXP.test(url);
  const [before = "", ...behind] = url.replace(CALL_REGEXP, "").split("?");
  const path = decoded(before).replace(/(?<=.)\/$/, "") || "/";
  const query = new URLSearchParams(behind.join("?"));
  // A web page adds it so that no browser answers from its cache.
  query.delete("_dc");
  const name = query.size === 0 ? path : `${path}?${query.toString()}`;
  return { isCall, name, path, query, ...findEndpoint(isCall ? path : "") };
}

/** What is no percent encoding stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
