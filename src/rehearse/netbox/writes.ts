/**
 * Changes, creates and deletes the objects of a rehearsal NetBox, by those rules of NetBox that matter to `tidy`:
 * versions, unique names, primary addresses, and what is deleted together. The lists are changed in place.
 */
import { contentTypeOf, type NetBoxObject, partOf } from "../../netbox/types/object-type.ts";
import { SURVEYED } from "../../netbox/types/surveyed.ts";

/** Path such as "dcim/devices" → its objects. Other paths are not found. */
export type ServedObjects = Readonly<Record<string, readonly NetBoxObject[]>>;

export interface RehearsedAnswer {
  readonly status: number;
  readonly body: object | undefined;
  /** The version of an object. */
  readonly etag?: string;
}

export type WriteMethod = "GET" | "PATCH" | "POST" | "DELETE";

type Fields = Record<string, unknown>;
type Stored = Fields & { readonly id: number };

interface Place {
  readonly path: string;
  /** undefined: the list. */
  readonly id: number | undefined;
}

interface Sent {
  readonly sent: string;
  readonly ifMatch: string | undefined;
}

const MACHINES = "virtualization/virtual-machines";
const NICS = "virtualization/interfaces";
const DISKS = "virtualization/virtual-disks";
const DEVICES = "dcim/devices";
const PORTS = "dcim/interfaces";
const ADDRESSES = "ipam/ip-addresses";
const MACS = "dcim/mac-addresses";
const TAGS = "extras/tags";
const VLANS = "ipam/vlans";

/** TABLE: field → the type that it names. */
const REFERENCES: Readonly<Record<string, string>> = {
  virtual_machine: MACHINES,
  device: DEVICES,
  cluster: "virtualization/clusters",
  site: "dcim/sites",
  tenant: "tenancy/tenants",
  role: "dcim/device-roles",
  device_type: "dcim/device-types",
  platform: "dcim/platforms",
  vrf: "ipam/vrfs",
  vlan: VLANS,
  untagged_vlan: VLANS,
  tagged_vlans: VLANS,
  primary_ip4: ADDRESSES,
  primary_ip6: ADDRESSES,
  primary_mac_address: MACS,
  tags: TAGS,
};
const CHOICES = new Set(["status", "type", "mode", "start_on_boot"]);
const CONTENT_TYPES = new Map(SURVEYED.map(({ type }) => [contentTypeOf(type), type.path]));

/** TABLE: parts of a path → the field in which they name the whole; they are deleted with it. */
const PARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [MACHINES]: { [NICS]: "virtual_machine", [DISKS]: "virtual_machine" },
  [DEVICES]: { [PORTS]: "device" },
};
const INTERFACES: Readonly<Record<string, string>> = {
  [NICS]: "virtualization.vminterface",
  [PORTS]: "dcim.interface",
};

export class NetBoxWrites {
  readonly #objects: ServedObjects;
  readonly #versions = new WeakMap<object, number>();
  /** NetBox never gives an id again. */
  #lastId = 1000;

  constructor(objects: ServedObjects) {
    this.#objects = objects;
  }

  answer(method: WriteMethod, { path, id }: Place, { sent, ifMatch }: Sent): RehearsedAnswer {
    const fields: unknown = sent === "" ? {} : JSON.parse(sent);
    if (id === undefined) {
      if (Array.isArray(fields)) {
        return method === "DELETE" ? { status: 204, body: undefined } : { status: 200, body: [] };
      }
      return method === "POST"
        ? this.#create(path, fields as Fields)
        : failure("Expected a list of objects");
    }
    const object = this.#list(path).find((each) => each.id === id);
    if (object === undefined) {
      return { status: 404, body: { detail: "No object matches the given query." } };
    }
    if (method === "GET") return { status: 200, body: object, etag: this.#etag(object) };
    if (ifMatch !== undefined && ifMatch !== this.#etag(object)) {
      return { status: 412, body: { detail: "Precondition failed." } };
    }
    return method === "DELETE"
      ? this.#delete(path, object)
      : this.#change(path, object, fields as Fields);
  }

  #list(path: string): Stored[] {
    return (this.#objects[path] ?? []) as Stored[];
  }

  #etag(object: object): string {
    return `W/"${this.#versions.get(object) ?? 0}"`;
  }

