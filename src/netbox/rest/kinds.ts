/** What is looked for in NetBox, and what of it says which one it is: a whole entity has that, and so has a stub. */
import type { StepName } from "../types/order.ts";
import type {
  ClusterRef,
  DeviceRef,
  DeviceRoleRef,
  DeviceTypeRef,
  Entities,
  ManufacturerRef,
  VirtualMachineRef,
  VLANRef,
} from "../types/schema.ts";

/** Those that other entities name. */
interface Stubs {
  "cluster": ClusterRef;
  "vlan": VLANRef;
  "virtual-machine": VirtualMachineRef;
  "device": DeviceRef;
  "manufacturer": ManufacturerRef;
  "device-type": DeviceTypeRef;
  "device-role": DeviceRoleRef;
}

/** A step, or something that has none of its own. */
export type Kind = StepName | keyof Stubs;

export type Identities = Stubs & Omit<Entities, keyof Stubs>;

/** How one entity names another. */
export type Reference = {
  readonly [Each in keyof Stubs]: { readonly kind: Each; readonly identity: Stubs[Each] };
}[keyof Stubs];
