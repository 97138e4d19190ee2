/** Options → what a site consists of, before any answer: its nodes, who runs where, what is rare. */
import { type Addressing, planAddressing } from "./networks.ts";
import { createRandom, type Random, type Weighted } from "../random.ts";

export interface SimulateOptions {
  /** 1–10,000. */
  readonly nodes: number;
  /** 0–2,000,000. */
  readonly guests: number;
  /** Any whole number. The same one gives the same bytes. */
  readonly seed: number;
}

export interface Site {
  readonly seed: number;
  /** undefined for a node that stands alone, as Proxmox has it. */
  readonly clusterName: string | undefined;
  readonly nodes: readonly SiteNode[];
  readonly addressing: Addressing;
  isRare(what: Rarity, guest: number): boolean;
}

export interface SiteNode {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly name: string;
  readonly online: boolean;
  readonly release: Release;
  readonly hardware: Hardware;
  /** Numbers of the guests that it runs, ascending; the first guest of the site is 0. */
  readonly guests: readonly number[];
}

export interface Release {
  readonly major: number;
  readonly version: string;
  readonly repoid: string;
  readonly kernel: string;
  readonly built: string;
}

export interface Hardware {
  readonly vendor: "intel" | "amd";
  readonly model: string;
  readonly sockets: number;
  /** Of all sockets together. */
  readonly cores: number;
  readonly threads: number;
  readonly memoryGib: number;
}

/** One guest in so many, evenly spread: a share too small to be left to chance in a small site. */
const RARITIES = {
  "config-denied": 653,
  "config-moved": 1999,
  "config-timeout": 853,
  "duplicate-address": 499,
  "duplicate-name": 199,
  "long-name": 701,
  nameless: 149,
  trunks: 61,
  unparsable: 401,
} as const;

export type Rarity = keyof typeof RARITIES;

const RELEASES: Weighted<Release> = [
  [2, release("8.4.1", "2a5fa54a8503f96d", "6.8.12-9-pve (2025-03-16T19:18Z)")],
  [3, release("8.4.14", "b502d23c55afcba1", "6.8.12-15-pve (2025-09-12T11:02Z)")],
  [3, release("9.0.6", "49c767b70aeb6648", "6.14.11-1-pve (2025-08-26T16:06Z)")],
  [4, release("9.1.4", "5ac30304265fbd8e", "6.17.4-2-pve (2025-12-19T07:49Z)")],
];

const HARDWARE: Weighted<Hardware> = [
  [4, {
    vendor: "intel",
    model: "Intel(R) Xeon(R) Gold 6430",
    sockets: 2,
    cores: 64,
    threads: 128,
    memoryGib: 1024,
  }],
  [4, {
    vendor: "amd",
    model: "AMD EPYC 9354P 32-Core Processor",
    sockets: 1,
    cores: 32,
    threads: 64,
    memoryGib: 512,
  }],
  [2, {
    vendor: "intel",
    model: "Intel(R) Xeon(R) E-2288G CPU @ 3.70GHz",
    sockets: 1,
    cores: 8,
    threads: 16,
    memoryGib: 128,
  }],
];

/** Below so many nodes, all are online: one in a handful would be no fleet's share. */
const FLEET = 20;
const OFFLINE_SHARE = 0.03;

export function planSite(options: SimulateOptions): Site {
  const random = createRandom(options.seed, "site");
  const offline = drawOffline(random, options.nodes);
  const guests: number[][] = Array.from({ length: options.nodes }, () => []);
  for (let guest = 0; guest < options.guests; guest += 1) {
    guests[random.below(options.nodes)]?.push(guest);
  }
  const nodes = guests.map((numbers, index) => ({
    number: index + 1,
    name: `pve-${String(index + 1).padStart(4, "0")}`,
    online: !offline.has(index),
    release: random.weighted(RELEASES),
    hardware: random.weighted(HARDWARE),
    guests: numbers,
  }));
  const offsets = drawOffsets(random);
  return {
    seed: options.seed,
    clusterName: options.nodes === 1 ? undefined : `sim-${options.seed}`,
    nodes,
    addressing: planAddressing(options.seed),
    isRare: (what, guest) => (guest + offsets[what]) % RARITIES[what] === 0,
  };
}

/** The first node is the one that answers, and so is always online. */
function drawOffline(random: Random, nodes: number): ReadonlySet<number> {
  const count = nodes < FLEET ? 0 : Math.max(1, Math.round(nodes * OFFLINE_SHARE));
  const offline = new Set<number>();
  while (offline.size < count) offline.add(random.between(1, nodes - 1));
  return offline;
}

function drawOffsets(random: Random): Readonly<Record<Rarity, number>> {
  return {
    "config-denied": random.below(RARITIES["config-denied"]),
    "config-moved": random.below(RARITIES["config-moved"]),
    "config-timeout": random.below(RARITIES["config-timeout"]),
    "duplicate-address": random.below(RARITIES["duplicate-address"]),
    "duplicate-name": random.below(RARITIES["duplicate-name"]),
    "long-name": random.below(RARITIES["long-name"]),
    nameless: random.below(RARITIES.nameless),
    trunks: random.below(RARITIES.trunks),
    unparsable: random.below(RARITIES.unparsable),
  };
}

function release(version: string, repoid: string, kernel: string): Release {
  const [name = "", built = ""] = kernel.split(" ");
  return { major: Number.parseInt(version, 10), version, repoid, kernel: name, built };
}
