/** Counts the nodes, guests, interfaces, addresses and disks of a run. */
import { compareNatural } from "../../base/natural-order.ts";
import type { ClusterRef } from "../../netbox/types/cluster.ts";
import type { Device } from "../../netbox/types/device.ts";
import type { CustomFields } from "../../netbox/types/fields.ts";
import { type StepName, STEPS } from "../../netbox/types/order.ts";
import { HostTags } from "../../netbox/types/tag.ts";
import type { VirtualMachine } from "../../netbox/types/virtual-machine.ts";
import type { TransformedSet } from "../../run-folder/entity-set.ts";
import type { Item, ItemSource } from "../run.ts";

/** Status of a node or guest without a usable one. */
export const UNKNOWN_STATUS = "unknown";

export interface RunInventory {
  /** Counted in netbox/, or in a transform of pve/ in memory. */
  readonly from: ItemSource["from"];
  readonly clusters: readonly string[];
  readonly sites: readonly string[];
  readonly nodes: readonly InventoryNode[];
  /** Kind → status → number of guests. */
  readonly guests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Step → number of entities. */
  readonly counts: Readonly<Record<string, number>>;
  /** Reason → number of records. */
  readonly left_out: Readonly<Record<string, number>>;
  /** Code → number of notes. */
  readonly notes: Readonly<Record<string, number>>;
  /** Entities that `transform` would not write: only counted. */
  readonly strangers: number;
}

export interface InventoryNode {
  readonly name: string;
  readonly status: string;
  readonly platform?: string;
  readonly site: string;
  readonly cpus?: number;
  readonly memory_mib?: number;
  readonly guests: number;
}

/** Read in full; the manifest of netbox/ has the counts of all others. */
const NAMED: readonly StepName[] = ["cluster", "virtual-machine", "device"];

export async function takeInventory(
  source: ItemSource,
  set: TransformedSet | undefined,
): Promise<RunInventory> {
  const tally = new Tally();
  for await (const item of source.read({ steps: NAMED, leftOut: false })) tally.add(item);
  const { counts, left_out, notes } = set?.manifest ?? tally.counted();
  return { from: source.from, ...tally.named(), counts, left_out, notes };
}

class Tally {
  readonly #clusters = new Set<string>();
  readonly #sites = new Set<string>();
  readonly #devices: Device[] = [];
  readonly #guests = new Map<string, Counts>();
  /** Node and cluster of each guest: counted once all host tags are known. */
  readonly #placed: { readonly node: string; readonly cluster: ClusterRef }[] = [];
  readonly #hostTags = new HostTags();
  readonly #counts = new Counts();
  readonly #leftOut = new Counts();
  readonly #notes = new Counts();
  #strangers = 0;

  constructor() {
    for (const { name } of STEPS) this.#counts.add(name, 0);
  }

  add(item: Item): void {
    if (item.kind === "leftOut") return this.#leftOut.add(item.record.reason);
    if (item.kind === "note") return this.#notes.add(item.record.code);
    this.#counts.add(item.step);
    if (item.kind === "foreign") this.#strangers += 1;
    else if (item.step === "cluster") {
      this.#addCluster(item.entity);
      this.#hostTags.add(item.entity);
    } else if (item.step === "device") this.#addDevice(item.entity);
    else if (item.step === "virtual-machine") this.#addGuest(item.entity);
  }

  counted(): Pick<RunInventory, "counts" | "left_out" | "notes"> {
    return {
      counts: this.#counts.toObject(),
      left_out: this.#leftOut.toObject(),
      notes: this.#notes.toObject(),
    };
  }

  named(): Omit<RunInventory, "from" | "counts" | "left_out" | "notes"> {
    const guestsOf = new Counts();
    for (const { node, cluster } of this.#placed) {
      guestsOf.add(nodeKey(node, this.#hostTags.ofCluster(cluster)));
    }
    const nodes = this.#devices.map((device) =>
      nodeRow(device, { host: this.#hostTags.among(device.tags), guestsOf })
    );
    const kinds = [...this.#guests].map(([kind, statuses]) => [kind, statuses.toObject()]);
    return {
      clusters: [...this.#clusters].sort(compareNatural),
      sites: [...this.#sites].sort(compareNatural),
      nodes: nodes.sort((a, b) => compareNatural(a.name, b.name)),
      guests: Object.fromEntries(kinds),
      strangers: this.#strangers,
    };
  }

  #addCluster({ name, scope_site }: ClusterRef): void {
    this.#clusters.add(name);
    if (scope_site !== undefined) this.#sites.add(scope_site.name);
  }

  #addDevice(device: Device): void {
    this.#devices.push(device);
    this.#sites.add(device.site.name);
  }

  #addGuest({ cluster, site, status, custom_fields: fields }: VirtualMachine): void {
    this.#addCluster(cluster);
    if (site !== undefined) this.#sites.add(site.name);
    this.#placed.push({ node: textIn(fields, "proxmox_node") ?? "", cluster });
    const kind = textIn(fields, "proxmox_vm_type") ?? "unknown";
    const statuses = this.#guests.get(kind) ?? new Counts();
    this.#guests.set(kind, statuses);
    statuses.add(status ?? UNKNOWN_STATUS);
  }
}

function nodeRow(
  device: Device,
  { host, guestsOf }: { readonly host: string | undefined; readonly guestsOf: Counts },
): InventoryNode {
  const { name, status = UNKNOWN_STATUS, platform, site, custom_fields: fields } = device;
  const cpus = integerIn(fields, "proxmox_cpu_count");
  const memory = integerIn(fields, "proxmox_memory_mb");
  return {
    name,
    status,
    ...(platform !== undefined && "name" in platform && { platform: platform.name }),
    site: site.name,
    ...(cpus !== undefined && { cpus }),
    ...(memory !== undefined && { memory_mib: memory }),
    // If two clusters have a node of the same name, the second device is called "node (cluster)".
    guests: guestsOf.of(nodeKey(name, host)) || guestsOf.of(nodeKey(nameOfNode(name), host)),
  };
}

/** Clusters that were transformed together may have nodes of the same name, but not the same host tag. */
function nodeKey(node: string, host: string | undefined): string {
  return JSON.stringify([node, host]);
}

/** "pve1 (lab)" → "pve1" */
function nameOfNode(device: string): string {
  return device.replace(/ \([^()]*\)$/, "");
}

export function textIn(fields: CustomFields | undefined, name: string): string | undefined {
  const value = fields?.[name];
  return value !== undefined && "text" in value ? value.text : undefined;
}

function integerIn(fields: CustomFields | undefined, name: string): number | undefined {
  const value = fields?.[name];
  return value !== undefined && "integer" in value ? Number(value.integer) : undefined;
}

/** How often each word occurs. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(word: string, times = 1): void {
    this.#counts.set(word, this.of(word) + times);
  }

  of(word: string): number {
    return this.#counts.get(word) ?? 0;
  }

  /** In order of first occurrence. */
  toObject(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
