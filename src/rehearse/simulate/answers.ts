/** The answers of a site, its nodes and its guests, by path. */
import {
  agentFact,
  type Answer,
  lastingAgentFact,
  type SkipReason,
  skipReasonOf,
} from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { createRandom } from "../random.ts";
import { agentAnswers } from "./guest-agent.ts";
import { lxcConfig, qemuConfig } from "./guest-config.ts";
import type { SimulatedGuest } from "./guest.ts";
import { hostNameAnswer, lockOf, moreNetworkRows, sdnAnswers } from "./networks.ts";
import { managementAddress, networkRows, nodeRow, nodeStatusAnswer } from "./node.ts";
import type { Site, SiteNode } from "./site.ts";

type Row = Record<string, unknown>;

/** The answer of the proxy for a node that it cannot reach. */
const NO_ROUTE: Answer = { status: 595, error: "No route to host" };
/** Capture sends no further requests to an unreachable node. */
const UNREACHABLE: Answer = { skipped: "unreachable" };

export function nodeAnswers(
  site: Site,
  node: SiteNode,
  guests: readonly SimulatedGuest[],
): Map<string, Answer> {
  const answers = new Map<string, Answer>([
    [PATHS.nodeStatus(node.name), node.online ? answered(nodeStatusAnswer(site, node)) : NO_ROUTE],
    [
      PATHS.network(node.name),
      node.online ? answered(moreNetworkRows(site, node, networkRows(site, node))) : UNREACHABLE,
    ],
  ]);
  for (const guest of guests) {
    answers.set(PATHS.config(guest.address), configAnswer(site, guest));
    if (guest.kind !== "qemu") continue;
    const skipped = skipReason(guest);
    const [osinfo, interfaces] = skipped === undefined
      ? agentAnswers(site, guest)
      : [{ skipped }, { skipped }];
    answers.set(PATHS.osinfo(guest.address), osinfo);
    answers.set(PATHS.agentInterfaces(guest.address), interfaces);
    if (!site.hasFullNetworks) continue;
    answers.set(PATHS.agentHostName(guest.address), hostNameOf(guest, osinfo, interfaces));
  }
  return answers;
}

/** As capture asks for it: not of an agent that was silent before. */
function hostNameOf(guest: SimulatedGuest, osinfo: Answer, interfaces: Answer): Answer {
  const skipped = skipReasonOf(interfaces) ?? lastingAgentFact(osinfo) ?? agentFact(interfaces);
  if (skipped !== undefined) return { skipped };
  return guest.agent === "error" ? interfaces : hostNameAnswer(guest.name, guest.vmid);
}

function configAnswer(site: Site, guest: SimulatedGuest): Answer {
  const { node, kind, vmid } = guest.address;
  if (guest.isTemplate && guest.status !== "unknown") return { skipped: "template" };
  switch (guest.config) {
    case "read":
      return answered(kind === "qemu" ? qemuConfig(site, guest) : lxcConfig(site, guest));
    case "unreachable":
      return UNREACHABLE;
    case "denied":
      return { status: 403, error: `Permission check failed (/vms/${vmid}, VM.Audit)` };
    case "moved": {
      const folder = kind === "qemu" ? "qemu-server" : "lxc";
      return {
        status: 500,
        error: `Configuration file 'nodes/${node}/${folder}/${vmid}.conf' does not exist`,
      };
    }
    case "slow":
      return { status: 596, error: "Connection timed out" };
    case "timeout":
      return { failed: "timeout" };
  }
}

/** Capture asks only running guests with an enabled agent: a dead agent blocks a worker for 3 s. */
function skipReason(guest: SimulatedGuest): SkipReason | undefined {
  if (guest.status === "unknown") return "unreachable";
  if (guest.isTemplate) return "template";
  if (guest.status !== "running") return "guest-stopped";
  if (guest.config === "unreachable") return "unreachable";
  if (guest.config !== "read") return "config-not-read";
  return guest.agent === "off" ? "agent-off" : undefined;
}

function answered(data: unknown): Answer {
  return { status: 200, data };
}

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

export function clusterAnswers(site: Site, resources: readonly Row[]): Map<string, Answer> {
  return new Map<string, Answer>([
    [PATHS.version, answered(siteVersion(site))],
    [PATHS.permissions, answered(permissionsOf(site))],
    [PATHS.acl, answered(aclOf(site))],
    [PATHS.clusterStatus, answered(statusRows(site))],
    [PATHS.resources, answered(resources)],
    [PATHS.nodes, answered(site.nodes.map((node) => nodeRow(site, node)))],
    ...sdnAnswers(site),
  ]);
}

/** The release of the first node, which answers. */
export function siteVersion(site: Site): { version: string; release: string; repoid: string } {
  const { version = "", repoid = "" } = site.nodes[0]?.release ?? {};
  return { version, release: version.split(".").slice(0, 2).join("."), repoid };
}

/** 1: the privilege propagates. Source: PVE/API2/AccessControl.pm, permissions. */
function permissionsOf(site: Site): Row {
  const agent = AGENT_PRIVILEGE[majorOf(site)];
  const rights = Object.fromEntries([...PRIVILEGES, agent].map((privilege) => [privilege, 1]));
  const paths = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
  return Object.fromEntries(paths.map((path) => [path, rights]));
}

/** The roles that the README of capture recommends. Source: PVE/API2/ACL.pm, read_acl. */
function aclOf(site: Site): Row[] {
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
function statusRows(site: Site): Row[] {
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
export function resourceRow(site: Site, guest: SimulatedGuest): Row {
  const { vmid, kind } = guest;
  const row = {
    hastate: guest.hastate,
    id: `${kind}/${vmid}`,
    lock: lockOf(site, guest),
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

function telemetryOf(site: Site, guest: SimulatedGuest): Row {
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
