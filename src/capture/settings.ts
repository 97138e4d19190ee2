/** TABLE: the settings of `capture` and `doctor`, one row each. Flags, `--help` and README are printed from it. */
import {
  settingError,
  type SettingReader,
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
    help: "Make no API call: static entities need no capture",
  },
  PROXMOX_HOST: {
    flag: "proxmox-host",
    allowed: "a host name or an address, or several: pve1,pve2",
    help: "API hosts, in order of preference; the first also names the host tag",
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
    allowed: "a user and a realm, such as netbox@pve",
    help: "Owner of the API token",
    aliases: ["PVE_USER", "PROXMOX_USERNAME"],
  },
  PROXMOX_TOKEN_NAME: {
    flag: "proxmox-token-name",
    allowed: "the name of an API token, such as sync, or the whole of netbox@pve!sync",
    help: "Name of the API token",
    aliases: ["PVE_TOKEN_NAME", "PVE_TOKEN_ID", "PROXMOX_TOKEN_ID", "PM_API_TOKEN_ID"],
  },
  PROXMOX_TOKEN_VALUE: {
    flag: "proxmox-token-value-file",
    allowed: "the secret that Proxmox VE showed when the token was made",
    help: "Secret of the API token",
    aliases: ["PVE_TOKEN_VALUE", "PVE_TOKEN_SECRET", "PROXMOX_TOKEN_SECRET", "PM_API_TOKEN_SECRET"],
    secret: true,
  },
  PROXMOX_TOKEN: {
    flag: "proxmox-token-file",
    allowed: "user@realm!name=secret",
    help: "User, name and secret in one, instead of the three above",
    aliases: ["PVE_TOKEN", "PVE_API_TOKEN", "PROXMOX_VE_API_TOKEN"],
    secret: true,
    extension: true,
  },
  PROXMOX_SSL_VERIFY: {
    flag: "proxmox-ssl-verify",
    default: "false",
    allowed: SWITCH,
    help: "Accept only certificates that the system trusts",
    aliases: ["PVE_VERIFY_SSL", "PROXMOX_VERIFY_SSL"],
  },
  PROXMOX_CA_FILE: {
    flag: "proxmox-ca-file",
    allowed: "a file of certificates (PEM), such as /etc/pve/pve-root-ca.pem of the cluster",
    help: "Accept only certificates that these authorities signed",
    extension: true,
  },
  PROXMOX_FINGERPRINT: {
    flag: "proxmox-fingerprint",
    allowed: "the SHA-256 of a certificate, 32 bytes in hex, or several: 5F:40:…,A1:B2:…",
    help: "Accept only these certificates, whatever their authority",
    aliases: ["PVE_FINGERPRINT"],
    extension: true,
  },
  PROXMOX_API_TIMEOUT: {
    flag: "proxmox-api-timeout",
    default: "30",
    allowed: "seconds, from 1 to 3600",
    help:
      "Time limit for an answer; Proxmox VE takes 3 s to refuse a token, which a shorter limit would hide",
  },
  nodes: {
    flag: "nodes",
    // NODES is a variable of batch schedulers.
    variable: "PROXMOX_NODES",
    default: "*",
    allowed: 'node names such as "pve1,pve2", or "*" alone for all',
    help: "Nodes to capture, with their guests",
    recorded: true,
  },
  LXC_LIVE_ADDRESSES: {
    flag: "lxc-live-addresses",
    default: "false",
    allowed: SWITCH,
    help: "Ask running containers for addresses that their config leaves open (Proxmox VE ≥ 8.1)",
    recorded: true,
    extension: true,
  },
  PROXMOX_CONCURRENCY: {
    flag: "proxmox-concurrency",
    default: "8",
    allowed: "a whole number from 1 to 64",
    help: "Parallel calls, and as many again to guest agents",
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
    help:
      "Parallel calls to guest agents of one node: a dead agent blocks one of its three workers for 3 s",
    extension: true,
  },
  CLUSTER_NAME: {
    flag: "cluster-name",
    allowed: "any text",
    help: "Recorded for transform",
    recorded: true,
  },
  SITE_NAME: {
    flag: "site-name",
    allowed: "any text",
    help: "Recorded for transform",
    recorded: true,
  },
  NODE_SITE_MAP: {
    flag: "node-site-map",
    allowed: 'pairs such as "pve1:London,pve2:Amsterdam"',
    help: "Recorded for transform",
    recorded: true,
  },
} as const satisfies SettingTable;

export type CaptureSettingName = keyof typeof CAPTURE_SETTINGS;

/** Setting → text from a flag, the environment or a policy file. */
export type CaptureTexts = TextsOf<typeof CAPTURE_SETTINGS>;

