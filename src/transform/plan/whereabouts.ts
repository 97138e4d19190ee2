/**
 * Where guests that are gone are now, as runs of other clusters have it. A remote migration keeps the MAC addresses
 * and the name of a guest; its VMID may change. A clone of it gets other MAC addresses.
 * Source: qemu-server, PVE/QemuMigrate.pm; pve-container, PVE/LXC/Migrate.pm.
 */
import { elapsedMs } from "../../base/duration.ts";
import { inputError } from "../../base/errors.ts";
import { hostOf } from "../../base/ip-address.ts";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { naturalKey } from "../../netbox/types/order.ts";
import {
  NETBOX_VIRTUAL_MACHINE,
  type VirtualMachine,
  vmidOf,
} from "../../netbox/types/virtual-machine.ts";
import { partOf } from "../../netbox/types/object-type.ts";
import type { ReadableSet } from "../../run-folder/earlier-set.ts";
import { NOT_READ, type Reason } from "../../run-folder/left-out.ts";
import type { EntityOf } from "../../run-folder/set-difference.ts";
import type { SnapshotCluster } from "../cluster.ts";
import { BY_VMID } from "../target/machines.ts";
import type { GoneGuest, Whereabouts } from "./gone.ts";
import type { OwnObjects } from "./objects.ts";
import { customText, type WrittenEntities, type WrittenGuest } from "./written.ts";

/** A guest that is gone, and by what it is recognised. */
interface Missed extends GoneGuest {
  readonly macs: readonly string[];
}

/** What a run of another cluster could not read or send. */
interface GuestsLeftOut {
  /** Why any guest may be in it, in words. */
  readonly any: string | undefined;
  /** "vm/201": listed, and its NICs were not read. */
  readonly withoutNics: ReadonlySet<string>;
  /** "vm/201": it is gone there, too. */
  readonly retired: ReadonlySet<string>;
  /** "vm/201" → host parts of addresses that it did not get, because NetBox keeps them as primary ones elsewhere. */
  readonly held: ReadonlyMap<string, readonly string[]>;
}

/** Guests that are listed and become no virtual machine for these reasons are none that was one. */
const OTHER_GUESTS: ReadonlySet<Reason> = new Set(["template", "other-type", "no-vmid"]);

/**
 * Only of the guests that moved or may have. A run that was read before a guest was missed cannot show that it is not
 * there. @throws AppError "input" when a set cannot be read, or is of a cluster of this run.
 */
export async function whereaboutsOf(
  guests: readonly GoneGuest[],
  { elsewhere, clusters, earlier, own }: {
    readonly elsewhere: readonly ReadableSet[];
    readonly clusters: readonly SnapshotCluster[];
    readonly earlier: WrittenEntities;
    readonly own: OwnObjects;
  },
): Promise<ReadonlyMap<WrittenGuest, Whereabouts>> {
  const found = new Map<WrittenGuest, Whereabouts>();
  for (const set of elsewhere) refuseSame(await clustersIn(set), { set, clusters });
  if (guests.length === 0 || elsewhere.length === 0) return found;
  const macs = await earlier.macsOf(guests.map(({ guest }) => guest));
  const missed = guests.map((gone) => ({ ...gone, macs: macs.get(gone.guest) ?? [] }));
  // The order in which they are named does not matter.
  for (const set of elsewhere.toSorted((a, b) => compareCodeUnits(a.sha256, b.sha256))) {
    const search = await Search.begin(set, own);
    const sightings = await search.find(missed);
    for (const each of missed) {
      const { guest } = each;
      if (found.get(guest)?.isMoved === true) continue;
      const here = sightings.get(guest) ?? search.doubt(each);
      if (here !== undefined && (here.isMoved || !found.has(guest))) found.set(guest, here);
    }
  }
  return found;
}

type ClusterEntity = EntityOf<"cluster">["entity"];

async function clustersIn(set: ReadableSet): Promise<ClusterEntity[]> {
  const found: ClusterEntity[] = [];
  for await (const { entity } of set.entities("cluster")) found.push(entity);
  return found;
}

function refuseSame(
  others: readonly ClusterEntity[],
  { set, clusters }: {
    readonly set: ReadableSet;
    readonly clusters: readonly SnapshotCluster[];
  },
): void {
  const same = others.find(({ name, tags = [] }) =>
    clusters.some(({ source, hostTags }) =>
      [source.name, source.called].includes(name) && tags.some((tag) => hostTags.has(tag.name))
    )
  );
  if (same === undefined) return;
  throw inputError(
    `Cannot look for guests in ${set.place}: it is of the cluster "${same.name}" itself`,
    {
      hint: "Name runs of other clusters with --elsewhere",
    },
  );
}

/** The search in one set. */
class Search {
  readonly #set: ReadableSet;
  readonly #own: OwnObjects;
  readonly #capturedAt: string;
  readonly #leftOut: GuestsLeftOut;
  /** The names of its clusters. */
  readonly #place: string;
  /** Kind and name of guests without known NICs → "vm/201". */
  readonly #withoutNics = new Map<string, string>();

  private constructor(
    set: ReadableSet,
    facts: {
      readonly own: OwnObjects;
      readonly capturedAt: string;
      readonly leftOut: GuestsLeftOut;
      readonly place: string;
    },
  ) {
    this.#set = set;
    this.#own = facts.own;
    this.#capturedAt = facts.capturedAt;
    this.#leftOut = facts.leftOut;
    this.#place = facts.place;
  }

  static async begin(set: ReadableSet, own: OwnObjects): Promise<Search> {
    const names = (await clustersIn(set)).map(({ name }) => `"${name}"`);
    return new Search(set, {
      own,
      capturedAt: await set.capturedAt(),
      leftOut: await readGuestsLeftOut(set),
      place: `the cluster ${names.join(" or ")}`,
    });
  }

