/**
 * rename: objects of ours that NetBox has under other names than Proxmox VE. A name can be given once it is
 * free, so an object that has it comes first; of those that exchange their names, one gets a name in between.
 */
import { MAX_NAME, NamePool } from "../../netbox/names.ts";
import { byOwner, type NetBoxObject, partOf } from "../../netbox/types/object-type.ts";
import type { PlanChange } from "../../run-folder/tidy-plan.ts";
import { nameOf } from "../target/target.ts";
import type { OtherName } from "./collect.ts";
import { type ItemDraft, type OwnObjects, typeCalled } from "./objects.ts";

/** TABLE: type → what its names are unique in, and how NetBox compares them. */
const WITHIN = {
  "virtual-machine": { owner: "cluster", fold: (name: string) => name.toLowerCase() },
  "vm-interface": { owner: "virtual_machine", fold: (name: string) => name },
  "interface": { owner: "device", fold: (name: string) => name },
} as const;

export function planRenames(found: readonly OtherName[], own: OwnObjects): ItemDraft[] {
  const ours = found.filter(({ object }) => own.isOurs(object));
  const byOwnerId = Map.groupBy(
    ours,
    ({ type, object }) => `${type} ${partOf(object, WITHIN[type].owner, "id")}`,
  );
  const drafts = [...byOwnerId.values()].flatMap((renames) => inOneOwner(renames, own));
  const rank = ({ item }: ItemDraft): number => Object.keys(WITHIN).indexOf(item.type);
  return drafts.sort((a, b) => rank(a) - rank(b));
}

/** Renames of one cluster, machine or device, each after those that make its name free. */
function inOneOwner(renames: readonly OtherName[], own: OwnObjects): ItemDraft[] {
  const siblings = siblingsOf(renames, own);
  const possible = withoutBlocked(renames, siblings);
  const done = new Set<OtherName>();
  const drafts: ItemDraft[] = [];
  const nextOf = (each: OtherName): OtherName | undefined => {
    const holder = holderOf(each, siblings);
    return holder && possible.get(holder);
  };
  for (const first of possible.values()) {
    const path: OtherName[] = [];
    let next: OtherName | undefined = first;
    for (; next !== undefined && !done.has(next) && !path.includes(next); next = nextOf(next)) {
      path.push(next);
    }
    const from = next === undefined ? -1 : path.indexOf(next);
    const cycle = from === -1 ? [] : path.slice(from);
    if (cycle.length > 0) drafts.push(exchange(cycle, siblings, own));
    for (const each of path.toReversed()) {
      if (!cycle.includes(each)) drafts.push(renameOf(each, own));
    }
    path.forEach((each) => done.add(each));
  }
  return drafts;
}

function siblingsOf(
  [first]: readonly OtherName[],
  { target }: OwnObjects,
): readonly NetBoxObject[] {
  if (first === undefined) return [];
  const { owner } = WITHIN[first.type];
  const id = String(partOf(first.object, owner, "id"));
  return target.objects.having(typeCalled(first.type), byOwner(owner), id);
}

/** What has the new name, besides the object itself. */
function holderOf(
  { type, object, to }: OtherName,
  siblings: readonly NetBoxObject[],
): NetBoxObject | undefined {
  const { fold } = WITHIN[type];
  return siblings.find((each) => each !== object && fold(nameOf(each)) === fold(to));
}

/** Object → its rename, without those whose names other objects keep. */
function withoutBlocked(
  renames: readonly OtherName[],
  siblings: readonly NetBoxObject[],
): ReadonlyMap<NetBoxObject, OtherName> {
  const possible = new Map(renames.map((each) => [each.object, each]));
  for (let before = -1; before !== possible.size;) {
    before = possible.size;
    for (const each of possible.values()) {
      const holder = holderOf(each, siblings);
      if (holder !== undefined && !possible.has(holder)) possible.delete(each.object);
    }
  }
  return possible;
}

function renameOf(other: OtherName, own: OwnObjects): ItemDraft {
  return own.draft("rename", other, {
    changes: [nameChange(other, { from: nameOf(other.object), to: other.to })],
    why: `${whyOf(other)}, and NetBox "${nameOf(other.object)}"`,
    answers: [other.subject.answer],
  });
}

/** One item for all that exchange their names: no part of it can be done alone. */
function exchange(
  cycle: readonly OtherName[],
  siblings: readonly NetBoxObject[],
  own: OwnObjects,
): ItemDraft {
  const [first, ...others] = cycle as [OtherName, ...OtherName[]];
  const between = new NamePool(siblings.map(nameOf)).take(nameOf(first.object), "tidy", MAX_NAME);
  const changes = [
    nameChange(first, { from: nameOf(first.object), to: between }),
    // The last one gets the name of the first, the one before it that of the last, and so on.
    ...others.toReversed().map((each) =>
      nameChange(each, { from: nameOf(each.object), to: each.to })
    ),
    nameChange(first, { from: between, to: first.to }),
  ];
  const names = others.map(({ object }) => `"${nameOf(object)}"`).join(", ");
  return own.draft("rename", first, {
    changes,
    why: `${whyOf(first)}; it exchanges its name with ${names}`,
    answers: cycle.map(({ subject }) => subject.answer),
    objects: others,
  });
}

function nameChange(
  { type, object: { id } }: OtherName,
  { from, to }: { readonly from: string; readonly to: string },
): PlanChange {
  return { type, id, field: "name", from, to };
}

function whyOf({ subject, to, by }: OtherName): string {
  return `Proxmox VE calls ${subject.what}, which was found by its ${by}, "${to}"`;
}
