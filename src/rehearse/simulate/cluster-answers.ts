/** A site and the rows of its guests → the answers of the cluster-wide paths. */
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer } from "../../proxmox/answers.ts";
import { createRandom } from "../random.ts";
import type { SimulatedGuest } from "./guest.ts";
import { answered, nodeRow } from "./node-answers.ts";
import { managementAddress } from "./node-network.ts";
import type { Site } from "./site.ts";

/** Privileges of PVEAuditor, and the agent privilege by major version (8 needs a role of its own). */
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
    [PATHS.version, answered(siteVersion(site))],
    [PATHS.permissions, answered(permissionsOf(site))],
    [PATHS.acl, answered(aclOf(site))],
    [PATHS.clusterStatus, answered(statusRows(site))],
    [PATHS.resources, answered(resources)],
    [PATHS.nodes, answered(site.nodes.map((node) => nodeRow(site, node)))],
  ]);
}

/** The release of the first node, which answers. */
export function siteVersion(site: Site): { version: string; release: string; repoid: string } {
  const { version = "", repoid = "" } = site.nodes[0]?.release ?? {};
  return { version, release: version.split(".").slice(0, 2).join("."), repoid };
}

/** 1: the privilege propagates. Source: PVE/API2/AccessControl.pm, permissions. */
function permissionsOf(site: Site): Record<string, Record<string, number>> {
  const agent = AGENT_PRIVILEGE[majorOf(site)];
  const rights = Object.fromEntries([...PRIVILEGES, agent].map((privilege) => [privilege, 1]));
  const paths = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
  return Object.fromEntries(paths.map((path) => [path, rights]));
}

/** The roles that the README of capture recommends. Source: PVE/API2/ACL.pm, read_acl. */
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

/** A standalone node has no cluster row. Source: PVE/API2/Cluster.pm, get_status. */
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

const MIB = 2 ** 20;

/** Source: PVE/API2Tools.pm, extract_vm_stats; memory and disks in bytes, times in seconds. */
export function resourceRow(site: Site, guest: SimulatedGuest): Record<string, unknown> {
  const { vmid, kind } = guest;
  const row = {
    hastate: guest.hastate,
    id: `${kind}/${vmid}`,
    node: guest.node.name,
    pool: guest.pool,
    status: guest.status,
    tags: guest.tags,
    type: kind,
    vmid,
  };
  // The name is part of the telemetry.
  return guest.status === "unknown" ? row : { ...row, ...telemetryOf(site, guest) };
}

function telemetryOf(site: Site, guest: SimulatedGuest): Record<string, unknown> {
  const random = createRandom(site.seed, `row/${guest.number}`);
  const { kind, vmid, node } = guest;
  const isRunning = guest.status !== "stopped";
  const counted = (limit: number): number => isRunning ? random.below(limit) : 0;
  const maxmem = guest.memoryMib * MIB;
  const [bootMib] = guest.disksMib;
  // A running container shows the size of its file system, which is less than that in the config.
  const lost = kind === "lxc" && isRunning ? 273_394_000 : 0;
  const mem = counted(maxmem);
  return {
    cpu: isRunning ? random.fraction() : 0,
    disk: kind === "lxc" ? counted(bootMib * MIB) : 0,
    diskread: counted(2 ** 36),
    diskwrite: counted(2 ** 36),
    maxcpu: cpusOf(guest),
    maxdisk: bootMib * MIB - lost,
    maxmem,
    mem,
    memhost: node.release.major >= 9 ? (kind === "lxc" ? 0 : mem) : undefined,
    name: guest.name ?? (kind === "qemu" ? `VM ${vmid}` : `CT${vmid}`),
    netin: counted(2 ** 36),
    netout: counted(2 ** 36),
    template: guest.isTemplate ? 1 : 0,
    uptime: counted(20_000_000),
  };
}

/** A container without `cores` has its cpulimit (may be a fraction) or all threads of the node. */
function cpusOf(guest: SimulatedGuest): number {
  const { threads } = guest.node.hardware;
  if (guest.kind === "lxc") return guest.cores ?? (Number(guest.cpulimit ?? 0) || threads);
  return Math.min((guest.cores ?? 1) * guest.sockets, threads);
}
