/** TABLE: the settings of `compare`, one row each. Flags, `--help` and README are printed from it. */
import { DURATION, durationMs } from "../../base/duration.ts";
import { usageError } from "../../base/errors.ts";
import {
  settingReader,
  type SettingTable,
  SWITCH,
  switchOf,
  type TextsOf,
} from "../../base/setting.ts";

export const COMPARE_SETTINGS = {
  NETBOX_URL: {
    flag: "netbox",
    allowed: "https:// or http://, a host, and the path before NetBox's own if there is one",
    help: "NetBox, such as https://netbox.example.net",
  },
  NETBOX_TOKEN: {
    flag: "netbox-token-file",
    allowed: "an API token of version 1 or 2",
    help: "an API token of NetBox, which may be read only",
    secret: true,
  },
  NETBOX_CERT_FILE: {
    flag: "cert-file",
    allowed: "a file of certificates (PEM)",
    help: "Certificates to trust instead of the system's",
  },
  NETBOX_SKIP_TLS_VERIFY: {
    flag: "skip-tls-verify",
    default: "false",
    allowed: SWITCH,
    help: "Trust any certificate; the connection stays encrypted",
  },
  NETBOX_CONCURRENCY: {
    flag: "concurrency",
    default: "4",
    allowed: "a whole number from 1 to 16",
    help: "Requests under way at once",
  },
  NETBOX_TIMEOUT: {
    flag: "timeout",
    default: "60s",
    allowed: DURATION,
    help: "How long an answer may take",
  },
  NETBOX_MAX_RETRIES: {
    flag: "max-retries",
    default: "5",
    allowed: "a whole number from 0 to 100",
    help: "How often a request is repeated after a failure that can pass",
  },
  NETBOX_RETRY_DELAY: {
    flag: "retry-delay",
    default: "1s",
    allowed: DURATION,
    help: "The wait before the first repetition; each one after it waits twice as long, to 30s",
  },
} as const satisfies SettingTable;

/** Setting → text, as a flag, the environment or a policy file gave it. */
export type CompareTexts = TextsOf<typeof COMPARE_SETTINGS>;

/** The user's choices: texts in, one checked value out. */

export interface CompareOptions {
  /** "https://netbox.example.net/base", with no slash behind it. */
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

const URL_HINT = `Allowed: ${COMPARE_SETTINGS.NETBOX_URL.allowed}`;
const TOKEN_HINT =
  "NetBox makes one under Profile → API Tokens; it comes from the environment or from the file that " +
  "--netbox-token-file names";

/** @throws AppError "usage" that names the setting, its value unless secret, and what is allowed. */
export function parseCompareOptions(texts: CompareTexts): CompareOptions {
  const { text, checked, whole } = settingReader(COMPARE_SETTINGS, texts);
  return {
    url: parseUrl(text("NETBOX_URL")),
    authorization: parseToken(text("NETBOX_TOKEN")),
    certFile: text("NETBOX_CERT_FILE"),
    isUnverified: checked("NETBOX_SKIP_TLS_VERIFY", switchOf),
    concurrency: whole("NETBOX_CONCURRENCY", 1, 16),
    timeoutMs: checked("NETBOX_TIMEOUT", (given) => durationMs(given) || undefined),
    maxRetries: whole("NETBOX_MAX_RETRIES", 0, 100),
    retryDelayMs: checked("NETBOX_RETRY_DELAY", durationMs),
  };
}

function parseUrl(text: string | undefined): string {
  if (text === undefined) {
    throw usageError("Setting NETBOX_URL is missing", {
      hint: "Name the NetBox to compare with, such as --netbox https://netbox.example.net",
    });
  }
  // A wrong URL may hold a password: it is not shown.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw usageError("Setting NETBOX_URL is no URL of a web server", { hint: URL_HINT });
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError("Setting NETBOX_URL holds a user name or a password", {
      hint: "NetBox's REST API takes a token: NETBOX_TOKEN",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw usageError("Setting NETBOX_URL has something behind its path", { hint: URL_HINT });
  }
  // Many copy the address of the API itself.
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/api$/, "")}`;
}

/**
 * "nbt_KEY.SECRET" → "Bearer …", anything else → "Token …"; a word that stands before it stays.
 * Source: NetBox, netbox/api/authentication.py; docs/integrations/rest-api.md.
 */
function parseToken(text: string | undefined): string {
  if (text === undefined) {
    throw usageError("Setting NETBOX_TOKEN is missing", { hint: TOKEN_HINT });
  }
  const [, word, token = ""] = /^(?:(Bearer|Token)\s+)?([\x21-\x7e]+)$/i.exec(text) ?? [];
  if (token === "") {
    throw usageError("Setting NETBOX_TOKEN holds a blank, or what is no plain letter", {
      hint: TOKEN_HINT,
    });
  }
  return `${word ?? (token.startsWith("nbt_") ? "Bearer" : "Token")} ${token}`;
}
