/** What NetBox holds, for a transform: the objects of a survey, and which of them already belong to a thing. */
import { MAX_NAME, NamePool } from "../../netbox/names.ts";
import { type Found, NetBoxObjects } from "../../netbox/objects.ts";
import { NETBOX_CUSTOM_FIELD } from "../../netbox/types/custom-field.ts";
import {
  BY_NAME,
  contentTypeOf,
  lacks,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  permissionOf,
  textOf,
} from "../../netbox/types/object-type.ts";
import { NETBOX_CLUSTER } from "../../netbox/types/cluster.ts";
import { NETBOX_INTERFACE } from "../../netbox/types/interface.ts";
import type { Device } from "../../netbox/types/device.ts";
import {
  NETBOX_DEVICE_ROLE,
  NETBOX_DEVICE_TYPE,
  NETBOX_MANUFACTURER,
} from "../../netbox/types/device-type.ts";
import { ENTITY_TYPES } from "../../netbox/types/order.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import { GLOBAL_TAGS, HOST_TAG_PREFIX, NETBOX_TAG } from "../../netbox/types/tag.ts";
import type { Reason } from "../../run-folder/left-out.ts";
import type { CustomFields, CustomFieldValue } from "../../netbox/types/fields.ts";
import { CUSTOM_FIELDS } from "../mapping/custom-field.ts";

/** A thing that cannot be sent, and what of NetBox is in its way. */
export interface Obstacle {
  readonly reason: Reason;
  readonly detail: string;
  /** Of "held-elsewhere". */
  readonly held?: HeldAddress;
}

/** An address of NetBox that is the primary one of a machine. */
export interface HeldAddress {
  readonly address: NetBoxObject;
  readonly holder: NetBoxObject;
  readonly kind: "virtual_machine" | "device";
}

export class NetBoxTarget {
  /** Nothing is known: entities are as they would be for an empty NetBox. */
  static readonly NONE = new NetBoxTarget(NetBoxObjects.NONE);
  readonly objects: NetBoxObjects;
  /** undefined: of no NetBox. */
  readonly url: string | undefined;
  /** Types that it could not be asked for, as only some runs need them. */
  readonly #unread: ReadonlySet<string>;
  /** Objects that a thing of this run has. */
  readonly #claimed = new Set<NetBoxObject>();
  /** Required custom fields, by the type that requires them. */
  readonly #required = new Map<string, readonly NetBoxObject[]>();
  /** Custom fields that NetBox has with another type; and tags that are for some types only. */
  #known:
    | {
      readonly refused: ReadonlySet<string>;
      readonly limited: ReadonlyMap<string, readonly unknown[]>;
    }
    | undefined;

  constructor(
    objects: NetBoxObjects,
    { url, unread = [] }: { readonly url?: string; readonly unread?: readonly string[] } = {},
  ) {
    this.objects = objects;
    this.url = url;
    this.#unread = new Set(unread);
  }

