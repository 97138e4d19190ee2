/** Compares NetBox before and after a push: what people made is theirs, and nothing exists twice. */
import { OWN_CUSTOM_FIELD, OWN_TAG, OWNERS, PRIMARY } from "./owners.ts";
import { fieldsOf, itemsOf, labelOf, part, type Picture, type TypeName } from "./picture.ts";
import type { Row } from "../server/rest.ts";

/**
 * One sentence for each field of the user's that changed, and for each object that is gone.
 * `taken`: labels of objects that people made and that are the run's from now on: "device pve1".
 */
export function changesOfOthers(
  before: Picture,
  after: Picture,
  taken: readonly string[] = [],
): string[] {
  return changesWithin(before, after, (change) => {
    const { type, row } = change;
    const isOurs = taken.includes(labelOf(type, row)) || type === "custom-field" ||
      slugsIn(row["tags"]).includes(OWN_TAG);
    return isOurs && mayChange(change);
  });
}

/** Every difference, for a push that must change nothing. */
export function allChanges(before: Picture, after: Picture): string[] {
  const added = additions(before, after);
  return [
    ...changesWithin(before, after, () => false),
    ...added.map(({ type, row }) => `${labelOf(type, row)} (${row.id}): is new`),
  ];
}

export interface Addition {
  readonly type: TypeName;
  readonly row: Row;
}

export function additions(before: Picture, after: Picture): Addition[] {
  return [...after].flatMap(([type, rows]) =>
    [...rows.values()].filter(({ id }) => !before.get(type)?.has(id))
      .map((row) => ({ type, row }))
  );
}

/** Type → new objects, only of those that differ from what is expected, with the labels of the new ones. */
export function wrongCounts(
  added: readonly Addition[],
  expected: Readonly<Partial<Record<TypeName, number>>>,
): string[] {
  const types = new Set([...added.map(({ type }) => type), ...Object.keys(expected) as TypeName[]]);
  return [...types].flatMap((type) => {
    const found = added.filter((one) => one.type === type);
    if (found.length === (expected[type] ?? 0)) return [];
    const labels = found.map(({ row }) => labelOf(type, row)).join(", ");
    return [`${found.length} new ${type}, and not ${expected[type] ?? 0}: ${labels}`];
  });
}

/** One sentence for each identity that two objects have. */
export function duplicates(picture: Picture): string[] {
  return [...picture].flatMap(([type, rows]) => {
    const found = new Map<string, string>();
    return [...rows.values()].flatMap((row) =>
      (IDENTITIES[type] ?? byName)(row).flatMap((key) => {
        const other = found.get(key);
        found.set(key, `${labelOf(type, row)} (${row.id})`);
        return other === undefined ? [] : [`${other} exists twice, see ${row.id}: ${key}`];
      })
    );
  });
}

/** TABLE: what only one object has, of sites of one region. The default is the name, in any case. */
const IDENTITIES: Readonly<Partial<Record<TypeName, (row: Row) => string[]>>> = {
  // An FQDN is the same device as its first label.
  "device": ({ name, site }) => [
    `name ${String(name).toLowerCase().split(".")[0]} at site ${part(site, "id")}`,
  ],
  "device-type": ({ model, manufacturer }) => [`model ${model} of ${part(manufacturer, "id")}`],
  "interface": (row) => partKeys(row, "device"),
  "virtual-machine": ({ name, cluster, custom_fields: fields }) => {
    const vmid = part(fields, "proxmox_vmid") ?? null;
    return [
      `name ${String(name).toLowerCase()} in cluster ${part(cluster, "id")}`,
      ...(vmid === null ? [] : [`VMID ${vmid} in cluster ${part(cluster, "id")}`]),
    ];
  },
  "vm-interface": (row) => partKeys(row, "virtual_machine"),
  "virtual-disk": (row) => partKeys(row, "virtual_machine"),
  "vlan": ({ vid, site }) => [`VID ${vid} at site ${part(site, "id") ?? "any"}`],
  "fhrp-group": ({ protocol, group_id: group }) => [`${protocol} ${group}`],
  "prefix": ({ prefix }) => [String(prefix)],
  "ip-address": ({ address }) => [String(address).split("/")[0] ?? ""],
  "mac-address": ({ mac_address: mac, assigned_object_type: type, assigned_object_id: id }) => [
    `${mac} on ${type} ${id}`,
  ],
};

function byName({ name }: Row): string[] {
  return [`name ${String(name).toLowerCase()}`];
}

function partKeys(row: Row, owner: string): string[] {
  const of = `of ${part(row[owner], "id")}`;
  const mac = part(row["primary_mac_address"], "mac_address") ?? null;
  return [`name ${row["name"]} ${of}`, ...(mac === null ? [] : [`MAC address ${mac} ${of}`])];
}

interface Change {
  readonly type: TypeName;
  readonly field: string;
  readonly row: Row;
  readonly now: Row;
  readonly after: Picture;
}

function changesWithin(
  before: Picture,
  after: Picture,
  isAllowed: (change: Change) => boolean,
): string[] {
  return [...before].flatMap(([type, rows]) =>
    [...rows].flatMap(([id, row]) => {
      const label = `${labelOf(type, row)} (${id})`;
      const now = after.get(type)?.get(id);
      if (now === undefined) return [`${label}: is gone`];
      const fields = fieldsOf(now);
      return [...fieldsOf(row)].flatMap(([field, value]) => {
        const isSame = (fields.get(field) ?? "") === value;
        if (isSame || isAllowed({ type, field, row, now, after })) return [];
        return [`${label}: ${field} was ${shown(row, field)} and is ${shown(now, field)}`];
      });
    })
  );
}

/** Of an object of ours. */
function mayChange({ type, field, row, now, after }: Change): boolean {
  const { proxmox = [], first = [], union = [] } = OWNERS[type] ?? {};
  if (proxmox.includes(field) || OWN_CUSTOM_FIELD.test(field)) return true;
  if (union.includes(field)) {
    const left = itemsOf(now[field]);
    return itemsOf(row[field]).every((item) => left.includes(item));
  }
  if (!first.includes(field)) return false;
  if ((fieldsOf(row).get(field) ?? "") === "") return true;
  return PRIMARY.includes(field) && !isStillOf(row, row[field], after);
}

/** Whether the address is still assigned to an interface of the machine. */
function isStillOf(machine: Row, address: unknown, after: Picture): boolean {
  const assigned = after.get("ip-address")?.get(Number(part(address, "id")))?.["assigned_object"];
  const owner = part(assigned, "virtual_machine") ?? part(assigned, "device");
  return part(owner, "id") === machine.id;
}

function slugsIn(nested: unknown): unknown[] {
  return Array.isArray(nested) ? nested.map((one) => part(one, "slug")) : [];
}

/** With the names of nested objects. */
function shown(row: Row, field: string): string {
  const [key = "", custom] = field.split(".");
  const value = custom === undefined ? row[key] : part(row[key], custom);
  const display = (one: unknown): unknown => part(one, "display") ?? part(one, "value") ?? one;
  return JSON.stringify((Array.isArray(value) ? value.map(display) : display(value)) ?? null);
}
