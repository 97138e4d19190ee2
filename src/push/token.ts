/**
 * Gets an access token for OAuth2 client credentials, and keeps it in memory only.
 * Source: diode-sdk-python, client.py, and diode-sdk-go, client.go.
 */
import type { Http, HttpAnswer } from "../http/client.ts";
import { RemoteFailure } from "../http/failure.ts";
import { INGEST_SCOPE } from "../netbox/diode/limits.ts";
import type { Credentials, Target } from "./settings.ts";

export const PATH_HINT =
  "Check the path in DIODE_TARGET (--target): the default of Diode is /diode";
const NEW_CLIENT = "create one in NetBox under Diode → Client Credentials";
export const SCOPE_HINT =
  `The client of DIODE_CLIENT_ID lacks the scope ${INGEST_SCOPE}: ${NEW_CLIENT}`;
const GRANT_HINT =
  `The client of DIODE_CLIENT_ID may not use the grant client_credentials: ${NEW_CLIENT}`;

interface TokenSource {
  /** A valid token. @throws RemoteFailure. */
  current(): Promise<string>;
  /** Discards a token that the server rejected. */
  refuse(rejected: string): void;
}

interface Token {
  readonly text: string;
  /** On the clock of `performance.now`. */
  readonly renewAtMs: number;
}

/** Renewed a minute before it expires, as the Go SDK does; a short-lived token at three quarters. */
const RENEW_BEFORE_MS = 60_000;
const SHORT_LIFE_SHARE = 0.75;
/** Diode's default, for an answer without a lifetime. */
const LIFE_SECONDS = 3600;

export function openTokenSource(target: Target, credentials: Credentials, http: Http): TokenSource {
  let token: Token | undefined;
  let pending: Promise<Token> | undefined;
  return {
    async current() {
      if (token !== undefined && performance.now() < token.renewAtMs) return token.text;
      // Concurrent callers wait for the same answer.
      pending ??= fetchToken(target, credentials, http).finally(() => {
        pending = undefined;
      });
      token = await pending;
      return token.text;
    },
    refuse(rejected) {
      if (token?.text === rejected) token = undefined;
    },
  };
}

async function fetchToken(
  target: Target,
  { clientId, clientSecret }: Credentials,
  http: Http,
): Promise<Token> {
  const asked = performance.now();
  const response = await http.request(target.tokenUrl, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    // As text: ofetch takes a form of this realm for one of undici's only on some runtimes.
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: INGEST_SCOPE,
    }).toString(),
  });
  const answer = parsed(response.text);
  if (response.status !== 200) {
    const hint = hintFor(response, answer, target);
    throw badStatus(response, { reason: oauthReason(answer, [clientSecret]), hint });
  }
  if (typeof answer["access_token"] !== "string" || answer["access_token"] === "") {
    throw new RemoteFailure("refused", "The token endpoint answered without a token", {
      hint: PATH_HINT,
    });
  }
  const lifeMs = 1000 * (Number(answer["expires_in"]) || LIFE_SECONDS);
  const usedMs = Math.max(lifeMs - RENEW_BEFORE_MS, lifeMs * SHORT_LIFE_SHARE);
  return { text: answer["access_token"], renewAtMs: asked + usedMs };
}

const CREDENTIALS_HINT =
  "Check DIODE_CLIENT_ID (--client-id) and DIODE_CLIENT_SECRET (--client-secret-file)";

/**
 * TABLE: an OAuth2 error → what to do about it; other errors: the status decides. Diode's auth
 * service returns Hydra's answers. Source: RFC 6749, 5.2; netboxlabs/diode,
 * diode-server/auth/server.go.
 */
const OAUTH_HINTS: Readonly<Record<string, string>> = {
  invalid_client: CREDENTIALS_HINT,
  invalid_scope: SCOPE_HINT,
  unauthorized_client: GRANT_HINT,
  // All clients of Diode use the same grant: not the token endpoint of Diode.
  unsupported_grant_type: PATH_HINT,
};

/** TABLE: HTTP status of the token endpoint → hint. Source: nginx.conf of Diode. */
const STATUSES: readonly { readonly status: RegExp; readonly hint: string }[] = [
  { status: /^40[013]$/, hint: CREDENTIALS_HINT },
  { status: /^404$/, hint: PATH_HINT },
  { status: /^3\d\d$/, hint: "Diode does not redirect: DIODE_TARGET names another server" },
];

function hintFor(
  { status, location }: HttpAnswer,
  { error }: Record<string, unknown>,
  { isTls, twinScheme }: Target,
): string | undefined {
  if (!isTls && /^https:/i.test(location ?? "")) {
    return `The server redirects to https://: use ${twinScheme} in DIODE_TARGET`;
  }
  const known = typeof error === "string" && Object.hasOwn(OAUTH_HINTS, error);
  return known ? OAUTH_HINTS[error] : STATUSES.find((row) => row.status.test(String(status)))?.hint;
}

function badStatus(
  { status, retryAfterMs }: HttpAnswer,
  { reason, hint }: { readonly reason: string; readonly hint: string | undefined },
): RemoteFailure {
  const message = `The token endpoint answered HTTP ${status}${reason}`;
  return status === 429 || status >= 500
    ? new RemoteFailure("passing", message, { retryAfterMs })
    : new RemoteFailure("refused", message, { hint });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The OAuth2 error, such as " (invalid_client)"; empty if it contains a secret. */
function oauthReason(answer: Record<string, unknown>, secrets: readonly string[]): string {
  const { error, error_description: description } = answer;
  const words = [error, description].filter((word) => typeof word === "string").join(": ");
  if (words === "" || secrets.some((secret) => words.includes(secret))) return "";
  return ` (${words.replace(/\s+/g, " ").slice(0, 200)})`;
}
