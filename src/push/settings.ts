/** TABLE: the settings of `push`, one row each. Flags, `--help` and README are printed from it. */
import { usageError } from "../base/errors.ts";
import {
  between,
  CERTIFICATES,
  settingReader,
  type SettingTable,
  SWITCH,
  type TextsOf,
  TIME,
  TIME_LIMIT,
} from "../base/setting.ts";

const MOST_RETRIES = 1000;

export const PUSH_SETTINGS = {
  DIODE_TARGET: {
    flag: "target",
    allowed: "grpc://, grpcs://, http:// or https://, a host, a port and a path",
    hint: "url",
    read: parseTarget,
    help: "Where Diode listens, such as grpcs://diode.example.com/diode",
  },
  DIODE_CLIENT_ID: {
    flag: "client-id",
    allowed: "any text",
    help: "OAuth2 client, as NetBox made it (Diode → Client Credentials)",
  },
  DIODE_CLIENT_SECRET: {
    flag: "client-secret-file",
    allowed: "any text",
    help: "Secret of the OAuth2 client",
    secret: true,
  },
  DIODE_CERT_FILE: {
    flag: "cert-file",
    ...CERTIFICATES,
    help: "Certificates to trust instead of the system's",
  },
  DIODE_SKIP_TLS_VERIFY: {
    flag: "skip-tls-verify",
    ...SWITCH,
    help: "Trust any certificate; the connection stays encrypted",
  },
  DIODE_MAX_AUTH_RETRIES: {
    flag: "max-auth-retries",
    default: "3",
    ...between(1, MOST_RETRIES),
    help: "How many times in a row to request a new token after one was rejected",
  },
  PUSH_CONCURRENCY: {
    flag: "concurrency",
    default: "4",
    ...between(1, 64),
    help: "Parallel requests within a step",
  },
  PUSH_STEP_PAUSE: {
    flag: "step-pause",
    default: "0",
    ...TIME,
    help: "Pause between two steps, for a slow Diode",
  },
  PUSH_BOOTSTRAP_WAIT: {
    flag: "bootstrap-wait",
    default: "30s",
    ...TIME,
    help: "Wait after new custom fields, so that Diode can apply them before values follow",
  },
  PUSH_MAX_RETRIES: {
    flag: "max-retries",
    default: "8",
    ...between(0, MOST_RETRIES),
    help: "Retries of a request after a transient failure",
  },
  PUSH_RETRY_DELAY: {
    flag: "retry-delay",
    default: "1s",
    ...TIME,
    help: "Wait before the first retry; doubles with each further one, up to 30s",
  },
  PUSH_TIMEOUT: {
    flag: "timeout",
    default: "60s",
    ...TIME_LIMIT,
    help: "Time limit for one answer",
  },
  PUSH_CONFIRM_TIMEOUT: {
    flag: "confirm-timeout",
    default: "30m",
    ...TIME,
    help: "With --confirm: give up this long after the last entity arrived in NetBox",
  },
  PUSH_RESEND_AFTER: {
    flag: "resend-after",
    default: "10s",
    ...TIME_LIMIT,
    help:
      "With --confirm: send what has not arrived again after this time without progress; doubles " +
      "each time, up to 5m",
  },
  PUSH_MAX_CHANGED: {
    flag: "max-changed",
    allowed: "a share such as 20%",
    hint: "share",
    read: share,
    help:
      "With --since: refuse when more than this share of the earlier run changed or disappeared",
  },
} as const satisfies SettingTable;

/** Setting → text, as a flag, the environment or a policy file gave it. */
export type PushTexts = TextsOf<typeof PUSH_SETTINGS>;

export type PushOptions = Readonly<ReturnType<typeof parsePushOptions>>;

