/** TABLE: what an entity may be called on the command line: `kind/name`, the kind first in its row. */
import { type StepName, STEPS } from "../../netbox/types/order.ts";
import type { Made } from "../../transform/transform.ts";

type MadeOf<Step extends StepName> = Extract<Made, { readonly step: Step }>;
type Name = string | number | undefined;

interface Kind<Step extends StepName> {
  readonly kind: string;
  readonly names: (made: MadeOf<Step>) => readonly Name[];
}

const KINDS: { readonly [Step in StepName]: Kind<Step> } = {
  "tag": { kind: "tag", names: ({ entity }) => [entity.name, entity.slug] },
  "custom-field": { kind: "custom-field", names: ({ entity }) => [entity.name] },
  "cluster-type": { kind: "cluster-type", names: ({ entity }) => [entity.name, entity.slug] },
  "cluster": { kind: "cluster", names: ({ entity }) => [entity.name] },
  "platform": { kind: "platform", names: ({ entity }) => [entity.name] },
  "vlan": { kind: "vlan", names: ({ entity }) => [entity.vid, entity.name] },
  "vm-interface": {
    kind: "nic",
    names: ({ entity, source }) => [
      ...partNames(source.subject.what),
      `${entity.virtual_machine.name}/${entity.name}`,
    ],
  },
  "interface": {
    kind: "interface",
    names: ({ entity, source }) => [
      ...partNames(source.subject.what),
      `${entity.device.name}/${entity.name}`,
    ],
  },
  "ip-address": {
    kind: "ip",
    names: ({ source: { address } }) => [address.host, address.cidr],
  },
  "prefix": { kind: "prefix", names: ({ entity }) => [entity.prefix] },
  "virtual-machine": {
    kind: "vm",
    names: ({ entity, source }) => [source.vmid, entity.name, textOf(source.resources?.name)],
  },
  "virtual-disk": {
    kind: "disk",
    names: ({ entity, source }) => [
      ...partNames(source.subject.what),
      `${entity.virtual_machine.name}/${entity.name}`,
    ],
  },
  "device": { kind: "node", names: ({ entity, source }) => [source.node, entity.name] },
};

/** "mac" names NICs and interfaces too. */
export const KIND_WORDS = [...STEPS.map(({ name }) => KINDS[name].kind), "mac"];

/** "virtual-machine" → "vm"; any other word as it is. */
export function kindOf(word: string): string {
  return Object.hasOwn(KINDS, word) ? KINDS[word as StepName].kind : word;
}

/** As left-out.json names the thing: "vm/101/net0"; what has no name there: "tag/prod". */
export function whatOf(made: Made): string {
  if ("subject" in made.source) return made.source.subject.what;
  return `${KINDS[made.step].kind}/${ownNames(made)[0]}`;
}

/** "vm/101", "vm/web-01": each of them explains it. */
export function namesOf(made: Made): string[] {
  const { kind } = KINDS[made.step];
  const names = [whatOf(made), ...ownNames(made).map((name) => `${kind}/${name}`)];
  const hasMac = made.step === "vm-interface" || made.step === "interface";
  const mac = hasMac ? made.entity.primary_mac_address : undefined;
  return [...new Set(mac === undefined ? names : [...names, `mac/${mac.mac_address}`])];
}

function ownNames(made: Made): readonly Name[] {
  const { names } = KINDS[made.step] as { names: (made: never) => readonly Name[] };
  return names(made as never).filter((name) => name !== undefined);
}

/** "vm/101/net0" → "101/net0" and "net0". */
function partNames(what: string): string[] {
  return [what.slice(what.indexOf("/") + 1), what.slice(what.lastIndexOf("/") + 1)];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
