/** What an earlier run wrote: its guests, and which of its entities the new one lacks. */
import { machineOf, naturalKey } from "../../netbox/types/order.ts";
import type { Device, DeviceIdentity } from "../../netbox/types/device.ts";
import type { IPAddress } from "../../netbox/types/ip-address.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import { HostTags } from "../../netbox/types/tag.ts";
import { type VirtualMachineIdentity, vmidOf } from "../../netbox/types/virtual-machine.ts";
import type { VMInterface } from "../../netbox/types/vm-interface.ts";
import type { EarlierSet, WrittenLine } from "../../run-folder/earlier-set.ts";
import type { LeftOut } from "../../run-folder/left-out.ts";
import type { Missing } from "../../run-folder/not-read.ts";
import type { EntityAt } from "../../run-folder/set-difference.ts";
import type { Carried, GoneSince } from "../../run-folder/tidy-plan.ts";

/** Steps whose objects may be removed. All others are shared with people or with other guests. */
export const REMOVABLE = [
  "virtual-disk",
  "ip-address",
  "vm-interface",
  "interface",
  "virtual-machine",
  "device",
] as const satisfies readonly StepName[];
export type RemovableName = (typeof REMOVABLE)[number];

/** A virtual machine that the earlier run wrote. */
export interface WrittenGuest {
  readonly vmid: string;
  /** "qemu" or "lxc". */
  readonly kind: string;
  readonly node: string;
  readonly name: string;
  /** The name of its cluster. */
  readonly cluster: string;
  /** The tags that are the guest's own. */
  readonly tags: readonly string[];
  readonly at: WrittenLine;
}

/** An entity that an earlier run wrote and the new one did not. */
export interface Lacking extends Pick<Missing, "step" | "entity"> {
  /** Why nothing new is known of it, as far as that is clear from the records alone. */
  readonly notRead: LeftOut | undefined;
  readonly at: WrittenLine;
  /** The guest that it is, or is a part of. */
  readonly guest: WrittenGuest | undefined;
}

/** A device that the earlier run wrote or carried on. */
export interface WrittenDevice {
  readonly ref: DeviceIdentity;
  readonly at: WrittenLine;
}

interface WrittenFacts {
  readonly guests: readonly WrittenGuest[];
  readonly devices: readonly WrittenDevice[];
  /** NetBox's ids of machines that it retired. */
  readonly retired: ReadonlySet<number>;
  /** Natural keys of addresses that it set to deprecated. */
  readonly deprecated: ReadonlySet<string>;
  /** Natural key of a virtual machine → its guest. */
  readonly byKey: ReadonlyMap<string, WrittenGuest>;
  /** What the plan of that run carried on. */
  readonly carried: readonly Lacking[];
  /** Guests and nodes that were gone. */
  readonly gone: readonly GoneSince[];
  /** Step → natural keys. */
  readonly keys: ReadonlyMap<StepName, Set<string>>;
}

export class WrittenEntities {
  readonly facts: Omit<WrittenFacts, "keys" | "carried" | "byKey" | "gone">;
  readonly #set: EarlierSet;
  readonly #gone: ReadonlyMap<string, GoneSince>;
  readonly #byKey: WrittenFacts["byKey"];
  readonly #carried: WrittenFacts["carried"];
  /** What the new run was not seen to write. */
  readonly #unseen: WrittenFacts["keys"];

