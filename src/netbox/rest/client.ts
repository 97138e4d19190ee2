/** Client of NetBox's REST API: lists of objects by filters, page by page, and single requests. */
import { type } from "arktype";
import { AppError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { type HttpOptions, openHttp } from "../../http/client.ts";
import {
  type NetworkHints,
  RemoteFailure,
  type RetryOptions,
  withRetries,
} from "../../http/failure.ts";
import { type NetBoxObject, type ObjectType, permissionOf } from "../types/object-type.ts";

export interface NetBoxOptions
  extends Omit<HttpOptions, "server" | "hints">, Omit<RetryOptions, "maxAuthRetries"> {
  /** "https://netbox.example.net/base", without a final slash. */
  readonly url: string;
  /** The value of the header that carries the token. */
  readonly authorization: string;
}

export type Query = readonly (readonly [name: string, value: string])[];

export const DIODE_PLUGIN = "netbox_diode_plugin";

export interface Status {
  /** "4.7.3" */
  readonly version: string;
  /** Version of Diode's plugin; undefined when it is not installed. */
  readonly plugin: string | undefined;
}

/** A part of a list. */
export interface ListPage {
  /** Objects in the whole list. */
  readonly count: number;
  /** NetBox returns fewer than `limit` where its MAX_PAGE_SIZE is lower. Source: netbox/config/parameters.py. */
  readonly objects: readonly NetBoxObject[];
  /** Are there more after these? */
  readonly hasMore: boolean;
}

export interface RestRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below /api/, without a slash at its ends: "dcim/devices/7". */
  readonly path: string;
  readonly body?: unknown;
  /** Only if the object still has this version. */
  readonly etag?: string | undefined;
}

export interface RestAnswer {
  readonly status: number;
  /** undefined unless it is JSON. */
  readonly document: unknown;
  /** NetBox's own words, in brackets; "" without any. */
  readonly detail: string;
  readonly etag: string | undefined;
}

export interface NetBox {
  /** @throws AppError "remote" unless NetBox answers and accepts the token. */
  status(): Promise<Status>;
  /** Objects below a path such as "dcim/devices", by id. @throws Refusal, AppError "remote". */
  page(
    path: string,
    query: Query,
    part: { readonly limit: number; readonly offset: number },
  ): Promise<ListPage>;
  /** All pages. @throws Refusal, AppError "remote". */
  list(path: string, query: Query): AsyncGenerator<readonly NetBoxObject[]>;
  /**
   * Any answer but a failure of the server. A POST is sent once: it may have been done although its answer is lost.
   * @throws AppError "remote".
   */
  send(request: RestRequest): Promise<RestAnswer>;
  close(): Promise<void>;
}

/** NetBox answers, but refuses this question: to this token, or to all. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly isDenied: boolean;
  /** Of HTTP; undefined: there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, isDenied: boolean, status?: number) {
    super(message);
    this.isDenied = isDenied;
    this.status = status;
  }
}

/** Without a capital: "the token may not view VLANs (ipam.view_vlan)". */
export function refusalText(
  type: Pick<ObjectType<never>, "path" | "model" | "plural">,
  { isDenied, message }: Refusal,
): string {
  return isDenied
    ? `the token may not view ${type.plural} (${permissionOf(type)})`
    : `NetBox did not list ${type.plural}: ${message}`;
}

const HINTS: NetworkHints = {
  "certificate": "Name the CA certificate with --cert-file (NETBOX_CERT_FILE)",
  "no-tls": "The port may not use TLS: try http:// in NETBOX_URL (--netbox)",
  "needs-tls": "The port uses TLS: use https:// in NETBOX_URL (--netbox)",
  "unknown-host": "Check the host name in NETBOX_URL (--netbox)",
  "bad-port": "HTTP clients refuse this port: check NETBOX_URL (--netbox)",
  "proxy": "The proxy refused: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
};
const URL_HINT =
  "Check NETBOX_URL (--netbox): the URL of NetBox itself, with the path below which it is served, if any";
const DOWN_HINT = "NetBox may be down, or NETBOX_URL (--netbox) may be wrong";
const TOKEN_HINT =
  "Check NETBOX_TOKEN (--netbox-token-file): it may be wrong, expired, or limited to other client " +
  "addresses; a version 2 token has the form nbt_KEY.TOKEN";

const PAGE_SIZE = 500;
const MAX_WORDS = 200;

const Page = type({
  count: "number.integer >= 0",
  results: type({ id: "number.integer", "[string]": "unknown" }).array(),
  next: "string | null",
});
const StatusAnswer = type({
  "netbox-version": "string",
  "plugins?": { [`${DIODE_PLUGIN}?`]: "string" },
});

const DOING = { GET: "read", POST: "create", PATCH: "change", DELETE: "delete" } as const;

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
}

