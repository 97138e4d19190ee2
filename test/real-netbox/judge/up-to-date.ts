/**
 * Whether what Proxmox VE is the authority for arrived, in objects that may have other names in NetBox:
 * a machine is found by its VMID, a NIC by its MAC address, an address by its host.
 */
import type { Row } from "../server/rest.ts";
import type { Book, Fact, Facts } from "./facts.ts";
import { part, type Picture, type TypeName } from "./picture.ts";

/** One sentence for each value that NetBox does not have. */
export function outdated(expected: Book, picture: Picture): string[] {
  const found = new Finder(picture);
  return [
    ...[...expected.page("virtual-machine")].flatMap(([key, facts]) =>
      checked(`virtual-machine ${key}`, found.machine(key, facts), {
        status: facts["status"],
        vcpus: facts["vcpus"],
        memory: facts["memory"],
        start_on_boot: facts["start_on_boot"],
        comments: facts["comments"],
        proxmox_vmid: facts["proxmox_vmid"],
        proxmox_node: facts["proxmox_node"],
        proxmox_vm_type: facts["proxmox_vm_type"],
        tags: facts["tags"],
      })
    ),
    ...[...expected.page("device")].flatMap(([key, facts]) =>
      checked(`device ${key}`, found.device(key, facts), {
        status: facts["status"],
        proxmox_cpu_count: facts["proxmox_cpu_count"],
        proxmox_memory_mb: facts["proxmox_memory_mb"],
        tags: facts["tags"],
      })
    ),
    ...partsOf(expected, "vm-interface").flatMap(({ key, owner, name, facts }) =>
      checked(`vm-interface ${key}`, found.nic(owner, name, facts), {
        enabled: facts["enabled"],
        mode: facts["mode"],
        vid: vidOf(facts["untagged_vlan"]),
      })
    ),
    ...partsOf(expected, "virtual-disk").flatMap(({ key, owner, name, facts }) =>
      checked(`virtual-disk ${key}`, found.disk(owner, name, facts), {
        size: facts["size"],
        proxmox_storage_pool: facts["proxmox_storage_pool"],
      })
    ),
    ...[...expected.page("ip-address")].flatMap(([host, { assigned }]) => {
      const row = found.address(host);
      const owner = found.ownerOf(String(assigned));
      const isThere = owner !== undefined && part(holderOf(row), "id") === owner.id;
      if (row === undefined) return [`ip-address ${host}: is not in NetBox`];
      return isThere ? [] : [
        `ip-address ${host}: is not assigned to ${assigned}, but to ${
          part(row["assigned_object"], "display") ?? "nothing"
        }`,
      ];
    }),
  ];
}

interface Part {
  readonly key: string;
  /** The machine, with its key and facts. */
  readonly owner: readonly [key: string, facts: Facts];
  readonly name: string;
  readonly facts: Facts;
}

function partsOf(expected: Book, kind: "vm-interface" | "virtual-disk"): Part[] {
  return [...expected.page(kind)].map(([key, facts]) => {
    const at = key.lastIndexOf("/");
    const owner = key.slice(0, at);
    const machine = expected.page("virtual-machine").get(owner) ?? {};
    return { key, owner: [owner, machine], name: key.slice(at + 1), facts };
  });
}

/** Finds an object by what does not change when people rename it. */
class Finder {
  readonly #picture: Picture;
  /** Key of a machine or device → the object. */
  readonly #owners = new Map<string, Row>();

  constructor(picture: Picture) {
    this.#picture = picture;
  }

  /** By VMID, in the cluster with that host tag if several have it; else by name. */
  machine(key: string, { proxmox_vmid: vmid, tags }: Facts): Row | undefined {
    const name = nameIn(key);
    const rows = this.#all("virtual-machine");
    const same = rows.filter(({ custom_fields: fields }) =>
      String(part(fields, "proxmox_vmid")) === vmid
    );
    const named = rows.filter((row) => row["name"] === name);
    const found = firstWithTag(same, hostTagIn(tags)) ?? firstWithTag(named, hostTagIn(tags));
    if (found !== undefined) this.#owners.set(`vm-interface ${key}`, found);
    return found;
  }

