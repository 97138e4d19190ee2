/** Machines of NetBox that an earlier run wrote and that Proxmox VE no longer has, and since when. */
import { elapsedMs, periodText } from "../../base/duration.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import {
  BY_NAME_FOLDED,
  type NetBoxObject,
  partOf,
  textOf,
  valueAt,
} from "../../netbox/types/object-type.ts";
import type { DeviceIdentity } from "../../netbox/types/device.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { guestIdOf } from "../../proxmox/listing.ts";
import type { WrittenLine } from "../../run-folder/earlier-set.ts";
import type { AnswerRef } from "../../run-folder/left-out.ts";
import type { GoneSince } from "../../run-folder/tidy-plan.ts";
import type { SnapshotCluster } from "../cluster.ts";
import { clusterAnswer } from "../ledger.ts";
import { machinesIn, vmidIn } from "../target/clusters.ts";
import { alone, nameOf } from "../target/target.ts";
import { carriedGuest, type WrittenEntities, type WrittenGuest } from "./written.ts";
import type { OwnObjects } from "./objects.ts";

/** GONE_AFTER, counted from the capture of the first run that read the listing without it. */
interface Wait {
  readonly since: string;
  /** Is the time over? false, too, if none is set. */
  readonly isOver: boolean;
  /** "Gone since …, for 3d of 14d"; undefined: it is over, or none is set. */
  readonly text: string | undefined;
}

/** A guest that is gone, and what NetBox has of it. */
export interface GoneGuest {
  readonly guest: WrittenGuest;
  readonly cluster: SnapshotCluster;
  readonly object: NetBoxObject;
  readonly wait: Wait;
}

/** A node that is gone, and its device. */
interface GoneNode {
  readonly ref: DeviceIdentity;
  readonly at: WrittenLine;
  readonly wait: Wait;
}

/** What is known of a guest that is gone, from runs of other clusters. */
export interface Whereabouts {
  /** false: it may be there; that was not read. */
  readonly isMoved: boolean;
  /** Why its machine stays. */
  readonly because: string;
  /** Of a guest that moved: the host parts of the addresses that it has now. */
  readonly hosts: ReadonlySet<string>;
}

/** Finds the addresses of a virtual machine. */
export const BY_MACHINE = {
  name: "machine",
  of: valueAt("assigned_object", "virtual_machine", "id"),
};

export class GoneMachines {
  /** Guests that are gone from a complete listing. */
  readonly guests: readonly GoneGuest[];
  /** Guests that an earlier run retired, and of which nothing new is known. */
  readonly stillRetired: readonly GoneGuest[];
  readonly #own: OwnObjects;
  readonly #clusters: readonly SnapshotCluster[];
  readonly #earlier: WrittenEntities;
  readonly #machines = new Map<WrittenGuest, NetBoxObject>();
  readonly #gone = new Map<NetBoxObject, GoneGuest>();
  readonly #goneNodes = new Map<NetBoxObject, GoneNode>();
  /** Gone at an earlier run; this one could not tell. */
  readonly #unknown: GoneSince[] = [];
  /** Gone guest → what another cluster has of it. */
  #whereabouts: ReadonlyMap<WrittenGuest, Whereabouts> = new Map();

