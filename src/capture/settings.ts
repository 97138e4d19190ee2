/** TABLE: the settings of `capture` and `doctor`, one row each. Flags, `--help` and README are printed from it. */
import { usageError } from "../base/errors.ts";
import {
  settingReader,
  type SettingRow,
  type SettingTable,
  SWITCH,
  switchOf,
  type TextsOf,
} from "../base/setting.ts";
import { parseHosts, parseScope, scopeFault } from "../proxmox/host.ts";
import type { Manifest } from "../run-folder/snapshot.ts";
import { ApiToken, parseApiToken, type TokenFault } from "./token.ts";

export const CAPTURE_SETTINGS = {
  BOOTSTRAP: {
    flag: "bootstrap",
    default: "false",
    allowed: SWITCH,
    help: "Call nothing: static entities need no capture",
  },
  PROXMOX_HOST: {
    flag: "proxmox-host",
    allowed: "a host name or an address, with a port if need be, or several: pve1,pve2",
    help: "Whom to ask. The first names the host tag; each other is tried when one does not answer",
    aliases: ["PVE_HOST", "PROXMOX_URL", "PROXMOX_VE_ENDPOINT", "PM_API_URL"],
    recorded: true,
  },
  PROXMOX_PORT: {
    flag: "proxmox-port",
    default: "8006",
    allowed: "a port",
    help: "Port of the API",
    aliases: ["PVE_PORT"],
  },
  PROXMOX_USER: {
    flag: "proxmox-user",
    default: "root@pam",
    allowed: "a user and a realm, such as netbox@pve; with the token's name if need be",
    help: "Who owns the API token",
    aliases: ["PVE_USER", "PROXMOX_USERNAME"],
  },
  PROXMOX_TOKEN_NAME: {
    flag: "proxmox-token-name",
    allowed: "the name of an API token, such as sync, or the whole of netbox@pve!sync",
    help: "Which of the user's API tokens",
    aliases: ["PVE_TOKEN_NAME", "PVE_TOKEN_ID", "PROXMOX_TOKEN_ID", "PM_API_TOKEN_ID"],
  },
  PROXMOX_TOKEN_VALUE: {
    flag: "proxmox-token-value-file",
    allowed: "the secret that Proxmox VE showed when the token was made",
    help: "The token's secret",
    aliases: ["PVE_TOKEN_VALUE", "PVE_TOKEN_SECRET", "PROXMOX_TOKEN_SECRET", "PM_API_TOKEN_SECRET"],
    secret: true,
  },
  PROXMOX_TOKEN: {
    flag: "proxmox-token-file",
    allowed: "user@realm!name=secret",
    help: "User, name and secret in one, where the three above are not set",
    aliases: ["PVE_TOKEN", "PVE_API_TOKEN", "PROXMOX_VE_API_TOKEN"],
    secret: true,
    extension: true,
  },
  PROXMOX_SSL_VERIFY: {
    flag: "proxmox-ssl-verify",
    default: "false",
    allowed: SWITCH,
    help: "TrustSetting only certificates that the system trusts",
    aliases: ["PVE_VERIFY_SSL", "PROXMOX_VERIFY_SSL"],
  },
  PROXMOX_CA_FILE: {
    flag: "proxmox-ca-file",
    allowed: "a file of certificates (PEM), such as /etc/pve/pve-root-ca.pem of the cluster",
    help: "TrustSetting only certificates that these have signed",
    extension: true,
  },
  PROXMOX_FINGERPRINT: {
    flag: "proxmox-fingerprint",
    allowed: "the SHA-256 of a certificate, 32 bytes in hex, or several: 5F:40:…,A1:B2:…",
    help: "TrustSetting only these certificates, whoever signed them",
    aliases: ["PVE_FINGERPRINT"],
    extension: true,
  },
  PROXMOX_API_TIMEOUT: {
    flag: "proxmox-api-timeout",
    default: "30",
    allowed: "seconds, from 1 to 3600",
    help:
      "How long an answer may take; Proxmox VE refuses a token after 3 s, which less would hide",
  },
  nodes: {
    flag: "nodes",
    // NODES is what schedulers call the number of theirs.
    variable: "PROXMOX_NODES",
    default: "*",
    allowed: 'node names such as "pve1,pve2", or "*" alone for all',
    help: "Scope: the nodes to capture, with their guests",
    recorded: true,
  },
  LXC_LIVE_ADDRESSES: {
    flag: "lxc-live-addresses",
    default: "false",
    allowed: SWITCH,
    help:
      "Ask running containers whose config leaves an address open for their addresses (Proxmox VE ≥ 8.1)",
    recorded: true,
    extension: true,
  },
  PROXMOX_CONCURRENCY: {
    flag: "proxmox-concurrency",
    default: "8",
    allowed: "a whole number from 1 to 64",
    help: "Calls under way at once, and as many again to guest agents",
    extension: true,
  },
  PROXMOX_NODE_CONCURRENCY: {
    flag: "proxmox-node-concurrency",
    default: "4",
    allowed: "a whole number from 1 to 16",
    help: "Of these, to one node",
    extension: true,
  },
  PROXMOX_AGENT_CONCURRENCY: {
    flag: "proxmox-agent-concurrency",
    default: "2",
    allowed: "1 or 2",
    help: "Calls to guest agents of one node: a dead agent holds one of its three workers for 3 s",
    extension: true,
  },
  CLUSTER_NAME: {
    flag: "cluster-name",
    allowed: "any text",
    help: "Kept for transform",
    recorded: true,
  },
  SITE_NAME: {
    flag: "site-name",
    allowed: "any text",
    help: "Kept for transform",
    recorded: true,
  },
  NODE_SITE_MAP: {
    flag: "node-site-map",
    allowed: 'pairs such as "pve1:London,pve2:Amsterdam"',
    help: "Kept for transform",
    recorded: true,
  },
} as const satisfies SettingTable;

