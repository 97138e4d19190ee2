/**
 * Makes the objects that NetBox has of entities after a push, in the form in which survey keeps them. Each
 * object is made once: what an entity names has an id by its natural key.
 */
import { autoSlug } from "../../src/netbox/names.ts";
import { contentTypeOf, type NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { ENTITY_TYPES, naturalKey } from "../../src/netbox/types/order.ts";
import type { StepName } from "../../src/netbox/types/steps.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import { CUSTOM_FIELDS } from "../../src/transform/mapping/custom-field.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** TABLE: field of an entity → the type of the object that it names by a stub. */
const STUBS: Readonly<Record<string, SurveyedName>> = {
  bridge: "interface",
  cluster: "cluster",
  device: "device",
  device_type: "device-type",
  lag: "interface",
  manufacturer: "manufacturer",
  parent: "interface",
  platform: "platform",
  role: "device-role",
  scope_site: "site",
  site: "site",
  tenant: "tenant",
  untagged_vlan: "vlan",
  virtual_machine: "virtual-machine",
};
/** TABLE: what an address is assigned to. */
const ASSIGNED = {
  assigned_object_interface: { part: "interface", machine: "device" },
  assigned_object_vm_interface: { part: "vm-interface", machine: "virtual_machine" },
} as const;
const CHOICES = new Set(["status", "type", "mode", "start_on_boot"]);
const NUMBERS = new Set(["memory", "mtu", "size", "speed", "vcpus", "vid"]);
/** What NetBox shows of an object within another one. */
const SHOWN = ["name", "model", "address", "vid"];

const KEYS = new Map(SURVEYED.map(({ name, keys }) => [name, keys]));

type Shown = Fields & { readonly id: number };

export class EntityObjects {
  /** "virtual-machine" and natural key → what NetBox shows of it within another object. */
  readonly #shown = new Map<string, Shown>();
  readonly #counts = new Map<SurveyedName, number>();
  /** Sites, tenants, manufacturers, device types, roles: no step makes them. */
  readonly #withoutStep: (readonly [SurveyedName, NetBoxObject])[] = [];
  /** Natural key of a machine → its primary addresses. */
  readonly #primaries = new Map<string, Record<string, Shown>>();
  #addresses = 0;
  #macAddresses = 0;

  /** All addresses come here first, in the order in which `objectOf` gets them. */
  seePrimary(address: Fields): void {
    this.#addresses += 1;
    for (const [field, { machine: key }] of Object.entries(ASSIGNED)) {
      const machine = (address[field] as Record<string, Fields> | undefined)?.[key];
      for (const family of ["primary_ip4", "primary_ip6"]) {
        if (machine?.[family] === undefined) continue;
        const of = keyOf(STUBS[key] as SurveyedName, machine);
        const shown = { id: this.#addresses, address: address["address"] };
        this.#primaries.set(of, { ...this.#primaries.get(of), [family]: shown });
      }
    }
  }

  objectOf(step: StepName, entity: Fields): NetBoxObject {
    const { id } = this.#shownOf(step, entity);
    const object: Record<string, unknown> = { id };
    for (const key of KEYS.get(step) ?? []) object[key] = emptyValue(step, key, entity);
    Object.assign(object, this.#primaries.get(keyOf(step, entity)));
    for (const [field, value] of Object.entries(entity)) {
      if (field === "custom_fields") {
        Object.assign(object[field] as object, plainValues(value as Typed));
      } else Object.assign(object, this.#shownFields(field, value));
    }
    return object as NetBoxObject;
  }

  *withoutStep(): Generator<readonly [SurveyedName, NetBoxObject]> {
    yield* this.#withoutStep;
  }

  /** An object within another one; its id is new when it is seen first. */
  #shownOf(name: SurveyedName, stub: Fields): Shown {
    const key = keyOf(name, stub);
    const known = this.#shown.get(key);
    if (known !== undefined) return known;
    const id = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, id);
    const parts = SHOWN.filter((part) => part in stub).map((part) =>
      [part, part === "vid" ? Number(stub[part]) : stub[part]] as const
    );
    const device = stub["device"] as Fields | undefined;
    const shown: Shown = {
      id,
      ...(device && { device: this.#shownOf("device", device) }),
      ...Object.fromEntries(parts),
    };
    // Nothing names an address or a disk.
    if (name !== "ip-address" && name !== "virtual-disk") this.#shown.set(key, shown);
    if (!(name in ENTITY_TYPES)) this.#withoutStep.push([name, this.#whole(name, shown, stub)]);
    return shown;
  }

  #whole(name: SurveyedName, shown: Shown, stub: Fields): NetBoxObject {
    const object: Record<string, unknown> & Shown = { ...shown };
    for (const key of KEYS.get(name) ?? []) object[key] ??= emptyValue(name, key, stub);
    const { manufacturer } = stub;
    return Object.assign(object, manufacturer && this.#shownFields("manufacturer", manufacturer));
  }

  #shownFields(field: string, value: unknown): Fields {
    if (field in ASSIGNED) {
      const { part, machine } = ASSIGNED[field as keyof typeof ASSIGNED];
      const stub = value as Record<string, Fields>;
      const owner = this.#shownOf(STUBS[machine] as SurveyedName, stub[machine] as Fields);
      return {
        assigned_object_type: contentTypeOf(ENTITY_TYPES[part]),
        assigned_object: { ...this.#shownOf(part, stub), [machine]: owner },
      };
    }
    if (field === "tags") {
      return { tags: (value as Fields[]).map((tag) => this.#shownOf("tag", tag)) };
    }
    if (field === "primary_mac_address") {
      this.#macAddresses += 1;
      return { [field]: { id: this.#macAddresses, ...(value as Fields) } };
    }
    const isObject = typeof value === "object" && !Array.isArray(value);
    const named = field === "type" && isObject ? "cluster-type" : STUBS[field];
    if (named === undefined) return { [field]: plainValue(field, value) };
    const shown = Object.keys(value as Fields).length === 0
      ? null
      : this.#shownOf(named, value as Fields);
    return field === "scope_site" ? { scope_type: "dcim.site", scope: shown } : { [field]: shown };
  }
}

type Typed = Readonly<Record<string, { readonly text?: string; readonly integer?: string }>>;

function plainValues(fields: Typed): Fields {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, { text, integer }]) => [name, text ?? Number(integer)]),
  );
}

function plainValue(field: string, value: unknown): unknown {
  if (CHOICES.has(field)) return { value };
  return NUMBERS.has(field) ? Number(value) : value;
}

/** Of a field that the entity does not have. */
function emptyValue(name: SurveyedName, key: string, stub: Fields): unknown {
  if (key === "slug") return autoSlug(String(stub["name"] ?? stub["model"]));
  if (key === "tags" || key === "object_types") return [];
  if (key === "color") return "9e9e9e";
  if (key === "status") return { value: "active" };
  if (key === "comments" || key === "description") return "";
  if (key !== "custom_fields") return key === "required" ? false : null;
  const own = CUSTOM_FIELDS.filter(({ objectType }) =>
    name in ENTITY_TYPES && objectType === contentTypeOf(ENTITY_TYPES[name as StepName])
  );
  return Object.fromEntries(own.map((field) => [field.name, null]));
}

function keyOf(name: SurveyedName, stub: Fields): string {
  const key = name in ENTITY_TYPES
    ? naturalKey(name as StepName, stub as never)
    : String(stub["name"] ?? stub["model"]);
  return `${name} ${key}`;
}
