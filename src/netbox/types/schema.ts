/**
 * CONTRACT 2: the entities that `transform` writes and `push` reads. Each is a message of Diode's
 * ingester.proto in protobuf JSON: snake_case names, int64 as a string. All fields of a message
 * stand here; what this program never sends is `NotSent`, and its table says why.
 */
import type { Device, Interface, Platform } from "./dcim.ts";
import type { CustomField, Tag } from "./extras.ts";
import type { IPAddress, Prefix, VLAN } from "./ipam.ts";
import type {
  Cluster,
  ClusterType,
  VirtualDisk,
  VirtualMachine,
  VMInterface,
} from "./virtualization.ts";

export type * from "./dcim.ts";
export type * from "./extras.ts";
export type * from "./ipam.ts";
export type * from "./refs.ts";
export type * from "./virtualization.ts";

/** The newest entity-file format this program reads and the only one it writes. */
export const ENTITIES_FORMAT = 1;

/** Step name → shape. */
export interface Entities {
  "tag": Tag;
  "custom-field": CustomField;
  "cluster-type": ClusterType;
  "cluster": Cluster;
  "platform": Platform;
  "vlan": VLAN;
  "vm-interface": VMInterface;
  "interface": Interface;
  "ip-address": IPAddress;
  "prefix": Prefix;
  "virtual-machine": VirtualMachine;
  "virtual-disk": VirtualDisk;
  "device": Device;
}