export type CaptureSettingName = keyof typeof CAPTURE_SETTINGS;

/** Setting → text, as a flag, the environment or a policy file gave it. */
export type CaptureTexts = TextsOf<typeof CAPTURE_SETTINGS>;

/** The user's choices: texts in, one checked value out. */

export interface CaptureOptions {
  /** The first is the one that names the host tag. */
  readonly hosts: readonly [ApiHost, ...ApiHost[]];
  readonly token: ApiToken;
  readonly trust: TrustSetting;
  readonly timeoutMs: number;
  readonly limits: LimitOptions;
  /** undefined: all nodes. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly hasLiveAddresses: boolean;
  /** Settings that the manifest keeps for transform. */
  readonly recorded: NonNullable<Manifest["settings"]>;
}

export interface ApiHost {
  readonly name: string;
  readonly port: number;
}

/** Which certificates are good. */
export type TrustSetting =
  | { readonly kind: "any" | "system" }
  | { readonly kind: "authority"; readonly file: string }
  | { readonly kind: "pinned"; readonly fingerprints: ReadonlySet<string> };

export interface LimitOptions {
  readonly total: number;
  readonly perNode: number;
  readonly agentsPerNode: number;
}

/** @throws AppError "usage" that names the setting, its value unless secret, and what is allowed. */
export function parseCaptureOptions(texts: CaptureTexts): CaptureOptions {
  const { text } = settingReader(CAPTURE_SETTINGS, texts);
  const checked = <Value>(
    name: CaptureSettingName,
    read: (text: string) => Value | undefined,
  ): Value => read(text(name) ?? "") ?? refuse(name, text(name));
  const port = checked("PROXMOX_PORT", whole(1, 65_535));
  const [first, ...others] = checked("PROXMOX_HOST", parseHosts);
  return {
    hosts: [{ port, ...first }, ...others.map((host) => ({ port, ...host }))],
    token: tokenOf(text),
    trust: trustOf(text),
    timeoutMs: checked("PROXMOX_API_TIMEOUT", whole(1, 3600)) * 1000,
    limits: {
      total: checked("PROXMOX_CONCURRENCY", whole(1, 64)),
      perNode: checked("PROXMOX_NODE_CONCURRENCY", whole(1, 16)),
      agentsPerNode: checked("PROXMOX_AGENT_CONCURRENCY", whole(1, 2)),
    },
    nodes: scopeOf(text("nodes") ?? ""),
    hasLiveAddresses: checked("LXC_LIVE_ADDRESSES", switchOf),
    recorded: recordedOf(texts),
  };
}

