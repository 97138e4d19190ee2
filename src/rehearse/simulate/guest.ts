/** A simulated guest: the facts from which all of its answers are made. */
import type { GuestAddress, GuestKind } from "../../proxmox/endpoints.ts";
import { createRandom, type Random, type Weighted, weightedBy, weightedRows } from "../random.ts";
import words from "./labels.json" with { type: "json" };
import systems from "./operating-systems.json" with { type: "json" };
import { TRUNKS, trunksOf, vnetLease } from "./networks.ts";
import { guestLease, macAddress, type Site, type SiteNode } from "./site.ts";

interface OperatingSystem {
  readonly family: string;
  /** The setting of Proxmox VE; absent where it was never set. */
  readonly ostype?: string;
  /** `result` of agent/get-osinfo; absent when the system has no agent. Source: qemu-ga. */
  readonly osinfo?: Readonly<Record<string, string | undefined>>;
  /** Name of the first NIC; "#" becomes a number that counts up. */
  readonly nicName: string;
}

/** Data: operating-systems.json. */
const VM_SYSTEMS: Weighted<OperatingSystem> = weightedRows(systems.virtualMachines);

/** `ostype` of containers; devuan is not in the table of the mapping document. */
const CONTAINER_SYSTEMS = weightedBy(systems.containers);

/** "off": not enabled; otherwise the outcome of the agent requests. */
type AgentState = "off" | "ok" | "not-running" | "hangs" | "error" | "disabled" | "timeout";

/** As in the listing. */
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

export type SimulatedGuest = ReturnType<typeof makeGuest>;

/** Another order of the draws, or of what is drawn from, gives other bytes for a seed. */
export function makeGuest(site: Site, node: SiteNode, number: number) {
  const random = createRandom(site.seed, `guest/${number}`);
  const isShown = mustShowAddress(site, number);
  const kind: GuestKind = random.chance(0.65) ? "qemu" : "lxc";
  const isTemplate = random.chance(0.02) && !isShown;
  const system = drawSystem(random, isShown);
  const drawn = random.weighted(kind === "qemu" ? VM_STATUSES : CONTAINER_STATUSES);
  const status = isTemplate ? "stopped" : isShown ? "running" : drawn;
  // VMIDs have gaps.
  const vmid = 100 + number * 2 + random.below(2);
  const address: GuestAddress = { node: node.name, kind, vmid };
  return {
    ...labelsOf(site, number),
    /** 0, 1, 2 … over the whole site. */
    number,
    vmid,
    kind,
    node,
    address,
    isTemplate,
    // Proxmox VE drops the telemetry of an offline node after five minutes.
    status: !node.online && random.chance(0.75) ? "unknown" : status,
    /** undefined: a container without a limit. */
    cores: kind === "lxc" && random.chance(0.1) ? undefined : random.weighted(CORES),
    sockets: random.chance(0.1) ? 2 : 1,
    /** CPUs of a container; "0": no limit. */
    cpulimit: random.chance(0.06) ? random.pick(["0.5", "2", "0"]) : undefined,
    memoryMib: random.weighted(MEMORY_MIB),
    /** The boot disk first. */
    disksMib: [
      random.weighted(DISK_MIB),
      ...times(random.weighted(DISK_COUNTS) - 1, () => random.weighted(DISK_MIB)),
    ] as const,
    nics: nicsOf(site, number),
    /** Operating system of a virtual machine. */
    system,
    /** `ostype` of a container. */
    distribution: random.weighted(CONTAINER_SYSTEMS),
    config: configState(site, node, number),
    agent: drawAgentState(random, { system, isShown }),
  };
}

function drawSystem(random: Random, isShown: boolean): OperatingSystem {
  const system = random.weighted(VM_SYSTEMS);
  return isShown && system.osinfo === undefined ? (VM_SYSTEMS[0]?.[1] ?? system) : system;
}

/** Outcome of the config request. */
type ConfigState = "read" | "denied" | "moved" | "slow" | "timeout" | "unreachable";

