/** TABLE: the settings of `compare`, one row each. Flags, `--help` and README are printed from it. */
import { DURATION } from "../../kernel/duration.ts";
import { type SettingTable, SWITCH, type TextsOf } from "../../kernel/setting.ts";

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