  /** Why objects of a type are not known; undefined: they are. */
  unreadObstacle(name: StepName): Obstacle | undefined {
    if (!this.#unread.has(name)) return undefined;
    return { reason: "denied", detail: `survey needs ${permissionOf(ENTITY_TYPES[name])}` };
  }

  get isKnown(): boolean {
    return this.url !== undefined;
  }

  found(type: ObjectType<never>, object: NetBoxObject): Found {
    this.#claimed.add(object);
    return { object, stub: this.objects.stubOf(type, object) ?? {} };
  }

  /** Does a thing of this run have it? */
  isClaimed(object: NetBoxObject): boolean {
    return this.#claimed.has(object);
  }

  /** "device/pve1 (https://netbox.example.net/dcim/devices/7/)", for people. */
  placeOf({ path }: Pick<ObjectType<never>, "path">, { id }: { readonly id: unknown }): string {
    return `${this.url}/${path}/${id}/`;
  }

  /**
   * The entity without what NetBox would refuse all of it for: values of custom fields that have another
   * type there, and tags that are only for other types.
   */
  accepted(step: StepName, entity: object): object {
    const { limited } = this.#refusals;
    let accepted = entity as { readonly custom_fields?: CustomFields };
    const { custom_fields: fields } = accepted;
    if (fields !== undefined) {
      const kept = Object.entries(fields).filter(([name, value]) =>
        this.customFieldFault({ name, value }, ENTITY_TYPES[step]) === undefined
      );
      if (kept.length < Object.keys(fields).length) {
        accepted = { ...accepted, custom_fields: Object.fromEntries(kept) };
      }
    }
    accepted = this.#withoutRefusedParts(step, accepted);
    if (limited.size === 0) return accepted;
    const allowed = this.#withoutLimited(accepted, ENTITY_TYPES[step]);
    return step === "device" ? this.#deviceWithoutLimited(allowed) : allowed;
  }

  /** Why NetBox would refuse an object of the type with this value. Our own fields are made if it lacks them. */
  customFieldFault(
    { name, value }: { readonly name: string; readonly value: CustomFieldValue },
    type: ObjectType<never>,
  ): string | undefined {
    if (OWN_FIELDS.has(name)) {
      return this.#refusals.refused.has(name) ? "NetBox has it with another type" : undefined;
    }
    const [field] = this.objects.having(NETBOX_CUSTOM_FIELD, BY_NAME, name);
    if (field === undefined) return "NetBox has no such field";
    const contentType = contentTypeOf(type);
    if (!listAt(field, "object_types").includes(contentType)) return `it is not for ${contentType}`;
    const kind = String(partOf(field, "type", "value"));
    const [given = ""] = Object.keys(value);
    return FIELD_VALUES[kind]?.includes(given) ? undefined : `it is of the type ${kind}`;
  }

  /** Without links to new objects that NetBox would refuse: their stubs name a type. */
  #withoutRefusedParts<Of extends object>(step: StepName, entity: Of): Of {
    const links = LINKS[step];
    if (links === undefined || this.requiredFields(links.type).length === 0) return entity;
    const isRefused = (field: string, value: unknown): boolean =>
      links.fields.includes(field) && partOf(value, "type") !== undefined;
    const kept = Object.entries(entity).filter(([field, value]) => !isRefused(field, value));
    return Object.fromEntries(kept) as Of;
  }

  #withoutLimited<Of extends object>(entity: Of, type: ObjectType<never>): Of {
    const { tags } = entity as { readonly tags?: readonly Named[] };
    const { limited } = this.#refusals;
    const isAllowed = ({ name }: Named): boolean =>
      limited.get(name)?.includes(contentTypeOf(type)) ?? true;
    if (tags === undefined || tags.every(isAllowed)) return entity;
    return { ...entity, tags: tags.filter(isAllowed) };
  }

  /** A device also sends the tags of its role, its type and the manufacturer. */
  #deviceWithoutLimited(device: object): object {
    const { device_type: type, role } = device as Partial<Device>;
    if (type === undefined || role === undefined) return device;
    const manufacturer = this.#withoutLimited(type.manufacturer, NETBOX_MANUFACTURER);
    return {
      ...device,
      device_type: this.#withoutLimited({ ...type, manufacturer }, NETBOX_DEVICE_TYPE),
      role: this.#withoutLimited(role, NETBOX_DEVICE_ROLE),
    };
  }

  get #refusals() {
    this.#known ??= {
      refused: new Set(CUSTOM_FIELDS.flatMap(({ name, type }) => {
        const [field] = this.objects.having(NETBOX_CUSTOM_FIELD, BY_NAME, name);
        return field === undefined || partOf(field, "type", "value") === type ? [] : [name];
      })),
      limited: new Map(
        this.objects.all(NETBOX_TAG).map((tag) =>
          [nameOf(tag), listAt(tag, "object_types")] as const
        )
          .filter(([, types]) => types.length > 0),
      ),
    };
    return this.#known;
  }

  /** Why NetBox would refuse a new object of the type, or a change of the one that it has. */
  refusal(type: ObjectType<never>, found?: Found): Obstacle | undefined {
    const fields = this.requiredFields(type, found);
    return fields.length === 0
      ? undefined
      : { reason: "required-field", detail: fields.join(", ") };
  }

  /** A tag that NetBox only allows for some types: the others do not get it. */
  limitOf(tag: string): Obstacle | undefined {
    const types = this.#refusals.limited.get(tag);
    return types && { reason: "other-kind", detail: `only for ${types.join(", ")}` };
  }

  /** Custom fields that people require, and that a new object of the type, or this one, has no value of. */
  requiredFields(type: ObjectType<never>, found?: Found): readonly string[] {
    let required = this.#required.get(type.path);
    if (required === undefined) {
      const contentType = contentTypeOf(type);
      required = this.objects.all(NETBOX_CUSTOM_FIELD).filter((field) =>
        field["required"] === true && listAt(field, "object_types").includes(contentType)
      );
      this.#required.set(type.path, required);
    }
    return required.filter((field) =>
      found === undefined
        ? lacks(field, "default")
        : partOf(found.object, "custom_fields", nameOf(field)) === null
    ).map(nameOf);
  }
}