function configState(site: Site, node: SiteNode, guest: number): ConfigState {
  if (!node.online) return "unreachable";
  if (site.isRare("config-denied", guest)) return "denied";
  if (site.isRare("config-moved", guest)) return "moved";
  if (site.isRare("config-timeout", guest)) return guest % 3 === 0 ? "slow" : "timeout";
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

const COUNTS: Weighted<number> = [[78, 1], [17, 2], [5, 3]];
/** Address assignment of a container. */
type Method = "static" | "dhcp" | "manual" | "none";

const METHODS: Weighted<Method> = [[62, "static"], [30, "dhcp"], [4, "manual"], [4, "none"]];
const MTUS: Weighted<number | undefined> = [[92, undefined], [4, 1], [2, 9000], [2, 1400]];

export type Nic = ReturnType<typeof drawNic>;

function nicsOf(site: Site, guest: number): Nic[] {
  const random = createRandom(site.seed, `nics/${guest}`);
  // A few guests have no NIC.
  const count = random.chance(0.003) ? 0 : random.weighted(COUNTS);
  const firstSlot = random.chance(0.01) ? 1 : 0;
  const isShown = mustShowAddress(site, guest);
  return times(isShown ? Math.max(count, 1) : count, (number) => {
    const nic = drawNic(site, { guest, number }, random);
    const shown = { isLinkDown: false, method: "static", isUp: true } as const;
    return { ...nic, slot: firstSlot + number, ...(number === 0 && isShown ? shown : {}) };
  });
}

function drawNic(site: Site, nic: { guest: number; number: number }, random: Random) {
  const { guest, number } = nic;
  const isFirst = number === 0;
  const isTaken = isFirst && takesNeighboursAddress(site, guest);
  const isLinkDown = random.chance(0.02);
  const onVnet = isFirst && !mustShowAddress(site, guest) ? vnetLease(site, guest) : undefined;
  return {
    /** N of netN; gaps are normal. */
    slot: number,
    /** Upper case. */
    mac: macAddress(site.addressing, nic),
    lease: onVnet ?? guestLease(site.addressing, { number, guest: isTaken ? guest - 1 : guest }),
    isLinkDown,
    /** Bytes; 1: that of the bridge. */
    mtu: random.weighted(MTUS),
    method: random.weighted(METHODS),
    /** Has an address inside the guest. */
    isUp: !isLinkDown && !random.chance(0.02),
    /** More VLANs than that of the lease: "2;5-7". */
    trunks: isFirst && site.isRare("trunks", guest)
      ? random.pick(TRUNKS)
      : isFirst
      ? trunksOf(site, guest)
      : undefined,
  };
}

/** True for both holders of a duplicate address, so that both show it. */
function mustShowAddress(site: Site, guest: number): boolean {
  return takesNeighboursAddress(site, guest) || takesNeighboursAddress(site, guest + 1);
}

/** A clone that kept its address. */
function takesNeighboursAddress(site: Site, guest: number): boolean {
  return guest > 0 && site.isRare("duplicate-address", guest);
}

const HA_STATES = weightedBy(words.haStates);

/** What people enter for guests; Proxmox VE sends no key for undefined. Data: labels.json. */
function labelsOf(site: Site, guest: number) {
  const random = createRandom(site.seed, `labels/${guest}`);
  return {
    /** undefined: no name, so Proxmox VE shows "VM 100" or "CT100". */
    name: nameOf(site, guest),
    /** As in the config: separated by ";" or, in old configs, by "," and blanks. */
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
  const tags = times(random.between(1, 4), () => random.pick(words.tags));
  const separator = random.weighted([[97, ";"], [1, ","], [1, ", "], [1, " "]]);
  return [...new Set(tags)].join(separator);
}

function descriptionOf(random: Random): string {
  if (!random.chance(0.03)) return random.pick(words.descriptions);
  const steps = times(
    random.between(20, 90),
    (step) =>
      `${step + 1}. Prüfen, ob Dienst ${random.hex(4)} läuft – sonst siehe Abschnitt ${
        random.between(1, 40)
      }`,
  );
  return ["# Betriebshandbuch", "", ...steps].join("\n");
}

function times<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
