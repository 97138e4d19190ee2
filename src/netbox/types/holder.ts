/** TABLE: the machine or device that an entity is a part of. */
import type { StepName } from "./order.ts";
import type { DeviceRef, Entities, VirtualMachineRef } from "./schema.ts";

const HELD_BY: {
  readonly [Name in StepName]?: (
    entity: Entities[Name],
  ) => VirtualMachineRef | DeviceRef | undefined;
} = {
  "vm-interface": ({ virtual_machine }) => virtual_machine,
  "interface": ({ device }) => device,
  "ip-address": ({ assigned_object_vm_interface: nic, assigned_object_interface: port }) =>
    nic?.virtual_machine ?? port?.device,
  "virtual-disk": ({ virtual_machine }) => virtual_machine,
};

export type Holder =
  | { readonly step: "virtual-machine"; readonly ref: VirtualMachineRef }
  | { readonly step: "device"; readonly ref: DeviceRef };

/** Parts stand in the order of their holders. */
export function isPart(step: StepName): boolean {
  return step in HELD_BY;
}

/** undefined for what is no part of a machine or device. */
export function holderOf<Name extends StepName>(
  step: Name,
  entity: Entities[Name],
): Holder | undefined {
  const ref = HELD_BY[step]?.(entity);
  if (ref === undefined) return undefined;
  return "cluster" in ref ? { step: "virtual-machine", ref } : { step: "device", ref };
}
