/** What is known of each guest → what is known of its parts, its records and its answers. */
import { NATURAL_KEYS, naturalKey } from "../../entities/natural-key.ts";
import { holderOf } from "../holder.ts";
import type { Facets } from "./filter.ts";
import type { Guest, GuestRow } from "./guests.ts";
import type { EntityItem } from "./items.ts";

export class Directory {
  readonly #byKey = new Map<string, Facets>();
  readonly #byVmid = new Map<string, Facets>();

  constructor(guests: readonly Guest[]) {
    for (const { key, row } of guests) {
      const facets = guestFacets(row);
      if (key !== undefined) this.#byKey.set(key, facets);
      this.#byVmid.set(row.vmid, facets);
    }
  }

  ofEntity({ step, entity }: EntityItem): Facets {
    const holder = holderOf(step, entity as never);
    if (step === "virtual-machine" || holder?.step === "virtual-machine") {
      const machine = holder?.ref ?? entity;
      return this.#byKey.get(naturalKey("virtual-machine", machine as never)) ?? {};
    }
    const device = holder?.ref.name ?? (step === "device" ? entity.name : undefined);
    if (device !== undefined) return { name: device, node: device };
    const { name } = NATURAL_KEYS[step] as { name: (entity: unknown) => string };
    return { name: name(entity) };
  }

  /** "vm/101/net1", "node/pve1/lo", or an API path: "/nodes/pve1/qemu/101/config?current=1". */
  ofPath(path: string): Facets {
    const [, vmid = ""] = /(?:^vm|\/qemu|\/lxc)\/(\d+)(?:\/|$)/.exec(path) ?? [];
    const guest = this.#byVmid.get(vmid);
    if (guest !== undefined) return guest;
    const [, node] = /^(?:node|\/nodes)\/([^/]+)/.exec(path) ?? [];
    return { vmid: vmid === "" ? undefined : vmid, node, name: vmid === "" ? node : undefined };
  }
}

export function guestFacets({ vmid, name, node, tags }: GuestRow): Facets {
  return { vmid, name, node, tag: tags };
}
