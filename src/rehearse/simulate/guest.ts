/** A guest's number → the guest: the facts from which all of its answers are made. */
import type { GuestAddress, GuestKind } from "../../proxmox/endpoints.ts";
import { createRandom, type Random, type Weighted, weightedBy } from "../random.ts";
import words from "./labels.json" with { type: "json" };
import systems from "./operating-systems.json" with { type: "json" };
import { guestLease, type Lease, macAddress, type Site, type SiteNode } from "./site.ts";

export interface OperatingSystem {
  readonly family: string;
  /** The setting of Proxmox VE; absent where it was never set. */
  readonly ostype?: string;
  /** `result` of agent/get-osinfo; absent when the system has no agent. Source: qemu-ga. */
  readonly osinfo?: Readonly<Record<string, string | undefined>>;
  /** Name of the first NIC; "#" becomes a number that counts up. */
  readonly nicName: string;
}

/**
 * Operating systems of guests, each with the weight with which it is drawn. Data: operating-systems.json.
 */
export const VM_SYSTEMS: Weighted<OperatingSystem> = systems.virtualMachines.map((
  { weight, ...system },
) => [weight, system]);

/** `ostype` of containers; devuan is not in the table of the mapping document. */
export const CONTAINER_SYSTEMS = weightedBy(systems.containers);

export interface SimulatedGuest extends Labels {
  /** 0, 1, 2 … over the whole site. */
  readonly number: number;
  readonly vmid: number;
  readonly kind: GuestKind;
  readonly node: SiteNode;
  readonly isTemplate: boolean;
  /** As in the listing: "running", "stopped", a QEMU status, or "unknown" on an offline node. */
  readonly status: string;
  /** undefined: a container without a limit. */
  readonly cores: number | undefined;
  readonly sockets: number;
  /** CPUs of a container; "0": no limit. */
  readonly cpulimit: string | undefined;
  readonly memoryMib: number;
  /** The boot disk first. */
  readonly disksMib: readonly [number, ...number[]];
  readonly nics: readonly Nic[];
  /** Operating system of a virtual machine. */
  readonly system: OperatingSystem;
  /** `ostype` of a container. */
  readonly distribution: string;
  readonly config: ConfigState;
  readonly agent: AgentState;
}

/** Outcome of the config request. */
export type ConfigState = "read" | "denied" | "moved" | "slow" | "timeout" | "unreachable";

/** "off": not enabled; otherwise the outcome of the agent requests. */
export type AgentState = "off" | "ok" | "not-running" | "hangs" | "error" | "disabled" | "timeout";

const VM_STATUSES: Weighted<string> = [
  [8320, "running"],
  [1530, "stopped"],
  [60, "paused"],
  [30, "suspended"],
  [30, "prelaunch"],
  [30, "io-error"],
];
const CONTAINER_STATUSES: Weighted<string> = [[85, "running"], [15, "stopped"]];

const AGENT_STATES: Weighted<AgentState> = [
  [895, "ok"],
  [60, "not-running"],
  [15, "hangs"],
  [12, "error"],
  [15, "disabled"],
  [3, "timeout"],
];

const CORES: Weighted<number> = [[2, 1], [8, 2], [8, 4], [3, 8], [1, 16]];
const MEMORY_MIB: Weighted<number> = [
  [3, 512],
  [4, 1024],
  [9, 2048],
  [10, 4096],
  [8, 8192],
  [4, 16_384],
  [2, 32_768],
  [1, 4128],
  [1, 131_072],
];
const DISK_COUNTS: Weighted<number> = [[62, 1], [24, 2], [9, 3], [5, 4]];
const DISK_MIB: Weighted<number> = [
  [4, 8192],
  [6, 20_480],
  [10, 32_768],
  [6, 51_200],
  [5, 102_400],
  [3, 512_000],
  [2, 1_048_576],
  [1, 2252],
  [1, 3584],
  [1, 4_194_304],
];

