/** What Diode's nginx answers itself. Source: netboxlabs/diode, diode-server/docker/nginx/nginx.conf. */
import type { Answer } from "./exchange.ts";

/** client_max_body_size 25m. */
export const MAX_BODY_BYTES = 25 * 2 ** 20;

/** TABLE: a status that has a text of its own in nginx.conf. */
const OWN_TEXTS = {
  401: { error: "unauthorized", error_description: "Authentication required" },
  403: { error: "forbidden", error_description: "Access denied" },
} as const;

/** TABLE: a status for which nginx has a page. */
const PAGES = {
  404: "Not Found",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
} as const;

/** Plain HTTP where a gRPC client would expect a status of gRPC's. */
export function ownAnswer(status: keyof typeof OWN_TEXTS): Answer {
  return {
    status,
    headers: { "content-type": "application/octet-stream" },
    body: JSON.stringify(OWN_TEXTS[status]),
  };
}

export function page(status: keyof typeof PAGES): Answer {
  const title = `${status} ${PAGES[status]}`;
  return {
    status,
    headers: { "content-type": "text/html" },
    body: html(title, [`<h1>${title}</h1>`]),
  };
}

/**
 * What a port with TLS answers to anything else, a preface of HTTP/2 included, before it closes the
 * connection. Source: nginx, src/http/ngx_http_request.c, ngx_http_special_response.c.
 */
export function plainOnTlsPort(): string {
  const words = "The plain HTTP request was sent to HTTPS port";
  const body = html(`400 ${words}`, ["<h1>400 Bad Request</h1>", words]);
  return [
    "HTTP/1.1 400 Bad Request",
    "Content-Type: text/html",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

function html(title: string, centred: readonly string[]): string {
  return [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    ...centred.map((each) => `<center>${each}</center>`),
    "<hr><center>nginx</center>",
    "</body>",
    "</html>",
    "",
  ].join("\r\n");
}