  #touch(object: object): void {
    this.#versions.set(object, (this.#versions.get(object) ?? 0) + 1);
  }

  #create(path: string, fields: Fields): RehearsedAnswer {
    this.#lastId = Math.max(this.#lastId, ...this.#list(path).map((each) => each.id)) + 1;
    const id = this.#lastId;
    const object: Stored = { id, ...this.#shown(path, fields) };
    const refusal = this.#refusal(path, object, fields);
    if (refusal !== undefined) return failure(refusal);
    this.#list(path).push(object);
    return { status: 201, body: object };
  }

  #change(path: string, object: Stored, fields: Fields): RehearsedAnswer {
    const refusal = this.#refusal(path, object, fields);
    if (refusal !== undefined) return failure(refusal);
    Object.assign(object, this.#shown(path, fields));
    this.#touch(object);
    return { status: 200, body: object };
  }

  /** Fields as they were sent → as NetBox shows them. */
  #shown(path: string, { changelog_message: _message, ...fields }: Fields): Fields {
    const shown = Object.entries(fields).map(([key, value]): [string, unknown] => {
      const referenced = key === "parent" || key === "bridge" || key === "lag"
        ? path
        : REFERENCES[key];
      if (referenced !== undefined) {
        return [
          key,
          Array.isArray(value)
            ? value.map((each) => this.#brief(referenced, each))
            : this.#brief(referenced, value),
        ];
      }
      return [
        key,
        CHOICES.has(key) && typeof value === "string" ? { value, label: value } : value,
      ];
    });
    const type = fields["assigned_object_type"];
    const owner = CONTENT_TYPES.get(String(type));
    const assigned = type === undefined
      ? {}
      : { assigned_object: owner ? this.#brief(owner, fields["assigned_object_id"]) : null };
    return { ...Object.fromEntries(shown), ...assigned };
  }

  /** `sent`: an id, or the name of a tag. */
  #brief(path: string, sent: unknown): object | null {
    if (sent === null) return null;
    const found = this.#list(path).find(({ id, name }) =>
      id === sent || (typeof sent === "object" && name === partOf(sent, "name"))
    );
    if (found === undefined) return { id: Number(sent) };
    const { id, name, slug, address, vid, mac_address, virtual_machine, device } = found;
    const all = { id, name, slug, address, vid, mac_address, virtual_machine, device };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  /** Source: NetBox, models of each app. */
  #refusal(path: string, object: Stored, fields: Fields): string | undefined {
    const { name } = fields;
    if (path === MACHINES && typeof name === "string") {
      const cluster = partOf(object, "cluster", "id");
      const isTaken = this.#list(path).some((each) =>
        each !== object && partOf(each, "cluster", "id") === cluster &&
        String(each["name"]).toLowerCase() === name.toLowerCase()
      );
      if (isTaken) return "Virtual machine name must be unique per cluster and tenant.";
    }
    for (const key of ["primary_ip4", "primary_ip6"]) {
      const id = fields[key];
      if (typeof id !== "number") continue;
      const address = this.#list(ADDRESSES).find((each) => each.id === id);
      const holder = partOf(address, "assigned_object", holderKey(path), "id");
      if (holder !== object.id) {
        return `The specified IP address (${address?.["address"]}) is not assigned to this object.`;
      }
    }
    const isMoved = path === ADDRESSES && "assigned_object_id" in fields &&
      fields["assigned_object_id"] !== object["assigned_object_id"];
    if (isMoved && this.#holdersOf(object).length > 0) {
      return "Cannot reassign IP address while it is designated as the primary IP for the parent object";
    }
    return undefined;
  }

  /** Machines whose primary address it is. */
  #holdersOf({ id }: NetBoxObject): readonly Stored[] {
    return [...this.#list(MACHINES), ...this.#list(DEVICES)].filter((machine) =>
      ["primary_ip4", "primary_ip6"].some((key) => partOf(machine, key, "id") === id)
    );
  }

  #delete(path: string, object: Stored): RehearsedAnswer {
    const { id } = object;
    if (path === DEVICES) {
      const pinned = this.#list(MACHINES).filter((each) => partOf(each, "device", "id") === id);
      if (pinned.length > 0) {
        const detail = `Unable to delete object. ${pinned.length} dependent objects were found`;
        return { status: 409, body: { detail } };
      }
    }
    for (const [part, key] of Object.entries(PARTS[path] ?? {})) {
      const parts = this.#list(part).filter((each) => partOf(each, key, "id") === id);
      for (const each of parts) this.#delete(part, each);
    }
    const type = INTERFACES[path];
    for (const part of type === undefined ? [] : [ADDRESSES, MACS]) {
      const parts = this.#list(part).filter((each) =>
        each["assigned_object_type"] === type && each["assigned_object_id"] === id
      );
      for (const each of parts) this.#delete(part, each);
    }
    if (path === ADDRESSES) this.#clear(object);
    const list = this.#list(path);
    list.splice(list.indexOf(object), 1);
    return { status: 204, body: undefined };
  }

  #clear({ id }: NetBoxObject): void {
    for (const machine of this.#holdersOf({ id })) {
      for (const key of ["primary_ip4", "primary_ip6"]) {
        if (partOf(machine, key, "id") === id) machine[key] = null;
      }
      this.#touch(machine);
    }
  }
}

function holderKey(path: string): string {
  return path === MACHINES ? "virtual_machine" : "device";
}

function failure(detail: string): RehearsedAnswer {
  return { status: 400, body: { detail } };
}