  constructor(clusters: readonly SnapshotCluster[], earlier: WrittenEntities, own: OwnObjects) {
    this.#clusters = clusters;
    this.#earlier = earlier;
    this.#own = own;
    this.stillRetired = this.#seeGuests();
    this.guests = [...this.#gone.values()];
    this.#seeNodes();
  }

  /** Returns those that an earlier run retired, and of which nothing new is known. */
  #seeGuests(): readonly GoneGuest[] {
    const { facts } = this.#earlier;
    const stillRetired: GoneGuest[] = [];
    const listed = new Map(this.#clusters.map((cluster) => [cluster, new ListedGuests(cluster)]));
    for (const guest of facts.guests) {
      const cluster = this.#clusterOf(guest);
      const object = cluster && this.#find(guest, cluster);
      if (cluster === undefined || object === undefined) continue;
      this.#machines.set(guest, object);
      const isThere = this.#own.target.isClaimed(object) ||
        listed.get(cluster)?.has(guest) !== false;
      if (isThere) continue;
      const known = this.#earlier.goneGuest(guest);
      const wait = waitOf(known, [cluster]);
      if (cluster.isComplete) this.#gone.set(object, { guest, cluster, object, wait });
      else {
        if (known !== undefined) this.#unknown.push(known);
        if (facts.retired.has(object.id)) stillRetired.push({ guest, cluster, object, wait });
      }
    }
    return stillRetired;
  }

  #seeNodes(): void {
    for (const { ref, at } of this.#earlier.facts.devices) {
      const object = this.deviceOf(ref);
      if (object === undefined || this.#own.target.isClaimed(object)) continue;
      const known = this.#earlier.goneDevice(ref);
      const wait = waitOf(known, this.#clusters);
      if (this.isNodeGone(object)) this.#goneNodes.set(object, { ref, at, wait });
      else if (known !== undefined && !this.#isNodeListed(object)) this.#unknown.push(known);
    }
  }

  /** What other clusters have of the guests that are gone. */
  locate(whereabouts: ReadonlyMap<WrittenGuest, Whereabouts>): void {
    this.#whereabouts = whereabouts;
  }

  whereaboutsOf({ guest }: GoneGuest): Whereabouts | undefined {
    return this.#whereabouts.get(guest);
  }

  /** Why a machine or device that is gone is not removed yet, or not at all; undefined: nothing is known against it. */
  reasonToStay(machine: NetBoxObject): string | undefined {
    const gone = this.#gone.get(machine);
    const elsewhere = gone && this.whereaboutsOf(gone);
    return elsewhere?.because ?? (gone ?? this.#goneNodes.get(machine))?.wait.text;
  }

  /** Machines and devices that are gone. */
  get all(): readonly {
    readonly type: "virtual-machine" | "device";
    readonly object: NetBoxObject;
  }[] {
    return [
      ...[...this.#gone.keys()].map((object) => ({ type: "virtual-machine" as const, object })),
      ...[...this.#goneNodes.keys()].map((object) => ({ type: "device" as const, object })),
    ];
  }

  /** For the next plan. `retired`: machines that this run retires. A guest that is elsewhere is not gone. */
  toCarry(retired: ReadonlySet<NetBoxObject>): GoneSince[] {
    const guests = [...this.#gone.values()].flatMap((gone): GoneSince[] => {
      const { guest, object, wait: { since } } = gone;
      if (this.whereaboutsOf(gone)?.isMoved === true) return [];
      const isRetired = retired.has(object) || this.wasRetired(object);
      return [{ guest: carriedGuest(guest), since, ...(isRetired && { retired: true }) }];
    });
    const nodes = [...this.#goneNodes.values()].map(({ ref, wait: { since } }): GoneSince => {
      const { name, site, tenant } = ref;
      const device = {
        name,
        site: { name: site.name },
        ...(tenant && { tenant: { name: tenant.name } }),
      };
      return { device, since };
    });
    return [...guests, ...nodes, ...this.#unknown];
  }

  /** What NetBox has of a guest of the earlier run, gone or not. */
  machineOf(guest: WrittenGuest): NetBoxObject | undefined {
    return this.#machines.get(guest);
  }

  get(machine: NetBoxObject): GoneGuest | undefined {
    return this.#gone.get(machine);
  }

  /** Where the earlier run wrote a machine or device that is gone. */
  lineOf(machine: NetBoxObject): WrittenLine | undefined {
    return this.#gone.get(machine)?.guest.at ?? this.#goneNodes.get(machine)?.at;
  }

  /** Where it is missing. */
  answersOf(machine: NetBoxObject): readonly AnswerRef[] {
    const guest = this.#gone.get(machine);
    if (guest !== undefined) return [clusterAnswer(PATHS.resources, guest.cluster.label)];
    return this.#clusters.map(({ label }) => clusterAnswer(PATHS.nodes, label));
  }

  /** A device that is ours, by the key that the earlier run gave it. */
  deviceOf({ name, site, tenant }: DeviceIdentity): NetBoxObject | undefined {
    const named = this.#own.target.objects.having(
      NETBOX_DEVICE,
      BY_NAME_FOLDED,
      name.toLowerCase(),
    );
    return alone(
      named.filter((device) =>
        this.#own.isOurs(device) && partOf(device, "site", "name") === site.name &&
        textOf(partOf(device, "tenant", "name")) === (tenant?.name ?? null)
      ),
    );
  }

  /** Is it the device of a node that no cluster of the run has? Its host tag says that it is of one of them. */
  isNodeGone(device: NetBoxObject): boolean {
    return !this.#own.target.isClaimed(device) && !this.#isNodeListed(device) &&
      this.#clusters.every(({ areNodesListed }) => areNodesListed);
  }

  #isNodeListed(device: NetBoxObject): boolean {
    const name = nameOf(device).toLowerCase();
    const names = [name, name.replace(/ \([^()]*\)$/, "")];
    return this.#clusters.some(({ nodes }) =>
      nodes.some(({ node }) => names.includes(node.toLowerCase()))
    );
  }

  wasRetired(machine: NetBoxObject): boolean {
    const guest = this.#gone.get(machine)?.guest;
    return this.#earlier.facts.retired.has(machine.id) ||
      (guest !== undefined && this.#earlier.goneGuest(guest)?.retired === true);
  }

  #clusterOf({ cluster: name }: WrittenGuest): SnapshotCluster | undefined {
    const named = this.#clusters.filter(({ source }) =>
      source.found !== undefined && (source.name === name || source.called === name)
    );
    return named.length === 1 ? named[0] : named.find(({ source }) => source.name === name);
  }

  /** By VMID and kind: people, or tidy, may have renamed it since. */
  #find(
    { vmid, kind, name }: WrittenGuest,
    { source: { found } }: SnapshotCluster,
  ): NetBoxObject | undefined {
    if (vmid === "" || found === undefined) return undefined;
    const same = machinesIn(this.#own.target, found.object).filter((machine) =>
      vmidIn(machine) === vmid && this.#own.isOurs(machine) &&
      textOf(partOf(machine, "custom_fields", "proxmox_vm_type")) === kind
    );
    return alone(same) ?? alone(same.filter((machine) => nameOf(machine) === name));
  }
}

