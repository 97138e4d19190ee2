/** People who work in a NetBox: what they set belongs to them, and has to stay as they left it. */
import type { SurveyedName } from "../../src/netbox/types/surveyed.ts";
import type { ModelNetBox, Shown } from "./applied.ts";
import { brief } from "./respecting.ts";
import { numbersFrom } from "./shuffled.ts";

interface Edit {
  readonly type: SurveyedName;
  readonly id: number;
  readonly field: string;
  /** JSON of what they set; of a list, one member. */
  readonly value: string;
}

/** TABLE: type → fields that people set there, as NetBox's owners. */
const FIELDS: Partial<Record<SurveyedName, readonly string[]>> = {
  "virtual-machine": ["description", "role", "tenant", "tags"],
  "device": ["description", "serial", "role", "tags"],
  "vm-interface": ["description", "tags"],
  "interface": ["description", "type", "tags"],
  "virtual-disk": ["description"],
  "ip-address": ["description", "dns_name", "role", "tags"],
  "prefix": ["description", "status"],
  "vlan": ["description", "name", "status"],
  "cluster": ["description", "status"],
  "platform": ["description"],
  "tag": ["color"],
};

export class People {
  readonly #netbox: ModelNetBox;
  readonly #random: () => number;
  /** The last edit of a field counts. */
  readonly #edits = new Map<string, Edit>();
  /** JSON of objects that are theirs. */
  readonly #own: readonly (readonly [type: SurveyedName, id: number, json: string])[];
  #number = 0;

  constructor(netbox: ModelNetBox, seed: number) {
    this.#netbox = netbox;
    this.#random = numbersFrom(seed);
    this.#own = ownObjects(netbox);
  }

  /** Sets up to three fields of any objects. */
  work(): void {
    for (let count = Math.floor(this.#random() * 4); count > 0; count -= 1) this.#edit();
  }

  /** What is not as they left it: "vlan 12 name: …". What is gone is not listed. */
  lost(): readonly string[] {
    const changed = [...this.#edits.values()].flatMap(({ type, id, field, value }) => {
      const row = this.#netbox.all(type).find((each) => each.id === id);
      if (row === undefined || holds(row, field, value)) return [];
      return [`${type} ${id} ${field}: ${JSON.stringify(row[field])}, and not ${value}`];
    });
    const own = this.#own.filter(([type, id, json]) =>
      JSON.stringify(this.#netbox.all(type).find((each) => each.id === id)) !== json
    );
    return [...changed, ...own.map(([type, id]) => `${type} ${id} of people`)];
  }

  #edit(): void {
    const type = this.#pick(Object.keys(FIELDS) as SurveyedName[]);
    const field = this.#pick(FIELDS[type] ?? []);
    const own = this.#own.map(([, id]) => id);
    const rows = this.#netbox.all(type).filter(({ id }) => !own.includes(id));
    if (rows.length === 0) return;
    const row = this.#pick(rows);
    const value = this.#valueFor(field);
    row[field] = field === "tags" ? [...row["tags"] as object[], value] : value;
    const edit = { type, id: row.id, field, value: JSON.stringify(value) };
    this.#edits.set(`${type} ${row.id} ${field === "tags" ? edit.value : field}`, edit);
    if (field === "name") this.#netbox.refresh();
  }

  #valueFor(field: string): unknown {
    this.#number += 1;
    if (field === "tags") return brief(this.#netbox.called("tag", "watched"));
    if (field === "tenant") return brief(this.#netbox.called("tenant", "Sales"));
    if (field === "role") return brief(this.#netbox.called("device-role", "Server"));
    if (field === "status") return { value: "reserved" };
    if (field === "type") return { value: "10gbase-x-sfpp" };
    if (field === "color") return this.#number.toString(16).padStart(6, "a");
    return `by hand ${this.#number}`;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }
}

function holds(row: Shown, field: string, value: string): boolean {
  const shown = row[field];
  if (Array.isArray(shown)) {
    const names = shown.map(({ name }: { name?: unknown }) => name);
    return names.includes((JSON.parse(value) as { name?: unknown }).name);
  }
  return JSON.stringify(shown) === value;
}

/** Objects that no run may change. */
function ownObjects(netbox: ModelNetBox): [SurveyedName, number, string][] {
  const site = netbox.make("site", { name: "HQ" });
  netbox.make("tag", { name: "watched", color: "ff0000", object_types: [] });
  netbox.make("tenant", { name: "Sales" });
  netbox.make("device-role", { name: "Server", parent: null });
  const type = netbox.make("cluster-type", { name: "VMware" });
  const cluster = netbox.make("cluster", { name: "vmware", type, scope_type: null, scope: null });
  const machine = netbox.make("virtual-machine", { name: "guest-1", cluster, tenant: null });
  const nic = netbox.make("vm-interface", { name: "net0", virtual_machine: machine });
  const address = netbox.make("ip-address", {
    address: "192.0.2.1/24",
    vrf: null,
    assigned_object_type: "virtualization.vminterface",
    assigned_object: { id: nic.id, name: "net0", virtual_machine: { id: machine.id } },
  });
  const prefix = netbox.make("prefix", { prefix: "192.0.2.0/24", vrf: null, scope: null });
  netbox.refresh();
  return ([
    ["site", site],
    ["cluster", cluster],
    ["virtual-machine", machine],
    ["vm-interface", nic],
    ["ip-address", address],
    ["prefix", prefix],
  ] as const).map(([name, row]) => [name, row.id, JSON.stringify(row)]);
}
