/** Machines of NetBox that an earlier run wrote and that Proxmox VE no longer has. */
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
import type { SnapshotCluster } from "../cluster.ts";
import { clusterAnswer } from "../ledger.ts";
import { machinesIn, vmidIn } from "../target/clusters.ts";
import { alone, nameOf } from "../target/target.ts";
import type { WrittenDevice, WrittenEntities, WrittenGuest } from "./written.ts";
import type { OwnObjects } from "./objects.ts";

/** A guest that is gone, and what NetBox has of it. */
export interface GoneGuest {
  readonly guest: WrittenGuest;
  readonly cluster: SnapshotCluster;
  readonly object: NetBoxObject;
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

  constructor(clusters: readonly SnapshotCluster[], earlier: WrittenEntities, own: OwnObjects) {
    this.#clusters = clusters;
    this.#earlier = earlier;
    this.#own = own;
    const stillRetired: GoneGuest[] = [];
    const listed = new Map(clusters.map((cluster) => [cluster, new ListedGuests(cluster)]));
    for (const guest of earlier.facts.guests) {
      const cluster = this.#clusterOf(guest);
      const object = cluster && this.#find(guest, cluster);
      if (cluster === undefined || object === undefined) continue;
      this.#machines.set(guest, object);
      const isThere = own.target.isClaimed(object) || listed.get(cluster)?.has(guest) !== false;
      if (isThere) continue;
      if (cluster.isComplete) this.#gone.set(object, { guest, cluster, object });
      else if (earlier.facts.retired.has(object.id)) stillRetired.push({ guest, cluster, object });
    }
    this.guests = [...this.#gone.values()];
    this.stillRetired = stillRetired;
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
    const guest = this.#gone.get(machine)?.guest.at;
    if (guest !== undefined) return guest;
    const isOf = ({ ref }: WrittenDevice): boolean => this.deviceOf(ref) === machine;
    return this.#earlier.facts.devices.find((each) => isOf(each) && this.isNodeGone(machine))?.at;
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
    const name = nameOf(device).toLowerCase();
    const names = [name, name.replace(/ \([^()]*\)$/, "")];
    const mayHave = ({ nodes, areNodesListed }: SnapshotCluster): boolean =>
      !areNodesListed || nodes.some(({ node }) => names.includes(node.toLowerCase()));
    return !this.#own.target.isClaimed(device) && !this.#clusters.some(mayHave);
  }

  wasRetired({ id }: NetBoxObject): boolean {
    return this.#earlier.facts.retired.has(id);
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
