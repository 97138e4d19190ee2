/** TABLE: the settings of every command that reads NetBox, one row each. Flags, `--help` and README are printed from it. */
import { usageError } from "../../base/errors.ts";
import {
  between,
  CERTIFICATES,
  settingReader,
  type SettingTable,
  SWITCH,
  type TextsOf,
  TIME,
  TIME_LIMIT,
} from "../../base/setting.ts";

export const NETBOX_SETTINGS = {
  NETBOX_URL: {
    flag: "netbox",
    allowed: "https:// or http://, a host, and the path below which NetBox is served, if any",
    hint: "url",
    help: "URL of NetBox, such as https://netbox.example.net",
  },
  NETBOX_TOKEN: {
    allowed: "an API token of version 1 or 2",
    help: "NetBox API token; read-only is enough, except for tidy",
    secret: true,
  },
  NETBOX_CERT_FILE: {
    flag: "cert-file",
    ...CERTIFICATES,
    help: "Certificates to trust instead of the system's",
  },
  NETBOX_SKIP_TLS_VERIFY: {
    flag: "skip-tls-verify",
    ...SWITCH,
    help: "Trust any certificate; the connection stays encrypted",
  },
  NETBOX_CONCURRENCY: {
    flag: "concurrency",
    default: "4",
    ...between(1, 16),
    help: "Parallel requests",
  },
  NETBOX_TIMEOUT: {
    flag: "timeout",
    default: "60s",
    ...TIME_LIMIT,
    help: "Time limit for one answer",
  },
  NETBOX_MAX_RETRIES: {
    flag: "max-retries",
    default: "5",
    ...between(0, 100),
    help: "Retries of a request after a transient failure",
  },
  NETBOX_RETRY_DELAY: {
    flag: "retry-delay",
    default: "1s",
    ...TIME,
    help: "Wait before the first retry; doubles with each further one, up to 30s",
  },
} as const satisfies SettingTable;

/** Setting → text, as a flag, the environment or a policy file gave it. */
export type NetBoxTexts = TextsOf<typeof NETBOX_SETTINGS>;

export interface NetBoxSettings {
  /** "https://netbox.example.net/base", without a final slash. */
  readonly url: string;
  /** The value of the header that carries the token. */
  readonly authorization: string;
  readonly certFile: string | undefined;
  readonly isUnverified: boolean;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
}

const URL_HINT = `Allowed: ${NETBOX_SETTINGS.NETBOX_URL.allowed}`;
const TOKEN_HINT =
  "Create one in NetBox under Profile → API Tokens; set NETBOX_TOKEN, or name a file with it by " +
  "--netbox-token-file";

/** @throws AppError "usage" that names the setting, its value unless secret, and what is allowed. */
export function parseNetBoxSettings(texts: NetBoxTexts): NetBoxSettings {
  const { value, optional } = settingReader(NETBOX_SETTINGS, texts);
  return {
    url: parseUrl(optional("NETBOX_URL")),
    authorization: parseToken(optional("NETBOX_TOKEN")),
    certFile: optional("NETBOX_CERT_FILE"),
    isUnverified: value("NETBOX_SKIP_TLS_VERIFY"),
    concurrency: value("NETBOX_CONCURRENCY"),
    timeoutMs: value("NETBOX_TIMEOUT"),
    maxRetries: value("NETBOX_MAX_RETRIES"),
    retryDelayMs: value("NETBOX_RETRY_DELAY"),
  };
}

function parseUrl(text: string | undefined): string {
  if (text === undefined) {
    throw usageError("NETBOX_URL (--netbox) is required", {
      hint: "For example --netbox https://netbox.example.net",
    });
  }
  // A wrong URL may hold a password: it is not shown.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw usageError("NETBOX_URL (--netbox) is not an http:// or https:// URL", { hint: URL_HINT });
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError("NETBOX_URL (--netbox) contains a user name or password", {
      hint: "NetBox's REST API takes a token: NETBOX_TOKEN",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw usageError("NETBOX_URL (--netbox) contains a query or fragment", { hint: URL_HINT });
  }
  // Many copy the address of the API itself.
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/api$/, "")}`;
}

/**
 * "nbt_KEY.SECRET" → "Bearer …", anything else → "Token …"; a scheme that is given stays.
 * Source: NetBox, netbox/api/authentication.py; docs/integrations/rest-api.md.
 */
function parseToken(text: string | undefined): string {
  if (text === undefined) {
    throw usageError("NETBOX_TOKEN (--netbox-token-file) is required", { hint: TOKEN_HINT });
  }
  const [, word, token = ""] = /^(?:(Bearer|Token)\s+)?([\x21-\x7e]+)$/i.exec(text) ?? [];
  if (token === "") {
    throw usageError("NETBOX_TOKEN contains a blank or a character that tokens do not have", {
      hint: TOKEN_HINT,
    });
  }
  return `${word ?? (token.startsWith("nbt_") ? "Bearer" : "Token")} ${token}`;
}
