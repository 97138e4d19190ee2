/**
 * TABLE: where NetBox keeps what, and how one object is told from all others. The same criteria that
 * Diode has. Source: mapping.md; diode-netbox-plugin, docs/matching-criteria-documentation.md; the
 * filters: NetBox, filtersets.py of each app.
 */
import { hostOf, isSameHost } from "../../base/ip-address.ts";
import {
  type Fits,
  hasName,
  hasSlug,
  isAtSite,
  isNone,
  isOfCluster,
  isOfMachine,
  isOfTenant,
  isPrefix,
  isVlanOfSite,
  type Named,
  scopeSiteOf,
  slugOf,
} from "./fits.ts";
import type { Identities, Kind, Reference } from "./kinds.ts";
import { partOf } from "./part.ts";

/** Objects are asked for by many values at once. */
export interface Ask<Identity> {
  readonly filter: string;
  readonly value: (identity: Identity, ownerId: number) => string;
}

export interface Place<Identity> {
  /** Below /api/, and below the root for people. */
  readonly path: string;
  /** What a token needs. */
  readonly permission: string;
  readonly plural: string;
  /** Keys of the object that `is` and `resembles` look at, and those that others ask of its stub. */
  readonly reads: readonly string[];
  /** What it belongs to, and cannot be told without. */
  readonly owner?: (identity: Identity) => Reference;
  /** In order, each for those that the one before did not find. */
  readonly asks: readonly Ask<Identity>[];
  readonly is: Fits<Identity>;
  /** Second best: where none `is`, a single one of these is taken for it, and its fields tell what differs. */
  readonly resembles?: Fits<Identity>;
}

const BY_NAME: Ask<Named> = { filter: "name", value: ({ name }) => name };
/** NetBox tells these names apart without regard to case; the index is on the exact ones, asked first. */
const BY_NAME_IN_ANY_CASE: Ask<Named> = { ...BY_NAME, filter: "name__ie" };
const BY_SLUG: Ask<Named & { readonly slug?: string }> = { filter: "slug", value: slugOf };
const BY_MACHINE: Ask<unknown> = { filter: "virtual_machine_id", value: (_, id) => String(id) };

