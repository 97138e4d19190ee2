/** The user's choices: texts in, one checked value out. */
import { durationMs } from "../kernel/duration.ts";
import { usageError } from "../kernel/errors.ts";
import { switchOf } from "../kernel/setting.ts";
import { settingReader } from "../kernel/setting-reader.ts";
import { PUSH_SETTINGS, type PushTexts } from "./settings.ts";
import { parseTarget, type Target } from "./target.ts";

export interface PushOptions {
  /** Like the credentials undefined when not given, which only a dry run may do without. */
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

/** All that a push needs to send. */
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

/** Of a push that sends. @throws AppError "usage" that names what is missing. */
export function requireRemote(options: PushOptions): RemoteOptions {
  const { target, credentials } = options;
  if (target !== undefined && credentials !== undefined) return { ...options, target, credentials };
  if (target === undefined) {
    throw usageError("Setting DIODE_TARGET is missing", {
      hint: "Name the Diode to push to, such as --target grpcs://diode.example.com/diode",
    });
  }
  throw usageError("Settings DIODE_CLIENT_ID and DIODE_CLIENT_SECRET are not both given", {
    hint:
      "NetBox makes a client and its secret under Diode → Client Credentials; the secret comes " +
      "from the environment or from the file that --client-secret-file names",
  });
}

/** "20%" → 0.2 */
function share(text: string): number | undefined {
  const percent = Number(/^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1]);
  return percent <= 100 ? percent / 100 : undefined;
}
