/**
 * join: rows that Diode doubled, when it applied one entity twice at the same time. NetBox refuses two of a
 * kind for most types; of VLANs, addresses and prefixes it does not, or not by default.
 */
import { assignmentOf } from "../../netbox/types/ip-address.ts";
import { prefixPlace } from "../../netbox/types/prefix.ts";
import { hostOf } from "../../base/ip-address.ts";
import { type NetBoxObject, partOf, textOf } from "../../netbox/types/object-type.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import type { SurveyedName } from "../../netbox/types/surveyed.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import type { KeptItem, PlanChange } from "../../run-folder/tidy-plan.ts";
import { listAt, tagNames } from "../target/target.ts";
import type { TypedObject } from "./collect.ts";
import { type ItemDraft, labelIn, type OwnObjects, typeCalled } from "./objects.ts";

type DoubledName = "vlan" | "ip-address" | "prefix";

/** TABLE: type → what tells its objects apart, and the fields in which two of them must agree. */
const DOUBLED: Readonly<
  Record<DoubledName, {
    /** undefined: it has no double. */
    readonly keyOf: (object: NetBoxObject) => string | undefined;
    readonly same: readonly (readonly string[])[];
  }>
> = {
  "vlan": {
    keyOf: (vlan) =>
      (vlan["group"] ?? vlan["qinq_svlan"] ?? null) === null
        ? keyOf(vlan["vid"], partOf(vlan, "site", "id"))
        : undefined,
    same: [["name"]],
  },
  "prefix": {
    keyOf: prefixPlace,
    same: [["vlan", "id"]],
  },
  "ip-address": {
    keyOf: (address) => keyOf(hostOf(String(address["address"])), partOf(address, "vrf", "id")),
    same: [["role", "value"], ["status", "value"]],
  },
};

export function planJoins(
  own: OwnObjects,
): { readonly drafts: readonly ItemDraft[]; readonly kept: readonly KeptItem[] } {
  const joined = (Object.keys(DOUBLED) as DoubledName[]).flatMap((type) => {
    const { keyOf } = DOUBLED[type];
    const all = own.target.objects.all(typeCalled(type));
    const keyed = all.flatMap((object) => {
      const key = keyOf(object);
      return key === undefined ? [] : [{ key, object }];
    });
    return [...Map.groupBy(keyed, ({ key }) => key).values()].flatMap((same) => {
      const objects = same.map(({ object }) => object);
      const kindOf = (each: NetBoxObject): Kind =>
        own.isOurs(each) ? "ours" : stubKind(type, each, own);
      const byKind = Map.groupBy(objects, kindOf);
      if (byKind.has("of people") || !objects.some((each) => own.isOurs(each))) return [];
      const ours = byKind.get("ours") ?? [];
      const unclear = byKind.get("unclear") ?? [];
      return [
        ...joinsOf(type, ours, own),
        ...unclear.filter(({ name }) => ours.some((each) => each["name"] === name))
          .map((object) => own.kept("join", { type, object }, UNCLEAR)),
      ];
    });
  });
  return {
    drafts: joined.flatMap((each) => "item" in each ? [each] : []),
    kept: joined.flatMap((each) => "item" in each ? [] : [each]),
  };
}

type Kind = "ours" | "of people" | "unclear";

const UNCLEAR = "Nothing uses it, and it has no tag: delete it by hand if people did not make it";

/** Beside the VLAN of the entity, Diode may make one of the stub of a NIC, which has no tags. */
function stubKind(type: DoubledName, object: NetBoxObject, own: OwnObjects): Kind {
  if (type !== "vlan" || tagNames(object).length > 0) return "of people";
  const uses = [...usesOf(object, own)];
  if (uses.length === 0) return "unclear";
  return uses.every((use) => own.isOurs(use.object)) ? "ours" : "of people";
}

function keyOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts.map((part) => part ?? null));
}