export const PLACES: { readonly [Each in Kind]: Place<Identities[Each]> } = {
  "tag": {
    path: "extras/tags",
    permission: "extras.view_tag",
    plural: "tags",
    reads: ["name", "slug"],
    asks: [BY_NAME, BY_SLUG],
    is: hasName,
    resembles: hasSlug,
  },
  "custom-field": {
    path: "extras/custom-fields",
    permission: "extras.view_customfield",
    plural: "custom fields",
    reads: ["name"],
    asks: [BY_NAME],
    is: hasName,
  },
  "cluster-type": {
    path: "virtualization/cluster-types",
    permission: "virtualization.view_clustertype",
    plural: "cluster types",
    reads: ["name", "slug"],
    asks: [BY_NAME, BY_SLUG],
    is: hasName,
    resembles: hasSlug,
  },
  "cluster": {
    path: "virtualization/clusters",
    permission: "virtualization.view_cluster",
    plural: "clusters",
    reads: ["name", "scope_type", "scope"],
    asks: [BY_NAME],
    is: ({ name, scope_site }, object) =>
      object["name"] === name && scopeSiteOf(object) === (scope_site?.name ?? null),
    resembles: hasName,
  },
  "platform": {
    path: "dcim/platforms",
    permission: "dcim.view_platform",
    plural: "platforms",
    reads: ["name", "manufacturer"],
    asks: [BY_NAME],
    is: (platform, object) => hasName(platform, object) && isNone(object["manufacturer"]),
    resembles: hasName,
  },
  "vlan": {
    path: "ipam/vlans",
    permission: "ipam.view_vlan",
    plural: "VLANs",
    reads: ["vid", "site", "group", "qinq_svlan"],
    asks: [{ filter: "vid", value: ({ vid }) => vid }],
    is: (vlan, object) =>
      isVlanOfSite(vlan, object) && isNone(object["group"]) && isNone(object["qinq_svlan"]),
    resembles: isVlanOfSite,
  },
  "vm-interface": {
    path: "virtualization/interfaces",
    permission: "virtualization.view_vminterface",
    plural: "VM interfaces",
    reads: ["name", "virtual_machine"],
    owner: ({ virtual_machine }) => ({ kind: "virtual-machine", identity: virtual_machine }),
    asks: [BY_MACHINE],
    is: isOfMachine,
  },
  "interface": {
    path: "dcim/interfaces",
    permission: "dcim.view_interface",
    plural: "interfaces",
    reads: ["name", "device"],
    owner: ({ device }) => ({ kind: "device", identity: device }),
    asks: [{ filter: "device_id", value: (_, id) => String(id) }],
    is: (named, object, id) => hasName(named, object) && partOf(object, "device", "id") === id,
  },
  // By its host part, whatever the mask; one in a VRF is another one. An older NetBox compares hosts as
  // texts, so it is asked for as it is written.
  "ip-address": {
    path: "ipam/ip-addresses",
    permission: "ipam.view_ipaddress",
    plural: "IP addresses",
    reads: ["address", "vrf"],
    asks: [{ filter: "address", value: ({ address }) => hostOf(address) }],
    is: ({ address }, object) =>
      isSameHost(String(object["address"]), address) && isNone(object["vrf"]),
  },
  "prefix": {
    path: "ipam/prefixes",
    permission: "ipam.view_prefix",
    plural: "prefixes",
    reads: ["prefix", "vrf", "scope_type", "scope"],
    asks: [{ filter: "prefix", value: ({ prefix }) => prefix }],
    is: (prefix, object) =>
      isPrefix(prefix, object) && scopeSiteOf(object) === (prefix.scope_site?.name ?? null),
    resembles: isPrefix,
  },
  "virtual-machine": {
    path: "virtualization/virtual-machines",
    permission: "virtualization.view_virtualmachine",
    plural: "virtual machines",
    reads: ["name", "cluster", "tenant", "primary_ip4", "primary_ip6"],
    owner: ({ cluster }) => ({ kind: "cluster", identity: cluster }),
    asks: [BY_NAME, BY_NAME_IN_ANY_CASE],
    is: (machine, object, id) => isOfCluster(machine, object, id) && isOfTenant(machine, object),
    resembles: isOfCluster,
  },
  "virtual-disk": {
    path: "virtualization/virtual-disks",
    permission: "virtualization.view_virtualdisk",
    plural: "virtual disks",
    reads: ["name", "virtual_machine"],
    owner: ({ virtual_machine }) => ({ kind: "virtual-machine", identity: virtual_machine }),
    asks: [BY_MACHINE],
    is: isOfMachine,
  },
  "device": {
    path: "dcim/devices",
    permission: "dcim.view_device",
    plural: "devices",
    reads: ["name", "site", "tenant", "primary_ip4", "primary_ip6"],
    asks: [BY_NAME, BY_NAME_IN_ANY_CASE],
    is: (device, object) => isAtSite(device, object) && isOfTenant(device, object),
    resembles: isAtSite,
  },
  "manufacturer": {
    path: "dcim/manufacturers",
    permission: "dcim.view_manufacturer",
    plural: "manufacturers",
    reads: ["name", "tags"],
    asks: [BY_NAME],
    is: hasName,
  },
  "device-type": {
    path: "dcim/device-types",
    permission: "dcim.view_devicetype",
    plural: "device types",
    reads: ["model", "manufacturer", "tags"],
    asks: [{ filter: "model", value: ({ model }) => model }],
    is: ({ model, manufacturer }, object) =>
      object["model"] === model && partOf(object, "manufacturer", "name") === manufacturer.name,
  },
  "device-role": {
    path: "dcim/device-roles",
    permission: "dcim.view_devicerole",
    plural: "device roles",
    reads: ["name", "tags"],
    asks: [BY_NAME],
    is: hasName,
  },
};
