/** The steps: what a run sends, in emission order. Without the types, since every start of the program needs the names. */

/** The newest format of entity files that this program reads, and the only one that it writes. */
export const ENTITIES_FORMAT = 1;

/** `field`: of Diode's message Entity. Source: the mapping document, "Entity Emission Order". */
export const STEPS = [
  { number: "01", name: "tag", field: "tag" },
  { number: "02", name: "custom-field", field: "custom_field" },
  { number: "03", name: "cluster-type", field: "cluster_type" },
  { number: "04", name: "cluster", field: "cluster" },
  { number: "05", name: "platform", field: "platform" },
  { number: "06", name: "vlan", field: "vlan" },
  { number: "07", name: "vm-interface", field: "vm_interface" },
  { number: "08", name: "interface", field: "interface" },
  { number: "09", name: "ip-address", field: "ip_address" },
  { number: "10", name: "prefix", field: "prefix" },
  { number: "11", name: "virtual-machine", field: "virtual_machine" },
  { number: "12", name: "virtual-disk", field: "virtual_disk" },
  { number: "13", name: "device", field: "device" },
] as const;

export type Step = (typeof STEPS)[number];
export type StepName = Step["name"];

const BY_NAME = new Map<string, Step>(STEPS.map((step) => [step.name, step]));

export const STEP_NAMES: readonly StepName[] = STEPS.map(({ name }) => name);

/** "vlan" or "06" → "vlan" */
export function parseStep(text: string): StepName | undefined {
  return STEPS.find(({ number, name }) => text === name || text === number)?.name;
}

export function stepCalled(name: StepName): Step {
  return BY_NAME.get(name) as Step;
}
