/** vpn.L2VPN and vpn.L2VPNTermination: the VNets of VXLAN and EVPN zones, and the NICs in them. */
import type { L2VPN, L2VPNTermination, L2VPNType } from "../../netbox/types/l2vpn.ts";
import { int64 } from "../../netbox/types/shape.ts";
import { SLUG_RULE } from "../slugs.ts";
import type { L2vpnTerminationSource, TaggedSource } from "../sources.ts";
import {
  DEFAULT_STATUS,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  SHARED_TAGS,
  skip,
  type Table,
  USERS,
} from "./table.ts";

/** A layer-2 network, as SharedObjects.seeL2vpn takes it. */
export interface L2vpnFacts {
  readonly name: string;
  readonly type: L2VPNType;
  /** Of the network on the wire: a VNI. */
  readonly identifier?: number | undefined;
  readonly description?: string | undefined;
}

export interface L2vpnSource extends TaggedSource, L2vpnFacts {
  readonly slug: string | undefined;
}

const l2vpn = rowBuilder<L2vpnSource>();

export const L2VPN_TABLE: Table<L2vpnSource, L2VPN> = {
  name: owned.key(
    l2vpn.from(
      ["sdnVnets.vnet", "sdnVnets.zone", "setting.NETWORK_DEPTH"],
      "the name of the VNet, with that of the cluster if another cluster has the name",
      (l) => l.name,
    ),
  ),
  slug: owned.firstWriter(l2vpn.from(["sdnVnets.vnet"], SLUG_RULE, (l) => l.slug)),
  type: l2vpn.from(
    ["sdnZones.type", "sdnZones.zone", "sdnVnets.zone"],
    "VXLAN zone: vxlan; EVPN zone: vxlan-evpn",
    (l) => l.type,
  ),
  identifier: l2vpn.from(
    ["sdnVnets.tag"],
    "the VNI of the VNet",
    (l) => l.identifier === undefined ? undefined : int64(l.identifier),
  ),
  description: owned.firstWriter(
    l2vpn.from(["sdnVnets.alias"], "the alias of the VNet", (l) => l.description),
  ),
  tags: owned.union(l2vpn.from(["stub.tags"], SHARED_TAGS, (l) => l.tags)),
  ...skip(DEFAULT_STATUS, "status"),
  ...skip(USERS, "tenant", "comments", "import_targets", "export_targets", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};

const termination = rowBuilder<L2vpnTerminationSource>();

/** Diode lists every type as `assigned_object`; the rows are of those that NetBox accepts. */
export const L2VPN_TERMINATION: Table<L2vpnTerminationSource, L2VPNTermination> = {
  l2vpn: termination.from(
    ["config.netN", "setting.NETWORK_DEPTH", "sdnVnets.vnet", "stub.l2vpn"],
    "of its VNet",
    (t) => t.l2vpn,
  ),
  assigned_object_vm_interface: owned.key(
    termination.from(["stub.vm-interface"], "the NIC", (t) => t.nic),
  ),
  tags: owned.union(
    termination.from(["stub.tags"], "the global tags and the host's", (t) => t.cluster.tags),
  ),
  ...skip(
    "only NICs of guests are put into an L2VPN",
    "assigned_object_vlan",
    "assigned_object_interface",
  ),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
