/** A site and the rows of its guests → the answers of the cluster-wide paths. */
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer } from "../../run-folder/snapshot.ts";
import { managementAddress } from "./node-network.ts";
import { nodeRow } from "./node-status.ts";
import type { Site } from "./site.ts";

/** What PVEAuditor on "/" gives since PVE 9, and what it takes on 8 beside it. */
const PRIVILEGES = [
  "Datastore.Audit",
  "Mapping.Audit",
  "Pool.Audit",
  "SDN.Audit",
  "Sys.Audit",
  "VM.Audit",
] as const;
const AGENT_PRIVILEGE = { 8: "VM.Monitor", 9: "VM.GuestAgent.Audit" } as const;

export function clusterAnswers(
  site: Site,
  resources: readonly Record<string, unknown>[],
): Map<string, Answer> {
  return new Map<string, Answer>([
    [PATHS.version, answer(versionOf(site))],
    [PATHS.permissions, answer(permissionsOf(site))],
    [PATHS.acl, answer(aclOf(site))],
    [PATHS.clusterStatus, answer(statusRows(site))],
    [PATHS.resources, answer(resources)],
    [PATHS.nodes, answer(site.nodes.map((node) => nodeRow(site, node)))],
  ]);
}

/** The release of the node that answers: the first one. */
export function versionOf(site: Site): { version: string; release: string; repoid: string } {
  const { version = "", repoid = "" } = site.nodes[0]?.release ?? {};
  return { version, release: version.split(".").slice(0, 2).join("."), repoid };
}

function answer(data: unknown): Answer {
  return { status: 200, data };
}

/** Source: PVE/API2/AccessControl.pm, permissions: 1 means "and all below". */
function permissionsOf(site: Site): Record<string, Record<string, number>> {
  const agent = AGENT_PRIVILEGE[majorOf(site)];
  const rights = Object.fromEntries([...PRIVILEGES, agent].map((privilege) => [privilege, 1]));
  const paths = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
  return Object.fromEntries(paths.map((path) => [path, rights]));
}

/** The roles that README gives the user and the token. Source: PVE/API2/ACL.pm, read_acl. */
function aclOf(site: Site): Record<string, unknown>[] {
  const roles = ["PVEAuditor", ...(majorOf(site) === 8 ? ["GuestAgentMonitor"] : [])];
  const who = [["user", "netbox@pve"], ["token", "netbox@pve!sync"]];
  return who.flatMap(([type, ugid]) =>
    roles.map((roleid) => ({ path: "/", propagate: 1, roleid, type, ugid }))
  );
}

function majorOf(site: Site): 8 | 9 {
  return site.nodes[0]?.release.major === 8 ? 8 : 9;
}

/** A node that stands alone has no row for the cluster. Source: PVE/API2/Cluster.pm, get_status. */
function statusRows(site: Site): Record<string, unknown>[] {
  const nodes = site.nodes.map((node) => ({
    id: `node/${node.name}`,
    ip: managementAddress(site, node),
    level: "",
    local: node.number === 1 ? 1 : 0,
    name: node.name,
    nodeid: site.clusterName === undefined ? 0 : node.number,
    online: node.online ? 1 : 0,
    type: "node",
  }));
  if (site.clusterName === undefined) return nodes;
  const cluster = {
    id: "cluster",
    name: site.clusterName,
    nodes: site.nodes.length,
    quorate: 1,
    type: "cluster",
    version: site.nodes.length + 1,
  };
  return [cluster, ...nodes];
}
