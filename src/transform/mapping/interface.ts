/** dcim.Interface: an interface of a node. */
import type { Interface } from "../../netbox/types/interface.ts";
import { int64 } from "../../netbox/types/shape.ts";
import { mtuOf, speedKbps } from "../../proxmox/hardware.ts";
import { flag, isBlank } from "../../proxmox/values.ts";
import type { InterfaceSource } from "../sources.ts";
import {
  MAC_BY_OBJECT,
  METADATA,
  NO_CUSTOM_FIELDS,
  rowBuilder,
  type Table,
  USERS,
} from "./table.ts";
import { INTERFACE_TYPES, OTHER_INTERFACE_TYPE, valuesText } from "./values.ts";

const iface = rowBuilder<InterfaceSource>();
const NOT_ANSWERED = "in no answer of any Proxmox VE release";
const WIRELESS = "Proxmox VE manages no wireless interface";
const POWER = "no port of a server feeds power";

export const INTERFACE: Table<InterfaceSource, Interface> = {
  device: iface.from(["stub.device"], "its node", (i) => i.device),
  name: iface.from(["network.iface"], "as it is; at most 64 characters", (i) => i.name),
  type: iface.from(
    ["network.type"],
    valuesText(INTERFACE_TYPES, OTHER_INTERFACE_TYPE),
    (i) => i.type,
  ),
  enabled: iface.from(
    ["network.active"],
    "true if active, else false",
    (i) => isBlank(i.network?.active) ? false : flag(i.network?.active),
  ),
  mtu: iface.from(["network.mtu"], "in bytes; Proxmox sends a string", (i) => {
    const mtu = mtuOf(i.network?.mtu);
    return mtu === undefined ? undefined : int64(mtu);
  }),
  speed: iface.from(
    ["network.speed"],
    "Mbps × 1000 = kbps; in no known release, used if present",
    (i) => {
      const kbps = speedKbps(i.network?.speed);
      return kbps === undefined ? undefined : int64(kbps);
    },
  ),
  parent: iface.from(
    ["network.vlan-raw-device", "network.iface", "setting.ALL_INTERFACES", "stub.interface"],
    "ALL_INTERFACES: the device below a VLAN or an alias",
    (i) => i.parent,
  ),
  bridge: iface.from(
    [
      "network.bridge_ports",
      "network.ovs_ports",
      "network.ovs_bridge",
      "setting.ALL_INTERFACES",
      "stub.interface",
    ],
    "ALL_INTERFACES: the bridge that it is a port of",
    (i) => i.bridge,
  ),
  lag: iface.from(
    ["network.slaves", "network.ovs_bonds", "setting.ALL_INTERFACES", "stub.interface"],
    "ALL_INTERFACES: the bond that it belongs to",
    (i) => i.lag,
  ),
  primary_mac_address: iface.from(
    [
      "network.options",
      "network.options6",
      "network.altnames",
      "network.iface",
      "setting.ALL_INTERFACES",
    ],
    "ALL_INTERFACES: `hwaddress` of the options, which is in force, else the permanent address in a name `enx…`; left off when another interface or a guest's NIC has it too, as NetBox finds an interface by it first",
    ({ mac }) => mac === undefined ? undefined : { mac_address: mac },
  ),
  tags: iface.from(["stub.tags"], "the global tags and the host's", (i) => i.cluster.tags),
  duplex: iface.skip(NOT_ANSWERED),
  wwn: iface.skip(NOT_ANSWERED),
  mac_address: iface.skip(MAC_BY_OBJECT),
  channels: iface.skip(NOT_ANSWERED),
  channel_id: iface.skip(NOT_ANSWERED),
  mode: iface.skip("the mapping document puts no VLAN on a node's interface"),
  untagged_vlan: iface.skip("the mapping document puts no VLAN on a node's interface"),
  tagged_vlans: iface.skip("the mapping document puts no VLAN on a node's interface"),
  qinq_svlan: iface.skip("the mapping document puts no VLAN on a node's interface"),
  vlan_translation_policy: iface.skip(USERS),
  vrf: iface.skip(USERS),
  module: iface.skip(USERS),
  label: iface.skip(USERS),
  mgmt_only: iface.skip(USERS),
  mark_connected: iface.skip(USERS),
  vdcs: iface.skip(USERS),
  description: iface.skip(USERS),
  owner: iface.skip(USERS),
  rf_role: iface.skip(WIRELESS),
  rf_channel: iface.skip(WIRELESS),
  rf_channel_frequency: iface.skip(WIRELESS),
  rf_channel_width: iface.skip(WIRELESS),
  tx_power: iface.skip(WIRELESS),
  wireless_lans: iface.skip(WIRELESS),
  poe_mode: iface.skip(POWER),
  poe_type: iface.skip(POWER),
  custom_fields: iface.skip(NO_CUSTOM_FIELDS),
  metadata: iface.skip(METADATA),
};
