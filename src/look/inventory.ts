/** The inventory of a run, read in one pass: its nodes, guests, addresses and disks, and what is left out. */
import { compareNatural } from "../base/natural-order.ts";
import type { Cluster } from "../netbox/types/cluster.ts";
import type { Device } from "../netbox/types/device.ts";
import type { CustomFields } from "../netbox/types/fields.ts";
import type { IPAddress } from "../netbox/types/ip-address.ts";
import { naturalKey } from "../netbox/types/order.ts";
import { stepCounts, type StepName } from "../netbox/types/steps.ts";
import type { PlatformRef } from "../netbox/types/platform.ts";
import type { Empty } from "../netbox/types/shape.ts";
import { HostTags } from "../netbox/types/tag.ts";
import type { VirtualDisk } from "../netbox/types/virtual-disk.ts";
import type { VirtualMachine, VirtualMachineIdentity } from "../netbox/types/virtual-machine.ts";
import { type ListedGuest, readGuestRow, readListing } from "../proxmox/listing.ts";
import type { LeftOut, Note } from "../run-folder/left-out.ts";
import type { Snapshot } from "../run-folder/snapshot.ts";
import { Counts } from "./counts.ts";
import { NodeNames } from "./node-names.ts";
import type { EntityItem, Item, ItemSource, Run } from "./run.ts";

export type RunInventory = Awaited<ReturnType<typeof readRunInventory>>;
export type InventoryNode = RunInventory["nodes"][number];
export type InventoryAddress = RunInventory["addresses"][number];
export type InventoryDisk = RunInventory["disks"][number];

export interface Guest {
  /** Natural key of its virtual machine; undefined for a guest that is left out. */
  readonly key: string | undefined;
  readonly row: GuestRow;
  readonly addresses: readonly string[];
  readonly diskMib: number;
}

/** As `inspect --guests --json` prints it. */
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
  readonly nics: number;
  readonly disks: number;
  readonly addresses: number;
  /** Without the tags that every object of the cluster has. */
  readonly tags: readonly string[];
  readonly primary_ip4?: string | undefined;
  readonly primary_ip6?: string | undefined;
  /** Reason code. */
  readonly left_out?: string;
}

/** Status of a node or guest without a usable one. */
const UNKNOWN_STATUS = "unknown";

/** Of the others, a summary has the totals only. */
const SUMMARY_STEPS: readonly StepName[] = ["cluster", "virtual-machine", "device"];
const PART_STEPS: readonly StepName[] = ["vm-interface", "ip-address", "prefix", "virtual-disk"];

/**
 * A summary has no records, addresses or disks. Guests that are left out get their name and node from
 * the snapshot.
 * @throws AppError "input" if a file was changed.
 */
export async function readRunInventory(run: Run, source: ItemSource, depth: "summary" | "whole") {
  const isWhole = depth === "whole";
  const steps = isWhole ? [...SUMMARY_STEPS, ...PART_STEPS] : SUMMARY_STEPS;
  const found = new FoundItems(isWhole);
  for await (const item of source.read({ steps, leftOut: isWhole })) found.add(item);
  const { counts, left_out, notes } = source.from === "netbox" && run.entities !== undefined
    ? run.entities.manifest
    : found.totals();
  const clusters = [...found.clusters, ...found.machines.map(({ cluster }) => cluster)];
  const sites = [
    ...clusters.map(({ scope_site: site }) => site),
    ...[...found.devices, ...found.machines].map(({ site }) => site),
  ];
  return {
    /** Read from netbox/, or from a transform of pve/ in memory. */
    from: source.from,
    clusters: namesOf(clusters),
    sites: namesOf(sites),
    ...placeGuests(
      found,
      await listedGuests(found, run.snapshot),
      new NodeNames(run.entities?.manifest.snapshots),
    ),
    addresses: found.addresses,
    prefixes: [...found.prefixes],
    disks: found.disks,
    leftOut: found.leftOut,
    notes: found.notes,
    /** Entities by step, records by reason, and notes by code. */
    totals: { counts, left_out, notes },
    /** Entities that `transform` would not write: only counted. */
    strangers: found.strangers,
  };
}

/** What the parts of a guest add to it. */
interface GuestParts {
  nics: number;
  disks: number;
  diskMib: number;
  readonly addresses: string[];
  primary: Pick<GuestRow, "primary_ip4" | "primary_ip6">;
}