  /** By name, by FQDN, or as the second of a name: "pve1 (lab)". */
  device(key: string, { tags }: Facts): Row | undefined {
    const name = nameIn(key);
    const starts = [`${name}.`, `${name} (`];
    const rows = this.#all("device").filter((row) => {
      const known = String(row["name"]);
      return known === name || starts.some((start) => known.startsWith(start));
    });
    const found = firstWithTag(rows, hostTagIn(tags));
    if (found !== undefined) this.#owners.set(`interface ${key}`, found);
    return found;
  }

  nic([key, facts]: Part["owner"], name: string, { mac }: Facts): Row | undefined {
    const nics = this.#parts("vm-interface", this.machine(key, facts));
    return nics.find((row) => part(row["primary_mac_address"], "mac_address") === mac) ??
      nics.find((row) => row["name"] === name);
  }

  /** By name, or a single one of the size that has another name. */
  disk([key, facts]: Part["owner"], name: string, { size }: Facts): Row | undefined {
    const disks = this.#parts("virtual-disk", this.machine(key, facts));
    return disks.find((row) => row["name"] === name) ?? disks.find((row) => row["size"] === size);
  }

  address(host: string): Row | undefined {
    return this.#all("ip-address").find((row) => String(row["address"]).split("/")[0] === host);
  }

  /** The machine of an assignment such as "vm-interface lab/web1/net0". */
  ownerOf(assigned: string): Row | undefined {
    return this.#owners.get(assigned.slice(0, assigned.lastIndexOf("/")));
  }

  #all(type: TypeName): Row[] {
    return [...this.#picture.get(type)?.values() ?? []];
  }

  #parts(type: TypeName, machine: Row | undefined): Row[] {
    return this.#all(type).filter((row) => part(row["virtual_machine"], "id") === machine?.id);
  }
}

function checked(label: string, row: Row | undefined, facts: Facts): string[] {
  if (row === undefined) return [`${label}: is not in NetBox`];
  return Object.entries(facts).flatMap(([field, fact]) => {
    if (fact === undefined || fact === null) return [];
    const found = field === "tags" ? lackingTags(row, fact) : valueOf(row, field);
    const expected = field === "tags" ? "" : String(fact);
    if (String(found) === expected) return [];
    return [
      field === "tags"
        ? `${label}: has no tag ${found}`
        : `${label}: ${field} is ${String(found)} and should be ${expected}`,
    ];
  });
}

function valueOf(row: Row, field: string): unknown {
  if (field === "vid") return part(row["untagged_vlan"], "vid");
  if (field.startsWith("proxmox_")) return part(row["custom_fields"], field);
  const value = row[field];
  return part(value, "value") ?? value;
}

/** A tag that people renamed has its slug. */
function lackingTags(row: Row, fact: Fact): string {
  const tags = (row["tags"] ?? []) as readonly Row[];
  return (fact as readonly string[])
    .filter((name) => !tags.some((tag) => tag["name"] === name || tag["slug"] === name))
    .join(", ");
}

function firstWithTag(rows: readonly Row[], tag: string | undefined): Row | undefined {
  const isTagged = (row: Row): boolean =>
    ((row["tags"] ?? []) as readonly Row[]).some(({ name }) => name === tag);
  return rows.find(isTagged) ?? rows[0];
}

/** Of the tags that every object of a cluster has, the one that names its host. */
function hostTagIn(tags: Fact): string | undefined {
  const names = (tags ?? []) as readonly string[];
  return names.find((name) => name.startsWith("proxmox-") && name !== "proxmox-ve");
}

function holderOf(address: Row | undefined): unknown {
  const assigned = address?.["assigned_object"];
  return part(assigned, "virtual_machine") ?? part(assigned, "device");
}

/** "lab/web1" → "web1" */
function nameIn(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}

/** "Proxmox/10" → 10 */
function vidOf(vlan: Fact): number | undefined {
  return typeof vlan === "string" ? Number(nameIn(vlan)) : undefined;
}
