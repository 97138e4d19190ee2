/**
 * A year of a cluster, a run a day: guests come, go, return, are renamed, move, swap addresses, change tags, disks and NICs;
 * some answers fail, and some runs meet a NetBox that is away. The same seed makes the same year.
 *
 *   for (const { lab, events, outage } of yearOf(7, 500)) …
 */
import { PATHS } from "../../src/proxmox/endpoints.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import { agentRow, type Lab, type LabGuest, type LabNode } from "./lab.ts";
import { numbersFrom } from "./shuffled.ts";

export interface YearRun {
  readonly lab: Lab;
  /** What happened since the run before: "104 web-3 is web-17". For the message of a failed test. */
  readonly events: readonly string[];
  /** Answers that failed: "config of 104". */
  readonly failures: readonly string[];
  /** NetBox is away after this share of the entities; undefined: it answers all the time. */
  readonly outage: number | undefined;
}

interface Nic {
  readonly mac: string;
  readonly vlan: number;
  readonly addresses: readonly string[];
}

interface Guest {
  readonly vmid: number;
  readonly kind: "qemu" | "lxc";
  readonly name: string;
  readonly node: string;
  readonly tags: readonly string[];
  readonly isRunning: boolean;
  readonly memory: number;
  /** "net0" → … */
  readonly nics: Readonly<Record<string, Nic>>;
  /** "scsi0", "rootfs" → GiB. */
  readonly disks: Readonly<Record<string, number>>;
}

const NODES = ["pve1", "pve2", "pve3"];
const TAGS = ["prod", "staging", "backup", "web", "db"];
const FIRST_GUESTS = 8;
const MAX_GUESTS = 20;
const MAX_EVENTS = 3;
/** The last runs are quiet: all guests run, all answers are read, NetBox answers, nothing more happens. */
const QUIET_RUNS = 6;

export function yearOf(seed: number, runs: number): readonly YearRun[] {
  const fleet = new Fleet(seed);
  const year: YearRun[] = [];
  while (year.length < runs) {
    // After an outage the same is sent again before anything else happens, as a timer does.
    const isRetry = year.at(-1)?.outage !== undefined;
    const quietRuns = QUIET_RUNS - runs + year.length + 1;
    const { lab, ...run } = fleet.run({ isRetry, quietRuns });
    year.push({ ...run, lab: { ...lab, capturedAt: timeOf(year.length) } });
  }
  return year;
}

function timeOf(day: number): string {
  return new Date(Date.UTC(2026, 0, 1 + day)).toISOString().replace(".000Z", "Z");
}

class Fleet {
  readonly #random: () => number;
  readonly #guests = new Map<number, Guest>();
  readonly #away: Guest[] = [];
  /** Of guests that are gone. */
  readonly #freeVmids: number[] = [];
  readonly #freeAddresses: string[] = [];
  #nextVmid = 100;
  #nextAddress = 10;
  #nextMac = 1;
  #nextName = 1;

  constructor(seed: number) {
    this.#random = numbersFrom(seed);
    for (let i = 0; i < FIRST_GUESTS; i += 1) this.#come();
  }

  /** `quietRuns`: 1 for the first of the last runs. */
  run({ isRetry, quietRuns }: {
    readonly isRetry: boolean;
    readonly quietRuns: number;
  }): YearRun {
    const isLast = quietRuns > 0;
    if (isLast) this.#startAll();
    const isQuiet = isRetry || isLast;
    const count = isQuiet ? 0 : this.#below(MAX_EVENTS + 1);
    const happened = Array.from({ length: count }, () => this.#happen());
    const swapped = quietRuns === 1 ? [this.#swapOnlyAddresses()] : [];
    const events = [...happened, ...swapped].filter((each) => each !== "");
    const failures: string[] = [];
    const lab = this.#lab((what) => {
      if (isQuiet || !this.#chance(0.03)) return false;
      failures.push(what);
      return true;
    });
    const outage = !isQuiet && this.#chance(0.1) ? this.#random() : undefined;
    return { lab, events, failures, outage };
  }

  #startAll(): void {
    for (const guest of this.#guests.values()) {
      this.#guests.set(guest.vmid, { ...guest, isRunning: true });
    }
  }

