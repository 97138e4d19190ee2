/** TABLE: what capture asks, one row a question, and the privilege that each answer needs. */
import { CLUSTER_FILE, type GuestAddress, nodeFile, PATHS } from "../snapshot/paths.ts";

export interface EndpointRow {
  /** For people; braces stand for what varies. */
  readonly shown: string;
  readonly fanOut: "cluster" | "node" | "guest";
  /** Absent: whoever has a token may read it. */
  readonly needs?: Need;
  /** A release that lacks it, or a server that only plays Proxmox VE, is no reason to stop. */
  readonly mayBeMissing?: true;
  /** Goes through the guest agent, which may be dead: has limits of its own. */
  readonly isAgent?: true;
}

export interface Need {
  /** Path in the access control list. */
  readonly on: "/" | "/access" | "/nodes/{node}" | "/vms/{vmid}" | "/sdn/zones/localnetwork";
  /** Any of these, by the major version of Proxmox VE. */
  readonly privileges: (major: number) => readonly string[];
  /** What its lack does: the call is refused, or the answer is shortened and looks complete. */
  readonly without: "denied" | "filtered";
  /** What is then missing, for people. */
  readonly missing: string;
}

const SYS_AUDIT = (): readonly string[] => ["Sys.Audit"];
const VM_AUDIT = (): readonly string[] => ["VM.Audit"];
const AGENT: Need = {
  on: "/vms/{vmid}",
  // VM.Monitor is gone since 9, where PVEAuditor holds the other.
  privileges: (major) =>
    major < 9 ? ["VM.Monitor"] : ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"],
  without: "denied",
  missing: "what guest agents tell: addresses and operating systems",
};

/** Source: PVE/API2/*.pm of pve-manager, qemu-server and pve-container; proxmox.md §2.2. */
export const ENDPOINTS = {
  version: { shown: PATHS.version, fanOut: "cluster", mayBeMissing: true },
  permissions: { shown: PATHS.permissions, fanOut: "cluster", mayBeMissing: true },
  acl: {
    shown: PATHS.acl,
    fanOut: "cluster",
    needs: {
      on: "/access",
      privileges: SYS_AUDIT,
      without: "filtered",
      missing: "whether an entry of the access control list hides guests, nodes or bridges",
    },
  },
  clusterStatus: {
    shown: PATHS.clusterStatus,
    fanOut: "cluster",
    needs: {
      on: "/",
      privileges: SYS_AUDIT,
      without: "denied",
      missing: "the cluster's name and whether it has a quorum",
    },
  },
  nodes: {
    shown: PATHS.nodes,
    fanOut: "cluster",
    needs: {
      on: "/nodes/{node}",
      privileges: SYS_AUDIT,
      without: "filtered",
      missing: "CPUs and memory of nodes",
    },
  },
  resources: {
    shown: PATHS.resources,
    fanOut: "cluster",
    needs: { on: "/vms/{vmid}", privileges: VM_AUDIT, without: "filtered", missing: "guests" },
  },
  nodeStatus: {
    shown: PATHS.nodeStatus("{node}"),
    fanOut: "node",
    needs: {
      on: "/nodes/{node}",
      privileges: SYS_AUDIT,
      without: "denied",
      missing: "versions of nodes",
    },
  },
  network: {
    shown: PATHS.network("{node}"),
    fanOut: "node",
    needs: {
      on: "/sdn/zones/localnetwork",
      // Up to PVE 7 nothing is hidden. Source: PVE/API2/Network.pm, index.
      privileges: (major) => (major < 8 ? [] : ["SDN.Audit", "SDN.Use"]),
      without: "filtered",
      missing: "bridges of nodes",
    },
  },
  config: {
    shown: "/nodes/{node}/{qemu|lxc}/{vmid}/config?current=1",
    fanOut: "guest",
    needs: {
      on: "/vms/{vmid}",
      privileges: VM_AUDIT,
      without: "denied",
      missing: "configs of guests: NICs, disks, operating systems",
    },
  },
  osinfo: {
    shown: "/nodes/{node}/qemu/{vmid}/agent/get-osinfo",
    fanOut: "guest",
    needs: AGENT,
    isAgent: true,
  },
  agentInterfaces: {
    shown: "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
    fanOut: "guest",
    needs: AGENT,
    isAgent: true,
  },
  lxcInterfaces: {
    shown: "/nodes/{node}/lxc/{vmid}/interfaces",
    fanOut: "guest",
    needs: {
      on: "/vms/{vmid}",
      privileges: VM_AUDIT,
      without: "denied",
      missing: "live addresses of containers",
    },
    mayBeMissing: true,
  },
} as const satisfies Readonly<Record<string, EndpointRow>>;

export type EndpointName = keyof typeof ENDPOINTS;

type NamesOf<FanOut extends EndpointRow["fanOut"]> = {
  [Name in EndpointName]: (typeof ENDPOINTS)[Name]["fanOut"] extends FanOut ? Name : never;
}[EndpointName];

/** One call: what is asked, and where its answer is kept. */
export interface Question {
  readonly endpoint: EndpointName;
  readonly path: string;
  /** File of the run folder. */
  readonly file: string;
  readonly node?: string;
}

export function clusterQuestion(endpoint: NamesOf<"cluster">): Question {
  return { endpoint, path: PATHS[endpoint], file: CLUSTER_FILE };
}

/** `node` is a name that `nodeFile` takes. */
export function nodeQuestion(endpoint: NamesOf<"node">, node: string): Question {
  return { endpoint, path: PATHS[endpoint](node), file: nodeFile(node) ?? CLUSTER_FILE, node };
}

export function guestQuestion(endpoint: NamesOf<"guest">, guest: GuestAddress): Question {
  const { node } = guest;
  return { endpoint, path: PATHS[endpoint](guest), file: nodeFile(node) ?? CLUSTER_FILE, node };
}

const PATTERNS = Object.entries(ENDPOINTS).map(([endpoint, { shown }]) => {
  const pattern = shown.replaceAll("?", "\\?").replace("{qemu|lxc}", "(?:qemu|lxc)")
    .replace(/\{\w+\}/g, "[^/]+");
  return { endpoint: endpoint as EndpointName, pattern: new RegExp(`^${pattern}$`) };
});

/** "/nodes/pve1/status" → "nodeStatus" */
export function endpointOf(path: string): EndpointName | undefined {
  return PATTERNS.find(({ pattern }) => pattern.test(path))?.endpoint;
}

/** Any of these is needed for a path. */
export function privilegesFor(path: string, major: number): readonly string[] {
  const endpoint = endpointOf(path);
  const row: EndpointRow | undefined = endpoint && ENDPOINTS[endpoint];
  return row?.needs?.privileges(major) ?? [];
}
