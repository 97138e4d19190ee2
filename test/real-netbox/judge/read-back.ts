/** NetBox's rows → the facts that are compared. TABLE: one row per kind, one line per fact. */
import type { NetBox } from "../server/netbox.ts";
import { listAll, type Row } from "../server/rest.ts";
import { Book, type Fact, type Facts, type Kind, KINDS } from "./facts.ts";

/** Everything that was read, and the keys of referenced objects. */
interface ReadObjects {
  readonly rows: ReadonlyMap<Kind, readonly Row[]>;
  /** The key of an object of that kind, by its id. */
  key(kind: Kind, id: unknown): string;
}

interface Reading {
  readonly path: string;
  key(row: Row, objects: ReadObjects): string;
  facts(row: Row, objects: ReadObjects): Facts;
}

const named = (row: Row): string => String(row["name"]);

const READINGS: Readonly<Record<Kind, Reading>> = {
  "site": { path: "dcim/sites", key: named, facts: () => ({}) },
  "tenant": { path: "tenancy/tenants", key: named, facts: () => ({}) },
  "tag": { path: "extras/tags", key: named, facts: (row) => ({ color: text(row["color"]) }) },
  "custom-field": {
    path: "extras/custom-fields",
    key: named,
    facts: (row) => ({
      label: text(row["label"]),
      type: choice(row["type"]),
      description: text(row["description"]),
      object_types: row["object_types"] as readonly string[],
    }),
  },
  "cluster-type": {
    path: "virtualization/cluster-types",
    key: named,
    facts: (row) => ({ slug: text(row["slug"]), tags: tags(row) }),
  },
  "cluster": {
    path: "virtualization/clusters",
    key: named,
    facts: (row) => ({
      type: name(row["type"]),
      status: choice(row["status"]),
      scope: name(row["scope"]),
      tags: tags(row),
    }),
  },
  "manufacturer": { path: "dcim/manufacturers", key: named, facts: (row) => ({ tags: tags(row) }) },
  "device-type": {
    path: "dcim/device-types",
    key: (row) => String(row["model"]),
    facts: (row) => ({ manufacturer: name(row["manufacturer"]), tags: tags(row) }),
  },
  "device-role": { path: "dcim/device-roles", key: named, facts: (row) => ({ tags: tags(row) }) },
  "platform": { path: "dcim/platforms", key: named, facts: (row) => ({ tags: tags(row) }) },
  "device": {
    path: "dcim/devices",
    key: (row) => `${name(row["site"])}/${row["name"]}`,
    facts: (row) => ({
      type: text(field(row["device_type"], "model")),
      role: name(row["role"]),
      tenant: name(row["tenant"]),
      platform: name(row["platform"]),
      status: choice(row["status"]),
      cluster: name(row["cluster"]),
      primary_ip4: text(field(row["primary_ip4"], "address")),
      primary_ip6: text(field(row["primary_ip6"], "address")),
      ...customFields(row),
      tags: tags(row),
    }),
  },
  "interface": {
    path: "dcim/interfaces",
    key: (row, objects) => `${objects.key("device", field(row["device"], "id"))}/${row["name"]}`,
    facts: (row) => ({
      type: choice(row["type"]),
      enabled: row["enabled"] === true,
      mtu: number(row["mtu"]),
      speed: number(row["speed"]),
      lag: name(row["lag"]),
      bridge: name(row["bridge"]),
      parent: name(row["parent"]),
      mac: text(field(row["primary_mac_address"], "mac_address")),
      tags: tags(row),
    }),
  },
  "virtual-machine": {
    path: "virtualization/virtual-machines",
    key: (row) => `${name(row["cluster"])}/${row["name"]}`,
    facts: (row) => ({
      status: choice(row["status"]),
      site: name(row["site"]),
      tenant: name(row["tenant"]),
      platform: name(row["platform"]),
      vcpus: number(row["vcpus"]),
      memory: number(row["memory"]),
      disk: number(row["disk"]),
      start_on_boot: choice(row["start_on_boot"]),
      comments: text(row["comments"]),
      primary_ip4: text(field(row["primary_ip4"], "address")),
      primary_ip6: text(field(row["primary_ip6"], "address")),
      ...customFields(row),
      tags: tags(row),
    }),
  },
  "vm-interface": {
    path: "virtualization/interfaces",
    key: (row, objects) =>
      `${objects.key("virtual-machine", field(row["virtual_machine"], "id"))}/${row["name"]}`,
    facts: (row, objects) => ({
      enabled: row["enabled"] === true,
      mtu: number(row["mtu"]),
      mac: text(field(row["primary_mac_address"], "mac_address")),
      mode: choice(row["mode"]),
      untagged_vlan: row["untagged_vlan"]
        ? objects.key("vlan", field(row["untagged_vlan"], "id"))
        : null,
      tags: tags(row),
    }),
  },
  "virtual-disk": {
    path: "virtualization/virtual-disks",
    key: (row, objects) =>
      `${objects.key("virtual-machine", field(row["virtual_machine"], "id"))}/${row["name"]}`,
    facts: (row) => ({ size: number(row["size"]), ...customFields(row), tags: tags(row) }),
  },
  "vlan": {
    path: "ipam/vlans",
    key: (row) => `${name(row["site"])}/${row["vid"]}`,
    facts: (row) => ({ name: text(row["name"]), tags: tags(row) }),
  },
  "prefix": {
    path: "ipam/prefixes",
    key: (row) => String(row["prefix"]),
    facts: (row) => ({ scope: name(row["scope"]), tags: tags(row) }),
  },
  "ip-address": {
    path: "ipam/ip-addresses",
    key: (row) => String(row["address"]).split("/")[0] ?? "",
    facts: (row, objects) => ({
      address: text(row["address"]),
      assigned: holder(row, objects),
      tags: tags(row),
    }),
  },
  "mac-address": {
    path: "dcim/mac-addresses",
    key: (row, objects) => `${row["mac_address"]} on ${holder(row, objects)}`,
    facts: () => ({}),
  },
};