const OWN_FIELDS: ReadonlySet<string> = new Set(CUSTOM_FIELDS.map(({ name }) => name));

/** TABLE: type of a custom field of NetBox → the values that rules can give it. */
const FIELD_VALUES: Readonly<Record<string, readonly string[]>> = {
  text: ["text"],
  longtext: ["text"],
  url: ["text"],
  date: ["text"],
  datetime: ["text"],
  select: ["text"],
  integer: ["integer"],
  decimal: ["integer", "decimal"],
  boolean: ["boolean"],
  multiselect: ["multiple_selection"],
};

/** TABLE: step → fields that name objects of another step, which may be new. */
const LINKS: Partial<
  Record<StepName, { readonly fields: readonly string[]; readonly type: ObjectType<never> }>
> = {
  device: { fields: ["cluster"], type: NETBOX_CLUSTER },
  interface: { fields: ["parent", "bridge", "lag"], type: NETBOX_INTERFACE },
};

export function listAt(object: NetBoxObject, key: string): readonly unknown[] {
  const list = object[key];
  return Array.isArray(list) ? list : [];
}

export function tagNames(object: NetBoxObject): string[] {
  return listAt(object, "tags").map((tag) => String(partOf(tag, "name")));
}

/**
 * The tags that runs of this program give to the objects of a host: "proxmox-pve1". People may have tags such as
 * "proxmox-backup"; a run also gives the global tags.
 */
export function hostTagsOf(object: NetBoxObject): string[] {
  return writtenTags(object).filter((name) =>
    name.startsWith(HOST_TAG_PREFIX) && !GLOBALS.includes(name)
  );
}

const GLOBALS: readonly string[] = GLOBAL_TAGS;

/** All tags of an object that a run wrote; none of another one. */
function writtenTags(object: NetBoxObject): readonly string[] {
  const names = tagNames(object);
  return GLOBALS.every((name) => names.includes(name)) ? names : [];
}

/** Whose is it? "ours": a run wrote it for one of these hosts; "other": for another host; "people": no run did. */
export function writerOf(
  object: NetBoxObject,
  hostTags: ReadonlySet<string>,
): "ours" | "other" | "people" {
  // People may have renamed the tag: then it does not begin as host tags do.
  if (writtenTags(object).some((name) => hostTags.has(name))) return "ours";
  return hostTagsOf(object).length > 0 ? "other" : "people";
}

/** The first by id: of rows that Diode doubled, this one stays. */
export function oldest(objects: readonly NetBoxObject[]): NetBoxObject | undefined {
  return objects.reduce<NetBoxObject | undefined>(
    (first, each) => first === undefined || each.id < first.id ? each : first,
    undefined,
  );
}

/** The one object; undefined where there are none or several. */
export function alone(objects: readonly NetBoxObject[]): NetBoxObject | undefined {
  return objects.length === 1 ? objects[0] : undefined;
}

export function nameOf(object: NetBoxObject): string {
  return textOf(object["name"]) ?? "";
}

/** Of a node whose name another device of the site has: "pve (cluster)". */
export function deviceName(node: string, cluster: string): string {
  return new NamePool([node]).take(node, cluster, MAX_NAME);
}
