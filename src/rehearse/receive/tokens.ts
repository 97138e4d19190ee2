/**
 * The token endpoint: OAuth2 client credentials as answered by Hydra, which Diode's auth service uses.
 * The SDKs send id and secret in the form; HTTP Basic works, too. Source: RFC 6749, 4.4 and 5.2.
 */
import { INGEST_SCOPE } from "../../netbox/diode/limits.ts";
import type { ClientCredentials } from "../settings.ts";
import { type HttpReply, type NodeRequest, readBody } from "./nginx.ts";

/** Issued tokens with their scopes, which are separated by blanks. */
export class Tokens {
  readonly lifeMs: number;
  /** Issued so far. */
  count = 0;
  readonly #valid = new Map<string, { readonly scope: string; readonly until: number }>();

  constructor(lifeMs: number) {
    this.lifeMs = lifeMs;
  }

  issue(scope: string): string {
    this.count += 1;
    const now = performance.now();
    for (const [token, { until }] of this.#valid) if (until <= now) this.#valid.delete(token);
    const token = crypto.randomUUID();
    this.#valid.set(token, { scope, until: now + this.lifeMs });
    return token;
  }

  /** undefined: unknown or expired token. */
  scopeOf(token: string): string | undefined {
    const found = this.#valid.get(token);
    return found !== undefined && performance.now() < found.until ? found.scope : undefined;
  }
}

/** More than any token request needs. */
const MAX_FORM_BYTES = 65_536;

/** TABLE: error → status and description. Source: RFC 6749, 5.2. */
const ERRORS = {
  invalid_client: [
    401,
    "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method).",
  ],
  invalid_request: [
    400,
    "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.",
  ],
  unsupported_grant_type: [
    400,
    "The authorization grant type is not supported by the authorization server.",
  ],
  invalid_scope: [400, "The requested scope is invalid, unknown, or malformed."],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export async function answerToken(
  request: NodeRequest,
  client: ClientCredentials,
  tokens: Tokens,
): Promise<HttpReply> {
  if (request.method !== "POST") {
    return { status: 405, headers: { allow: "POST" }, body: "Method Not Allowed\n" };
  }
  const body = await readBody(request, MAX_FORM_BYTES);
  const form = new URLSearchParams(new TextDecoder().decode(body));
  const given = basicCredentials(request.headers.authorization) ??
    { id: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  const grant = form.get("grant_type");
  const scope = form.get("scope") ?? "";
  if (grant === null) return refusal("invalid_request");
  if (grant !== "client_credentials") return refusal("unsupported_grant_type");
  if (given.id !== client.id || given.secret !== client.secret) return refusal("invalid_client");
  // Clients created in NetBox have this scope only.
  if (scope !== INGEST_SCOPE && scope !== "") return refusal("invalid_scope");
  return json(200, {
    access_token: tokens.issue(scope),
    expires_in: Math.max(1, Math.floor(tokens.lifeMs / 1000)),
    scope,
    token_type: "bearer",
  });
}

/** "Basic aWQ6c2VjcmV0" → id and secret, which are form-encoded inside. Source: RFC 6749, 2.3.1. */
function basicCredentials(header: string | undefined): ClientCredentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [id = "", ...secret] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { id: formDecoded(id), secret: formDecoded(secret.join(":")) };
}

function formDecoded(text: string): string {
  return new URLSearchParams(`text=${text.replace(/&/g, "%26")}`).get("text") ?? "";
}

/** `detail`: text that Hydra appends. */
export function refusal(error: keyof typeof ERRORS, ...detail: readonly string[]): HttpReply {
  const [status, description] = ERRORS[error];
  return json(status, { error, error_description: [description, ...detail].join(" ") });
}

function json(status: number, value: object): HttpReply {
  return {
    status,
    headers: { "content-type": "application/json;charset=UTF-8", "cache-control": "no-store" },
    body: JSON.stringify(value),
  };
}
