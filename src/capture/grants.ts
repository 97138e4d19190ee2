/** Privileges that are missing → the commands, for a shell on any node, that grant them. */
import type { Token } from "./token.ts";

/** A privilege that PVEAuditor does not hold, and the role that is made for it. */
const MONITOR = "VM.Monitor";
const MONITOR_ROLE = "GuestAgentMonitor";

/** Both the user and the token need a role: a token may do what both may. Source: proxmox.md §2.1. */
export function grantsFor(privileges: Iterable<string>, token: Token): string[] {
  const missing = new Set(privileges);
  const isMonitor = missing.delete(MONITOR);
  return [
    ...(missing.size > 0 ? [grant("/", "PVEAuditor", token)] : []),
    ...(isMonitor
      ? [
        `pveum role add ${MONITOR_ROLE} --privs ${MONITOR}`,
        grant("/vms", MONITOR_ROLE, token),
      ]
      : []),
  ];
}

function grant(path: string, role: string, { user, id }: Token): string {
  const users = user === "root@pam" ? "" : ` --users ${quoted(user)}`;
  return `pveum acl modify ${path} --roles ${role}${users} --tokens ${quoted(id)}`;
}

/** For a shell, to which "!" is not always a letter. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** "Permission check failed (/vms/101, VM.Audit|VM.Monitor)" → the privileges. */
export function privilegesIn(error: string): string[] {
  const named = /\(\/[^,()]*, ([A-Za-z.|]+)\)/.exec(error)?.[1];
  return named === undefined ? [] : named.split("|");
}
