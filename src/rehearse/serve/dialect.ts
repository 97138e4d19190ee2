/** TABLE: how the answers of a Proxmox VE release look, by its version. */

/** major, minor, patch. */
type Version = readonly [number, number, number];

export interface Dialect {
  /** The error text stands in the body too, as `message`. libpve-http-server-perl 5.2.0. */
  readonly hasMessage: boolean;
  /** What the server itself refuses has its text as the body, too. libpve-http-server-perl 5.2.0. */
  readonly hasPlainErrors: boolean;
  /** libpve-http-server-perl 5.1.0. */
  readonly hasDeflate: boolean;
  /** All that is wrong with a token is called the same. pve-manager 8.4.17 and 9.1.5. */
  readonly foldsUnauthorized: boolean;
  /** Bridges want SDN.Audit or SDN.Use. PVE/API2/Network.pm, index. */
  readonly hidesBridges: boolean;
  /** /nodes/{node}/lxc/{vmid}/interfaces. pve-container 5.0.6. */
  readonly hasLxcInterfaces: boolean;
  /** Any of these lets a token ask a guest agent. PVE/API2/Qemu/Agent.pm. */
  readonly agentPrivileges: readonly string[];
}

/** What a snapshot without a version is taken for. */
const NEWEST: Version = [9, 2, 0];

export function dialectOf(version: Version = NEWEST): Dialect {
  const since = (...other: Version): boolean => compare(version, other) >= 0;
  return {
    hasMessage: since(8, 4, 0),
    hasPlainErrors: since(8, 4, 0),
    hasDeflate: since(8, 2, 0),
    foldsUnauthorized: since(9, 1, 5) || (since(8, 4, 17) && !since(9, 0, 0)),
    hidesBridges: since(8, 0, 0),
    hasLxcInterfaces: since(8, 1, 0),
    agentPrivileges: since(9, 0, 0)
      ? ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]
      : ["VM.Monitor"],
  };
}

/** "9.1.4", or "7.4-16" up to PVE 7. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:[.-](\d+))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch ?? 0)];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
