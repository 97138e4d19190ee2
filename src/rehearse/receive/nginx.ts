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
  const body = [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<center><h1>${title}</h1></center>`,
    "<hr><center>nginx</center>",
    "</body>",
    "</html>",
    "",
  ];
  return { status, headers: { "content-type": "text/html" }, body: body.join("\r\n") };
}