class FoundItems {
  readonly clusters: Cluster[] = [];
  readonly devices: Device[] = [];
  readonly machines: VirtualMachine[] = [];
  /** "10.0.0.5/24" on "web-01/net0" */
  readonly addresses: { address: string; holder: string; interface: string }[] = [];
  readonly prefixes = new Set<string>();
  /** `guest`: its name. */
  readonly disks: { guest: string; pool: string | undefined; mib: number }[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly notes: Note[] = [];
  readonly hostTags = new HostTags();
  strangers = 0;
  readonly #isWhole: boolean;
  /** By natural key of the virtual machine. */
  readonly #parts = new Map<string, GuestParts>();
  readonly #totals = { counts: new Counts(), left_out: new Counts(), notes: new Counts() };

  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  add(item: Item): void {
    const totals = this.#totals;
    if (item.kind === "leftOut") {
      totals.left_out.add(item.record.reason);
      if (this.#isWhole) this.leftOut.push(item.record);
    } else if (item.kind === "note") {
      totals.notes.add(item.record.code);
      if (this.#isWhole) this.notes.push(item.record);
    } else {
      totals.counts.add(item.step);
      if (item.kind === "foreign") this.strangers += 1;
      else this.#addEntity(item);
    }
  }

  #addEntity(item: EntityItem): void {
    if (item.step === "cluster") {
      this.clusters.push(item.entity);
      this.hostTags.add(item.entity);
    } else if (item.step === "device") this.devices.push(item.entity);
    else if (item.step === "virtual-machine") this.machines.push(item.entity);
    else if (!this.#isWhole) return;
    else if (item.step === "prefix") this.prefixes.add(item.entity.prefix);
    else if (item.step === "vm-interface") this.partsOf(item.entity.virtual_machine).nics += 1;
    else if (item.step === "ip-address") this.#addAddress(item.entity);
    else if (item.step === "virtual-disk") this.#addDisk(item.entity);
  }

  #addAddress(entity: IPAddress): void {
    const { address, assigned_object_vm_interface: nic, assigned_object_interface: port } = entity;
    const holder = nic?.virtual_machine.name ?? port?.device.name ?? "";
    this.addresses.push({ address, holder, interface: nic?.name ?? port?.name ?? "" });
    if (nic === undefined) return;
    const { primary_ip4: ip4, primary_ip6: ip6 } = nic.virtual_machine;
    const parts = this.partsOf(nic.virtual_machine);
    parts.addresses.push(address);
    parts.primary = {
      ...parts.primary,
      ...(ip4 && { primary_ip4: ip4.address }),
      ...(ip6 && { primary_ip6: ip6.address }),
    };
  }

  #addDisk({ virtual_machine: machine, size, custom_fields: fields }: VirtualDisk): void {
    const mib = Number(size);
    this.disks.push({ guest: machine.name, pool: textIn(fields, "proxmox_storage_pool"), mib });
    const parts = this.partsOf(machine);
    parts.disks += 1;
    parts.diskMib += mib;
  }

  partsOf(machine: VirtualMachineIdentity): GuestParts {
    const key = naturalKey("virtual-machine", machine);
    const known = this.#parts.get(key);
    const parts = known ?? { nics: 0, disks: 0, diskMib: 0, addresses: [], primary: {} };
    this.#parts.set(key, parts);
    return parts;
  }

  totals() {
    const { counts, left_out, notes } = this.#totals;
    const steps: Readonly<Record<string, number>> = stepCounts((step) => counts.of(step));
    return { counts: steps, left_out: left_out.toObject(), notes: notes.toObject() };
  }
}

/** Puts the guests on their nodes. A cluster is known by its host tag; a device seldom names it. */
function placeGuests(found: FoundItems, listed: ListedGuests, names: NodeNames) {
  const { clusters, hostTags } = found;
  const devices = found.devices.map((device) => ({ device, host: hostTags.among(device.tags) }))
    .sort((a, b) => compareNatural(a.device.name, b.device.name));
  const hosts = new Map(devices.map(({ device, host }) => [names.of(device.name), host]));
  const placed = [
    ...found.machines.map((machine) => ({
      guest: guestOf(machine, found, listed),
      host: hostTags.ofCluster(machine.cluster),
    })),
    ...leftOutGuests(found.leftOut, listed).map((guest) => ({
      guest,
      host: hosts.get(names.of(guest.row.node ?? "")),
    })),
  ].sort((a, b) => compareRows(a.guest.row, b.guest.row));
  // Two clusters may have a node of the same name, but not the same host tag.
  const placeKey = (node: string, host: string | undefined): string =>
    JSON.stringify([names.of(node), host]);
  const byPlace = Map.groupBy(placed, ({ guest, host }) => placeKey(guest.row.node ?? "", host));
  const takeGuests = (place: string): Guest[] => {
    const own = byPlace.get(place) ?? [];
    byPlace.delete(place);
    return own.map(({ guest }) => guest);
  };
  const nodes = devices.map(({ device, host }) => {
    const cluster = clusters.find((each) => hostTags.ofCluster(each) === host);
    const { name, status = UNKNOWN_STATUS, platform, site, custom_fields: fields } = device;
    return {
      /** Of the device in NetBox. */
      name,
      /** In lower case. */
      node: names.of(name),
      status,
      platform: nameIn(platform),
      site: site.name,
      cluster: device.cluster?.name ?? cluster?.name,
      cpus: integerIn(fields, "proxmox_cpu_count"),
      memory_mib: integerIn(fields, "proxmox_memory_mb"),
      guests: takeGuests(placeKey(name, host)),
    };
  });
  return {
    nodes,
    /** Sorted by VMID. */
    guests: placed.map(({ guest }) => guest),
    /** Guests on nodes that are not listed. */
    elsewhere: [...byPlace.values()].flat().map(({ guest }) => guest),
  };
}

function guestOf(machine: VirtualMachine, found: FoundItems, listed: ListedGuests): Guest {
  const { name, cluster, status = UNKNOWN_STATUS, memory, custom_fields: fields } = machine;
  const vmid = textIn(fields, "proxmox_vmid");
  const known = vmid === undefined
    ? listed.get(name) ?? listed.get(Number(RENAMED_REGEXP.exec(name)?.[1]))
    : listed.get(Number(vmid));
  const { nics, disks, diskMib, addresses, primary } = found.partsOf(machine);
  const row = {
    vmid: vmid ?? String(known?.vmid ?? ""),
    name,
    cluster: cluster.name,
    node: textIn(fields, "proxmox_node") ?? known?.node,
    kind: textIn(fields, "proxmox_vm_type") ?? known?.kind,
    status,
    vcpus: machine.vcpus,
    memory_mib: memory === undefined ? undefined : Number(memory),
    platform: nameIn(machine.platform),
    nics,
    disks,
    addresses: addresses.length,
    tags: found.hostTags.ownTags(machine).map((tag) => tag.name),
    ...primary,
  };
  return { key: naturalKey("virtual-machine", machine), row, addresses, diskMib };
}

function compareRows(a: GuestRow, b: GuestRow): number {
  return compareNatural(a.vmid, b.vmid) || compareNatural(a.cluster ?? "", b.cluster ?? "");
}

/** A record about a whole guest. */
const VMID_REGEXP = /^vm\/(\d+)$/;
/** "WIKI (118)": the second guest of a name has its VMID in it. */
const RENAMED_REGEXP = / \((\d+)\)$/;
const GUEST_FIELDS = ["proxmox_vmid", "proxmox_node", "proxmox_vm_type"];

/** VMID → the row of the listing; name → the row, if it is the only one. */
type ListedGuests = ReadonlyMap<number | string, ListedGuest>;

/** Read only where entities do not say it all: of guests that are left out, or whose custom fields are. */
async function listedGuests(
  { machines, leftOut }: FoundItems,
  snapshot: Snapshot | undefined,
): Promise<ListedGuests> {
  const isWhole = ({ custom_fields: fields }: VirtualMachine): boolean =>
    GUEST_FIELDS.every((name) => textIn(fields, name) !== undefined);
  const isNeeded = leftOut.some(({ what }) => VMID_REGEXP.test(what)) || !machines.every(isWhole);
  const answers = isNeeded ? await snapshot?.cluster() : undefined;
  if (answers === undefined) return new Map();
  const { resources } = readListing(answers, ["type", "vmid", "name", "node"]);
  const rows = resources.map(readGuestRow).filter((guest) => typeof guest !== "string");
  const byName = Map.groupBy(rows, ({ name = "" }) => name);
  return new Map<number | string, ListedGuest>([
    ...rows.map((row) => [row.vmid, row] as const),
    ...[...byName].flatMap(([name, own]) =>
      own.length === 1 ? own.map((row) => [name, row] as const) : []
    ),
  ]);
}

function leftOutGuests(records: readonly LeftOut[], listed: ListedGuests): Guest[] {
  const ofGuests = records.filter(({ what }) => VMID_REGEXP.test(what));
  return ofGuests.map(({ what, reason, children = {} }) => {
    const vmid = VMID_REGEXP.exec(what)?.[1] ?? "";
    const { name, node, kind } = listed.get(Number(vmid)) ?? {};
    const { nics = 0, disks = 0, addresses = 0 } = children;
    const row = { vmid, name, node, kind, nics, disks, addresses, tags: [], left_out: reason };
    return { key: undefined, row, addresses: [], diskMib: 0 };
  });
}

/** Each once, in natural order. */
function namesOf(refs: readonly ({ readonly name: string } | undefined)[]): string[] {
  return [...new Set(refs.flatMap((ref) => ref?.name ?? []))].sort(compareNatural);
}

function nameIn(platform: PlatformRef | Empty | undefined): string | undefined {
  return platform !== undefined && "name" in platform ? platform.name : undefined;
}

function textIn(fields: CustomFields | undefined, name: string): string | undefined {
  const value = fields?.[name];
  return value !== undefined && "text" in value ? value.text : undefined;
}

function integerIn(fields: CustomFields | undefined, name: string): number | undefined {
  const value = fields?.[name];
  return value !== undefined && "integer" in value ? Number(value.integer) : undefined;
}
