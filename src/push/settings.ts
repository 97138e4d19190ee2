/** TABLE: the settings of `push`, one row each. Flags, `--help` and README are printed from it. */
import { DURATION } from "../kernel/duration.ts";
import { type SettingTable, SWITCH, type TextsOf } from "../kernel/setting.ts";

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
