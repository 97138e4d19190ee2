/** TABLE: why nobody answered, or why the token is refused → what the user can do about it. */
import { AppError } from "../kernel/errors.ts";
import type { Failure } from "../snapshot/schema.ts";
import type { Endpoint } from "./options.ts";
import type { Token } from "./token.ts";

const REASONS: Readonly<Record<Failure, readonly [reason: string, hint: string]>> = {
  dns: ["its name is not known", "Check PROXMOX_HOST"],
  refused: [
    "the connection was refused",
    "Check PROXMOX_HOST and PROXMOX_PORT; on the node: systemctl status pveproxy",
  ],
  reset: [
    "the connection was closed",
    "A firewall, or ALLOW_FROM and DENY_FROM in /etc/default/pveproxy, may keep this machine out",
  ],
  timeout: [
    "no answer came in time",
    "Check PROXMOX_HOST and the firewalls on the way; PROXMOX_API_TIMEOUT gives it longer",
  ],
  tls: [
    "its certificate is not trusted",
    "Name the cluster's authority with PROXMOX_CA_FILE (/etc/pve/pve-root-ca.pem on a node), or pin " +
    "the certificate with PROXMOX_FINGERPRINT",
  ],
};

/** Nobody answered the first question. `fingerprint` is what the host shows, if that is known. */
export function noAnswer(
  failure: Failure,
  hosts: readonly Endpoint[],
  fingerprint?: string,
): AppError {
  const [reason, hint] = REASONS[failure];
  const names = hosts.map(({ name, port }) => `${name}:${port}`).join(", ");
  const pin = fingerprint === undefined
    ? ""
    : `; it shows ${fingerprint}, which "pvenode cert info" on the node should show too`;
  return new AppError("remote", `Cannot reach Proxmox VE at ${names}: ${reason}`, {
    hint: hint + pin,
  });
}

/** 401: the run stops. Newer releases tell no reason. Source: proxmox.md §1.2. */
export function unauthorized(token: Token, error: string | undefined): AppError {
  const reason = error === undefined ? "" : `: ${error}`;
  return new AppError("remote", `Proxmox VE refuses the API token ${token.id}${reason}`, {
    hint: "Check PROXMOX_USER, PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE; on a node, " +
      `"pveum user token list ${token.user}" shows whether it exists and when it expires`,
  });
}
