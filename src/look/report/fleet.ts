/** The guests, nodes, addresses, prefixes, disks and left-out records of a run, for the page. */
import { compareNatural } from "../../base/natural-order.ts";
import type { Cluster } from "../../netbox/types/cluster.ts";
import type { Device } from "../../netbox/types/device.ts";
import type { IPAddress } from "../../netbox/types/ip-address.ts";
import { machineOf, naturalKey, type StepName } from "../../netbox/types/order.ts";
import { HostTags } from "../../netbox/types/tag.ts";
import type { VirtualDisk } from "../../netbox/types/virtual-disk.ts";
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { type GuestRow, listGuests } from "../inspect/guests.ts";
import { textIn } from "../inspect/inventory.ts";
import type { Item, ItemSource } from "../run.ts";

export interface FleetGuest extends GuestRow {
  readonly allAddresses: readonly string[];
  readonly diskMib: number;
}

export interface FleetNode {
  readonly name: string;
  readonly site: string;
  readonly cluster: string | undefined;
  readonly status: string;
  readonly platform: string | undefined;
}

/** "10.0.0.5/24" on "web-01/net0" */
export interface FleetAddress {
  readonly address: string;
  readonly holder: string;
  readonly interface: string;
}

export interface FleetDisk {
  /** "web-01/scsi0" */
  readonly guest: string;
  readonly name: string;
  readonly pool: string | undefined;
  readonly mib: number;
}

export interface Fleet {
  readonly guests: readonly FleetGuest[];
  readonly nodes: readonly FleetNode[];
  readonly addresses: readonly FleetAddress[];
  readonly prefixes: readonly string[];
  readonly disks: readonly FleetDisk[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

const STEPS: readonly StepName[] = ["cluster", "ip-address", "prefix", "virtual-disk", "device"];

/** @throws AppError "input". */
export async function readFleet(
  source: ItemSource,
  snapshot: Snapshot | undefined,
): Promise<Fleet> {
  const tally = new Tally();
  for await (const item of source.read({ steps: STEPS, leftOut: true })) tally.add(item);
  const guests = (await listGuests(source, snapshot)).map(({ key, row }) => ({
    ...row,
    ...tally.ofGuest(key),
  }));
  return { guests, ...tally.finish() };
}

type OfGuest = Pick<FleetGuest, "allAddresses" | "diskMib">;

class Tally {
  readonly #devices: Device[] = [];
  readonly #clusters: Cluster[] = [];
  readonly #hostTags = new HostTags();
  readonly #addresses: FleetAddress[] = [];
  readonly #prefixes = new Set<string>();
  readonly #disks: FleetDisk[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #notes: Note[] = [];
  readonly #ofGuest = new Map<string, OfGuest>();

  add(item: Item): void {
    if (item.kind === "leftOut") this.#leftOut.push(item.record);
    if (item.kind === "note") this.#notes.push(item.record);
    if (item.kind !== "entity") return;
    if (item.step === "device") this.#devices.push(item.entity);
    else if (item.step === "cluster") this.#addCluster(item.entity);
    else if (item.step === "prefix") this.#prefixes.add(item.entity.prefix);
    else if (item.step === "ip-address") this.#addAddress(item.entity);
    else if (item.step === "virtual-disk") this.#addDisk(item.entity);
  }

  ofGuest(key: string | undefined): OfGuest {
    return (key === undefined ? undefined : this.#ofGuest.get(key)) ??
      { allAddresses: [], diskMib: 0 };
  }

  finish(): Omit<Fleet, "guests"> {
    const clusters = new Map(
      this.#clusters.map((cluster) => [this.#hostTags.ofCluster(cluster), cluster.name]),
    );
    const clusterOf = ({ tags }: Device) => clusters.get(this.#hostTags.among(tags));
    return {
      nodes: this.#devices.map((device) => nodeOf(device, clusterOf(device)))
        .sort((a, b) => compareNatural(a.name, b.name)),
      addresses: this.#addresses,
      prefixes: [...this.#prefixes],
      disks: this.#disks,
      leftOut: this.#leftOut,
      notes: this.#notes,
    };
  }

  #addCluster(cluster: Cluster): void {
    this.#clusters.push(cluster);
    this.#hostTags.add(cluster);
  }

  #addAddress(entity: IPAddress): void {
    const { address, assigned_object_vm_interface: nic, assigned_object_interface: port } = entity;
    const holder = nic?.virtual_machine.name ?? port?.device.name ?? "";
    this.#addresses.push({ address, holder, interface: nic?.name ?? port?.name ?? "" });
    const machine = machineOf("ip-address", entity);
    if (machine?.step !== "virtual-machine") return;
    const key = naturalKey(machine.step, machine.ref);
    const known = this.ofGuest(key);
    this.#ofGuest.set(key, { ...known, allAddresses: [...known.allAddresses, address] });
  }

  #addDisk({ virtual_machine: machine, name, size, custom_fields: fields }: VirtualDisk): void {
    const mib = Number(size);
    this.#disks.push({
      guest: machine.name,
      name,
      pool: textIn(fields, "proxmox_storage_pool"),
      mib,
    });
    const key = naturalKey("virtual-machine", machine);
    const known = this.ofGuest(key);
    this.#ofGuest.set(key, { ...known, diskMib: known.diskMib + mib });
  }
}

/** `cluster`: that of its host tag, since a device seldom names its cluster. */
function nodeOf(device: Device, cluster: string | undefined): FleetNode {
  const { name, site, status = "unknown", platform } = device;
  return {
    name,
    site: site.name,
    cluster: device.cluster?.name ?? cluster,
    status,
    platform: platform !== undefined && "name" in platform ? platform.name : undefined,
  };
}
