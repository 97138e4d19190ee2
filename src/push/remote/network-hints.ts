/** TABLE: what is wrong below HTTP → what the user can do about it. */
import type { NetworkHints } from "../../kernel/remote-failure.ts";

export const NETWORK_HINTS: NetworkHints = {
  "certificate": "Name the certificate of its authority with DIODE_CERT_FILE",
  "no-tls": "The port may speak no TLS: try grpc:// in DIODE_TARGET",
  "unknown-host": "Look at the host name in DIODE_TARGET",
  "bad-port": "No HTTP client goes to this port: look at DIODE_TARGET",
  "proxy": "The proxy refuses: look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
};
