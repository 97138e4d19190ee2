/** ipam.IPAddress: of node interfaces and of NICs. */
import type { Address } from "../../base/ip-address.ts";
import type { IPAddress, PrimaryAddresses } from "../../netbox/types/ip-address.ts";
import type { VRFRef } from "../../netbox/types/vrf.ts";
import type { AddressSource } from "../sources.ts";
import {
  extension,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  skip,
  type Table,
  USERS,
} from "./table.ts";

const address = rowBuilder<AddressSource>();

export const IP_ADDRESS: Table<AddressSource, IPAddress> = {
  address: address.from(
    [
      "network.cidr",
      "network.address",
      "network.netmask",
      "network.cidr6",
      "network.address6",
      "network.netmask6",
      "agentInterfaces.ip-addresses",
      "agentInterfaces.name",
      "config.netN",
      "config.ipconfigN",
      "setting.CLOUD_INIT_ADDRESSES",
      "setting.LXC_LIVE_ADDRESSES",
      "lxcInterfaces.name",
      "lxcInterfaces.ip-addresses",
      "lxcInterfaces.inet",
      "lxcInterfaces.inet6",
    ],
    "node: cidr, else address + netmask; QEMU: the guest agent, with CLOUD_INIT_ADDRESSES else `ipconfigN`; LXC: `ip=` and `ip6=`, with LXC_LIVE_ADDRESSES also the running container; IPv6 as in RFC 5952",
    (a) => a.address.cidr,
  ),
  vrf: extension(owned.key(address.from(
    ["rule.vrf", "stub.vrf", "config.netN", "sdnVnets.zone"],
    "the VRF that a rule names, of the EVPN zone that its NIC is in, or in which NetBox has the address: it is part of its identity in Diode",
    (a) => a.ref.vrf,
  ))),
  assigned_object_interface: address.from(
    ["stub.interface", "network.priority"],
    "the node's interface; its device carries the address if that is its first one of the family",
    ({ ref: { assigned_object_interface: port, vrf }, isPrimary, address }) =>
      port && isPrimary
        ? { ...port, device: { ...port.device, ...asPrimary(address, vrf) } }
        : port,
  ),
  assigned_object_vm_interface: address.from(
    [
      "agentInterfaces.hardware-address",
      "lxcInterfaces.hwaddr",
      "lxcInterfaces.hardware-address",
      "config.netN",
      "config.ipconfigN",
      "stub.vm-interface",
      "sdnVnets.zone",
      "sdnZones.zone",
      "sdnZones.type",
    ],
    "the NIC with its MAC address; LXC: the NIC whose config has it; `ipconfigN`: `netN`; its VM carries the address if that is its first one of the family",
    ({ ref: { assigned_object_vm_interface: nic, vrf }, isPrimary, address }) =>
      nic && isPrimary
        ? { ...nic, virtual_machine: { ...nic.virtual_machine, ...asPrimary(address, vrf) } }
        : nic,
  ),
  status: address.from(
    ["resources.vmid", "setting.GONE_STATUS"],
    "deprecated if its guest is gone, active once it has returned; else active by NetBox's default, and the user's value stays",
    (a) => a.status,
  ),
  dns_name: extension(
    address.from(["rule.dns_name"], "a rule's", (a) => a.rules?.dns_name?.value),
  ),
  tags: owned.union(
    address.from(["stub.tags"], "the global tags and the host's", (a) => a.cluster.tags),
  ),
  ...skip("Proxmox VE has no such groups", "assigned_object_fhrp_group"),
  ...skip(USERS, "role", "tenant", "nat_inside", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};

/**
 * NetBox takes an address for a machine's primary one in the step that assigns it to that machine. It
 * refuses an address that is the primary one of another machine, and Diode refuses the whole entity with
 * it: here that is the address alone, and the machine gets everything else in step 11 or 13.
 */
function asPrimary({ family, cidr: address }: Address, vrf: VRFRef | undefined): PrimaryAddresses {
  const stub = vrf === undefined ? { address } : { address, vrf };
  return family === 4 ? { primary_ip4: stub } : { primary_ip6: stub };
}
