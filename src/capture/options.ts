/** The user's choices: texts in, one checked value out. */
import { usageError } from "../kernel/errors.ts";
import { type SettingRow, switchOf } from "../kernel/setting.ts";
import { settingReader } from "../kernel/setting-reader.ts";
import { parseHosts } from "../snapshot/host.ts";
import type { Manifest } from "../snapshot/schema.ts";
import { parseScope, scopeFault } from "../snapshot/scope.ts";
import { CAPTURE_SETTINGS, type CaptureSettingName, type CaptureTexts } from "./settings.ts";
import { parseToken, Token, type TokenFault } from "./token.ts";

export interface CaptureOptions {
  /** The first is the one that names the host tag. */
  readonly hosts: readonly [Endpoint, ...Endpoint[]];
  readonly token: Token;
  readonly trust: Trust;
  readonly timeoutMs: number;
  readonly limits: LimitOptions;
  /** undefined: all nodes. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly hasLiveAddresses: boolean;
  /** Settings that the manifest keeps for transform. */
  readonly recorded: NonNullable<Manifest["settings"]>;
}

export interface Endpoint {
  readonly name: string;
  readonly port: number;
}

/** Which certificates are good. */
export type Trust =
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

function tokenOf(text: TextOf): Token {
  const found = parseToken({
    user: text("PROXMOX_USER") ?? "",
    name: text("PROXMOX_TOKEN_NAME"),
    secret: text("PROXMOX_TOKEN_VALUE"),
    whole: text("PROXMOX_TOKEN"),
  });
  if (found instanceof Token) return found;
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
function trustOf(text: TextOf): Trust {
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
