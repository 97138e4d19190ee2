/** Hints that a token request and a gRPC call have in common. */
import type { NetworkHints } from "../../http/failure.ts";
import type { Target } from "../settings.ts";

export const PATH_HINT = "Look at the path in DIODE_TARGET: Diode's own is /diode";
export const INGEST_SCOPE = "diode:ingest";
const NEW_CLIENT = "use one that NetBox made under Diode → Client Credentials";
export const SCOPE_HINT =
  `The client of DIODE_CLIENT_ID lacks the scope ${INGEST_SCOPE}: ${NEW_CLIENT}`;
export const GRANT_HINT =
  `The client of DIODE_CLIENT_ID may not use the grant client_credentials: ${NEW_CLIENT}`;

export const NO_HTTP2_HINT =
  "gRPC needs HTTP/2, and this port does not speak it: look at the scheme and the port in DIODE_TARGET; " +
  "a proxy before Diode has to pass on HTTP/2";

/** TABLE: what is wrong below HTTP → what the user can do about it. */
export function networkHints({ twinScheme }: Pick<Target, "twinScheme">): NetworkHints {
  return {
    "certificate": "Name the certificate of its authority with DIODE_CERT_FILE",
    "no-tls": `The port may not speak TLS: try ${twinScheme} in DIODE_TARGET`,
    "needs-tls": `The port speaks TLS: use ${twinScheme} in DIODE_TARGET`,
    "unknown-host": "Look at the host name in DIODE_TARGET",
    "bad-port": "No HTTP client goes to this port: look at DIODE_TARGET",
    "proxy": "The proxy refuses: look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
  };
}
