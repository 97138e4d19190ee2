/** The lists of `inspect`, row by row. */
import { labelOf, machineOf, naturalKey, type StepName } from "../../netbox/types/order.ts";
import type { EntityItem, ItemSource, Run } from "../run.ts";
import type { Filter, GuestFacets } from "./filter.ts";
import { type GuestEntry, type GuestRow, listGuests } from "./guests.ts";

export interface ListSource {
  readonly run: Run;
  readonly source: ItemSource;
  readonly filter: Filter;
}

export async function* guestRows({ run, source, filter }: ListSource): AsyncGenerator<GuestRow> {
  for (const { row } of await listGuests(source, run.snapshot)) {
    if (filter.allows(guestFacets(row))) yield row;
  }
}

export interface LeftOutRow {
  readonly what: string;
  readonly reason: string;
  readonly sentence: string;
  /** Name of the snapshot, when there are several. */
  readonly snapshot?: string | undefined;
  /** The answer that it was read from. */
  readonly file: string;
  readonly path: string;
}

/** All, or those of one reason. */
export async function* leftOutRows(
  asked: ListSource,
  reason: string | undefined,
): AsyncGenerator<LeftOutRow> {
  const { source, filter } = asked;
  const directory = await directoryOf(asked);
  for await (const item of source.items({ steps: [], leftOut: true })) {
    if (item.kind !== "leftOut" || (reason !== undefined && item.record.reason !== reason)) {
      continue;
    }
    const { what, reason: why, sentence, answer } = item.record;
    if (directory !== undefined && !filter.allows(directory.ofPath(what))) continue;
    yield { what, reason: why, sentence, ...answer };
  }
}

export interface EntityRow {
  readonly name: string;
  /** Where it stands; absent when it was made in memory. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly entity: object;
}

export async function* entityRows(asked: ListSource, step: StepName): AsyncGenerator<EntityRow> {
  const { source, filter } = asked;
  const directory = await directoryOf(asked);
  for await (const item of source.items({ steps: [step], leftOut: false })) {
    if (item.kind !== "entity" || item.step !== step) continue;
    if (directory !== undefined && !filter.allows(directory.ofEntity(item))) continue;
    const { entity, file, line } = item;
    yield { name: labelOf(step, entity), file, line, entity };
  }
}

export interface FailedRow {
  /** An API path that was not read, or a file that a target refused. */
  readonly what: string;
  readonly reason: string;
  /** Of what was not read: a code. */
  readonly cause?: string | undefined;
  /** Who says so. */
  readonly file: string;
}

/** What capture could not read, and what a target had to say against entities. */
export async function* failedRows(asked: ListSource): AsyncGenerator<FailedRow> {
  const { run: { snapshot, journals }, filter } = asked;
  const directory = await directoryOf(asked);
  for (const { path, reason, cause } of snapshot?.manifest.incomplete ?? []) {
    if (directory !== undefined && !filter.allows(directory.ofPath(path))) continue;
    yield { what: path, reason, cause, file: "manifest.json" };
  }
  if (directory !== undefined) return;
  for (const { file, lines } of journals) {
    for (const { file: what, errors = [] } of lines) {
      for (const reason of errors) yield { what, reason, file };
    }
  }
}

/** undefined when there is nothing to filter by. */
async function directoryOf({ run, source, filter }: ListSource): Promise<Directory | undefined> {
  return filter.isEmpty ? undefined : new Directory(await listGuests(source, run.snapshot));
}

/** What is known of each guest → what is known of its parts, its records and its answers. */

export class Directory {
  readonly #byKey = new Map<string, GuestFacets>();
  readonly #byVmid = new Map<string, GuestFacets>();

  constructor(guests: readonly GuestEntry[]) {
    for (const { key, row } of guests) {
      const facets = guestFacets(row);
      if (key !== undefined) this.#byKey.set(key, facets);
      this.#byVmid.set(row.vmid, facets);
    }
  }

  ofEntity({ step, entity }: EntityItem): GuestFacets {
    const holder = machineOf(step, entity);
    if (step === "virtual-machine" || holder?.step === "virtual-machine") {
      const machine = holder?.ref ?? entity;
      return this.#byKey.get(naturalKey("virtual-machine", machine as never)) ?? {};
    }
    const device = holder?.ref.name ?? (step === "device" ? entity.name : undefined);
    if (device !== undefined) return { name: device, node: device };
    return { name: labelOf(step, entity) };
  }

  /** "vm/101/net1", "node/pve1/lo", or an API path: "/nodes/pve1/qemu/101/config?current=1". */
  ofPath(path: string): GuestFacets {
    const [, vmid = ""] = /(?:^vm|\/qemu|\/lxc)\/(\d+)(?:\/|$)/.exec(path) ?? [];
    const guest = this.#byVmid.get(vmid);
    if (guest !== undefined) return guest;
    const [, node] = /^(?:node|\/nodes)\/([^/]+)/.exec(path) ?? [];
    return { vmid: vmid === "" ? undefined : vmid, node, name: vmid === "" ? node : undefined };
  }
}

export function guestFacets({ vmid, name, node, tags }: GuestRow): GuestFacets {
  return { vmid, name, node, tag: tags };
}
