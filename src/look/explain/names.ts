/** TABLE: what an entity may be called on the command line: `kind/name`, the kind first in its row. */
import { canonicalHost } from "../../base/ip-address.ts";
import { type StepName, STEPS } from "../../netbox/types/order.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import type { ResourceRow } from "../../proxmox/rows.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
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

/** What the user typed → which entities and records are meant. */

/** Answers by the name of the thing that is meant; undefined: this one is not. */
export interface SearchQuery {
  thingOf(made: Made): string | undefined;
  /** `what` of a record in left-out.json. */
  thingOfRecord(what: string): string | undefined;
  /** The entities that are meant themselves, and not all that came of the thing. */
  readonly isOneEntity: boolean;
}

/** "vm/101", "vm/web-01", "ip/10.0.0.5", or what left-out.json calls a thing: "vm/101/net1". */
export async function queryByName(typed: string, snapshot: Snapshot): Promise<SearchQuery> {
  const name = spelledOut(typed);
  const things = [
    ...new Set([typed, ...thingsCalled(name), ...await guestsCalled(name, snapshot)]),
  ];
  const host = name.startsWith("ip/") ? name.slice("ip/".length) : undefined;
  // A kind alone ("vm") would be all of its kind.
  const thingIn = (what: string) =>
    things.find((thing) => thing.includes("/") && isWithin(what, thing));
  return {
    thingOf: (made) =>
      thingIn(whatOf(made)) ?? (namesOf(made).includes(name) ? whatOf(made) : undefined),
    thingOfRecord: (what) =>
      thingIn(what) ?? (host !== undefined && namesHost(what, host) ? what : undefined),
    isOneEntity: false,
  };
}

/** `isMeant` tells the entity that stands in a line. */
export function queryByEntity(isMeant: (made: Made) => boolean): SearchQuery {
  return {
    thingOf: (made) => isMeant(made) ? whatOf(made) : undefined,
    thingOfRecord: () => undefined,
    isOneEntity: true,
  };
}

/** Is it the thing, or a part of it? */
function isWithin(what: string, thing: string): boolean {
  return what === thing || what.startsWith(`${thing}/`);
}

/** "virtual-machine/101" → "vm/101"; "ip/2001:DB8::0:1/64" → "ip/2001:db8::1"; MACs in upper case. */
function spelledOut(typed: string): string {
  const slash = typed.indexOf("/");
  if (slash === -1) return typed;
  const kind = kindOf(typed.slice(0, slash));
  const name = typed.slice(slash + 1);
  if (kind === "mac") return `mac/${macOf(name)}`;
  if (kind !== "ip") return `${kind}/${name}`;
  return `ip/${canonicalHost(name.split("/", 1)[0] ?? "") ?? name}`;
}

/** "bc-24-11-1b-d2-87" or "bc24.111b.d287" → "BC:24:11:1B:D2:87": as Windows and switches write it. */
function macOf(name: string): string {
  const pairs = name.replace(/[:.-]/g, "").toUpperCase().match(/../g) ?? [];
  return pairs.join(":");
}

/** "disk/101/ide2" → "vm/101/ide2": a part may have been left out, and then has no entity. */
function thingsCalled(name: string): string[] {
  const [kind = "", ...parts] = name.split("/");
  if (parts.length > 1 && (kind === "disk" || kind === "nic")) return [`vm/${parts.join("/")}`];
  if (parts.length > 1 && kind === "interface") return [`node/${parts.join("/")}`];
  return [name];
}

/** A guest that was left out has a name in the listing alone; what is no guest is a resource there. */
async function guestsCalled(name: string, snapshot: Snapshot): Promise<string[]> {
  if (!name.startsWith("vm/")) return [];
  const called = name.slice("vm/".length);
  const answer = (await snapshot.cluster()).get(PATHS.resources, ["id", "vmid", "name"]);
  const data = answer !== undefined && "data" in answer ? answer.data : undefined;
  const rows = Array.isArray(data) ? data as (ResourceRow | null)[] : [];
  return rows.filter((row) => row?.name === called || String(row?.vmid) === called)
    .flatMap((row) => [`vm/${row?.vmid}`, `resource/${row?.id}`]);
}

/** "vm/117/net0/10.20.20.22/16" names 10.20.20.22. */
function namesHost(what: string, host: string): boolean {
  return what.split("/").some((part) => canonicalHost(part) === host);
}