export function makeGuest(site: Site, at: { node: SiteNode; number: number }): SimulatedGuest {
  const { node, number } = at;
  const random = createRandom(site.seed, `guest/${number}`);
  const isShown = mustShowAddress(site, number);
  const kind = random.chance(0.65) ? "qemu" : "lxc";
  const isTemplate = random.chance(0.02) && !isShown;
  const system = drawSystem(random, isShown);
  const status = drawStatus(random, { kind, isTemplate, isShown });
  return {
    ...labelsOf(site, number),
    number,
    // VMIDs have gaps.
    vmid: 100 + number * 2 + random.below(2),
    kind,
    node,
    isTemplate,
    // Proxmox VE drops the telemetry of an offline node after five minutes.
    status: !node.online && random.chance(0.75) ? "unknown" : status,
    cores: kind === "lxc" && random.chance(0.1) ? undefined : random.weighted(CORES),
    sockets: random.chance(0.1) ? 2 : 1,
    cpulimit: random.chance(0.06) ? random.pick(["0.5", "2", "0"]) : undefined,
    memoryMib: random.weighted(MEMORY_MIB),
    disksMib: [random.weighted(DISK_MIB), ...drawDataDisks(random)],
    nics: nicsOf(site, number),
    system,
    distribution: random.weighted(CONTAINER_SYSTEMS),
    config: configState(site, at),
    agent: drawAgentState(random, { system, isShown }),
  };
}

export function addressOf(guest: SimulatedGuest): GuestAddress {
  return { node: guest.node.name, kind: guest.kind, vmid: guest.vmid };
}

function drawSystem(random: Random, isShown: boolean): OperatingSystem {
  const system = random.weighted(VM_SYSTEMS);
  return isShown && system.osinfo === undefined ? (VM_SYSTEMS[0]?.[1] ?? system) : system;
}

function drawStatus(
  random: Random,
  guest: { kind: GuestKind; isTemplate: boolean; isShown: boolean },
): string {
  const status = random.weighted(guest.kind === "qemu" ? VM_STATUSES : CONTAINER_STATUSES);
  if (guest.isTemplate) return "stopped";
  return guest.isShown ? "running" : status;
}

function drawDataDisks(random: Random): number[] {
  return Array.from({ length: random.weighted(DISK_COUNTS) - 1 }, () => random.weighted(DISK_MIB));
}

function configState(site: Site, at: { node: SiteNode; number: number }): ConfigState {
  if (!at.node.online) return "unreachable";
  if (site.isRare("config-denied", at.number)) return "denied";
  if (site.isRare("config-moved", at.number)) return "moved";
  if (site.isRare("config-timeout", at.number)) return at.number % 3 === 0 ? "slow" : "timeout";
  return "read";
}

/** Enabled in 70 % of the virtual machines, even in some whose system has no agent. */
function drawAgentState(
  random: Random,
  guest: { system: OperatingSystem; isShown: boolean },
): AgentState {
  const state = random.weighted(AGENT_STATES);
  const isOn = random.chance(0.7);
  if (guest.isShown) return "ok";
  if (!isOn) return "off";
  return guest.system.osinfo === undefined ? "not-running" : state;
}

export interface Nic {
  /** N of netN; gaps are normal. */
  readonly slot: number;
  /** Upper case. */
  readonly mac: string;
  readonly lease: Lease;
  /** More VLANs than that of the lease: "2;5-7". */
  readonly trunks: string | undefined;
  readonly isLinkDown: boolean;
  /** Bytes; 1: that of the bridge. */
  readonly mtu: number | undefined;
  /** Address assignment of a container. */
  readonly method: "static" | "dhcp" | "manual" | "none";
  /** Has an address inside the guest. */
  readonly isUp: boolean;
}

const COUNTS: Weighted<number> = [[78, 1], [17, 2], [5, 3]];
const METHODS: Weighted<Nic["method"]> = [[62, "static"], [30, "dhcp"], [4, "manual"], [4, "none"]];
const MTUS: Weighted<number | undefined> = [[92, undefined], [4, 1], [2, 9000], [2, 1400]];
const TRUNKS = ["2;5-7", "100-139", "10;20;30", "2-4094"] as const;

