/** The client of Proxmox VE's API: token, choice of host, retries. Each GET request becomes an answer of the snapshot. */
import { readFile } from "node:fs/promises";
import { AppError, reasonOf, usageError } from "../base/errors.ts";
import { isCertificate, readCertificate, type ServerCertificate } from "../http/certificate.ts";
import { openHttp } from "../http/client.ts";
import { RemoteFailure, type RetryPolicy, withRetries } from "../http/failure.ts";
import { type Answer, type Failure, isTokenRefused, isTransient } from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { answerOf } from "./response.ts";
import type { ApiHost, CaptureOptions } from "./settings.ts";
import type { ApiToken } from "./token.ts";

/** What a command that asks a cluster hands in. */
export interface ClientRun {
  readonly signal: AbortSignal;
  /** What the user should know; one sentence each. */
  readonly onWarning: (sentence: string) => void;
  readonly retry?: RetryPolicy;
}

export interface Client {
  /**
   * `onAttempt` is called after each HTTP request.
   * @throws AppError "remote" for HTTP 401; what the signal was aborted with.
   */
  get(path: string, onAttempt?: (attempt: Attempt) => void): Promise<CountedAnswer>;
  /** The host that is asked now. */
  host(): ApiHost;
  /** The one that the host showed; undefined before the first connection. */
  certificate(): ServerCertificate | undefined;
  close(): Promise<void>;
}

export interface Attempt {
  readonly ms: number;
  /** Proxmox VE is too busy, or the connection was dropped. */
  readonly isBusy: boolean;
}

export interface CountedAnswer {
  readonly answer: Answer;
  /** HTTP requests that it took. */
  readonly attempts: number;
}

/** Source: the mapping document, "Retry Behaviour". */
export const RETRY_POLICY: RetryPolicy = {
  maxRetries: 4,
  retryDelayMs: 500,
  maxRetryDelayMs: 10_000,
};

/** A host that cannot be reached is found out well before the whole call times out. */
const CONNECT_TIMEOUT_MS = 5000;
/** pveproxy closes a connection after 5 s of idling or 100 requests. Source: PVE/APIServer/AnyEvent.pm. */
const POOL = {
  keepAliveTimeout: 4000,
  keepAliveMaxTimeout: 4000,
  maxRequestsPerClient: 100,
};

/** An answer that is worth a retry; the last one counts. */
class TransientAnswer extends RemoteFailure {
  readonly answer: Answer;

  constructor(answer: Answer, retryAfterMs: number | undefined) {
    super("passing", "transient answer", { retryAfterMs });
    this.answer = answer;
  }
}

/** @throws AppError "usage" when the file of authorities cannot be read. */
export async function openClient(
  options: Pick<CaptureOptions, "hosts" | "token" | "trust" | "timeoutMs" | "limits">,
  { signal, retry = RETRY_POLICY }: Pick<ClientRun, "signal" | "retry">,
): Promise<Client> {
  const { hosts, token, trust, timeoutMs, limits } = options;
  let certificate: ServerCertificate | undefined;
  let current = 0;
  const http = openHttp({
    server: "Proxmox VE",
    certificates: trust.kind === "authority" ? await readAuthority(trust.file) : undefined,
    isUnverified: trust.kind === "any",
    fingerprints: trust.kind === "pinned" ? trust.fingerprints : undefined,
    onCertificate: (shown) => {
      certificate = shown;
    },
    proxy: undefined,
    connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, timeoutMs / 2),
    timeoutMs,
    signal,
    pool: { ...POOL, connections: 2 * limits.total },
  });

  /** @throws TransientAnswer. */
  async function send(path: string): Promise<Answer> {
    const index = current;
    const url = `${originOf(hosts[index] ?? hosts[0])}/api2/json${path}`;
    try {
      const { status, reason, text, retryAfterMs } = await http.request(url, {
        method: "GET",
        headers: { authorization: token.authorization },
      });
      const answer = answerOf({ status, reason: token.scrub(reason), body: token.scrub(text) });
      if (isTransient(answer)) throw new TransientAnswer(answer, retryAfterMs);
      return answer;
    } catch (error) {
      if (!(error instanceof RemoteFailure) || error.connection === undefined) throw error;
      const { reason, isUnsent } = error.connection;
      const answer = { failed: reason };
      const isWorthRetry = isUnsent ? tryNextHost(index, answer) : isTransient(answer);
      if (isWorthRetry) throw new TransientAnswer(answer, undefined);
      return answer;
    }
  }

  /** Moves on to the next host. False: there is no use in asking it. */
  function tryNextHost(index: number, answer: Answer): boolean {
    // Concurrent calls all find the same host away: only one of them moves on to the next.
    if (current === index) current = (index + 1) % hosts.length;
    // A host that answered before may do so again; one that never did is probably a typing error.
    return hosts.length > 1 || (certificate !== undefined && isTransient(answer));
  }

  return {
    async get(path, onAttempt) {
      let attempts = 0;
      const attempt = async (): Promise<Answer> => {
        attempts += 1;
        const start = performance.now();
        const observe = (isBusy: boolean): void =>
          onAttempt?.({ ms: performance.now() - start, isBusy });
        try {
          const answer = await send(path);
          observe(false);
          return answer;
        } catch (error) {
          if (error instanceof TransientAnswer) observe(true);
          throw error;
        }
      };
      const answer = await withRetries(attempt, { ...retry, signal }).catch((error: unknown) => {
        if (error instanceof TransientAnswer) return error.answer;
        throw error;
      });
      if (isTokenRefused(answer)) throw unauthorized(token, answer.error);
      return { answer, attempts };
    },
    host: () => hosts[current] ?? hosts[0],
    certificate: () => certificate,
    close: () => http.close(),
  };
}

