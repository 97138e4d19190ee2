/** All guests of a run with their resources, or the reason why they are left out. */
import { compareNatural } from "../../base/natural-order.ts";
import { machineOf, naturalKey, type StepName } from "../../netbox/types/order.ts";
import type { PlatformRef } from "../../netbox/types/platform.ts";
import type { Empty } from "../../netbox/types/shape.ts";
import { HostTags } from "../../netbox/types/tag.ts";
import type { VirtualMachine, VirtualMachineRef } from "../../netbox/types/virtual-machine.ts";
import { type ListedGuest, readGuestRow, readListing } from "../../proxmox/listing.ts";
import type { LeftOut } from "../../run-folder/left-out.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import type { EntityItem, ItemSource } from "../run.ts";
import { Counts, textIn, UNKNOWN_STATUS } from "./inventory.ts";

export interface GuestRow {
  readonly vmid: string;
  /** In NetBox; for a guest that is left out, in Proxmox VE. */
  readonly name?: string | undefined;
  readonly cluster?: string;
  readonly node?: string | undefined;
  /** "qemu" or "lxc" */
  readonly kind?: string | undefined;
  readonly status?: string;
  readonly vcpus?: number | undefined;
  readonly memory_mib?: number | undefined;
  readonly platform?: string | undefined;
  readonly primary_ip4?: string | undefined;
  readonly primary_ip6?: string | undefined;
  readonly nics: number;
  readonly disks: number;
  readonly addresses: number;
  /** Without the tags that every object of the cluster has. */
  readonly tags: readonly string[];
  /** Reason code. */
  readonly left_out?: string;
}

export interface GuestEntry {
  /** Natural key of its virtual machine; undefined for a guest that is left out. */
  readonly key: string | undefined;
  readonly row: GuestRow;
}

const STEPS: readonly StepName[] = [
  "cluster",
  "vm-interface",
  "ip-address",
  "virtual-machine",
  "virtual-disk",
];

/** Sorted by VMID. Guests that are left out get their name and node from the snapshot. */
export async function listGuests(
  source: ItemSource,
  snapshot: Snapshot | undefined,
): Promise<GuestEntry[]> {
  const tally = new Tally();
  const leftOut: LeftOut[] = [];
  for await (const item of source.read({ steps: STEPS, leftOut: true })) {
    if (item.kind === "entity") tally.add(item);
    else if (item.kind === "leftOut" && VMID_REGEXP.test(item.record.what)) {
      leftOut.push(item.record);
    }
  }
  const guests = [...tally.finish(), ...await leftOutGuests(leftOut, snapshot)];
  return guests.sort((a, b) =>
    compareNatural(a.row.vmid, b.row.vmid) ||
    compareNatural(a.row.cluster ?? "", b.row.cluster ?? "")
  );
}

/** A record about a whole guest. */
const VMID_REGEXP = /^vm\/(\d+)$/;

class Tally {
  readonly #machines: { readonly key: string; readonly machine: VirtualMachine }[] = [];
  readonly #hostTags = new HostTags();
  readonly #nics = new Counts();
  readonly #addresses = new Counts();
  readonly #disks = new Counts();
  /** Natural key of a virtual machine → its primary addresses. */
  readonly #primary = new Map<string, Pick<GuestRow, "primary_ip4" | "primary_ip6">>();

  add(item: EntityItem): void {
    if (item.step === "cluster") return this.#hostTags.add(item.entity);
    if (item.step === "virtual-machine") {
      const key = naturalKey(item.step, item.entity);
      this.#machines.push({ key, machine: item.entity });
      return;
    }
    const holder = machineOf(item.step, item.entity);
    if (holder?.step !== "virtual-machine") return;
    const key = naturalKey(holder.step, holder.ref);
    if (item.step === "vm-interface") this.#nics.add(key);
    else if (item.step === "ip-address") {
      this.#addresses.add(key);
      this.#notePrimary(key, holder.ref as VirtualMachineRef);
    } else if (item.step === "virtual-disk") this.#disks.add(key);
  }

  finish(): GuestEntry[] {
    return this.#machines.map(({ key, machine }) => {
      const nics = this.#nics.of(key);
      const addresses = this.#addresses.of(key);
      const counts = { nics, disks: this.#disks.of(key), addresses };
      const tags = this.#hostTags.ownTags(machine).map(({ name }) => name);
      return { key, row: { ...machineRow(machine), ...this.#primary.get(key), ...counts, tags } };
    });
  }

  #notePrimary(key: string, { primary_ip4: ip4, primary_ip6: ip6 }: VirtualMachineRef): void {
    this.#primary.set(key, {
      ...this.#primary.get(key),
      ...(ip4 && { primary_ip4: ip4.address }),
      ...(ip6 && { primary_ip6: ip6.address }),
    });
  }
}

/** Counts, addresses and tags come from other entities. */
function machineRow(machine: VirtualMachine): GuestRow {
  const { name, cluster, status = UNKNOWN_STATUS, vcpus, memory, custom_fields: fields } = machine;
  return {
    vmid: textIn(fields, "proxmox_vmid") ?? "",
    name,
    cluster: cluster.name,
    node: textIn(fields, "proxmox_node"),
    kind: textIn(fields, "proxmox_vm_type"),
    status,
    vcpus,
    memory_mib: memory === undefined ? undefined : Number(memory),
    platform: nameIn(machine.platform),
    nics: 0,
    disks: 0,
    addresses: 0,
    tags: [],
  };
}

function nameIn(platform: PlatformRef | Empty | undefined): string | undefined {
  return platform !== undefined && "name" in platform ? platform.name : undefined;
}

async function leftOutGuests(
  records: readonly LeftOut[],
  snapshot: Snapshot | undefined,
): Promise<GuestEntry[]> {
  if (records.length === 0) return [];
  const listed = snapshot === undefined
    ? new Map<string, ListedGuest>()
    : await listedGuests(snapshot);
  return records.map(({ what, reason, children }) => {
    const vmid = VMID_REGEXP.exec(what)?.[1] ?? "";
    const guest = listed.get(vmid);
    const { nics = 0, disks = 0, addresses = 0 } = children ?? {};
    const row = {
      vmid,
      name: guest?.name,
      node: guest?.node,
      kind: guest?.kind,
      nics,
      disks,
      addresses,
      tags: [],
      left_out: reason,
    };
    return { key: undefined, row };
  });
}

/** By VMID. */
async function listedGuests(snapshot: Snapshot): Promise<Map<string, ListedGuest>> {
  const { resources } = readListing(await snapshot.cluster(), ["type", "vmid", "name", "node"]);
  const guests = resources.map(readGuestRow).filter((guest) => typeof guest !== "string");
  return new Map(guests.map((guest) => [String(guest.vmid), guest]));
}