  #happen(): string {
    const events = [
      () => this.#guests.size < MAX_GUESTS ? this.#come() : "",
      () => this.#guests.size < MAX_GUESTS ? this.#come() : "",
      () => this.#guests.size > 2 ? this.#go() : "",
      () => this.#guests.size < MAX_GUESTS ? this.#return() : "",
      () => this.#guests.size < MAX_GUESTS ? this.#return() : "",
      () => this.#change("is renamed", () => ({ name: this.#newName() })),
      () => this.#change("moves", () => ({ node: this.#pick(NODES) })),
      () => this.#change("starts or stops", ({ isRunning }) => ({ isRunning: !isRunning })),
      () => this.#change("gets other tags", () => ({ tags: this.#tags() })),
      () => this.#change("gets other memory", () => ({ memory: 1024 * (1 + this.#below(16)) })),
      () => this.#change("gets another disk", ({ disks }) => ({ disks: this.#otherDisks(disks) })),
      () => this.#change("gets other NICs", ({ nics }) => ({ nics: this.#otherNics(nics) })),
      () => this.#change("gets a NIC at another place", (guest) => this.#withMovedNic(guest)),
      () => this.#change("gets another address", (guest) => this.#withAddress(guest)),
      () => this.#swapAddresses(),
    ];
    return this.#pick(events)();
  }

  #come(): string {
    const vmid = this.#chance(0.2) ? this.#freeVmids.pop() ?? this.#newVmid() : this.#newVmid();
    const kind = this.#chance(0.3) ? "lxc" : "qemu";
    const name = this.#newName();
    this.#guests.set(vmid, {
      vmid,
      kind,
      name,
      node: this.#pick(NODES),
      tags: this.#tags(),
      isRunning: this.#chance(0.8),
      memory: 2048,
      nics: { net0: this.#newNic() },
      disks: { [kind === "lxc" ? "rootfs" : "scsi0"]: 8 },
    });
    return `${vmid} ${name} comes`;
  }

  #go(): string {
    const guest = this.#anyGuest();
    const { vmid, name, nics } = guest;
    this.#guests.delete(vmid);
    this.#away.push(guest);
    this.#freeVmids.push(vmid);
    for (const { addresses } of Object.values(nics)) this.#freeAddresses.push(...addresses);
    return `${vmid} ${name} goes`;
  }

  /** As it was, but for addresses that others have now. */
  #return(): string {
    const guest = this.#away.pop();
    const at = this.#freeVmids.indexOf(guest?.vmid ?? NaN);
    if (guest === undefined || at === -1) return "";
    this.#freeVmids.splice(at, 1);
    const again = (address: string): string => {
      const free = this.#freeAddresses.indexOf(address);
      return free === -1 ? this.#newAddress() : this.#freeAddresses.splice(free, 1)[0] ?? "";
    };
    const nics = Object.entries(guest.nics).map(([key, nic]) =>
      [key, { ...nic, addresses: nic.addresses.map(again) }] as const
    );
    this.#guests.set(guest.vmid, { ...guest, nics: Object.fromEntries(nics) });
    return `${guest.vmid} ${guest.name} returns`;
  }

  #change(what: string, change: (guest: Guest) => Partial<Guest>): string {
    const guest = this.#anyGuest();
    const changed = { ...guest, ...change(guest) };
    this.#guests.set(guest.vmid, changed);
    const to = changed.name === guest.name ? "" : ` to ${changed.name}`;
    return `${guest.vmid} ${guest.name} ${what}${to}`;
  }

  /** Of guests that have no other ones: Diode alone never gets out of that. */
  #swapOnlyAddresses(): string {
    const [a, b] = [...this.#guests.values()].filter(({ nics }) => Object.keys(nics).length === 1);
    return a === undefined || b === undefined ? "" : this.#swapAddresses(a, b);
  }

  /** The addresses of a NIC for those of a NIC of another guest. */
  #swapAddresses(a = this.#anyGuest(), b = this.#anyGuest()): string {
    const [first] = Object.entries(a.nics);
    const [second] = Object.entries(b.nics);
    if (a.vmid === b.vmid || first === undefined || second === undefined) return "";
    const exchange = (guest: Guest, [key, nic]: [string, Nic], addresses: Nic["addresses"]): void =>
      void this.#guests.set(guest.vmid, {
        ...guest,
        nics: { ...guest.nics, [key]: { ...nic, addresses } },
      });
    exchange(a, first, second[1].addresses);
    exchange(b, second, first[1].addresses);
    return `${a.vmid} ${a.name} and ${b.vmid} ${b.name} swap addresses`;
  }

  #withAddress({ nics }: Guest): Partial<Guest> {
    const [key = "net0"] = Object.keys(nics);
    const nic = nics[key] ?? this.#newNic();
    this.#freeAddresses.push(...nic.addresses);
    return { nics: { ...nics, [key]: { ...nic, addresses: [this.#newAddress()] } } };
  }

  /** "net0" becomes "net3". A container's NIC has a name of its own. */
  #withMovedNic({ kind, nics }: Guest): Partial<Guest> {
    const free = ["net0", "net2", "net3", "net4"].filter((key) => !(key in nics));
    const { net1, ...movable } = nics;
    const [nic] = Object.values(movable);
    if (kind === "lxc" || nic === undefined) return {};
    return { nics: { [this.#pick(free)]: nic, ...(net1 && { net1 }) } };
  }

  #otherNics(nics: Guest["nics"]): Guest["nics"] {
    const { net1, ...rest } = nics;
    if (net1 === undefined) return { ...nics, net1: this.#newNic() };
    this.#freeAddresses.push(...net1.addresses);
    return rest;
  }

  #otherDisks(disks: Guest["disks"]): Guest["disks"] {
    const [first = "scsi0"] = Object.keys(disks);
    const second = first === "rootfs" ? "mp0" : "scsi1";
    const { [second]: known, ...rest } = disks;
    return known === undefined ? { ...disks, [second]: 1 + this.#below(64) } : rest;
  }

  #newNic(): Nic {
    const number = (this.#nextMac++).toString(16).toUpperCase().padStart(4, "0");
    const mac = `BC:24:11:00:${number.slice(0, 2)}:${number.slice(2)}`;
    return { mac, vlan: 10 + this.#below(5), addresses: [this.#newAddress()] };
  }

  /** Addresses of guests that are gone are given to others. */
  #newAddress(): string {
    const free = this.#chance(0.5) ? this.#freeAddresses.shift() : undefined;
    const number = this.#nextAddress;
    if (free === undefined) this.#nextAddress += 1;
    return free ?? `10.0.${Math.floor(number / 250)}.${1 + number % 250}/16`;
  }

  #newVmid(): number {
    return this.#nextVmid++;
  }

  #newName(): string {
    return `guest-${this.#nextName++}`;
  }

  #tags(): readonly string[] {
    return TAGS.filter(() => this.#chance(0.3));
  }

  /** `fails`: whether an answer is not read this time. */
  #lab(fails: (what: string) => boolean): Lab {
    const isUnlisted = fails("the listing");
    const nodes = Object.fromEntries(
      NODES.map((node, i) => [node, this.#nodeFacts(node, i, fails)]),
    );
    const guests = [...this.#guests.values()].map((guest) => guestFacts(guest, fails));
    return {
      nodes,
      guests,
      host: "pve1.example.net",
      ...(isUnlisted && { more: { [PATHS.resources]: TIMEOUT } }),
    };
  }

  #nodeFacts(node: string, i: number, fails: (what: string) => boolean): LabNode {
    const cidr = `10.1.0.${i + 1}/24`;
    const port = { iface: "vmbr0", type: "bridge", active: 1, method: "static", cidr };
    return {
      network: fails(`interfaces of ${node}`)
        ? DENIED
        : [{ ...port, address: cidr.split("/", 1)[0] }],
    };
  }

  #anyGuest(): Guest {
    return this.#pick([...this.#guests.values()]);
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error("Nothing to choose from");
    return item;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}

const TIMEOUT: Answer = { failed: "timeout" };
const DENIED: Answer = { status: 403, error: "Permission check failed" };
const NO_AGENT: Answer = { status: 500, error: "QEMU guest agent is not running" };

function guestFacts(guest: Guest, fails: (what: string) => boolean): LabGuest {
  const { vmid, kind, name, node, tags, isRunning, memory, nics, disks } = guest;
  const isConfigLost = fails(`config of ${vmid}`);
  const isAgentLost = fails(`addresses of ${vmid}`);
  const status = isRunning ? "running" : "stopped";
  const rows = Object.values(nics).map(({ mac, addresses }, i) =>
    agentRow(mac.toLowerCase(), addresses, { name: `eth${i}` })
  );
  const config = {
    memory: String(memory),
    ...(tags.length > 0 && { tags: tags.join(";") }),
    ...Object.fromEntries(
      Object.entries(nics).map(([key, nic], i) => [key, nicText(kind, nic, i)]),
    ),
    ...Object.fromEntries(
      Object.entries(disks).map(([key, size], i) => [key, `local:vm-${vmid}-${i},size=${size}G`]),
    ),
  };
  return {
    vmid,
    kind,
    node,
    row: { name, status, tags: tags.join(";"), maxmem: memory * 2 ** 20 },
    config: isConfigLost ? TIMEOUT : kind === "qemu" ? { ...config, agent: "1" } : config,
    ...(kind === "qemu" && isRunning && { interfaces: isAgentLost ? NO_AGENT : rows }),
  };
}

function nicText(kind: Guest["kind"], { mac, vlan, addresses: [ip] }: Nic, i: number): string {
  return kind === "lxc"
    ? `name=eth${i},bridge=vmbr0,hwaddr=${mac},tag=${vlan},ip=${ip}`
    : `virtio=${mac},bridge=vmbr0,tag=${vlan}`;
}
