/** ipam.VLAN: of node interfaces and of NICs, once per (vid, site). */
import { int64 } from "../../netbox/types/shape.ts";
import { siteRef } from "../../netbox/types/site.ts";
import { type VLAN, vlanRef } from "../../netbox/types/vlan.ts";
import type { TaggedSource } from "../sources.ts";
import {
  DEFAULT_STATUS,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  skip,
  type Table,
  USERS,
} from "./table.ts";

export interface VlanSource extends TaggedSource {
  readonly vid: number;
  readonly site: string;
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
    ],
    "node interface of type vlan: `vlanid`, else `vlan-id`, else from `name.NN`, else from `vlanNN` with a raw device; NIC: `tag=`; 1–4094",
    (v) => int64(v.vid),
  )),
  name: owned.firstWriter(vlan.from(
    ["network.vlan-id", "config.netN"],
    "`VLAN {vid}`",
    (v) => vlanRef(v.vid, v.site).name,
  )),
  site: owned.key(vlan.from(
    ["stub.site"],
    "the site of the node or of the virtual machine",
    (v) => siteRef(v.site),
  )),
  tags: owned.union(vlan.from(
    ["stub.tags"],
    "the global tags and those of the hosts that have it",
    (v) => v.tags,
  )),
  ...skip(DEFAULT_STATUS, "status"),
  ...skip("it would become part of the VLAN's identity in Diode", "group"),
  ...skip("Proxmox gives a NIC one tag", "qinq_svlan", "qinq_role"),
  ...skip(USERS, "tenant", "role", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