export function nicsOf(site: Site, guest: number): Nic[] {
  const random = createRandom(site.seed, `nics/${guest}`);
  // A few guests have no NIC.
  const count = random.chance(0.003) ? 0 : random.weighted(COUNTS);
  const firstSlot = random.chance(0.01) ? 1 : 0;
  const isShown = mustShowAddress(site, guest);
  return Array.from({ length: isShown ? Math.max(count, 1) : count }, (_, number) => {
    const nic = drawNic(random);
    const isFirst = number === 0;
    return {
      ...nic,
      slot: firstSlot + number,
      mac: macAddress(site.addressing, { guest, number }),
      lease: leaseOf(site, { guest, number }),
      trunks: isFirst && site.isRare("trunks", guest) ? random.pick(TRUNKS) : undefined,
      ...(isFirst && isShown ? { isLinkDown: false, method: "static" as const, isUp: true } : {}),
    };
  });
}

/** True for both holders of a duplicate address, so that both show it. */
export function mustShowAddress(site: Site, guest: number): boolean {
  return takesNeighboursAddress(site, guest) || takesNeighboursAddress(site, guest + 1);
}

/** A clone that kept its address. */
function takesNeighboursAddress(site: Site, guest: number): boolean {
  return guest > 0 && site.isRare("duplicate-address", guest);
}

function leaseOf(site: Site, nic: { guest: number; number: number }): Lease {
  const isTaken = nic.number === 0 && takesNeighboursAddress(site, nic.guest);
  return guestLease(site.addressing, { ...nic, guest: isTaken ? nic.guest - 1 : nic.guest });
}

function drawNic(random: Random): Pick<Nic, "isLinkDown" | "mtu" | "method" | "isUp"> {
  const isLinkDown = random.chance(0.02);
  return {
    isLinkDown,
    mtu: random.weighted(MTUS),
    method: random.weighted(METHODS),
    isUp: !isLinkDown && !random.chance(0.02),
  };
}

const HA_STATES = weightedBy(words.haStates);

/** undefined: Proxmox VE sends no such key. */
export interface Labels {
  /** undefined: no name, so Proxmox VE shows "VM 100" or "CT100". */
  readonly name: string | undefined;
  /** As in the config: separated by ";" or, in old configs, by "," and blanks. */
  readonly tags: string | undefined;
  readonly pool: string | undefined;
  readonly hastate: string | undefined;
  readonly description: string | undefined;
}

/** What people enter for guests: names, tags, pools, descriptions. Data: labels.json. */
export function labelsOf(site: Site, guest: number): Labels {
  const random = createRandom(site.seed, `labels/${guest}`);
  return {
    name: nameOf(site, guest),
    tags: random.chance(0.65) ? tagsOf(random) : undefined,
    pool: random.chance(0.15) ? random.pick(words.pools) : undefined,
    hastate: random.chance(0.2) ? random.weighted(HA_STATES) : undefined,
    description: random.chance(0.3) ? descriptionOf(random) : undefined,
  };
}

function nameOf(site: Site, guest: number): string | undefined {
  if (site.isRare("nameless", guest)) return undefined;
  if (guest > 0 && site.isRare("duplicate-name", guest)) return ownName(site, guest - 1, true);
  return ownName(site, guest, false);
}

/** The number makes the name unique. A copy may differ in case only, which NetBox ignores. */
function ownName(site: Site, guest: number, isCopy: boolean): string {
  const random = createRandom(site.seed, `name/${guest}`);
  const name = `${random.pick(words.roles)}-${random.pick(words.stages)}-${
    String(guest).padStart(5, "0")
  }`;
  const isQualified = random.chance(0.1);
  if (isCopy && random.chance(0.3)) return name.toUpperCase();
  if (site.isRare("long-name", guest)) {
    return `${name}.a-department-with-a-rather-long-name.customers.datacentre-frankfurt-2.sim.example`;
  }
  return isQualified ? `${name}.corp.example` : name;
}

function tagsOf(random: Random): string {
  const tags = Array.from({ length: random.between(1, 4) }, () => random.pick(words.tags));
  const separator = random.weighted([[97, ";"], [1, ","], [1, ", "], [1, " "]]);
  return [...new Set(tags)].join(separator);
}

function descriptionOf(random: Random): string {
  if (!random.chance(0.03)) return random.pick(words.descriptions);
  const steps = Array.from(
    { length: random.between(20, 90) },
    (_, step) =>
      `${step + 1}. Prüfen, ob Dienst ${random.hex(4)} läuft – sonst siehe Abschnitt ${
        random.between(1, 40)
      }`,
  );
  return ["# Betriebshandbuch", "", ...steps].join("\n");
}
