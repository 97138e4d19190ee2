/** virtualization.VMInterface: a NIC of a guest. */
import { MAX_NAME } from "../../netbox/names.ts";
import { int64 } from "../../netbox/types/shape.ts";
import { hasTaggedVlans, isQinQ } from "../../netbox/types/vlan.ts";
import type { VMInterface } from "../../netbox/types/vm-interface.ts";
import type { NicSource } from "../sources.ts";
import {
  EMPTY,
  MAC_BY_OBJECT,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  skip,
  type Table,
  USERS,
} from "./table.ts";
import { modeOf, taggedOf } from "./vlan.ts";

const nic = rowBuilder<NicSource>();

export const VM_INTERFACE: Table<NicSource, VMInterface> = {
  virtual_machine: owned.key(
    nic.from(["stub.virtual-machine"], "its guest", (n) => n.ref.virtual_machine),
  ),
  name: owned.key(nic.from(
    ["config.netN"],
    `QEMU: the key (net0); LXC: \`name=\`, else the key; at most ${MAX_NAME} characters`,
    (n) => n.name,
  )),
  enabled: nic.from(
    ["config.netN"],
    "false with `link_down=1`, else true",
    ({ net: { isDisconnected } }) => isDisconnected === undefined ? undefined : !isDisconnected,
  ),
  mtu: nic.from(
    ["config.netN"],
    "`mtu=` in bytes; 1 means the MTU of the bridge and is not sent",
    (n) => n.net.mtu === undefined ? undefined : int64(n.net.mtu),
  ),
  primary_mac_address: nic.from(
    ["config.netN"],
    "QEMU: the value of the model, or `macaddr=`; LXC: `hwaddr=`; upper case",
    (n) => (n.net.mac === undefined ? undefined : { mac_address: n.net.mac }),
  ),
  mode: nic.from(
    [
      "config.netN",
      "setting.NETWORK_DEPTH",
      "network.bridge_vlan_aware",
      "network.type",
      "sdnVnets.zone",
      "sdnVnets.tag",
      "sdnZones.type",
      "sdnZones.tag",
    ],
    "tagged with `trunks=`, else access with `tag=`; without a mode NetBox drops the VLAN. With a target: not sent as access while NetBox has tagged VLANs, which it would clear, or Q-in-Q. NETWORK_DEPTH=full: also tagged-all, where `trunks=` has all VLANs from 2 to 4094, or without both keys on a VLAN-aware bridge or one of Open vSwitch; access on a VNet of a VLAN; with a target, tagged VLANs in NetBox are cleared",
    (source) => {
      const { net, vlan, found, cluster } = source;
      if (cluster.policy.networkDepth === "full") return modeOf(source);
      if (net.trunks !== undefined) return "tagged";
      const isKept = hasTaggedVlans(found?.object) || isQinQ(found?.object);
      return vlan === undefined || isKept ? undefined : "access";
    },
  ),
  untagged_vlan: nic.clearing(
    nic.from(
      ["config.netN", "stub.vlan", "setting.NETWORK_DEPTH"],
      "`tag=`; NETWORK_DEPTH=full: else that of its VNet",
      ({ vlan, isVlanKnown }) => vlan ?? (isVlanKnown ? null : undefined),
    ),
    EMPTY,
  ),
  tagged_vlans: nic.from(
    ["config.netN", "setting.NETWORK_DEPTH", "stub.vlan"],
    "NETWORK_DEPTH=full: those of `trunks=`, without that of `tag=`; the whole list, or none of it if a part cannot be sent",
    taggedOf,
  ),
  tags: owned.union(
    nic.from(["stub.tags"], "the global tags and the host's", (n) => n.cluster.tags),
  ),
  ...skip(MAC_BY_OBJECT, "mac_address"),
  ...skip("NetBox means a bridge inside the guest; `bridge=` is the node's", "bridge"),
  ...skip("a NIC has no parent interface in Proxmox VE", "parent"),
  ...skip("Proxmox gives a NIC one tag", "qinq_svlan"),
  ...skip(USERS, "vlan_translation_policy", "vrf", "description", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
