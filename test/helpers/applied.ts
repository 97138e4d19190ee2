/**
 * The objects of a NetBox to which entities were applied, as Diode applies them: found by their key, created if
 * there is no such object, only the sent fields changed, tags added. Each change of an object is recorded. An
 * entity that NetBox refuses changes nothing.
 */
import { NetBoxObjects } from "../../src/netbox/objects.ts";
import type { NetBoxObject, ObjectType } from "../../src/netbox/types/object-type.ts";
import { contentTypeOf } from "../../src/netbox/types/object-type.ts";
import { STEP_NAMES } from "../../src/netbox/types/steps.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import type { Emitted } from "./in-memory.ts";

export type Shown = Record<string, unknown> & { id: number };
type Fields = Readonly<Record<string, unknown>>;
type Named = { readonly name?: unknown };

const TYPES = new Map(SURVEYED.map(({ name, type }) => [name, type]));
/** Field of an entity → the type of the object that it names. */
const REFERENCES: Readonly<Record<string, SurveyedName>> = {
  site: "site",
  tenant: "tenant",
  cluster: "cluster",
  platform: "platform",
  device_type: "device-type",
  manufacturer: "manufacturer",
  role: "device-role",
  vrf: "vrf",
  virtual_machine: "virtual-machine",
  device: "device",
  untagged_vlan: "vlan",
  vlan: "vlan",
  l2vpn: "l2vpn",
  parent: "interface",
  bridge: "interface",
  lag: "interface",
};
const SCOPES: Readonly<Record<string, SurveyedName>> = {
  scope_site: "site",
  scope_location: "location",
  scope_region: "region",
  scope_site_group: "site-group",
};
const CHOICES = new Set(["status", "type", "mode", "start_on_boot"]);
const NUMBERS = new Set(["vcpus", "memory", "size", "mtu", "speed", "vid", "identifier"]);

export interface Change {
  readonly type: SurveyedName;
  readonly id: number;
  readonly name: string;
  /** undefined: it is new. */
  readonly field?: string;
}

type SentEntity = Pick<Emitted, "step" | "entity">;

/** Why NetBox does not take an entity. */
class Refused extends Error {}

export class ModelNetBox {
  readonly rows = new Map<SurveyedName, Shown[]>();
  readonly changes: Change[] = [];
  /** Entities that NetBox refused, and why. */
  readonly refused: string[] = [];
  /** More reasons to refuse an object that an entity, or a stub in it, would make or change. */
  readonly refuses: (type: SurveyedName, sent: Fields) => string | undefined;
  #nextId = 1;
  /** Objects that the entity under way has changed, as they were before; undefined: it made them. */
  readonly #before = new Map<Shown, Shown | undefined>();
  /** Objects from this id on were made after the entity under way was planned. */
  #unseenFrom = Infinity;

  constructor({ refuses = () => undefined }: Partial<Pick<ModelNetBox, "refuses">> = {}) {
    this.refuses = refuses;
  }

