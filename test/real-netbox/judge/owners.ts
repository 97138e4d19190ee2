/** TABLE: the fields that may change of an object that was in NetBox before. All others are the user's. */
import type { TypeName } from "./picture.ts";

interface Owners {
  /** Of objects of ours: as Proxmox VE has it, and what NetBox computes from that. */
  readonly proxmox?: readonly string[];
  /** Of objects of ours, while it is empty. */
  readonly first?: readonly string[];
  /** Grows, and loses nothing. */
  readonly union?: readonly string[];
}

const MACHINE = ["status", "platform"];
const PRIMARY = ["primary_ip", "primary_ip4", "primary_ip6"];
const MAC = ["primary_mac_address", "mac_address", "mac_addresses"];
const SCOPE = ["scope", "scope_type", "scope_id"];
const TAGS = ["tags"];

export const OWNERS: Readonly<Partial<Record<TypeName, Owners>>> = {
  "custom-field": { first: ["label", "description"], union: ["object_types"] },
  "manufacturer": { union: TAGS },
  "device-type": { union: TAGS },
  "device-role": { union: TAGS },
  "platform": { union: TAGS },
  "cluster-type": { union: TAGS },
  "cluster": { first: ["status", "group", ...SCOPE], union: TAGS },
  "vlan": { union: TAGS },
  "device": {
    proxmox: MACHINE,
    first: ["device_type", "role", "site", "tenant", "cluster", ...PRIMARY],
    union: TAGS,
  },
  "interface": {
    proxmox: ["enabled", "mtu", "speed", "lag", "bridge", "parent", ...MAC],
    first: ["type"],
    union: TAGS,
  },
  "virtual-machine": {
    proxmox: [...MACHINE, "vcpus", "memory", "disk", "start_on_boot", "comments"],
    first: ["role", "tenant", "site", ...PRIMARY],
    union: TAGS,
  },
  "vm-interface": {
    proxmox: ["enabled", "mtu", "mode", "untagged_vlan", "tagged_vlans", ...MAC],
    union: TAGS,
  },
  "virtual-disk": { proxmox: ["size"], union: TAGS },
  "prefix": { first: ["vlan", "vrf", ...SCOPE], union: TAGS },
  "ip-address": {
    proxmox: ["address", "assigned_object", "assigned_object_id", "assigned_object_type"],
    first: ["vrf", "role", "status"],
    union: TAGS,
  },
};

/** Custom fields of ours. */
export const OWN_CUSTOM_FIELD = /^custom_fields\.proxmox_/;
/** The slug of a tag of every object that `transform` made or found. */
export const OWN_TAG = "discovered";
export { PRIMARY };
