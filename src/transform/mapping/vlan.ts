/** ipam.VLAN: of node interfaces and of NICs, once per (vid, site), and once per (vid, VLAN group). */
import { int64 } from "../../netbox/types/shape.ts";
import { siteRef } from "../../netbox/types/site.ts";
import type { VLANGroupRef } from "../../netbox/types/vlan-group.ts";
import { isQinQ, type VLAN, type VLANRef, vlanRef } from "../../netbox/types/vlan.ts";
import type { NicSource, SentVlans, TaggedSource } from "../sources.ts";
import {
  DEFAULT_STATUS,
  extension,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  SHARED_TAGS,
  skip,
  type Table,
  USERS,
} from "./table.ts";

export interface VlanSource extends TaggedSource {
  readonly vid: number;
  readonly site: string;
  /** Of the VNet that it carries. */
  readonly name?: string | undefined;
  /** That a rule names. */
  readonly group: VLANGroupRef | undefined;
}

const vlan = rowBuilder<VlanSource>();

export const VLAN_TABLE: Table<VlanSource, VLAN> = {
  vid: owned.key(vlan.from(
    [
      "network.type",
      "network.vlanid",
      "network.vlan-id",
      "network.iface",
      "network.vlan-raw-device",
      "config.netN",
      "setting.NETWORK_DEPTH",
      "network.bridge_vlan_aware",
      "network.bridge_vids",
      "network.ovs_tag",
      "network.ovs_options",
      "sdnZones.type",
      "sdnZones.zone",
      "sdnZones.tag",
      "sdnVnets.vnet",
      "sdnVnets.zone",
      "sdnVnets.tag",
    ],
    "node interface of type vlan: `vlanid`, else `vlan-id`, else from `name.NN`, else from `vlanNN` with a raw device; NIC: `tag=`; 1–4094. NETWORK_DEPTH=full: also `trunks=`, `bridge_vids`, and `ovs_tag` and `trunks=` of Open vSwitch, unless that is all VLANs; the tag of a VNet of a VLAN zone, and of a QinQ zone",
    (v) => int64(v.vid),
  )),
  name: owned.firstWriter(vlan.from(
    ["network.vlan-id", "config.netN", "setting.NETWORK_DEPTH", "sdnVnets.alias", "sdnVnets.vnet"],
    "`VLAN {vid}`; NETWORK_DEPTH=full: the alias of its VNet, else the VNet's name, if no other VLAN ID has it too",
    (v) => vlanRef(v.vid, v.site, v.name).name,
  )),
  site: owned.key(vlan.from(
    ["stub.site"],
    "the site of the node or of the virtual machine; of a VNet that no guest uses, those of its nodes",
    (v) => v.group === undefined ? siteRef(v.site) : undefined,
  )),
  group: extension(owned.key(vlan.from(
    ["rule.vlan_group", "stub.vlan-group"],
    "the VLAN group that a rule names, instead of the site: it is part of the VLAN's identity in Diode",
    (v) => v.group,
  ))),
  tags: owned.union(vlan.from(
    ["stub.tags"],
    SHARED_TAGS,
    (v) => v.tags,
  )),
  ...skip(DEFAULT_STATUS, "status"),
  ...skip("Proxmox gives a NIC one tag", "qinq_svlan", "qinq_role"),
  ...skip(USERS, "tenant", "role", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};

/**
 * The mode to send. An access port says nothing without its VLAN.
 */
export function modeOf(
  { vlans, found }: Pick<NicSource, "vlans" | "found">,
): SentVlans["mode"] | undefined {
  if (vlans === undefined || isQinQ(found?.object)) return undefined;
  return vlans.mode === "access" && vlans.untagged === undefined ? undefined : vlans.mode;
}

/** With mode tagged. */
export function taggedOf(
  source: Pick<NicSource, "vlans" | "found">,
): readonly VLANRef[] | undefined {
  return modeOf(source) === "tagged" ? source.vlans?.tagged : undefined;
}
