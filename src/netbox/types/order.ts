/** The steps: emission order, file names and the field of Diode's Entity that each one fills. */

/** Source: the mapping document, "Entity Emission Order". */
export const STEPS = [
  { number: "01", name: "tag", field: "tag", message: "Tag" },
  { number: "02", name: "custom-field", field: "custom_field", message: "CustomField" },
  { number: "03", name: "cluster-type", field: "cluster_type", message: "ClusterType" },
  { number: "04", name: "cluster", field: "cluster", message: "Cluster" },
  { number: "05", name: "platform", field: "platform", message: "Platform" },
  { number: "06", name: "vlan", field: "vlan", message: "VLAN" },
  { number: "07", name: "vm-interface", field: "vm_interface", message: "VMInterface" },
  { number: "08", name: "interface", field: "interface", message: "Interface" },
  { number: "09", name: "ip-address", field: "ip_address", message: "IPAddress" },
  { number: "10", name: "prefix", field: "prefix", message: "Prefix" },
  { number: "11", name: "virtual-machine", field: "virtual_machine", message: "VirtualMachine" },
  { number: "12", name: "virtual-disk", field: "virtual_disk", message: "VirtualDisk" },
  { number: "13", name: "device", field: "device", message: "Device" },
] as const;

export type Step = (typeof STEPS)[number];
export type StepName = Step["name"];

export function stepCalled(name: StepName): Step {
  return STEPS.find((step) => step.name === name) as Step;
}