/** The options of a push that sends. */
export interface RemoteOptions extends PushOptions {
  readonly target: Target;
  readonly credentials: Credentials;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** @throws AppError "usage" that names the setting, its value unless secret, and what is allowed. */
export function parsePushOptions(texts: PushTexts) {
  const { value, optional } = settingReader(PUSH_SETTINGS, texts);
  const clientId = optional("DIODE_CLIENT_ID");
  const clientSecret = optional("DIODE_CLIENT_SECRET");
  return {
    // Target and credentials are optional in a dry run only.
    target: optional("DIODE_TARGET"),
    credentials: clientId && clientSecret ? { clientId, clientSecret } : undefined,
    certFile: optional("DIODE_CERT_FILE"),
    isUnverified: value("DIODE_SKIP_TLS_VERIFY"),
    maxAuthRetries: value("DIODE_MAX_AUTH_RETRIES"),
    concurrency: value("PUSH_CONCURRENCY"),
    stepPauseMs: value("PUSH_STEP_PAUSE"),
    bootstrapWaitMs: value("PUSH_BOOTSTRAP_WAIT"),
    maxRetries: value("PUSH_MAX_RETRIES"),
    retryDelayMs: value("PUSH_RETRY_DELAY"),
    timeoutMs: value("PUSH_TIMEOUT"),
    confirmTimeoutMs: value("PUSH_CONFIRM_TIMEOUT"),
    resendAfterMs: value("PUSH_RESEND_AFTER"),
    // From 0 to 1; undefined: any share may change.
    maxChanged: optional("PUSH_MAX_CHANGED"),
  };
}

/** @throws AppError "usage" that names a missing setting. */
export function requireRemote(options: PushOptions): RemoteOptions {
  const { target, credentials } = options;
  if (target !== undefined && credentials !== undefined) return { ...options, target, credentials };
  if (target === undefined) {
    throw usageError("DIODE_TARGET (--target) is required", {
      hint: "For example: --target grpcs://diode.example.com/diode",
    });
  }
  throw usageError("DIODE_CLIENT_ID and DIODE_CLIENT_SECRET are required", {
    hint:
      "Create a client in NetBox under Diode → Client Credentials; give the secret in the environment " +
      "or with --client-secret-file",
  });
}

/** "20%" → 0.2 */
function share(text: string): number | undefined {
  const percent = Number(/^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1]);
  return percent <= 100 ? percent / 100 : undefined;
}

/** Where the calls and the token requests go. */
export interface Target {
  /** The server without the scheme: "diode.example.com:443/diode". */
  readonly name: string;
  /** With the path prefix and no slash at the end: "https://diode.example.com:443/diode". */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly isTls: boolean;
  /** The same scheme with TLS instead of without, or the other way round: "grpcs://". */
  readonly twinScheme: string;
  readonly host: string;
  readonly port: number;
}

/** TABLE: a scheme of the official SDKs → what it means. Source: diode-sdk-python, client.py. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  "grpc:": { isTls: false, port: 80, twin: "grpcs:" },
  "grpcs:": { isTls: true, port: 443, twin: "grpc:" },
  "http:": { isTls: false, port: 80, twin: "https:" },
  "https:": { isTls: true, port: 443, twin: "http:" },
};

interface Scheme {
  readonly isTls: boolean;
  readonly port: number;
  readonly twin: string;
}

const HINT =
  "Allowed: grpc://, grpcs://, http:// or https://, a host, a port if it is not the default of the " +
  "scheme, and a path prefix, such as grpcs://diode.example.com/diode";

/** "grpcs://diode.example.com/diode" → target. @throws AppError "usage". */
export function parseTarget(text: string): Target {
  // A target that is not a URL may contain a password: it is not shown.
  if (!URL.canParse(text)) throw usageError("DIODE_TARGET (--target) is not a URL", { hint: HINT });
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    throw usageError("DIODE_TARGET (--target) contains a user name or a password", {
      hint: "Use DIODE_CLIENT_ID and DIODE_CLIENT_SECRET for the credentials",
    });
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined || url.hostname === "" || url.search !== "" || url.hash !== "") {
    throw usageError(
      `Invalid DIODE_TARGET (--target): "${url.protocol}//${url.host}${url.pathname}"`,
      {
        hint: HINT,
      },
    );
  }
  // An http URL normalizes the host.
  const port = Number(url.port || scheme.port);
  const host = new URL(`http://${url.host}`).hostname;
  const path = url.pathname.replace(/\/+$/, "");
  const authority = `${host}:${port}`;
  const baseUrl = `${scheme.isTls ? "https" : "http"}://${authority}${path}`;
  return {
    name: `${authority}${path}`,
    baseUrl,
    tokenUrl: `${baseUrl}/auth/token`,
    isTls: scheme.isTls,
    twinScheme: `${scheme.twin}//`,
    host: host.replace(/^\[|\]$/g, ""),
    port,
  };
}
