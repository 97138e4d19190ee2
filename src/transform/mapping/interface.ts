/** dcim.Interface: an interface of a node. */
import { MAX_DESCRIPTION, MAX_NAME } from "../../netbox/names.ts";
import type { Interface } from "../../netbox/types/interface.ts";
import { int64 } from "../../netbox/types/shape.ts";
import { mtuOf, speedKbps } from "../../proxmox/hardware.ts";
import { flag, isBlank } from "../../proxmox/values.ts";
import type { InterfaceSource } from "../sources.ts";
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
import { INTERFACE_TYPES, OTHER_INTERFACE_TYPE, valuesText } from "./values.ts";

const iface = rowBuilder<InterfaceSource>();
const NOT_ANSWERED = "in no answer of any Proxmox VE release";
const WIRELESS = "Proxmox VE manages no wireless interface";
const POWER = "server ports do not supply PoE";

/** What tells the VLANs of an interface. */
const VLAN_KEYS = [
  "setting.NETWORK_DEPTH",
  "network.type",
  "network.iface",
  "network.vlanid",
  "network.vlan-id",
  "network.vlan-raw-device",
  "network.bridge_vlan_aware",
  "network.bridge_vids",
  "network.ovs_tag",
  "network.ovs_options",
] as const;

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
      "setting.NETWORK_DEPTH",
    ],
    "ALL_INTERFACES or NETWORK_DEPTH=full: `hwaddress` of the options, which is in force, else the permanent address in a name `enx…`; left off when another interface or a guest's NIC has it too, as NetBox finds an interface by it first",
    ({ mac }) => mac === undefined ? undefined : { mac_address: mac },
  ),
  description: iface.from(
    ["network.comments", "setting.NETWORK_DEPTH"],
    `NETWORK_DEPTH=full: the comments in one line, at most ${MAX_DESCRIPTION} characters`,
    (i) => i.description,
  ),
  mode: iface.from(
    VLAN_KEYS,
    "NETWORK_DEPTH=full: access for a VLAN and for `tag=` of Open vSwitch; a VLAN-aware bridge and a trunk of Open vSwitch: tagged with a list of VLANs, tagged-all without one or with all from 2 to 4094. With a target: not sent while NetBox has Q-in-Q",
    modeOf,
  ),
  untagged_vlan: iface.clearing(
    iface.from(
      [...VLAN_KEYS, "stub.vlan"],
      "NETWORK_DEPTH=full: that of a VLAN; `ovs_tag`, unless `vlan_mode=trunk`",
      ({ vlans }) => vlans === undefined ? undefined : vlans.untagged ?? null,
    ),
    EMPTY,
  ),
  tagged_vlans: iface.from(
    [...VLAN_KEYS, "stub.vlan"],
    "NETWORK_DEPTH=full: `bridge_vids`, or `trunks=` of Open vSwitch; the whole list, or none of it if a part cannot be sent",
    taggedOf,
  ),
  tags: owned.union(
    iface.from(["stub.tags"], "the global tags and the host's", (i) => i.cluster.tags),
  ),
  ...skip(NOT_ANSWERED, "duplex", "wwn", "channels", "channel_id"),
  ...skip(MAC_BY_OBJECT, "mac_address"),
  ...skip("Proxmox VE gives an interface one VLAN", "qinq_svlan"),
  ...skip(
    "the user's own: what is printed at the port. `altnames` are names that the kernel knows it by; with a target it is found by them",
    "label",
  ),
  ...skip(
    USERS,
    "vlan_translation_policy",
    "vrf",
    "module",
    "mgmt_only",
    "mark_connected",
    "vdcs",
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
