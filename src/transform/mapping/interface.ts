/** dcim.Interface: an interface of a node. */
import { MAX_NAME } from "../../netbox/names.ts";
import type { Interface } from "../../netbox/types/interface.ts";
import { int64 } from "../../netbox/types/shape.ts";
import { mtuOf, speedKbps } from "../../proxmox/hardware.ts";
import { flag, isBlank } from "../../proxmox/values.ts";
import type { InterfaceSource } from "../sources.ts";
import {
  MAC_BY_OBJECT,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  skip,
  type Table,
  USERS,
} from "./table.ts";
import { INTERFACE_TYPES, OTHER_INTERFACE_TYPE, valuesText } from "./values.ts";

const iface = rowBuilder<InterfaceSource>();
const NOT_ANSWERED = "in no answer of any Proxmox VE release";
const WIRELESS = "Proxmox VE manages no wireless interface";
const POWER = "server ports do not supply PoE";

export const INTERFACE: Table<InterfaceSource, Interface> = {
  device: owned.key(iface.from(["stub.device"], "its node", (i) => i.device)),
  name: owned.key(
    iface.from(["network.iface"], `as it is; at most ${MAX_NAME} characters`, (i) => i.name),
  ),
  type: owned.firstWriter(iface.from(
    ["network.type"],
    valuesText(INTERFACE_TYPES, OTHER_INTERFACE_TYPE),
    (i) => i.type,
  )),
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
    "Mbps × 1000 = kbps; sent if present, but no known release has it",
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
  tags: owned.union(
    iface.from(["stub.tags"], "the global tags and the host's", (i) => i.cluster.tags),
  ),
  ...skip(NOT_ANSWERED, "duplex", "wwn", "channels", "channel_id"),
  ...skip(MAC_BY_OBJECT, "mac_address"),
  ...skip(
    "the mapping document puts no VLAN on a node's interface",
    "mode",
    "untagged_vlan",
    "tagged_vlans",
    "qinq_svlan",
  ),
  ...skip(
    USERS,
    "vlan_translation_policy",
    "vrf",
    "module",
    "label",
    "mgmt_only",
    "mark_connected",
    "vdcs",
    "description",
    "owner",
  ),
  ...skip(
    WIRELESS,
    "rf_role",
    "rf_channel",
    "rf_channel_frequency",
    "rf_channel_width",
    "tx_power",
    "wireless_lans",
  ),
  ...skip(POWER, "poe_mode", "poe_type"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
