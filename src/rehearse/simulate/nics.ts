/** A guest's number → its NICs, as facts: what they are plugged into and which addresses they have. */
import { guestLease, type Lease, macAddress } from "./networks.ts";
import { createRandom, type Random, type Weighted } from "../random.ts";
import type { Site } from "./site.ts";

export interface Nic {
  /** N of netN; gaps are normal. */
  readonly slot: number;
  /** Upper case. */
  readonly mac: string;
  readonly lease: Lease;
  /** VLANs beside the lease's own: "2;5-7". */
  readonly trunks: string | undefined;
  readonly isLinkDown: boolean;
  /** Bytes; 1 means "as the bridge". */
  readonly mtu: number | undefined;
  /** How a container gets its addresses. */
  readonly method: "static" | "dhcp" | "manual" | "none";
  /** Has an address inside the guest, as far as an agent can tell. */
  readonly isUp: boolean;
}

const COUNTS: Weighted<number> = [[78, 1], [17, 2], [5, 3]];
const METHODS: Weighted<Nic["method"]> = [[62, "static"], [30, "dhcp"], [4, "manual"], [4, "none"]];
const MTUS: Weighted<number | undefined> = [[92, undefined], [4, 1], [2, 9000], [2, 1400]];
const TRUNKS = ["2;5-7", "100-139", "10;20;30", "2-4094"] as const;

export function nicsOf(site: Site, guest: number): Nic[] {
  const random = createRandom(site.seed, `nics/${guest}`);
  // A few have none at all.
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

/** True for both holders of an address that stands twice: were one unseen, it would stand once. */
export function mustShowAddress(site: Site, guest: number): boolean {
  return takesNeighboursAddress(site, guest) || takesNeighboursAddress(site, guest + 1);
}

/** A guest that was cloned with its address. */
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
