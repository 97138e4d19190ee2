/** What the rules of the policy file name, and NetBox lacks: perhaps it is only mistyped. */
import { didYouMean } from "../../base/nearest.ts";
import { NETBOX_CUSTOM_FIELD } from "../../netbox/types/custom-field.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import type { Slugged } from "../../netbox/types/shape.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import { NETBOX_VRF } from "../../netbox/types/vrf.ts";
import { customFieldValue } from "../mapping/ruled.ts";
import { placeText } from "../rules/faults.ts";
import type { Rule, RuleSet } from "../rules/match.ts";
import type { ValueName } from "../rules/values.ts";
import { foundName, namesIn } from "./names.ts";
import { nameOf, type NetBoxTarget } from "./target.ts";

/** TABLE: values that name an object of NetBox, and what people call it. */
export const NAMED_BY_RULES = {
  tenant: { word: "tenant", kind: "tenant" },
  role: { word: "role", kind: "device-role" },
  site: { word: "site", kind: "site" },
  tags: { word: "tag", kind: "tag" },
  platform: { word: "platform", kind: "platform" },
  device_type: { word: "device type", kind: "device-type" },
  manufacturer: { word: "manufacturer", kind: "manufacturer" },
  vlan_group: { word: "VLAN group", kind: "vlan-group" },
  vrf: { word: "VRF", kind: "vrf" },
} as const satisfies Partial<
  Record<ValueName, { readonly word: string; readonly kind: Slugged | "vrf" }>
>;
export type NamedValue = keyof typeof NAMED_BY_RULES;

/**
 * A sentence for each: `policy.yaml:3:5 NetBox has no tenant "Custmer A" yet: did you mean "Customer A"?` What is new
 * gets one of that name; a custom field is not made, and its value is not sent.
 */
export function lackingNames(target: NetBoxTarget, { rules }: RuleSet): string[] {
  if (!target.isKnown) return [];
  return [...new Set(rules.flatMap((rule) => sentencesOf(rule, target)))];
}

function sentencesOf(rule: Rule, target: NetBoxTarget): string[] {
  const at = placeText(rule.file, rule);
  return rule.assignments.flatMap((assignment) => {
    // Tags are made as machines need them.
    if (assignment.name === "tags") return [];
    if (assignment.name === "custom_fields") {
      return assignment.fields.flatMap(([name, value]) =>
        fieldFaults(rule, { name, value: customFieldValue(value) }, target)
          .map((fault) => `${at} ${fault}`)
      );
    }
    if (!isNamedValue(assignment.name)) return [];
    const { word, kind } = NAMED_BY_RULES[assignment.name];
    const name = assignment.template.join("");
    if (isInNetBox(target, kind, name)) return [];
    const meant = didYouMean(name, namesOf(target, kind));
    return [`${at} NetBox has no ${word} "${name}" yet${meant}`];
  });
}

function isNamedValue(name: ValueName): name is NamedValue {
  return Object.hasOwn(NAMED_BY_RULES, name);
}

function isInNetBox(target: NetBoxTarget, kind: Slugged | "vrf", name: string): boolean {
  return kind === "vrf"
    ? namesOf(target, kind).includes(name)
    : foundName(target, kind, name) !== undefined || namesOf(target, kind).includes(name);
}

function namesOf(target: NetBoxTarget, kind: Slugged | "vrf"): readonly string[] {
  return kind === "vrf" ? target.objects.all(NETBOX_VRF).map(nameOf) : namesIn(target, kind);
}

function fieldFaults(
  { kinds }: Rule,
  field: Parameters<NetBoxTarget["customFieldFault"]>[0],
  target: NetBoxTarget,
): string[] {
  const types = [
    ...(kinds.includes("node") ? [NETBOX_DEVICE] : []),
    ...(kinds.some((kind) => kind !== "node") ? [NETBOX_VIRTUAL_MACHINE] : []),
  ];
  return types.flatMap((type) => {
    const fault = target.customFieldFault(field, type);
    if (fault === undefined) return [];
    const names = target.objects.all(NETBOX_CUSTOM_FIELD).map(nameOf);
    const meant = names.includes(field.name) ? "" : didYouMean(field.name, names);
    return [`the custom field "${field.name}" is not sent to ${type.plural}: ${fault}${meant}`];
  });
}
