/** The steps: what a run sends, in emission order. Without the types, since every start of the program needs the names. */

/** The newest format of entity files that this program reads, and the only one that it writes. */
export const ENTITIES_FORMAT = 1;

/**
 * `field`: of Diode's message Entity. Source: the mapping document, "Entity Emission Order". An extension has a
 * letter, and stands before what names its objects: the document's steps keep their numbers.
 */
export const STEPS = [
  { number: "01", name: "tag", field: "tag" },
  { number: "02", name: "custom-field", field: "custom_field" },
  { number: "03", name: "cluster-type", field: "cluster_type" },
  { number: "04", name: "cluster", field: "cluster" },
  { number: "05", name: "platform", field: "platform" },
  { number: "05a", name: "vrf", field: "vrf", extension: true },
  { number: "05b", name: "vlan-group", field: "vlan_group", extension: true },
  { number: "05c", name: "l2vpn", field: "l2vpn", extension: true },
  { number: "06", name: "vlan", field: "vlan" },
  { number: "07", name: "vm-interface", field: "vm_interface" },
  { number: "08", name: "interface", field: "interface" },
  {
    number: "08a",
    name: "l2vpn-termination",
    field: "l2vpn_termination",
    extension: true,
  },
  { number: "09", name: "ip-address", field: "ip_address" },
  { number: "10", name: "prefix", field: "prefix" },
  { number: "11", name: "virtual-machine", field: "virtual_machine" },
  { number: "12", name: "virtual-disk", field: "virtual_disk" },
  { number: "13", name: "device", field: "device" },
] as const;

export type Step = (typeof STEPS)[number];
export type StepName = Step["name"];
type ExtensionName = Extract<Step, { readonly extension: true }>["name"];

/** Step → a number: the document's steps are always there, an extension only with entities. */
export type StepCounts =
  & Readonly<Record<Exclude<StepName, ExtensionName>, number>>
  & { readonly [Name in ExtensionName]?: number };

const BY_NAME = new Map<string, Step>(STEPS.map((step) => [step.name, step]));

export const STEP_NAMES: readonly StepName[] = STEPS.map(({ name }) => name);

export function isExtension(name: StepName): name is ExtensionName {
  return "extension" in stepCalled(name);
}

/** The steps that a result shows: those of the document, and extensions with entities. */
export function shownSteps(counts: { readonly [Name in StepName]?: number }): readonly Step[] {
  return STEPS.filter(({ name }) => !isExtension(name) || (counts[name] ?? 0) > 0);
}

/** `of`: the number of a step. `counts` decides which steps are shown; absent: the numbers themselves. */
export function stepCounts(
  of: (name: StepName) => number,
  counts?: { readonly [Name in StepName]?: number },
): StepCounts {
  const all = Object.fromEntries(STEP_NAMES.map((name) => [name, of(name)]));
  const shown = shownSteps(counts ?? all).map(({ name }) => [name, all[name]]);
  return Object.fromEntries(shown) as StepCounts;
}

/** "vlan" or "06" → "vlan" */
export function parseStep(text: string): StepName | undefined {
  return STEPS.find(({ number, name }) => text === name || text === number)?.name;
}

export function stepCalled(name: StepName): Step {
  return BY_NAME.get(name) as Step;
}
