/** TABLE: the endpoints that are known, and what Proxmox checks before it answers them. */
import type { GuestKind } from "../../proxmox/endpoints.ts";
import type { Dialect } from "./dialect.ts";
import {
  aclRows,
  clusterRows,
  guestRows,
  interfaceRows,
  nodeRows,
  permissionListing,
  type View,
} from "./views.ts";

export interface Endpoint {
  /** Braces stand for what varies. */
  readonly path: string;
  /** Query parameters that it takes, and their values. */
  readonly query?: Readonly<Record<string, readonly string[]>>;
  /** Any of these privileges, on that path of the access control list; absent: just a token. */
  readonly needs?: {
    readonly anyOf: (dialect: Dialect) => readonly string[];
    readonly on: string;
  };
  /** False: this release does not have it. */
  readonly isIn?: (dialect: Dialect) => boolean;
  /** Runs in one of the node's few workers, which it blocks. */
  readonly isBlocking?: true;
  /** What becomes of the recorded data when the cluster is disturbed. */
  readonly view?: View;
}

/** Source: PVE/API2/*.pm of pve-manager, qemu-server and pve-container. */
export const ENDPOINTS = {
  version: { path: "/version" },
  permissions: { path: "/access/permissions", view: permissionListing },
  acl: { path: "/access/acl", view: aclRows },
  clusterStatus: {
    path: "/cluster/status",
    needs: { anyOf: () => ["Sys.Audit"], on: "/" },
    view: clusterRows,
  },
  resources: { path: "/cluster/resources", query: { type: ["vm"] }, view: guestRows },
  nodes: { path: "/nodes", view: nodeRows },
  nodeStatus: {
    path: "/nodes/{node}/status",
    needs: { anyOf: () => ["Sys.Audit"], on: "/nodes/{node}" },
  },
  network: { path: "/nodes/{node}/network", view: interfaceRows },
  config: {
    path: "/nodes/{node}/{kind}/{vmid}/config",
    query: { current: ["0", "1"] },
    needs: { anyOf: () => ["VM.Audit"], on: "/vms/{vmid}" },
  },
  agent: {
    path: "/nodes/{node}/qemu/{vmid}/agent/{command}",
    needs: { anyOf: (dialect) => dialect.agentPrivileges, on: "/vms/{vmid}" },
    isBlocking: true,
  },
  lxcInterfaces: {
    path: "/nodes/{node}/lxc/{vmid}/interfaces",
    needs: { anyOf: () => ["VM.Audit"], on: "/vms/{vmid}" },
    isIn: (dialect) => dialect.hasLxcInterfaces,
    isBlocking: true,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof ENDPOINTS;

/** The parts of a path that vary. */
export interface Variables {
  readonly node?: string;
  readonly kind?: GuestKind;
  readonly vmid?: number;
}

export interface Found {
  readonly endpoint: EndpointName | undefined;
  readonly variables: Variables;
}

const VARIABLES: Readonly<Record<string, string>> = {
  "{node}": "(?<node>[^/]+)",
  "{kind}": "(?<kind>qemu|lxc)",
  "{vmid}": "(?<vmid>[1-9]\\d{2,8})",
  "{command}": "[a-z-]+",
  "/qemu/": "/(?<kind>qemu)/",
  "/lxc/": "/(?<kind>lxc)/",
};

const PATTERNS = Object.entries(ENDPOINTS).map(([name, { path }]) => {
  const pattern = path.replace(/\{\w+\}|\/(?:qemu|lxc)\//g, (part) => VARIABLES[part] ?? part);
  return { endpoint: name as EndpointName, pattern: new RegExp(`^${pattern}$`) };
});

/** Of an unknown endpoint, still the node. */
const NODE_REGEXP = /^\/nodes\/(?<node>[^/]+)(?:\/|$)/;

/** "/nodes/pve1/status" → its row and { node: "pve1" } */
export function findEndpoint(path: string): Found {
  for (const { endpoint, pattern } of PATTERNS) {
    const match = pattern.exec(path);
    if (match !== null) return { endpoint, variables: variablesOf(match.groups) };
  }
  return { endpoint: undefined, variables: variablesOf(NODE_REGEXP.exec(path)?.groups) };
}

function variablesOf({ node, kind, vmid }: Readonly<Record<string, string>> = {}): Variables {
  return {
    ...(node === undefined ? {} : { node }),
    ...(kind === undefined ? {} : { kind: kind as GuestKind }),
    ...(vmid === undefined ? {} : { vmid: Number(vmid) }),
  };
}