  /** Guests that this set has. */
  async find(missed: readonly Missed[]): Promise<ReadonlyMap<WrittenGuest, Whereabouts>> {
    const byMac = groupedBy(missed, ({ macs }) => macs);
    const byName = groupedBy(
      missed,
      ({ macs, guest }) => macs.length === 0 ? [nameText(guest)] : [],
    );
    /** Key of a virtual machine → the guests that it may be: restored ones have the same MAC addresses. */
    const byKey = new Map<string, readonly Missed[]>();
    for await (const { entity } of this.#set.entities("vm-interface")) {
      const same = byMac.get(entity.primary_mac_address?.mac_address.toUpperCase() ?? "");
      if (same !== undefined) {
        byKey.set(naturalKey("virtual-machine", entity.virtual_machine), same);
      }
    }
    const machines = new Map<Missed, EntityOf<"virtual-machine">>();
    for await (const found of this.#set.entities("virtual-machine")) {
      const what = `vm/${vmidOf(found.entity) ?? ""}`;
      if (this.#leftOut.retired.has(what)) continue;
      const name = nameText(guestIn(found.entity));
      if (this.#leftOut.withoutNics.has(what)) this.#withoutNics.set(name, what);
      const same = byKey.get(found.key) ?? byName.get(name) ?? [];
      if (same.length > 0) byKey.set(found.key, same);
      for (const each of same) machines.set(each, found);
    }
    const hosts = await this.#hostsOf(byKey);
    return new Map([...machines].map(([same, found]) => {
      const held = this.#leftOut.held.get(`vm/${vmidOf(found.entity)}`) ?? [];
      const own = new Set([...hosts.get(same) ?? [], ...held]);
      return [same.guest, { isMoved: true, because: this.#sentenceOf(found), hosts: own }];
    }));
  }

  async #hostsOf(
    byKey: ReadonlyMap<string, readonly Missed[]>,
  ): Promise<ReadonlyMap<Missed, Set<string>>> {
    const hosts = new Map<Missed, Set<string>>();
    if (byKey.size === 0) return hosts;
    for await (const { entity } of this.#set.entities("ip-address")) {
      const machine = entity.assigned_object_vm_interface?.virtual_machine;
      for (const same of (machine && byKey.get(naturalKey("virtual-machine", machine))) ?? []) {
        hosts.set(same, (hosts.get(same) ?? new Set()).add(hostOf(entity.address)));
      }
    }
    return hosts;
  }

  /** Why the set does not show that the guest is not there; undefined: it is not. Call `find` first. */
  doubt({ guest, wait: { since } }: Missed): Whereabouts | undefined {
    const listed = this.#withoutNics.get(nameText(guest));
    const doubt = elapsedMs(since, this.#capturedAt) <= 0
      ? `which was captured at ${this.#capturedAt}, not after it was missed at ${since}`
      : this.#leftOut.any ??
        (listed && `as ${listed} "${guest.name}", whose config was not read`);
    return doubt === undefined
      ? undefined
      : { isMoved: false, because: `it may be in ${this.#place}, ${doubt}`, hosts: new Set() };
  }

  #sentenceOf(found: EntityOf<"virtual-machine">): string {
    const { entity } = found;
    const { file, line } = this.#set.lineOf(found);
    const vmid = vmidOf(entity) ?? "";
    const { target } = this.#own;
    const object = target.objects.having(NETBOX_VIRTUAL_MACHINE, BY_VMID, vmid)
      .find((each) => partOf(each, "cluster", "name") === entity.cluster.name);
    const inNetBox = object === undefined
      ? "which NetBox does not have yet"
      : `which NetBox has as ${this.#own.placeIn({ type: "virtual-machine", object })}`;
    return `it moved to the cluster "${entity.cluster.name}", as vm/${vmid} "${entity.name}" ` +
      `(${file}, line ${line}), ${inNetBox}`;
  }
}

async function readGuestsLeftOut(set: ReadableSet): Promise<GuestsLeftOut> {
  let any: string | undefined;
  const withoutNics = new Set<string>();
  const retired = new Set<string>();
  const held = new Map<string, string[]>();
  for (const each of await set.readLeftOut()) {
    if ("note" in each) {
      if (each.note.code === "retired") retired.add(each.note.what);
      continue;
    }
    const { what, reason } = each.leftOut;
    const [kind, id, part, ...address] = what.split("/");
    const guest = `vm/${id}`;
    if (what === "cluster/resources") any = "whose listing of the guests was not read";
    else if (kind !== "vm") continue;
    else if (part === undefined && !OTHER_GUESTS.has(reason)) {
      any ??= `of which ${what} was not read`;
    } else if (part === "config" && NOT_READ.has(reason)) withoutNics.add(guest);
    else if (reason === "held-elsewhere") {
      held.set(guest, [...held.get(guest) ?? [], hostOf(address.join("/"))]);
    }
  }
  return { any, withoutNics, retired, held };
}

function guestIn({ name, custom_fields }: VirtualMachine): Pick<WrittenGuest, "kind" | "name"> {
  return { name, kind: customText(custom_fields, "proxmox_vm_type") };
}

/** Proxmox VE and NetBox ignore the case of names. */
function nameText({ kind, name }: Pick<WrittenGuest, "kind" | "name">): string {
  return `${kind} ${name.toLowerCase()}`;
}

function groupedBy(
  missed: readonly Missed[],
  keysOf: (each: Missed) => readonly string[],
): ReadonlyMap<string, readonly Missed[]> {
  const groups = new Map<string, Missed[]>();
  for (const each of missed) {
    for (const key of keysOf(each)) groups.set(key, [...groups.get(key) ?? [], each]);
  }
  return groups;
}