/** The REST API paths of all sent types. */
export const PATHS = KINDS.map((kind) => READINGS[kind].path);

/** Two objects with the same key become one object that reports the duplicate. */
export async function readBack(netbox: NetBox): Promise<Book> {
  const rows = new Map<Kind, readonly Row[]>();
  for (const kind of KINDS) rows.set(kind, await listAll(netbox, READINGS[kind].path));
  const objects = indexObjects(rows);
  const book = new Book();
  for (const kind of KINDS) {
    for (const row of rows.get(kind) ?? []) {
      const key = objects.key(kind, row.id);
      const isSecond = book.has(kind, key);
      book.put(kind, isSecond ? `${key} (a second one)` : key, READINGS[kind].facts(row, objects));
    }
  }
  return book;
}

function indexObjects(rows: ReadonlyMap<Kind, readonly Row[]>): ReadObjects {
  const byId = new Map(
    [...rows].map(([kind, list]) => [kind, new Map(list.map((row) => [row.id, row]))]),
  );
  const objects: ReadObjects = {
    rows,
    key(kind, id) {
      const row = byId.get(kind)?.get(Number(id));
      return row === undefined ? `(no ${kind} ${String(id)})` : READINGS[kind].key(row, objects);
    },
  };
  return objects;
}

function holder(row: Row, objects: ReadObjects): string {
  const types: Readonly<Record<string, Kind>> = {
    "dcim.interface": "interface",
    "virtualization.vminterface": "vm-interface",
  };
  const kind = types[String(row["assigned_object_type"])];
  return kind === undefined ? "nothing" : `${kind} ${objects.key(kind, row["assigned_object_id"])}`;
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function name(value: unknown): string | null {
  return text(field(value, "name"));
}

/** NetBox returns a choice as { value, label }. */
function choice(value: unknown): string | null {
  return text(field(value, "value") ?? (typeof value === "string" ? value : null));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function tags(row: Row): string[] {
  return ((row["tags"] ?? []) as Row[]).map(named);
}

function customFields(row: Row): Record<string, Fact> {
  return { ...(row["custom_fields"] as Record<string, Fact>) };
}