export function openNetBox(options: NetBoxOptions): NetBox {
  const { url, authorization, signal } = options;
  const detailOf = detailWithout(authorization.split(" ").at(-1) ?? "");
  const http = openHttp({ ...options, server: "NetBox", hints: HINTS });
  const headers = { authorization, accept: "application/json" };

  async function attempt(path: string, request?: RestRequest): Promise<Answered> {
    const { status, text, retryAfterMs, location, etag } = await http.request(
      `${url}/api/${path}`,
      {
        method: request?.method ?? "GET",
        headers: {
          ...headers,
          ...(request?.body === undefined ? {} : { "content-type": "application/json" }),
          ...(request?.etag === undefined ? {} : { "if-match": request.etag }),
        },
        ...(request?.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      },
    );
    // A change that makes NetBox fail is refused: it would fail again.
    const isRefused = status === 500 && request !== undefined && request.method !== "GET";
    if (status === 429 || (status >= 500 && !isRefused)) {
      throw new RemoteFailure("passing", `HTTP ${status}`, { retryAfterMs });
    }
    if (status >= 300 && status < 400) {
      throw new RemoteFailure("refused", `HTTP ${status}`, {
        hint: redirectHint(location, url),
      });
    }
    return { status, text, etag };
  }

  async function get(path: string): Promise<Answered> {
    try {
      return await withRetries(() => attempt(path), options);
    } catch (error) {
      throw error instanceof RemoteFailure ? failed(path, error) : error;
    }
  }

  function failed(
    path: string,
    { message, hint }: Pick<RemoteFailure, "message" | "hint">,
    doing = "read",
  ) {
    const place = path.split("?", 1)[0];
    const from = doing === "read" ? "from" : "in";
    const what = `Cannot ${doing} ${place} ${from} NetBox at ${url}: ${message}`;
    return new AppError("remote", what, { hint: hint ?? DOWN_HINT });
  }

  async function send(request: RestRequest): Promise<RestAnswer> {
    const path = `${request.path}/`;
    try {
      const once = (): Promise<Answered> => attempt(path, request);
      const isRepeatable = request.method !== "POST";
      const { status: code, text, etag } =
        await (isRepeatable ? withRetries(once, options) : once());
      // An expired token gets the same answer; then status() throws.
      if (code === 401 || code === 403) await status();
      return { status: code, document: parsed(text), detail: detailOf(text), etag };
    } catch (error) {
      throw error instanceof RemoteFailure ? failed(path, error, DOING[request.method]) : error;
    }
  }

  async function status(): Promise<Status> {
    const { status: code, text } = await get("status/");
    if (code === 401 || code === 403) {
      throw failed("status/", { message: `HTTP ${code}${detailOf(text)}`, hint: TOKEN_HINT });
    }
    const answer = StatusAnswer(parsed(text));
    if (code !== 200 || answer instanceof type.errors) {
      throw failed("status/", {
        message: `HTTP ${code}, but no NetBox version in the answer`,
        hint: URL_HINT,
      });
    }
    return { version: answer["netbox-version"], plugin: answer.plugins?.[DIODE_PLUGIN] };
  }

  async function page(
    path: string,
    query: Query,
    { limit, offset }: { readonly limit: number; readonly offset: number },
  ): Promise<ListPage> {
    const paging = [["limit", String(limit)], ["offset", String(offset)], ["ordering", "id"]];
    const search = new URLSearchParams([...query.map((pair) => [...pair]), ...paging]);
    const { status: code, text } = await get(`${path}/?${search}`);
    if (code === 401 || code === 403) {
      // An expired token gets the same answer; then status() throws.
      await status();
      throw new Refusal(`HTTP ${code}${detailOf(text)}`, true, code);
    }
    if (code !== 200) throw new Refusal(`HTTP ${code}${detailOf(text)}`, false, code);
    const answer = Page(parsed(text));
    if (!(answer instanceof type.errors)) {
      // A proxy may have changed the host in the link to the next page: it only tells that there is one.
      const { count, results: objects, next } = answer;
      return { count, objects, hasMore: next !== null && objects.length > 0 };
    }
    throw failed(`${path}/`, { message: "the answer is not a list of objects", hint: URL_HINT });
  }

  return {
    status,
    page,
    send,
    async *list(path, query) {
      for (let offset = 0;;) {
        signal.throwIfAborted();
        const { objects, hasMore } = await page(path, query, { limit: PAGE_SIZE, offset });
        yield objects;
        if (!hasMore) return;
        offset += objects.length;
      }
    },
    close: () => http.close(),
  };
}

function redirectHint(location: string | undefined, url: string): string {
  if (location === undefined || !URL.canParse(location, url)) return URL_HINT;
  const { origin } = new URL(location, url);
  return `It redirects to ${origin}: if that is NetBox, set NETBOX_URL (--netbox) to it`;
}

/** undefined unless it is JSON: an HTML page, or the answer of a proxy. */
function parsed(text: string): unknown {
  try {
    return parseJson(text, "the answer");
  } catch {
    return undefined;
  }
}

/** NetBox's own words: {"detail":"Invalid v2 token"}, {"name":["…"]}; nothing if they repeat the token. */
function detailWithout(token: string): (text: string) => string {
  return (text) => {
    const answer = parsed(text);
    if (typeof answer !== "object" || answer === null || text.includes(token)) return "";
    const words = Object.values(answer).flat().filter((word) => typeof word === "string").join(" ");
    return words === "" ? "" : ` (${words.replace(/\s+/g, " ").slice(0, MAX_WORDS)})`;
  };
}
