/** TABLE: what a connection died of → the word that a snapshot has for it. */
import type { Failure } from "../snapshot/schema.ts";

const FAILURES: Readonly<Record<string, Failure>> = {
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_FAIL: "dns",
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "refused",
  ENETUNREACH: "refused",
  EHOSTDOWN: "refused",
  EADDRNOTAVAIL: "refused",
  // This machine itself does not let it out.
  EACCES: "refused",
  EPERM: "refused",
  ETIMEDOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  CERT_HAS_EXPIRED: "tls",
  CERT_NOT_YET_VALID: "tls",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls",
  SELF_SIGNED_CERT_IN_CHAIN: "tls",
  UNABLE_TO_GET_ISSUER_CERT: "tls",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls",
  INVALID_CA: "tls",
  EPROTO: "tls",
};

/** Anything else that ends a connection is as good as a reset. */
export function failureOf(error: unknown): Failure {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === "TimeoutError") return "timeout";
    const { code } = at as { code?: unknown };
    if (typeof code !== "string") continue;
    if (/^(?:ERR_TLS_|ERR_SSL_|CERT_)/.test(code)) return "tls";
    const failure = FAILURES[code];
    if (failure !== undefined) return failure;
  }
  return "reset";
}

/** Did the server never see the call? Then another host of the cluster may. */
export function isUnconnected(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (code === "UND_ERR_CONNECT_TIMEOUT") return true;
  }
  const failure = failureOf(error);
  return failure === "refused" || failure === "dns";
}