/** BOOTSTRAP, which needs no other setting. @throws AppError "usage". */
export function isBootstrap({ BOOTSTRAP }: CaptureTexts): boolean {
  return switchOf(BOOTSTRAP?.trim() || "false") ?? refuse("BOOTSTRAP", BOOTSTRAP);
}

type TextOf = (name: CaptureSettingName) => string | undefined;

/** TABLE: what is wrong with a token → the setting to mend, and how. */
const TOKEN_FAULTS: Readonly<Record<TokenFault, readonly [CaptureSettingName, string]>> = {
  "user": ["PROXMOX_USER", "is no user and realm"],
  "name": ["PROXMOX_TOKEN_NAME", "is no name of an API token"],
  "no-name": ["PROXMOX_TOKEN_NAME", "is not set"],
  "secret": ["PROXMOX_TOKEN_VALUE", "holds characters that no secret has"],
  "no-secret": ["PROXMOX_TOKEN_VALUE", "is not set"],
  "whole": ["PROXMOX_TOKEN", "is no token"],
};

function tokenOf(text: TextOf): ApiToken {
  const found = parseApiToken({
    user: text("PROXMOX_USER") ?? "",
    name: text("PROXMOX_TOKEN_NAME"),
    secret: text("PROXMOX_TOKEN_VALUE"),
    whole: text("PROXMOX_TOKEN"),
  });
  if (found instanceof ApiToken) return found;
  const [name, why] = TOKEN_FAULTS[found];
  const row: SettingRow = CAPTURE_SETTINGS[name];
  // The value may be a secret that was put into the wrong setting.
  throw usageError(`Setting ${name} ${why}`, {
    hint: `Allowed: ${row.allowed}${
      row.secret ? `; from the environment or from the file that --${row.flag} names` : ""
    }`,
  });
}

/** The narrowest that was asked for: certificates, then an authority, then the system's. */
function trustOf(text: TextOf): TrustSetting {
  const pins = text("PROXMOX_FINGERPRINT");
  const file = text("PROXMOX_CA_FILE");
  const verify = switchOf(text("PROXMOX_SSL_VERIFY") ?? "");
  if (verify === undefined) refuse("PROXMOX_SSL_VERIFY", text("PROXMOX_SSL_VERIFY"));
  if (pins !== undefined) return { kind: "pinned", fingerprints: fingerprintsOf(pins) };
  if (file !== undefined) return { kind: "authority", file };
  return { kind: verify ? "system" : "any" };
}

/** "5f:40:…", "sha256:5F40…" → "5F:40:…" */
function fingerprintsOf(value: string): ReadonlySet<string> {
  const found = value.split(/[,;\s]+/).filter((part) => part !== "").map((part) => {
    const hex = part.replace(/^sha-?256[:=]/i, "").replaceAll(":", "").toUpperCase();
    const isDigest = /^[0-9A-F]{64}$/.test(hex);
    return isDigest ? hex.match(/../g)!.join(":") : refuse("PROXMOX_FINGERPRINT", value);
  });
  return new Set(found);
}

function scopeOf(value: string): ReadonlySet<string> | undefined {
  const fault = scopeFault(value);
  return fault === undefined ? parseScope(value) : refuse("nodes", value, fault);
}

const RECORDED = ["CLUSTER_NAME", "SITE_NAME", "NODE_SITE_MAP", "LXC_LIVE_ADDRESSES"] as const;

function recordedOf(texts: CaptureTexts): CaptureOptions["recorded"] {
  return Object.fromEntries(RECORDED.flatMap((name) => {
    const given = texts[name]?.trim();
    return given ? [[name, given]] : [];
  }));
}

function whole(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  };
}

function refuse(name: CaptureSettingName, value: string | undefined, why?: string): never {
  const row: SettingRow = CAPTURE_SETTINGS[name];
  // Whoever writes a URL may write a password into it.
  const shown = value?.replace(/\/\/[^/]*@/g, "//…@") ?? "";
  const given = shown.trim() === "" ? "is not set" : `is "${shown}"`;
  throw usageError(`Setting ${name} ${given}${why === undefined ? "" : `: ${why}`}`, {
    hint: `Allowed: ${row.allowed}`,
  });
}
