/** A guest → its row of /cluster/resources?type=vm, telemetry and all: about 350 bytes. */
import type { Guest } from "./guest.ts";
import { createRandom } from "../random.ts";
import type { Site } from "./site.ts";

const MIB = 2 ** 20;

/** Source: PVE/API2Tools.pm, extract_vm_stats; memory and disks in bytes, times in seconds. */
export function resourceRow(site: Site, guest: Guest): Record<string, unknown> {
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
  // What comes from the telemetry, the name included, is gone with it.
  return guest.status === "unknown" ? row : { ...row, ...telemetryOf(site, guest) };
}

function telemetryOf(site: Site, guest: Guest): Record<string, unknown> {
  const random = createRandom(site.seed, `row/${guest.number}`);
  const { kind, vmid, node } = guest;
  const isRunning = guest.status !== "stopped";
  const counted = (limit: number): number => isRunning ? random.below(limit) : 0;
  const maxmem = guest.memoryMib * MIB;
  const [bootMib] = guest.disksMib;
  // A running container shows what its file system has room for, which is less than the config says.
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

/** A container without cores of its own has its limit, a fraction at times, or all threads of its node. */
function cpusOf(guest: Guest): number {
  const { threads } = guest.node.hardware;
  if (guest.kind === "lxc") return guest.cores ?? (Number(guest.cpulimit ?? 0) || threads);
  return Math.min((guest.cores ?? 1) * guest.sockets, threads);
}
