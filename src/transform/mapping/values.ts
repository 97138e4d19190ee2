/** TABLES: values of Proxmox VE, such as status and OS type, and those of NetBox. Source: the mapping document, "Field Mapping Details". */
import type { InterfaceType } from "../../netbox/types/interface.ts";

/** Status of a VM or container; any other is "staged". */
export const GUEST_STATUS = { running: "active", stopped: "offline" } as const;
export const OTHER_GUEST_STATUS = "staged";

/** Status of a node; any other is "offline". */
export const NODE_STATUS = { online: "active" } as const;
export const OTHER_NODE_STATUS = "offline";

/** Type of a node interface; any other is "other". */
export const INTERFACE_TYPES = {
  bridge: "bridge",
  bond: "lag",
  vlan: "virtual",
  alias: "virtual",
  OVSBridge: "bridge",
  OVSBond: "lag",
  OVSPort: "virtual",
  OVSIntPort: "virtual",
} as const;
export const OTHER_INTERFACE_TYPE = "other";

/** Platform of a guest by its ostype; null: none. An unknown one is written in title case. */
export const OSTYPES = {
  l24: "Linux",
  l26: "Linux",
  w2k: "Windows 2000",
  w2k3: "Windows Server 2003",
  w2k8: "Windows Server 2008",
  wvista: "Windows Vista",
  win7: "Windows 7",
  win8: "Windows 8/2012",
  win10: "Windows 10/2016/2019",
  win11: "Windows 11/2022",
  solaris: "Solaris",
  debian: "Debian",
  ubuntu: "Ubuntu",
  centos: "CentOS",
  fedora: "Fedora",
  opensuse: "openSUSE",
  archlinux: "Arch Linux",
  alpine: "Alpine Linux",
  gentoo: "Gentoo",
  nixos: "NixOS",
  unmanaged: null,
  other: null,
} as const;

export function guestStatus(status: string): "active" | "offline" | "staged" {
  return lookUp(GUEST_STATUS, status) ?? OTHER_GUEST_STATUS;
}

export function nodeStatus(status: string): "active" | "offline" {
  return lookUp(NODE_STATUS, status) ?? OTHER_NODE_STATUS;
}

export function interfaceType(type: string): InterfaceType {
  return lookUp(INTERFACE_TYPES, type) ?? OTHER_INTERFACE_TYPE;
}

/** "l26" → "Linux"; "devuan" → "Devuan"; "other" → null. */
export function ostypePlatform(ostype: string): string | null {
  const known = lookUp(OSTYPES, ostype);
  return known === undefined ? titleCase(ostype) : known;
}

/** "running → active, stopped → offline, any other → staged" */
export function valuesText(table: Readonly<Record<string, string>>, other: string): string {
  return [...Object.entries(table), ["any other", other]].map((pair) => pair.join(" → ")).join(
    ", ",
  );
}

function titleCase(text: string): string {
  return text.toLowerCase().replace(
    /(^|[^a-z])([a-z])/g,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

/** Own keys only: "constructor" is no status. */
export function lookUp<Value>(
  table: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