function originOf({ name, port }: ApiHost): string {
  return `https://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

async function readAuthority(file: string): Promise<string> {
  const what = `the file "${file}" of PROXMOX_CA_FILE (--proxmox-ca-file)`;
  const pem = await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read ${what}: ${reasonOf(cause)}`, { cause });
  });
  if (isCertificate(pem)) return pem;
  throw usageError(`Cannot read ${what}: it holds no certificate`, {
    hint: "Name a PEM file; on a node of the cluster it is /etc/pve/pve-root-ca.pem",
  });
}

/** Releases up to 8.3 say why; newer ones do not. Source: pve-http-server, PVE/APIServer/AnyEvent.pm. */
function unauthorized(token: ApiToken, error: string | undefined): AppError {
  const reason = error === undefined ? "" : `: ${error}`;
  return new AppError("remote", `Proxmox VE refuses the API token ${token.id}${reason}`, {
    hint: "Check PROXMOX_USER, PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE; on a node, " +
      `"pveum user token list ${token.user}" shows whether it exists and when it expires`,
  });
}

export interface Connection {
  readonly client: Client;
  /** The answer to /version. */
  readonly version: CountedAnswer;
}

/**
 * The first question: does a host answer, with a trusted certificate, and accept the token?
 * @throws AppError "remote" that says why no host answers, and what to do.
 */
export async function connect(options: CaptureOptions, run: ClientRun): Promise<Connection> {
  const client = await openClient(options, run);
  try {
    const version = await client.get(PATHS.version);
    const host = client.host();
    if ("failed" in version.answer) {
      throw await unreachable(version.answer.failed, options.hosts, host);
    }
    if (options.trust.kind === "any") {
      run.onWarning(
        `The certificate of ${host.name}:${host.port} is not verified. If it is the right one, pin it: ` +
          `PROXMOX_FINGERPRINT=${client.certificate()?.fingerprint}`,
      );
    }
    return { client, version };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** TABLE: how the connection failed → the reason in words, and what the user can do. */
const CONNECTION_FAILURES: Readonly<Record<Failure, readonly [reason: string, hint: string]>> = {
  dns: ["unknown host name", "Check PROXMOX_HOST (--proxmox-host)"],
  refused: [
    "the connection was refused",
    "Check PROXMOX_HOST and PROXMOX_PORT; on the node: systemctl status pveproxy",
  ],
  reset: [
    "the connection was closed",
    "Check firewalls, and ALLOW_FROM and DENY_FROM in /etc/default/pveproxy on the node",
  ],
  timeout: [
    "no answer in time",
    "Check PROXMOX_HOST and firewalls on the way, or allow more time with PROXMOX_API_TIMEOUT",
  ],
  tls: [
    "its certificate is not trusted",
    "Name the cluster's authority with PROXMOX_CA_FILE (/etc/pve/pve-root-ca.pem on a node), or pin " +
    "the certificate with PROXMOX_FINGERPRINT",
  ],
};

async function unreachable(
  failure: Failure,
  hosts: readonly ApiHost[],
  last: ApiHost,
): Promise<AppError> {
  const [reason, hint] = CONNECTION_FAILURES[failure];
  const names = hosts.map(({ name, port }) => `${name}:${port}`).join(", ");
  const shown = failure === "tls" ? await readCertificate(last).catch(() => undefined) : undefined;
  const pin = shown === undefined
    ? ""
    : `; it shows ${shown.fingerprint}, which must be what "pvenode cert info" shows on the node`;
  return new AppError("remote", `Cannot reach Proxmox VE at ${names}: ${reason}`, {
    hint: hint + pin,
  });
}
