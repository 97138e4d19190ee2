/** TABLE: what a connection died of → the word that a snapshot has for it. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import { AppError } from "../base/errors.ts";
import type { Answer, Failure } from "../proxmox/answers.ts";
import type { Endpoint } from "./settings.ts";
import type { Token } from "./token.ts";

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

/** TABLE: why nobody answered, or why the token is refused → what the user can do about it. */

const REASONS: Readonly<Record<Failure, readonly [reason: string, hint: string]>> = {
  dns: ["its name is not known", "Check PROXMOX_HOST"],
  refused: [
    "the connection was refused",
    "Check PROXMOX_HOST and PROXMOX_PORT; on the node: systemctl status pveproxy",
  ],
  reset: [
    "the connection was closed",
    "A firewall, or ALLOW_FROM and DENY_FROM in /etc/default/pveproxy, may keep this machine out",
  ],
  timeout: [
    "no answer came in time",
    "Check PROXMOX_HOST and the firewalls on the way; PROXMOX_API_TIMEOUT gives it longer",
  ],
  tls: [
    "its certificate is not trusted",
    "Name the cluster's authority with PROXMOX_CA_FILE (/etc/pve/pve-root-ca.pem on a node), or pin " +
    "the certificate with PROXMOX_FINGERPRINT",
  ],
};

/** Nobody answered the first question. `fingerprint` is what the host shows, if that is known. */
export function noAnswer(
  failure: Failure,
  hosts: readonly Endpoint[],
  fingerprint?: string,
): AppError {
  const [reason, hint] = REASONS[failure];
  const names = hosts.map(({ name, port }) => `${name}:${port}`).join(", ");
  const pin = fingerprint === undefined
    ? ""
    : `; it shows ${fingerprint}, which "pvenode cert info" on the node should show too`;
  return new AppError("remote", `Cannot reach Proxmox VE at ${names}: ${reason}`, {
    hint: hint + pin,
  });
}

/** 401: the run stops. Newer releases tell no reason. Source: proxmox.md §1.2. */
export function unauthorized(token: Token, error: string | undefined): AppError {
  const reason = error === undefined ? "" : `: ${error}`;
  return new AppError("remote", `Proxmox VE refuses the API token ${token.id}${reason}`, {
    hint: "Check PROXMOX_USER, PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE; on a node, " +
      `"pveum user token list ${token.user}" shows whether it exists and when it expires`,
  });
}

/** Which answers pass by waiting, and how long to wait. */

export interface RetryTimes {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** Source: the mapping document, "Retry Behaviour". */
export const RETRY_TIMES: RetryTimes = {
  attempts: 5,
  firstDelayMs: 500,
  longestDelayMs: 10_000,
};

const PASSING_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** No answer in time has cost enough already, and what is wrong with TLS stays wrong. */
const PASSING_FAILURES: ReadonlySet<Failure> = new Set<Failure>(["dns", "refused", "reset"]);
/** However long a server asks for. */
export const LONGEST_RETRY_AFTER_MS = 60_000;

export function isPassing(answer: Answer): boolean {
  if ("failed" in answer) return PASSING_FAILURES.has(answer.failed);
  return "status" in answer && PASSING_STATUSES.has(answer.status);
}

/** An answer that is worth another attempt; thrown, and after the last attempt it stands. */
export class Passing extends Error {
  readonly answer: Answer;
  readonly retryAfterMs: number;

  constructor(answer: Answer, retryAfterMs: number) {
    super("This passes");
    this.answer = answer;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The first answer that does not pass, or the last one. Waits twice as long each time, with jitter, or as
 * long as the server asks for if that is longer.
 */
export async function retrying(
  attempt: () => Promise<Answer>,
  { attempts, firstDelayMs, longestDelayMs, signal }: RetryTimes & { readonly signal: AbortSignal },
): Promise<Answer> {
  try {
    return await pRetry(attempt, {
      retries: attempts - 1,
      minTimeout: firstDelayMs,
      maxTimeout: longestDelayMs,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof Passing,
      onFailedAttempt: async ({ error, retriesLeft, retryDelay }) => {
        const isAsked = error instanceof Passing && retriesLeft > 0;
        // p-retry itself waits `retryDelay` after this.
        if (isAsked) await wait(error.retryAfterMs - retryDelay, signal);
      },
    });
  } catch (error) {
    if (error instanceof Passing) return error.answer;
    throw error;
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  // What it was aborted with is not told by every runtime.
  if (ms > 0) await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
