/** TABLE: the settings of `push`, one row each. Flags, `--help` and README are printed from it. */
import { digest } from "../base/digest.ts";
import { DURATION, durationMs } from "../base/duration.ts";
import { usageError } from "../base/errors.ts";
import {
  settingReader,
  type SettingTable,
  SWITCH,
  switchOf,
  type TextsOf,
} from "../base/setting.ts";

export const PUSH_SETTINGS = {
  DIODE_TARGET: {
    flag: "target",
    allowed: "grpc://, grpcs://, http:// or https://, a host, a port and a path",
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
    help: "the secret of the OAuth2 client",
    secret: true,
  },
  DIODE_CERT_FILE: {
    flag: "cert-file",
    allowed: "a file of certificates (PEM)",
    help: "Certificates to trust instead of the system's",
  },
  DIODE_SKIP_TLS_VERIFY: {
    flag: "skip-tls-verify",
    default: "false",
    allowed: SWITCH,
    help: "Trust any certificate; the connection stays encrypted",
  },
  DIODE_MAX_AUTH_RETRIES: {
    flag: "max-auth-retries",
    default: "3",
    allowed: "a whole number from 1 up",
    help: "How often in a row a refused token is replaced by a new one",
  },
  PUSH_CONCURRENCY: {
    flag: "concurrency",
    default: "4",
    allowed: "a whole number from 1 to 64",
    help: "Requests under way at once, within a step",
  },
  PUSH_STEP_PAUSE: {
    flag: "step-pause",
    default: "0",
    allowed: DURATION,
    help: "How long to wait between two steps, for a Diode that applies slowly",
  },
  PUSH_BOOTSTRAP_WAIT: {
    flag: "bootstrap-wait",
    default: "30s",
    allowed: DURATION,
    help: "How long new custom fields are given to be applied before values follow",
  },
  PUSH_MAX_RETRIES: {
    flag: "max-retries",
    default: "8",
    allowed: "a whole number from 0 up",
    help: "How often a request is repeated after a failure that can pass",
  },
  PUSH_RETRY_DELAY: {
    flag: "retry-delay",
    default: "1s",
    allowed: DURATION,
    help: "The wait before the first repetition; each one after it waits twice as long, to 30s",
  },
  PUSH_TIMEOUT: {
    flag: "timeout",
    default: "60s",
    allowed: DURATION,
    help: "How long an answer may take",
  },
  PUSH_MAX_CHANGED: {
    flag: "max-changed",
    allowed: "a share such as 20%",
    help:
      "With --since: refuse when more than this share of the earlier run changed or disappeared",
  },
} as const satisfies SettingTable;

/** Setting → text, as a flag, the environment or a policy file gave it. */
export type PushTexts = TextsOf<typeof PUSH_SETTINGS>;

export interface PushOptions {
  /** Target and credentials are optional in a dry run only. */
  readonly target: Target | undefined;
  readonly credentials: Credentials | undefined;
  readonly certFile: string | undefined;
  readonly isUnverified: boolean;
  readonly maxAuthRetries: number;
  readonly concurrency: number;
  readonly stepPauseMs: number;
  readonly bootstrapWaitMs: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
  /** From 0 to 1; undefined: any share may change. */
  readonly maxChanged: number | undefined;
}

/** The options of a push that sends. */
export interface RemoteOptions extends PushOptions {
  readonly target: Target;
  readonly credentials: Credentials;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

const MOST_RETRIES = 1000;

/** @throws AppError "usage" that names the setting, its value unless secret, and what is allowed. */
export function parsePushOptions(texts: PushTexts): PushOptions {
  const { text, checked, whole } = settingReader(PUSH_SETTINGS, texts);
  const target = text("DIODE_TARGET");
  const clientId = text("DIODE_CLIENT_ID");
  const clientSecret = text("DIODE_CLIENT_SECRET");
  const maxChanged = text("PUSH_MAX_CHANGED");
  return {
    target: target === undefined ? undefined : parseTarget(target),
    credentials: clientId && clientSecret ? { clientId, clientSecret } : undefined,
    certFile: text("DIODE_CERT_FILE"),
    isUnverified: checked("DIODE_SKIP_TLS_VERIFY", switchOf),
    maxAuthRetries: whole("DIODE_MAX_AUTH_RETRIES", 1, MOST_RETRIES),
    concurrency: whole("PUSH_CONCURRENCY", 1, 64),
    stepPauseMs: checked("PUSH_STEP_PAUSE", durationMs),
    bootstrapWaitMs: checked("PUSH_BOOTSTRAP_WAIT", durationMs),
    maxRetries: whole("PUSH_MAX_RETRIES", 0, MOST_RETRIES),
    retryDelayMs: checked("PUSH_RETRY_DELAY", durationMs),
    timeoutMs: checked("PUSH_TIMEOUT", (given) => durationMs(given) || undefined),
    maxChanged: maxChanged === undefined ? undefined : checked("PUSH_MAX_CHANGED", share),
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

/** Name of files about the target: "diode.example.com_443_diode". */
export function fileNameOf({ name }: Target): string {
  const plain = name.replace(/[:/]/g, "_").replace(/[^\w.-]/g, "-");
  const isFaithful = /^[a-z0-9.-]+:\d+(?:\/[a-zA-Z0-9.-]+)?$/.test(name);
  return isFaithful ? plain : `${plain.slice(0, 80)}-${digest(name).slice(0, 8)}`;
}
