/** How the plan names objects of NetBox, and what of them it relies on. */
import {
  type NetBoxObject,
  type ObjectType,
  partOf,
  textOf,
} from "../../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../../netbox/types/surveyed.ts";
import { GLOBAL_TAGS } from "../../netbox/types/tag.ts";
import type { WrittenLine } from "../../run-folder/earlier-set.ts";
import type { AnswerRef } from "../../run-folder/left-out.ts";
import type { Action, KeptItem, PlanItem } from "../../run-folder/tidy-plan.ts";
import type { TypedObject } from "./collect.ts";
import { nameOf, type NetBoxTarget, tagNames, writerOf } from "../target/target.ts";

/** An item whose evidence is not located yet. */
export interface ItemDraft {
  readonly item: Omit<PlanItem, "evidence">;
  readonly answers: readonly AnswerRef[];
  readonly objects: readonly TypedObject[];
  readonly earlier: readonly WrittenLine[];
}

const TYPES = new Map(SURVEYED.map(({ name, type }) => [name, type]));

export function typeCalled(name: SurveyedName): ObjectType<never> {
  return TYPES.get(name) as ObjectType<never>;
}

/** What an item relies on: its own tags, and the paths of its type. */
const SEEN: Partial<Record<SurveyedName, readonly string[]>> = {
  "virtual-machine": ["name", "cluster.id", "custom_fields.proxmox_vmid"],
  "device": ["name", "site.id"],
  "vm-interface": ["name", "virtual_machine.id"],
  "virtual-disk": ["name", "virtual_machine.id"],
  "interface": ["name", "device.id"],
  "ip-address": ["address", "vrf.id", "assigned_object.id"],
  "prefix": ["prefix", "vrf.id", "scope.id"],
  "vlan": ["vid", "name", "site.id"],
};

/** Knows the NetBox of a run, and which objects of it are ours. */
export class OwnObjects {
  readonly target: NetBoxTarget;
  /** Of all clusters of the run. */
  readonly #hostTags: ReadonlySet<string>;

  constructor(target: NetBoxTarget, hostTags: ReadonlySet<string>) {
    this.target = target;
    this.#hostTags = hostTags;
  }

  isOurs(object: NetBoxObject): boolean {
    return writerOf(object, this.#hostTags) === "ours";
  }

  /** Objects that are ours, of all types. */
  count(): number {
    const all = SURVEYED.flatMap(({ type }) => this.target.objects.all(type));
    return all.filter((object) => this.isOurs(object)).length;
  }

  urlOf({ type, object }: TypedObject): string {
    return this.target.placeOf(typeCalled(type), object);
  }

  /** "web-01/net0 (https://…)", in a sentence. */
  placeIn(typed: TypedObject): string {
    return `${labelIn(typed)} (${this.urlOf(typed)})`;
  }

  draft(
    action: Action,
    { type, object }: TypedObject,
    { why, changes = [], answers = [], objects = [], earlier = [], ...more }:
      & Pick<PlanItem, "why">
      & Partial<Pick<PlanItem, "changes" | "into" | "status" | "sent">>
      & Partial<Omit<ItemDraft, "item">>,
  ): ItemDraft {
    const typed = { type, object };
    const item = {
      action,
      type,
      id: object.id,
      url: this.urlOf(typed),
      name: labelIn(typed),
      changes,
      ...more,
      why,
      seen: this.#seenOf(typed),
    };
    return { item, answers, objects: [typed, ...objects], earlier };
  }

  kept(action: Action, typed: TypedObject, because: string): KeptItem {
    const { type, object: { id } } = typed;
    return { action, type, id, url: this.urlOf(typed), name: labelIn(typed), because };
  }

  #seenOf({ type, object }: TypedObject): PlanItem["seen"] {
    const paths = (SEEN[type] ?? ["name"]).map((path) =>
      [path, plain(partOf(object, ...path.split(".")))] as const
    );
    const tags = tagNames(object).filter((name) => this.isWritten(name));
    return { ...Object.fromEntries(paths), tags };
  }

  isWritten(tag: string): boolean {
    return (GLOBAL_TAGS as readonly string[]).includes(tag) || this.#hostTags.has(tag);
  }
}

/** "web-01/net0", "10.0.0.5/24", "VLAN 10". */
export function labelIn({ type, object }: TypedObject): string {
  const owner = textOf(partOf(object, "virtual_machine", "name")) ??
    textOf(partOf(object, "device", "name"));
  const name = textOf(object["address"]) ?? textOf(object["prefix"]) ?? nameOf(object);
  if (type === "vlan") return `VLAN ${String(object["vid"])}`;
  const isPart = type === "interface" || type === "vm-interface" || type === "virtual-disk";
  return isPart && owner !== null ? `${owner}/${name}` : name;
}

function plain(value: unknown): string | number | boolean | null {
  const isPlain = ["string", "number", "boolean"].includes(typeof value);
  return isPlain ? value as string | number | boolean : null;
}