export interface CaptureOptions {
  /** The first names the host tag. */
  readonly hosts: readonly [ApiHost, ...ApiHost[]];
  readonly token: ApiToken;
  readonly trust: TrustSetting;
  readonly timeoutMs: number;
  readonly limits: LimitOptions;
  /** undefined: all nodes. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly hasLiveAddresses: boolean;
  /** Settings that the manifest records for transform. */
  readonly recorded: NonNullable<Manifest["settings"]>;
}

export interface ApiHost {
  readonly name: string;
  readonly port: number;
}

/** Which certificates are accepted. */
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
  const settings = settingReader(CAPTURE_SETTINGS, texts);
  const { checked, whole } = settings;
  const port = whole("PROXMOX_PORT", 1, 65_535);
  const [first, ...others] = checked("PROXMOX_HOST", parseHosts);
  return {
    hosts: [{ port, ...first }, ...others.map((host) => ({ port, ...host }))],
    token: tokenOf(settings),
    trust: trustOf(settings),
    timeoutMs: whole("PROXMOX_API_TIMEOUT", 1, 3600) * 1000,
    limits: {
      total: whole("PROXMOX_CONCURRENCY", 1, 64),
      perNode: whole("PROXMOX_NODE_CONCURRENCY", 1, 16),
      agentsPerNode: whole("PROXMOX_AGENT_CONCURRENCY", 1, 2),
    },
    nodes: parseScope(checked("nodes", scopeText)),
    hasLiveAddresses: checked("LXC_LIVE_ADDRESSES", switchOf),
    recorded: recordedOf(texts),
  };
}

function scopeText(text: string): string | undefined {
  return scopeFault(text) === undefined ? text : undefined;
}

/** Reads BOOTSTRAP, which needs no other setting. @throws AppError "usage". */
export function isBootstrap(texts: CaptureTexts): boolean {
  return settingReader(CAPTURE_SETTINGS, texts).checked("BOOTSTRAP", switchOf);
}

type Settings = SettingReader<typeof CAPTURE_SETTINGS>;

/** TABLE: what is wrong with a token → the setting to correct. */
const TOKEN_FAULTS: Readonly<Record<TokenFault, CaptureSettingName>> = {
  "user": "PROXMOX_USER",
  "name": "PROXMOX_TOKEN_NAME",
  "no-name": "PROXMOX_TOKEN_NAME",
  "secret": "PROXMOX_TOKEN_VALUE",
  "no-secret": "PROXMOX_TOKEN_VALUE",
  "whole": "PROXMOX_TOKEN",
};

function tokenOf({ text }: Settings): ApiToken {
  const found = parseApiToken({
    user: text("PROXMOX_USER") ?? "",
    name: text("PROXMOX_TOKEN_NAME"),
    secret: text("PROXMOX_TOKEN_VALUE"),
    whole: text("PROXMOX_TOKEN"),
  });
  if (found instanceof ApiToken) return found;
  const name = TOKEN_FAULTS[found];
  // The value is not shown: it may be a secret that was put into the wrong setting.
  const row: SettingRow = { ...CAPTURE_SETTINGS[name], secret: true };
  throw settingError(name, row, { value: found.startsWith("no-") ? undefined : text(name) });
}

/** The narrowest that was asked for: certificates, then an authority, then the system's. */
function trustOf({ text, checked }: Settings): TrustSetting {
  const file = text("PROXMOX_CA_FILE");
  const isVerified = checked("PROXMOX_SSL_VERIFY", switchOf);
  if (text("PROXMOX_FINGERPRINT") !== undefined) {
    return { kind: "pinned", fingerprints: checked("PROXMOX_FINGERPRINT", fingerprintsOf) };
  }
  if (file !== undefined) return { kind: "authority", file };
  return { kind: isVerified ? "system" : "any" };
}

/** "5f:40:…", "sha256:5F40…" → "5F:40:…"; undefined when one of them is not a SHA-256. */
function fingerprintsOf(value: string): ReadonlySet<string> | undefined {
  const found = value.split(/[,;\s]+/).filter((part) => part !== "").map((part) => {
    const hex = part.replace(/^sha-?256[:=]/i, "").replaceAll(":", "").toUpperCase();
    return /^[0-9A-F]{64}$/.test(hex) ? hex.match(/../g)!.join(":") : undefined;
  });
  const good = found.filter((each) => each !== undefined);
  return good.length === found.length ? new Set(good) : undefined;
}

const RECORDED = ["CLUSTER_NAME", "SITE_NAME", "NODE_SITE_MAP", "LXC_LIVE_ADDRESSES"] as const;

function recordedOf(texts: CaptureTexts): CaptureOptions["recorded"] {
  return Object.fromEntries(RECORDED.flatMap((name) => {
    const given = texts[name]?.trim();
    return given ? [[name, given]] : [];
  }));
}