/** `clusters`: those that may have it. The one that was captured first decides what time it is. */
function waitOf(known: GoneSince | undefined, clusters: readonly SnapshotCluster[]): Wait {
  const sources = clusters.map(({ source }) => source);
  const now = sources.map(({ capturedAt }) => capturedAt).sort()[0] ?? "";
  const since = known?.since ?? now;
  const waits = sources.flatMap(({ policy: { goneAfterMs } }) => goneAfterMs ?? []);
  if (waits.length === 0) return { since, isOver: false, text: undefined };
  const waitMs = Math.max(...waits);
  const goneMs = Math.max(0, elapsedMs(since, now));
  if (goneMs >= waitMs) return { since, isOver: true, text: undefined };
  const text = `gone since ${since}, for ${periodText(goneMs)} of ${
    periodText(waitMs)
  } (GONE_AFTER)`;
  return { since, isOver: false, text };
}

/** The guests of a listing, by VMID and kind: another guest may have the VMID of one that is gone. */
class ListedGuests {
  readonly #cluster: SnapshotCluster;
  readonly #kinds = new Map<string, Set<string>>();

  constructor(cluster: SnapshotCluster) {
    this.#cluster = cluster;
    for (const { row } of cluster.nodes.flatMap(({ guests }) => guests)) {
      const id = guestIdOf(row);
      if (typeof id === "string") continue;
      const vmid = String(id.vmid);
      this.#kinds.set(vmid, (this.#kinds.get(vmid) ?? new Set()).add(id.kind));
    }
  }

  has({ vmid, kind }: WrittenGuest): boolean {
    const kinds = this.#kinds.get(vmid);
    return kinds === undefined ? this.#cluster.vmids.has(Number(vmid)) : kinds.has(kind);
  }
}
