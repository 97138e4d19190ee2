/**
 * OAuth2 client credentials → an access token, kept in memory only.
 * Source: diode-sdk-python, client.py, and diode-sdk-go, client.go.
 */
import type { Http, HttpAnswer } from "../../http/client.ts";
import { RemoteFailure } from "../../http/failure.ts";
import type { Credentials, Target } from "../settings.ts";
import { GRANT_HINT, INGEST_SCOPE, PATH_HINT, SCOPE_HINT } from "./hints.ts";

export interface TokenEndpoint {
  readonly target: Target;
  readonly credentials: Credentials;
  readonly http: Http;
}

export interface Tokens {
  /** One that is good for now. @throws RemoteFailure. */
  current(): Promise<string>;
  /** The server did not take it: the next is another one. */
  refuse(token: string): void;
}

interface Token {
  readonly text: string;
  /** On the clock of `performance.now`. */
  readonly renewAtMs: number;
}

/** Renewed a minute before it runs out, as the Go SDK does; one that is short-lived, at three quarters. */
const RENEW_BEFORE_MS = 60_000;
const SHORT_LIFE_SHARE = 0.75;
/** Diode's own default, for an answer that does not say. */
const LIFE_SECONDS = 3600;

export function createTokens(endpoint: TokenEndpoint): Tokens {
  let held: Token | undefined;
  let pending: Promise<Token> | undefined;
  return {
    async current() {
      if (held !== undefined && performance.now() < held.renewAtMs) return held.text;
      // Whoever comes first asks; all others wait for the same answer.
      pending ??= fetchToken(endpoint).finally(() => {
        pending = undefined;
      });
      held = await pending;
      return held.text;
    },
    refuse(token) {
      if (held?.text === token) held = undefined;
    },
  };
}

async function fetchToken({ target, credentials, http }: TokenEndpoint): Promise<Token> {
  const { clientId, clientSecret } = credentials;
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
    throw badStatus(response, { told: toldBy(answer, [clientSecret]), hint });
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

const CREDENTIALS_HINT = "Look at DIODE_CLIENT_ID and DIODE_CLIENT_SECRET";

/**
 * TABLE: an OAuth2 error → what to do about it; where there is none, the status decides. Diode's auth
 * service passes on what Hydra answers. Source: RFC 6749, 5.2; netboxlabs/diode,
 * diode-server/auth/server.go.
 */
const OAUTH_HINTS: Readonly<Record<string, string>> = {
  invalid_client: CREDENTIALS_HINT,
  invalid_scope: SCOPE_HINT,
  unauthorized_client: GRANT_HINT,
  // All clients of Diode use the same grant: this is another token endpoint.
  unsupported_grant_type: PATH_HINT,
};

/** TABLE: what the status of the token endpoint means. Source: nginx.conf of Diode. */
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
  { told, hint }: { readonly told: string; readonly hint: string | undefined },
): RemoteFailure {
  const message = `The token endpoint answered HTTP ${status}${told}`;
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

/** OAuth2's own words, such as invalid_client; a server that echoes a secret is not repeated. */
function toldBy(answer: Record<string, unknown>, secrets: readonly string[]): string {
  const { error, error_description: description } = answer;
  const words = [error, description].filter((word) => typeof word === "string").join(": ");
  if (words === "" || secrets.some((secret) => words.includes(secret))) return "";
  return ` (${words.replace(/\s+/g, " ").slice(0, 200)})`;
}
