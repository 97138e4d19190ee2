/** What a NetBox model shows of the guests of a cluster, without ids: two models are compared by it. */
import { HOST_TAG_PREFIX } from "../../src/netbox/types/tag.ts";
import type { ModelNetBox, Shown } from "./applied.ts";

export interface ShownGuest {
  readonly name: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Names of tags. */
  readonly tags: readonly string[];
  /** "net0" → … */
  readonly nics: Readonly<Record<string, ShownNic>>;
  /** "scsi0" → MB. */
  readonly disks: Readonly<Record<string, unknown>>;
  readonly primary: unknown;
}

interface ShownNic {
  readonly mac: unknown;
  readonly enabled: unknown;
  readonly vlan: unknown;
  readonly addresses: readonly unknown[];
}

/** "qemu/101" → what NetBox shows of it; several, if NetBox has it twice. Without what people made. */
export function guestsIn(
  netbox: ModelNetBox,
  isOurTag: (name: string) => boolean = () => true,
): Readonly<Record<string, readonly ShownGuest[]>> {
  const guests: Record<string, ShownGuest[]> = {};
  for (const row of netbox.all("virtual-machine")) {
    if (!isOurs(row)) continue;
    const fields = row["custom_fields"] as Readonly<Record<string, unknown>>;
    const key = `${String(fields["proxmox_vm_type"])}/${String(fields["proxmox_vmid"])}`;
    guests[key] = [...guests[key] ?? [], guestOf(netbox, row, isOurTag)];
  }
  return guests;
}

/** Does it have a host tag? */
export function isOurs(row: Shown): boolean {
  return tagsOf(row).some((name) => name.startsWith(HOST_TAG_PREFIX) && name !== "proxmox-ve");
}

function guestOf(
  netbox: ModelNetBox,
  row: Shown,
  isOurTag: (name: string) => boolean,
): ShownGuest {
  const { status, vcpus, memory, platform, custom_fields } = row;
  const isOwn = (part: Shown): boolean => idAt(part["virtual_machine"]) === row.id;
  const nics = netbox.all("vm-interface").filter(isOwn).map((nic) => [nic["name"], {
    mac: nic["primary_mac_address"],
    enabled: nic["enabled"],
    vlan: (nic["untagged_vlan"] as { vid?: unknown } | null | undefined)?.vid ?? null,
    addresses: netbox.all("ip-address").filter(({ assigned_object: to }) => idAt(to) === nic.id)
      .map(({ address }) => address).sort(),
  }]);
  const disks = netbox.all("virtual-disk").filter(isOwn).map(({ name, size }) => [name, size]);
  return {
    name: row["name"],
    fields: { status, vcpus, memory, platform: nameAt(platform), ...custom_fields as object },
    tags: tagsOf(row).filter(isOurTag).sort(),
    nics: Object.fromEntries(nics),
    disks: Object.fromEntries(disks),
    primary: addressAt(row["primary_ip4"]),
  };
}

function tagsOf(row: Shown): readonly string[] {
  return ((row["tags"] ?? []) as { readonly name: string }[]).map(({ name }) => name);
}

function idAt(shown: unknown): unknown {
  return (shown as { readonly id?: unknown } | null | undefined)?.id;
}

function nameAt(shown: unknown): unknown {
  return (shown as { readonly name?: unknown } | null | undefined)?.name ?? null;
}

function addressAt(shown: unknown): unknown {
  return (shown as { readonly address?: unknown } | null | undefined)?.address ?? null;
}