  private constructor(set: EarlierSet, { keys, carried, byKey, gone, ...facts }: WrittenFacts) {
    this.#set = set;
    this.facts = facts;
    this.#gone = new Map(
      gone.map((each) => [each.guest ? textOf(each.guest) : deviceText(each.device), each]),
    );
    this.#byKey = byKey;
    this.#carried = carried;
    this.#unseen = keys;
  }

  /** @throws AppError "input" when a file was changed. */
  static async read(set: EarlierSet): Promise<WrittenEntities> {
    const hostTags = new HostTags();
    for await (const { entity } of set.entities("cluster")) hostTags.add(entity);
    const keys = new Map<StepName, Set<string>>();
    const devices: WrittenDevice[] = [];
    const guests = new Map<string, WrittenGuest>();
    const deprecated = new Set<string>();
    for (const step of REMOVABLE) {
      const own = new Set<string>();
      for await (const { key } of set.entities(step)) own.add(key);
      keys.set(step, own);
    }
    for await (const found of set.entities("device")) {
      devices.push({ ref: found.entity, at: set.lineOf(found) });
    }
    for await (const found of set.entities("virtual-machine")) {
      const { entity, key } = found;
      guests.set(key, {
        vmid: vmidOf(entity) ?? "",
        kind: customText(entity.custom_fields, "proxmox_vm_type"),
        node: customText(entity.custom_fields, "proxmox_node"),
        name: entity.name,
        cluster: entity.cluster.name,
        tags: hostTags.ownTags(entity).map(({ name }) => name),
        at: set.lineOf(found),
      });
    }
    for await (const { entity, key } of set.entities("ip-address")) {
      if (entity.status === "deprecated") deprecated.add(key);
    }
    const plan = await set.readPlan();
    const retired = new Set(
      (plan?.items ?? []).flatMap(({ action, id }) => action === "retire" ? [id] : []),
    );
    const written = withCarried(guests, plan?.carried, set.planAt);
    for (const { step, entity, at } of written.carried) {
      if (step === "device") devices.push({ ref: entity as Device, at });
      if (isDeprecated({ step, entity })) deprecated.add(naturalKey(step, entity));
    }
    const { gone = [] } = plan?.carried ?? {};
    return new WrittenEntities(set, { ...written, devices, retired, deprecated, keys, gone });
  }

  /** Since when a guest was gone when that run was captured; undefined: it was not, or that was not known. */
  goneGuest(guest: CarriedGuest): GoneSince | undefined {
    return this.#gone.get(textOf(guest));
  }

  goneDevice(ref: DeviceIdentity): GoneSince | undefined {
    return this.#gone.get(deviceText(ref));
  }

  /** MAC addresses of the NICs of guests, in upper case. @throws AppError "input" when a file was changed. */
  async macsOf(
    guests: readonly WrittenGuest[],
  ): Promise<ReadonlyMap<WrittenGuest, readonly string[]>> {
    const macs = new Map(guests.map((guest) => [guest, [] as string[]]));
    const add = (guest: WrittenGuest | undefined, { primary_mac_address: mac }: VMInterface) => {
      if (guest === undefined || mac === undefined) return;
      macs.get(guest)?.push(mac.mac_address.toUpperCase());
    };
    for (const { step, entity, guest } of this.#carried) {
      if (step === "vm-interface") add(guest, entity as VMInterface);
    }
    for await (const { entity } of this.#set.entities("vm-interface")) {
      add(this.guestOf(entity.virtual_machine), entity);
    }
    return macs;
  }

  guestOf(ref: VirtualMachineIdentity): WrittenGuest | undefined {
    return this.#byKey.get(naturalKey("virtual-machine", ref));
  }

  /** The new run wrote it, too. */
  see(step: StepName, entity: object): void {
    this.#unseen.get(step)?.delete(naturalKey(step, entity as never));
  }

  /** What the new run did not write; `leftOut`: its records. @throws AppError "input". */
  async missing(leftOut: readonly LeftOut[]): Promise<readonly Lacking[]> {
    const missing: EntityAt[] = [];
    for (const [step, keys] of this.#unseen) {
      if (keys.size === 0) continue;
      for await (const found of this.#set.entities(step)) {
        if (keys.has(found.key)) missing.push(found);
      }
    }
    const judged = await this.#set.judge(missing, leftOut);
    return [
      ...this.#carried,
      ...judged.map((found): Lacking => {
        const { step, entity, notRead } = found;
        return { step, entity, notRead, at: this.#set.lineOf(found), guest: this.#guestIn(found) };
      }),
    ];
  }

  #guestIn({ step, entity }: EntityAt): WrittenGuest | undefined {
    if (step === "virtual-machine") return this.guestOf(entity);
    const machine = machineOf(step, entity as never);
    return machine?.step === "virtual-machine" ? this.guestOf(machine.ref) : undefined;
  }

  get sha256(): string {
    return this.#set.sha256;
  }
}

/** The guests of a set, with those and the tags that its plan carried on. */
function withCarried(
  guests: ReadonlyMap<string, WrittenGuest>,
  { entities, tags }: Carried = { entities: [], tags: [] },
  at: WrittenLine,
): Pick<WrittenFacts, "guests" | "byKey" | "carried"> {
  const all = new Map([...guests.values()].map((guest) => [textOf(guest), guest]));
  const known = (guest: CarriedGuest): WrittenGuest => {
    const same = all.get(textOf(guest)) ?? { ...guest, tags: [], at };
    all.set(textOf(guest), same);
    return same;
  };
  for (const { guest, tag } of tags) {
    const same = known(guest);
    all.set(textOf(guest), { ...same, tags: [...new Set([...same.tags, tag])] });
  }
  const carried = entities.map(({ step, entity, guest }): Lacking => ({
    step,
    entity: entity as never,
    notRead: undefined,
    at,
    guest: guest && known(guest),
  }));
  const byKey = new Map([...guests].map(([key, guest]) => [key, all.get(textOf(guest)) ?? guest]));
  return { guests: [...all.values()], byKey, carried };
}

type CarriedGuest = Carried["tags"][number]["guest"];

/** As a plan keeps it. */
export function carriedGuest({ vmid, kind, node, name, cluster }: WrittenGuest): CarriedGuest {
  return { vmid, kind, node, name, cluster };
}

/** An address that a run has set to deprecated, because its guest is gone. */
export function isDeprecated({ step, entity }: Pick<Missing, "step" | "entity">): boolean {
  return step === "ip-address" && (entity as IPAddress).status === "deprecated";
}

function deviceText(ref: DeviceIdentity | undefined): string {
  return ref === undefined ? "" : naturalKey("device", ref);
}

/** What stays the same of a guest. */
function textOf({ cluster, vmid, kind }: CarriedGuest): string {
  return JSON.stringify([cluster, vmid, kind]);
}

/** Files of other programs may have no custom fields. */
export function customText(
  fields: Readonly<Record<string, unknown>> | undefined,
  name: string,
): string {
  const { text = "" } = (fields?.[name] ?? {}) as { readonly text?: string };
  return String(text);
}
