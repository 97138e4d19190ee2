/** NetBox's REST API, read only: lists of objects by filters, page by page. */
import { type } from "arktype";
import { AppError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { type HttpOptions, openHttp } from "../../http/client.ts";
import { type NetworkHints, RemoteFailure } from "../../http/failure.ts";
import { type RetryOptions, withRetries } from "../../http/retry.ts";
import type { NetBoxObject } from "../types/object-type.ts";

export interface NetBoxOptions
  extends Omit<HttpOptions, "server" | "hints">, Omit<RetryOptions, "maxAuthRetries"> {
  /** "https://netbox.example.net/base", without a final slash. */
  readonly url: string;
  /** The value of the header that carries the token. */
  readonly authorization: string;
}

export type Query = readonly (readonly [name: string, value: string])[];

export interface Status {
  /** "4.7.3" */
  readonly version: string;
  /** Version of Diode's plugin; undefined when it is not installed. */
  readonly plugin: string | undefined;
}

export interface NetBox {
  /** @throws AppError "remote" unless NetBox answers and accepts the token. */
  status(): Promise<Status>;
  /** Objects below a path such as "dcim/devices". @throws Refusal, AppError "remote". */
  list(path: string, query: Query): AsyncGenerator<readonly NetBoxObject[]>;
  close(): Promise<void>;
}

/** NetBox answers, but refuses this question: to this token, or to all. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly isDenied: boolean;

  constructor(message: string, isDenied: boolean) {
    super(message);
    this.isDenied = isDenied;
  }
}

const HINTS: NetworkHints = {
  "certificate": "Name the certificate of its authority with NETBOX_CERT_FILE",
  "no-tls": "The port may not speak TLS: try http:// in NETBOX_URL",
  "needs-tls": "The port speaks TLS: use https:// in NETBOX_URL",
  "unknown-host": "Look at the host name in NETBOX_URL",
  "bad-port": "No HTTP client goes to this port: look at NETBOX_URL",
  "proxy": "The proxy refuses: look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
};
const URL_HINT =
  "Look at NETBOX_URL: it names NetBox itself, with the path before it if there is one";
const DOWN_HINT =
  "NetBox may be down, or NETBOX_URL may name another place: try again later, or look at it";
const TOKEN_HINT =
  "Look at NETBOX_TOKEN: the token may be wrong, expired, or bound to other addresses; one of version 2 " +
  "has the form nbt_KEY.TOKEN";

/** NetBox gives fewer where its MAX_PAGE_SIZE is lower. Source: netbox/config/parameters.py. */
const PAGE_SIZE = "500";
const MAX_WORDS = 200;

const Page = type({
  results: type({ id: "number.integer", "[string]": "unknown" }).array(),
  next: "string | null",
});
const StatusAnswer = type({
  "netbox-version": "string",
  "plugins?": { "netbox_diode_plugin?": "string" },
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

export function openNetBox(options: NetBoxOptions): NetBox {
  const { url, authorization, signal } = options;
  const toldBy = wordsWithout(authorization.split(" ").at(-1) ?? "");
  const http = openHttp({ ...options, server: "NetBox", hints: HINTS });
  const headers = { authorization, accept: "application/json" };

  async function attempt(path: string): Promise<Answered> {
    const { status, text, retryAfterMs, location } = await http.request(`${url}/api/${path}`, {
      method: "GET",
      headers,
    });
    if (status === 429 || status >= 500) {
      throw new RemoteFailure("passing", `HTTP ${status}`, { retryAfterMs });
    }
    if (status >= 300 && status < 400) {
      throw new RemoteFailure("refused", `HTTP ${status}`, {
        hint: redirectHint(location, url),
      });
    }
    return { status, text };
  }

  async function get(path: string): Promise<Answered> {
    try {
      return await withRetries(() => attempt(path), options);
    } catch (error) {
      throw error instanceof RemoteFailure ? failed(path, error) : error;
    }
  }

  function failed(path: string, { message, hint }: Pick<RemoteFailure, "message" | "hint">) {
    const place = path.split("?", 1)[0];
    const what = `Cannot read ${place} of NetBox at ${url}: ${message}`;
    return new AppError("remote", what, { hint: hint ?? DOWN_HINT });
  }

  async function status(): Promise<Status> {
    const { status: code, text } = await get("status/");
    if (code === 401 || code === 403) {
      throw failed("status/", { message: `HTTP ${code}${toldBy(text)}`, hint: TOKEN_HINT });
    }
    const answer = StatusAnswer(parsed(text));
    if (code !== 200 || answer instanceof type.errors) {
      throw failed("status/", {
        message: `HTTP ${code} without a version of NetBox`,
        hint: URL_HINT,
      });
    }
    return { version: answer["netbox-version"], plugin: answer.plugins?.["netbox_diode_plugin"] };
  }

  async function page(path: string): Promise<typeof Page.infer> {
    const { status: code, text } = await get(path);
    if (code === 401 || code === 403) {
      // Also a token that is no longer good is answered so, and then all would look denied.
      await status();
      throw new Refusal(`HTTP ${code}${toldBy(text)}`, true);
    }
    if (code !== 200) throw new Refusal(`HTTP ${code}${toldBy(text)}`, false);
    const answer = Page(parsed(text));
    if (!(answer instanceof type.errors)) return answer;
    throw failed(path, { message: "it is no list of objects", hint: URL_HINT });
  }

  return {
    status,
    async *list(path, query) {
      // By its own count and not by the link to the next page: a proxy may have garbled its host.
      for (let offset = 0;;) {
        signal.throwIfAborted();
        const paging = [["limit", PAGE_SIZE], ["offset", String(offset)], ["ordering", "id"]];
        const search = new URLSearchParams([...query.map((pair) => [...pair]), ...paging]);
        const { results, next } = await page(`${path}/?${search}`);
        yield results;
        offset += results.length;
        if (next === null || results.length === 0) return;
      }
    },
    close: () => http.close(),
  };
}

function redirectHint(location: string | undefined, url: string): string {
  if (location === undefined || !URL.canParse(location, url)) return URL_HINT;
  const { origin } = new URL(location, url);
  return `It leads to ${origin}: name that with NETBOX_URL, if it is NetBox`;
}

/** undefined for what is no JSON: a page for people, or an answer that a proxy made. */
function parsed(text: string): unknown {
  try {
    return parseJson(text, "the answer");
  } catch {
    return undefined;
  }
}

/** NetBox's own words: {"detail":"Invalid v2 token"}, {"name":["…"]}; the token is not repeated, should it do so. */
function wordsWithout(token: string): (text: string) => string {
  return (text) => {
    const answer = parsed(text);
    if (typeof answer !== "object" || answer === null || text.includes(token)) return "";
    const words = Object.values(answer).flat().filter((word) => typeof word === "string").join(" ");
    return words === "" ? "" : ` (${words.replace(/\s+/g, " ").slice(0, MAX_WORDS)})`;
  };
}
