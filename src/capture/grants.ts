/** Privileges that are missing → the commands, for a shell on any node, that grant them. */
import type { Token } from "./token.ts";

/** A privilege, and the path of the access control list that a role shall stand on to give it. */
export interface Lack {
  readonly privilege: string;
  readonly path: string;
}

/** A privilege that PVEAuditor does not hold, and the role that is made for it. */
const MONITOR = "VM.Monitor";
const MONITOR_ROLE = "GuestAgentMonitor";

/**
 * Both the user and the token need a role: a token may do what both may. Source: proxmox.md §2.1.
 *
 * A role is given on "/" where that is enough: a role on a deeper path does not add to what is handed down to it, it
 * replaces it, so that VM.Monitor on /vms would cost VM.Audit there. Source: pve-access-control,
 * PVE/AccessControl.pm, roles.
 */
export function grantsFor(lacks: readonly Lack[], token: Token): string[] {
  const [monitor, others] = [true, false].map((isMonitor) =>
    new Set(
      lacks.filter(({ privilege }) => (privilege === MONITOR) === isMonitor)
        .map(({ path }) => path),
    )
  ) as [Set<string>, Set<string>];
  return [
    ...[...others].map((path) => grant("PVEAuditor", path, token)),
    ...(monitor.size > 0 ? [`pveum role add ${MONITOR_ROLE} --privs ${MONITOR}`] : []),
    ...[...monitor].map((path) => grant(MONITOR_ROLE, path, token)),
  ];
}

function grant(role: string, path: string, { user, id }: Token): string {
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
