/**
 * undici as a `fetch` for ofetch. undici's own `fetch` waits for ever on Deno when an answer is cut off or
 * given up half way; its `request` tells.
 */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Dispatcher, request } from "undici";

/** The only headers of an answer that anybody reads. */
const KEPT = ["retry-after", "location"];
/** A Response throws for what its header may not hold; servers send it all the same. */
const NOT_LATIN_REGEXP = /[^\t\x20-\x7e\x80-\xff]/g;

const unpack = promisify(gunzip);

/** Never follows a redirect: anywhere else, the secret would be a stranger's. */
export function fetchOver(dispatcher: Dispatcher): typeof globalThis.fetch {
  return async (input, { method = "GET", headers, body, signal } = {}) => {
    const response = await request(String(input), {
      dispatcher,
      method: method as Dispatcher.HttpMethod,
      headers: { ...Object.fromEntries(new Headers(headers)), "accept-encoding": "gzip" },
      body: typeof body === "string" ? body : null,
      signal: signal ?? null,
    });
    const received = await response.body.bytes();
    const isPacked = response.headers["content-encoding"] === "gzip";
    const whole = isPacked ? await unpack(received) : received;
    return new Response(whole.byteLength === 0 ? null : new Uint8Array(whole), {
      status: response.statusCode,
      statusText: latin(response.statusText),
      headers: KEPT.flatMap((name): [string, string][] => {
        const value = response.headers[name];
        return typeof value === "string" ? [[name, latin(value)]] : [];
      }),
    });
  };
}

function latin(text: string): string {
  return text.replace(NOT_LATIN_REGEXP, "?");
}
