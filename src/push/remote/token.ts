/**
 * OAuth2 client credentials → an access token, kept in memory only.
 * Source: diode-sdk-python, client.py, and diode-sdk-go, client.go.
 */
import type { Http, HttpAnswer } from "../../kernel/http.ts";
import { RemoteFailure } from "../../kernel/remote-failure.ts";
import type { Credentials } from "../options.ts";

export interface TokenEndpoint {
  readonly url: string;
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

async function fetchToken({ url, credentials, http }: TokenEndpoint): Promise<Token> {
  const { clientId, clientSecret } = credentials;
  const asked = performance.now();
  const response = await http.request(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    // As text: ofetch takes a form of this realm for one of undici's only on some runtimes.
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: "diode:ingest",
    }).toString(),
  });
  const answer = parsed(response.text);
  if (response.status !== 200) throw badStatus(response, toldBy(answer, [clientSecret]));
  if (typeof answer["access_token"] !== "string" || answer["access_token"] === "") {
    throw new RemoteFailure("refused", "The token endpoint answered without a token", {
      hint: "Look at the path in DIODE_TARGET: Diode's own is /diode",
    });
  }
  const lifeMs = 1000 * (Number(answer["expires_in"]) || LIFE_SECONDS);
  const usedMs = Math.max(lifeMs - RENEW_BEFORE_MS, lifeMs * SHORT_LIFE_SHARE);
  return { text: answer["access_token"], renewAtMs: asked + usedMs };
}

/** TABLE: what the status of the token endpoint means. Source: diode-server/auth/server.go; nginx.conf. */
const STATUSES: readonly { readonly status: RegExp; readonly hint: string }[] = [
  { status: /^40[013]$/, hint: "Look at DIODE_CLIENT_ID and DIODE_CLIENT_SECRET" },
  { status: /^404$/, hint: "Look at the path in DIODE_TARGET: Diode's own is /diode" },
  { status: /^3\d\d$/, hint: "Diode does not redirect: DIODE_TARGET names another server" },
];

function badStatus({ status, retryAfterMs }: HttpAnswer, told: string): RemoteFailure {
  const message = `The token endpoint answered HTTP ${status}${told}`;
  if (status === 429 || status >= 500) {
    return new RemoteFailure("passing", message, { retryAfterMs });
  }
  const row = STATUSES.find((each) => each.status.test(String(status)));
  return new RemoteFailure("refused", message, { hint: row?.hint });
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
