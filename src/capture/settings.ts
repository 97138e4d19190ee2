/** TABLE: the settings of `capture` and `doctor`, one row each. Flags, `--help` and README are printed from it. */
import { type SettingTable, SWITCH, type TextsOf } from "../kernel/setting.ts";

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
    help: "Trust only certificates that the system trusts",
    aliases: ["PVE_VERIFY_SSL", "PROXMOX_VERIFY_SSL"],
  },
  PROXMOX_CA_FILE: {
    flag: "proxmox-ca-file",
    allowed: "a file of certificates (PEM), such as /etc/pve/pve-root-ca.pem of the cluster",
    help: "Trust only certificates that these have signed",
    extension: true,
  },
  PROXMOX_FINGERPRINT: {
    flag: "proxmox-fingerprint",
    allowed: "the SHA-256 of a certificate, 32 bytes in hex, or several: 5F:40:…,A1:B2:…",
    help: "Trust only these certificates, whoever signed them",
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
