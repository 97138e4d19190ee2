/** TABLE: the settings of `capture` and `doctor`, one row each. Flags, `--help` and README are printed from it. */
import {
  between,
  flagOf,
  settingError,
  type SettingReader,
  settingReader,
  type SettingRow,
  type SettingTable,
  SWITCH,
  type TextsOf,
} from "../base/setting.ts";
import type { EndpointSetting } from "../proxmox/endpoints.ts";
import { parseHosts, parseScope } from "../proxmox/host.ts";
import type { Manifest } from "../run-folder/snapshot.ts";
import { ApiToken, parseApiToken, type TokenFault } from "./token.ts";

export const CAPTURE_SETTINGS = {
  BOOTSTRAP: {
    ...SWITCH,
    help: "Do nothing: a bootstrap needs no capture (so that one policy file fits all stages)",
  },
  PROXMOX_HOST: {
    allowed: "a host name or an address, or several: pve1,pve2",
    hint: "host,…",
    read: parseHosts,
    help: "API hosts, in order of preference; the first also names the host tag",
    aliases: ["PVE_HOST", "PROXMOX_URL", "PROXMOX_VE_ENDPOINT", "PM_API_URL"],
  },
  PROXMOX_PORT: {
    default: "8006",
    ...between(1, 65_535, "a port"),
    hint: "port",
    help: "Port of the API",
    aliases: ["PVE_PORT"],
  },
  PROXMOX_USER: {
    default: "root@pam",
    allowed: "a user and a realm, such as netbox@pve",
    help: "Owner of the API token",
    aliases: ["PVE_USER", "PROXMOX_USERNAME"],
  },
  PROXMOX_TOKEN_NAME: {
    allowed: "the name of an API token, such as sync, or the whole of netbox@pve!sync",
    help: "Name of the API token",
    aliases: ["PVE_TOKEN_NAME", "PVE_TOKEN_ID", "PROXMOX_TOKEN_ID", "PM_API_TOKEN_ID"],
  },
  PROXMOX_TOKEN_VALUE: {
    allowed: "the secret that Proxmox VE showed when the token was made",
    help: "Secret of the API token",
    aliases: ["PVE_TOKEN_VALUE", "PVE_TOKEN_SECRET", "PROXMOX_TOKEN_SECRET", "PM_API_TOKEN_SECRET"],
    secret: true,
  },
  PROXMOX_TOKEN: {
    allowed: "user@realm!name=secret",
    help: "User, name and secret in one, instead of the three above",
    aliases: ["PVE_TOKEN", "PVE_API_TOKEN", "PROXMOX_VE_API_TOKEN"],
    secret: true,
    extension: true,
  },
  PROXMOX_SSL_VERIFY: {
    ...SWITCH,
    help: "Accept only certificates that the system trusts",
    aliases: ["PVE_VERIFY_SSL", "PROXMOX_VERIFY_SSL"],
  },
  PROXMOX_CA_FILE: {
    allowed: "a file of certificates (PEM), such as /etc/pve/pve-root-ca.pem of the cluster",
    hint: "file",
    help: "Accept only certificates that these authorities signed",
    extension: true,
  },
  PROXMOX_FINGERPRINT: {
    allowed: "the SHA-256 of a certificate, 32 bytes in hex, or several: 5F:40:…,A1:B2:…",
    read: fingerprintsOf,
    help: "Accept only these certificates, whatever their authority",
    aliases: ["PVE_FINGERPRINT"],
    extension: true,
  },
  PROXMOX_API_TIMEOUT: {
    default: "30",
    ...between(1, 3600, "seconds, from 1 to 3600"),
    help:
      "Time limit for one answer, in seconds; use more than 3: Proxmox VE waits 3 s before it rejects a token",
  },
  nodes: {
    // NODES is a variable of batch schedulers.
    variable: "PROXMOX_NODES",
    default: "*",
    allowed: 'node names such as "pve1,pve2", or "*" alone for all',
    hint: "node,…",
    read: parseScope,
    help: "Nodes to capture, with their guests",
  },
  LXC_LIVE_ADDRESSES: {
    ...SWITCH,
    help: "Also read addresses from running containers (Proxmox VE ≥ 8.1)",
    recorded: true,
    extension: true,
  },
  NETWORK_DEPTH: {
    default: "mapped",
    allowed: ["mapped", "full"],
    help: "full also reads zones, VNets and subnets of SDN",
    recorded: true,
    extension: true,
  },
  AGENT_HOST_NAMES: {
    ...SWITCH,
    help: "Also ask guest agents for the host name",
    recorded: true,
    extension: true,
  },
  PROXMOX_CONCURRENCY: {
    default: "8",
    ...between(1, 64),
    help: "Parallel requests, and as many again to guest agents",
    extension: true,
  },
  PROXMOX_NODE_CONCURRENCY: {
    default: "4",
    ...between(1, 16),
    help: "Parallel requests to one node, of PROXMOX_CONCURRENCY",
    extension: true,
  },
  PROXMOX_AGENT_CONCURRENCY: {
    default: "2",
    ...between(1, 2, "1 or 2"),
    help:
      "Parallel requests to guest agents of one node: an agent that does not answer blocks one of three workers of the node for 3 s",
    extension: true,
  },
  CLUSTER_NAME: {
    allowed: "any text",
    help: "Name of the cluster in NetBox; stored for transform",
    recorded: true,
  },
  SITE_NAME: {
    allowed: "any text",
    help: "NetBox site of the nodes; stored for transform",
    recorded: true,
  },
  NODE_SITE_MAP: {
    allowed: 'pairs such as "pve1:London,pve2:Amsterdam"',
    hint: "node:site,…",
    help: "NetBox site of single nodes; stored for transform",
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
  /** Settings that are on, of those without which an endpoint is not asked. */
  readonly extensions: ReadonlySet<EndpointSetting>;
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
  const { value } = settings;
  const port = value("PROXMOX_PORT");
  const [first, ...others] = value("PROXMOX_HOST");
  return {
    hosts: [{ port, ...first }, ...others.map((host) => ({ port, ...host }))],
    token: tokenOf(settings),
    trust: trustOf(settings),
    timeoutMs: value("PROXMOX_API_TIMEOUT") * 1000,
    limits: {
      total: value("PROXMOX_CONCURRENCY"),
      perNode: value("PROXMOX_NODE_CONCURRENCY"),
      agentsPerNode: value("PROXMOX_AGENT_CONCURRENCY"),
    },
    nodes: value("nodes").names,
    hasLiveAddresses: value("LXC_LIVE_ADDRESSES"),
    extensions: extensionsOf(settings),
    recorded: recordedOf(texts),
  };
}

/** Reads BOOTSTRAP, which needs no other setting. @throws AppError "usage". */
export function isBootstrap(texts: CaptureTexts): boolean {
  return settingReader(CAPTURE_SETTINGS, texts).value("BOOTSTRAP");
}

type Settings = SettingReader<typeof CAPTURE_SETTINGS>;

function extensionsOf({ value }: Settings): ReadonlySet<EndpointSetting> {
  return new Set<EndpointSetting>([
    ...(value("NETWORK_DEPTH") === "full" ? ["NETWORK_DEPTH"] as const : []),
    ...(value("AGENT_HOST_NAMES") ? ["AGENT_HOST_NAMES"] as const : []),
  ]);
}

/** TABLE: what is wrong with a token → the setting to correct. */
const TOKEN_FAULTS: Readonly<Record<TokenFault, CaptureSettingName>> = {
  "user": "PROXMOX_USER",
  "name": "PROXMOX_TOKEN_NAME",
  "no-name": "PROXMOX_TOKEN_NAME",
  "secret": "PROXMOX_TOKEN_VALUE",
  "no-secret": "PROXMOX_TOKEN_VALUE",
  "whole": "PROXMOX_TOKEN",
};

function tokenOf({ optional }: Settings): ApiToken {
  const found = parseApiToken({
    user: optional("PROXMOX_USER") ?? "",
    name: optional("PROXMOX_TOKEN_NAME"),
    secret: optional("PROXMOX_TOKEN_VALUE"),
    whole: optional("PROXMOX_TOKEN"),
  });
  if (found instanceof ApiToken) return found;
  const name = TOKEN_FAULTS[found];
  const row: SettingRow = CAPTURE_SETTINGS[name];
  // The value is not shown: it may be a secret that was put into the wrong setting.
  const hidden: SettingRow = { ...row, flag: flagOf(name, row), secret: true };
  throw settingError(name, hidden, {
    value: found.startsWith("no-") ? undefined : optional(name) as string,
  });
}

/** The narrowest that was asked for: certificates, then an authority, then the system's. */
function trustOf({ value, optional }: Settings): TrustSetting {
  const file = optional("PROXMOX_CA_FILE");
  const isVerified = value("PROXMOX_SSL_VERIFY");
  const fingerprints = optional("PROXMOX_FINGERPRINT");
  if (fingerprints !== undefined) return { kind: "pinned", fingerprints };
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

function recordedOf(texts: CaptureTexts): CaptureOptions["recorded"] {
  const rows = Object.entries<SettingRow>(CAPTURE_SETTINGS);
  return Object.fromEntries(rows.flatMap(([name, { recorded }]) => {
    const given = texts[name as CaptureSettingName]?.trim();
    return recorded && given ? [[name, given]] : [];
  }));
}
