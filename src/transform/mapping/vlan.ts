/** ipam.VLAN: of node interfaces and of NICs, once per (vid, site). */
import { int64 } from "../../netbox/types/shape.ts";
import { siteRef } from "../../netbox/types/site.ts";
import { type VLAN, vlanRef } from "../../netbox/types/vlan.ts";
import type { TaggedSource } from "../sources.ts";
import {
  DEFAULT_STATUS,
  METADATA,
  NO_CUSTOM_FIELDS,
  rowBuilder,
  type Table,
  USERS,
} from "./table.ts";

export interface VlanSource extends TaggedSource {
  readonly vid: number;
  readonly site: string;
}

const vlan = rowBuilder<VlanSource>();

export const VLAN_TABLE: Table<VlanSource, VLAN> = {
  vid: vlan.from(
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
  ),
  name: vlan.from(
    ["network.vlan-id", "config.netN"],
    "`VLAN {vid}`",
    (v) => vlanRef(v.vid, v.site).name,
  ),
  site: vlan.from(
    ["stub.site"],
    "the site of the node or of the virtual machine",
    (v) => siteRef(v.site),
  ),
  tags: vlan.from(
    ["stub.tags"],
    "the global tags and those of the hosts that have it",
    (v) => v.tags,
  ),
  status: vlan.skip(DEFAULT_STATUS),
  group: vlan.skip("it would become part of the VLAN's identity in Diode"),
  qinq_svlan: vlan.skip("Proxmox gives a NIC one tag"),
  qinq_role: vlan.skip("Proxmox gives a NIC one tag"),
  tenant: vlan.skip(USERS),
  role: vlan.skip(USERS),
  description: vlan.skip(USERS),
  comments: vlan.skip(USERS),
  owner: vlan.skip(USERS),
  custom_fields: vlan.skip(NO_CUSTOM_FIELDS),
  metadata: vlan.skip(METADATA),
};