  /** Higher than every id so far. */
  /** An object of another NetBox, with an id that no other object has. */
  add(type: SurveyedName, row: Shown): void {
    this.all(type).push(row);
    this.#nextId = Math.max(this.#nextId, row.id + 1);
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** As a survey reads it; `url` is of no server. */
  objects(): NetBoxObjects {
    const byPath = new Map<string, readonly NetBoxObject[]>();
    for (const [name, rows] of this.rows) byPath.set(typeOf(name).path, structuredClone(rows));
    return new NetBoxObjects(byPath);
  }

  /** People renamed objects: those that name them show it. Ids are unique over all types. */
  refresh(): void {
    const briefs = new Map([...this.rows.values()].flat().map((row) => [row.id, brief(row)]));
    const shown = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shown);
      if (!isRow(value)) return value;
      const parts = Object.entries(value).map(([key, part]) => [key, shown(part)]);
      return { ...Object.fromEntries(parts), ...briefs.get(value.id) };
    };
    for (const row of [...this.rows.values()].flat()) {
      for (const [key, value] of Object.entries(row)) row[key] = shown(value);
    }
  }

  all(name: SurveyedName): Shown[] {
    const rows = this.rows.get(name) ?? [];
    this.rows.set(name, rows);
    return rows;
  }

  /** An object that people made: values as NetBox shows them, but objects by their rows. */
  make(type: SurveyedName, fields: Fields): Shown {
    const row: Shown = { id: this.#nextId, tags: [], custom_fields: {} };
    this.#nextId += 1;
    for (const [key, value] of Object.entries(fields)) {
      row[key] = isRow(value) && key !== "assigned_object" ? brief(value) : value;
    }
    const name = typeof fields["name"] === "string" ? fields["name"] : "";
    if (!("slug" in row)) row["slug"] = slugOf(String(fields["model"] ?? name));
    this.all(type).push(row);
    return row;
  }

  remove(type: SurveyedName, { id }: Pick<Shown, "id">): void {
    this.rows.set(type, this.all(type).filter((row) => row.id !== id));
  }

  /** Refused while parts of the object exist, which NetBox would delete with it. */
  delete(type: SurveyedName, id: number): void {
    for (const row of [...this.rows.values()].flat()) {
      for (const key of ["virtual_machine", "device", "assigned_object", "parent"]) {
        if ((row[key] as Partial<Shown> | null | undefined)?.id !== id) continue;
        throw new Error(`Cannot delete ${type} ${id}: ${nameOf(row)} depends on it`);
      }
      for (const key of ["primary_ip4", "primary_ip6", "untagged_vlan", "vlan"]) {
        if ((row[key] as Partial<Shown> | null | undefined)?.id === id) row[key] = null;
      }
    }
    this.rows.set(type, this.all(type).filter((row) => row.id !== id));
  }

  one(type: SurveyedName, fits: (row: Shown) => boolean): Shown {
    const found = this.all(type).filter(fits);
    if (found.length !== 1 || found[0] === undefined) {
      throw new Error(`${found.length} objects of type ${type}`);
    }
    return found[0];
  }

  called(type: SurveyedName, name: string): Shown {
    return this.one(type, (row) => (row["name"] ?? row["model"] ?? row["address"]) === name);
  }

  /** Applies entities in the order in which they are sent. @returns what changed. */
  apply(entities: readonly SentEntity[]): readonly Change[] {
    const from = this.changes.length;
    const inOrder = entities.toSorted((a, b) =>
      STEP_NAMES.indexOf(a.step) - STEP_NAMES.indexOf(b.step)
    );
    for (const each of inOrder) this.applyOne(each);
    return this.changes.slice(from);
  }

  /**
   * Returns why NetBox refuses it, if it does. `plannedAt`: `nextId` when it was planned. What another request made
   * since then is not found: NetBox gets it a second time, where no constraint forbids that, and a tag keeps the
   * colour that the other request gave it. Source: what concurrent workers of Diode do to NetBox 4.7.3.
   */
  applyOne({ step, entity }: SentEntity, plannedAt = Infinity): string | undefined {
    const changes = this.changes.length;
    this.#unseenFrom = plannedAt;
    try {
      this.#put(step, entity as Fields);
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#rollBack();
      this.changes.length = changes;
      this.refused.push(error.message);
      return error.message;
    } finally {
      this.#before.clear();
    }
  }

  #rollBack(): void {
    for (const [row, before] of this.#before) {
      for (const key of Object.keys(row)) {
        if (before === undefined || !(key in before)) delete row[key];
      }
      Object.assign(row, before);
    }
    for (const [type, rows] of this.rows) this.rows.set(type, rows.filter((row) => "id" in row));
  }

  /** Before the first change of an object. */
  #keep(row: Shown): void {
    if (!this.#before.has(row)) this.#before.set(row, structuredClone(row));
  }

  #put(type: SurveyedName, sent: Fields): Shown {
    const reason = this.refuses(type, sent);
    if (reason !== undefined) throw new Refused(`${type} ${nameOf(sent)}: ${reason}`);
    const found = this.#find(type, sent);
    const from = this.changes.length;
    const row = found ?? this.make(type, {});
    if (found === undefined) this.#before.set(row, undefined);
    if (found === undefined) {
      this.changes.push({ type, id: row.id, name: nameOf(sent) });
      if (type === "tag" || "slug" in row) row["slug"] = sent["slug"] ?? slugOf(nameOf(sent));
      if (type === "tag") Object.assign(row, { color: "9e9e9e", object_types: [] });
      if (type === "custom-field") Object.assign(row, { required: false, default: null });
      if (STATUS.has(type)) row["status"] = { value: "active" };
    }
    // NetBox has the whole object, with its VRF, when it is assigned.
    const isLast = (field: string): boolean => field.startsWith("assigned_object_");
    const fields = Object.entries(sent).toSorted(([a], [b]) =>
      Number(isLast(a)) - Number(isLast(b))
    );
    for (const [field, value] of fields) {
      this.#set(type, row, { field, value, isNew: found === undefined });
    }
    if (this.changes.slice(from).some(({ id }) => id === row.id)) this.#checkRequired(type, row);
    this.#clearVlans(row);
    return row;
  }

  /** Without the tagged VLANs that the mode does not allow. Source: diode-netbox-plugin, api/field_policy.py. */
  #clearVlans(row: Shown): void {
    const mode = (row["mode"] as { readonly value?: string } | null | undefined)?.value;
    if (row["tagged_vlans"] !== undefined && mode !== "tagged") row["tagged_vlans"] = [];
  }

  #checkRequired(type: SurveyedName, row: Shown): void {
    for (const { name, required, object_types: types } of this.all("custom-field")) {
      const isFor = (types as string[]).includes(contentTypeOf(typeOf(type)));
      const value = (row["custom_fields"] as Fields)[String(name)] ?? null;
      if (required === true && isFor && value === null) {
        throw new Refused(`${type} ${nameOf(row)}: Required field cannot be empty`);
      }
    }
  }

  #set(
    type: SurveyedName,
    row: Shown,
    { field, value, isNew }: {
      readonly field: string;
      readonly value: unknown;
      readonly isNew: boolean;
    },
  ): void {
    const set = (key: string, shown: unknown): void => {
      const isChange = JSON.stringify(row[key] ?? null) !== JSON.stringify(shown ?? null);
      if (isChange || !(key in row)) this.#keep(row);
      row[key] = shown;
      if (!isNew && isChange) {
        this.changes.push({ type, id: row.id, name: nameOf(row), field: key });
      }
    };
    if (field.startsWith("assigned_object_")) return this.#assign(row, { field, value, set });
    const scope = SCOPES[field];
    if (scope !== undefined) {
      const place = this.#put(scope, value as Fields);
      set("scope_type", contentTypeOf(typeOf(scope)));
      return set("scope", brief(place));
    }
    if (field === "tags") {
      const own = (row["tags"] ?? []) as { readonly name: string }[];
      const names = own.map(({ name }) => name);
      const added = (value as Fields[]).map((tag) => brief(this.#put("tag", tag)))
        .filter(({ name }) => !names.includes(String(name)));
      return set(field, [...own, ...added]);
    }
    if (field === "tagged_vlans") {
      return set(field, (value as Fields[]).map((vlan) => brief(this.#put("vlan", vlan))));
    }
    if (field === "color" && row.id >= this.#unseenFrom && !isNew) return;
    if (field === "custom_fields") {
      const unknown = Object.keys(value as Fields).find((name) =>
        !this.#hasCustomField(type, name)
      );
      if (unknown !== undefined) {
        throw new Refused(`Unknown field name '${unknown}' in custom field data.`);
      }
      const sent = Object.entries(value as Record<string, Fields>).map(([name, typed]) => [
        name,
        typed["text"] ?? Number(typed["integer"]),
      ]);
      return set(field, { ...(row[field] as object), ...Object.fromEntries(sent) });
    }
    if (field === "primary_mac_address") return set(field, value);
    // A survey reads no roles of prefixes.
    if (type === "prefix" && field === "role") return set(field, value);
    const reference = REFERENCES[field] ?? GROUPS[type]?.[field];
    if (reference !== undefined && typeof value === "object" && value !== null) {
      if (Object.keys(value).length === 0) return set(field, null);
      return set(field, brief(this.#put(reference, value as Fields)));
    }
    if (field === "primary_ip4" || field === "primary_ip6") {
      if (Object.keys(value as Fields).length === 0) set(field, null);
      return;
    }
    if (field === "type" && typeof value === "object") {
      return set(field, brief(this.#put("cluster-type", value as Fields)));
    }
    if (CHOICES.has(field)) return set(field, { value });
    return set(field, NUMBERS.has(field) ? Number(value) : value);
  }

  #hasCustomField(type: SurveyedName, name: string): boolean {
    const contentType = contentTypeOf(typeOf(type));
    return this.all("custom-field").some((field) =>
      field["name"] === name && (field["object_types"] as string[]).includes(contentType)
    );
  }

  #assign(
    row: Shown,
    { field, value, set }: {
      readonly field: string;
      readonly value: unknown;
      readonly set: (key: string, shown: unknown) => void;
    },
  ): void {
    const isNic = field === "assigned_object_vm_interface";
    const type = isNic ? "vm-interface" : "interface";
    const key = isNic ? "virtual_machine" : "device";
    const part = this.#put(type, value as Fields);
    const machine = this.one(
      isNic ? "virtual-machine" : "device",
      ({ id }) => id === (part[key] as Shown).id,
    );
    const old = (row["assigned_object"] ?? {}) as Record<string, Shown | undefined>;
    const holder = old["virtual_machine"] ?? old["device"];
    if (holder !== undefined && holder.id !== machine.id) {
      const owner = [...this.all("virtual-machine"), ...this.all("device")].find(({ id }) =>
        id === holder.id
      );
      if (
        [owner?.["primary_ip4"], owner?.["primary_ip6"]].some((ip) =>
          (ip as Shown | null)?.id === row.id
        )
      ) {
        const address = String(row["address"]);
        throw new Refused(
          `${address}: Cannot reassign IP address while it is designated as the primary IP for the parent object`,
        );
      }
    }
    set("assigned_object_type", contentTypeOf(typeOf(type)));
    set("assigned_object", { ...brief(part), [key]: brief(machine) });
    if ("l2vpn" in row) set("assigned_object_id", part.id);
    const sent = (value as Record<string, Fields>)[key] ?? {};
    for (const family of ["primary_ip4", "primary_ip6"]) {
      const stub = sent[family] as Fields | undefined;
      if (stub === undefined) continue;
      const table = (fields: unknown): unknown =>
        (fields as Named | null | undefined)?.name ?? null;
      if (table(stub["vrf"]) !== table(row["vrf"])) {
        const address = String(row["address"]);
        throw new Refused(`${address}: The specified IP address is not assigned`);
      }
      const before = (machine[family] as Shown | null | undefined)?.id;
      if (before !== row.id) this.#keep(machine);
      machine[family] = { id: row.id, address: row["address"] };
      if (before !== row.id && before !== undefined) {
        this.changes.push({
          type: isNic ? "virtual-machine" : "device",
          id: machine.id,
          name: nameOf(machine),
          field: family,
        });
      }
    }
  }

  /** By the key of the type, as Diode's plugin does; then by the slug that it would make. */
  #find(type: SurveyedName, sent: Fields): Shown | undefined {
    const { is, owner, resembles } = typeOf(type) as ObjectType<Fields>;
    const rows = DOUBLED.has(type)
      ? this.all(type).filter(({ id }) => id < this.#unseenFrom)
      : this.all(type);
    if (type === "fhrp-group") return undefined;
    const machine = owner?.(sent);
    const ownerId = machine === undefined
      ? 0
      : this.#find(nameOfType(machine.type), machine.identity as Fields)?.id ?? -1;
    // The scope of a prefix does not count for Diode.
    const fits = type === "prefix" && resembles !== undefined ? resembles : is;
    const same = rows.filter((row) => fits(sent, row, ownerId));
    if (type === "interface" || type === "vm-interface") return same[0];
    const slug = sent["slug"] ??
      (typeof sent["name"] === "string" ? slugOf(sent["name"]) : undefined);
    return same[0] ?? (SLUGGED.has(type) ? rows.find((row) => row["slug"] === slug) : undefined);
  }
}

/** NetBox has no constraint that keeps them from existing twice. Source: NetBox, ipam/models. */
const DOUBLED = new Set<SurveyedName>([
  "vrf",
  "vlan-group",
  "vlan",
  "prefix",
  "ip-address",
]);
const STATUS = new Set<SurveyedName>([
  "vlan",
  "prefix",
  "ip-address",
  "virtual-machine",
  "device",
  "cluster",
]);
const SLUGGED = new Set<SurveyedName>([
  "tag",
  "site",
  "tenant",
  "manufacturer",
  "platform",
  "cluster-type",
  "device-role",
  "vlan-group",
  "l2vpn",
]);
/** Keys that name objects of different types in different types. */
const GROUPS: Partial<Record<SurveyedName, Readonly<Record<string, SurveyedName>>>> = {
  cluster: { group: "cluster-group" },
  vlan: { group: "vlan-group" },
  tenant: { group: "tenant-group" },
};

function typeOf(name: SurveyedName): ObjectType<never> {
  return TYPES.get(name) as ObjectType<never>;
}

function nameOfType({ path }: ObjectType<object>): SurveyedName {
  return SURVEYED.find(({ type }) => type.path === path)?.name as SurveyedName;
}

function isRow(value: unknown): value is Shown {
  return typeof value === "object" && value !== null && "id" in value;
}

const BRIEF = ["id", "name", "model", "address", "vid"];

function brief(row: Fields): Shown {
  return Object.fromEntries(BRIEF.flatMap((key) => key in row ? [[key, row[key]]] : [])) as Shown;
}

function nameOf(fields: Fields): string {
  return String(
    fields["name"] ?? fields["model"] ?? fields["address"] ?? fields["prefix"] ?? fields["vid"],
  );
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^\w\s-]/g, "").replace(/[-\s]+/g, "-");
}