/** `objects`: by id. */
function joinsOf(
  type: DoubledName,
  [first, ...others]: readonly NetBoxObject[],
  own: OwnObjects,
): (ItemDraft | KeptItem)[] {
  if (first === undefined) return [];
  return others.map((object) => {
    const into = { type, object: first };
    const typed = { type, object };
    const other = DOUBLED[type].same.find((path) =>
      textOf(partOf(first, ...path)) !== textOf(partOf(object, ...path))
    );
    if (other !== undefined) {
      return own.kept(
        "join",
        typed,
        `its ${other[0]} is another one than that of ${own.placeIn(into)}`,
      );
    }
    const moved = type === "ip-address"
      ? addressChanges(object, first, own)
      : type === "vlan"
      ? vlanChanges(object, first, own)
      : { changes: [] };
    if ("obstacle" in moved) return own.kept("join", typed, moved.obstacle);
    return own.draft("join", typed, {
      into: first.id,
      changes: moved.changes,
      why: `It is the same as ${own.placeIn(into)}: Diode made ${labelIn(typed)} twice`,
      objects: [into],
    });
  });
}

type Moved = { readonly changes: PlanChange[] } | { readonly obstacle: string };

/** TABLE: fields that name a VLAN. */
const VLAN_USES: readonly (readonly [SurveyedName, string])[] = [
  ["vm-interface", "untagged_vlan"],
  ["interface", "untagged_vlan"],
  ["vm-interface", "tagged_vlans"],
  ["interface", "tagged_vlans"],
  ["prefix", "vlan"],
];

/** Objects that name a VLAN. */
function* usesOf(
  { id }: NetBoxObject,
  own: OwnObjects,
): Generator<TypedObject & { readonly field: string }> {
  for (const [type, field] of VLAN_USES) {
    for (const object of own.target.objects.all(typeCalled(type))) {
      const isOne = partOf(object, field, "id") === id;
      const isMember = listAt(object, field).some((each) => partOf(each, "id") === id);
      if (isOne || isMember) yield { type, object, field };
    }
  }
}

/** Interfaces and prefixes get the VLAN that stays. */
function vlanChanges(vlan: NetBoxObject, { id: to }: NetBoxObject, own: OwnObjects): Moved {
  const changes: PlanChange[] = [];
  for (const { type, object, field } of usesOf(vlan, own)) {
    if (!own.isOurs(object)) {
      return { obstacle: `${own.placeIn({ type, object })}, which people made, has it` };
    }
    changes.push({ type, id: object.id, field, from: vlan.id, to });
  }
  return { changes };
}

/** The machine that has it as its primary address gets the one that stays, on the same interface. */
function addressChanges(object: NetBoxObject, into: NetBoxObject, own: OwnObjects): Moved {
  const holder = holderOf(object, own);
  const assigned = assignmentOf(object);
  if (holder === undefined || assigned === null) return { changes: [] };
  const primaries = ["primary_ip4", "primary_ip6"].filter((field) =>
    partOf(holder.object, field, "id") === object.id
  );
  const isFree = assignmentOf(into) === null;
  const isOnSame = holderOf(into, own)?.object === holder.object;
  if (!own.isOurs(holder.object)) {
    return { obstacle: `it is assigned to ${own.placeIn(holder)}, which people made` };
  }
  if (partOf(holder.object, "oob_ip", "id") === object.id) {
    return { obstacle: `it is the out-of-band address of ${own.placeIn(holder)}` };
  }
  if (primaries.length > 0 && !isFree && !isOnSame) {
    return {
      obstacle: `it is the primary address of ${own.placeIn(holder)}, and ` +
        `${own.placeIn({ type: "ip-address", object: into })} is assigned to something else`,
    };
  }
  const assignment: PlanChange = {
    type: "ip-address",
    id: into.id,
    field: "assigned_object",
    from: null,
    to: assigned,
  };
  return {
    changes: [
      ...(isFree ? [assignment] : []),
      ...primaries.map((field): PlanChange => ({
        type: holder.type,
        id: holder.object.id,
        field,
        from: object.id,
        to: into.id,
      })),
    ],
  };
}

const MACHINES = {
  "virtual_machine": { name: "virtual-machine", type: NETBOX_VIRTUAL_MACHINE },
  "device": { name: "device", type: NETBOX_DEVICE },
} as const;

/** The machine of an assigned address. */
function holderOf(
  address: NetBoxObject,
  { target: { objects } }: OwnObjects,
): TypedObject | undefined {
  for (const [key, { name, type }] of Object.entries(MACHINES)) {
    const object = objects.get(type, partOf(address, "assigned_object", key, "id"));
    if (object !== undefined) return { type: name, object };
  }
  return undefined;
}
