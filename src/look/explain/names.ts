/** Names of things on the command line, as `kind/name`, and the entities and records that they match. */
import { canonicalHost } from "../../base/ip-address.ts";
import { editDistance, mostEdits } from "../../base/nearest.ts";
import { isPart, labelOf } from "../../netbox/types/order.ts";
import { type StepName, STEPS } from "../../netbox/types/steps.ts";
import { readListing, rowName } from "../../proxmox/listing.ts";
import { text } from "../../proxmox/values.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import type { Batch, Made } from "../../transform/transform.ts";

type MadeOf<Step extends StepName> = Extract<Made, { readonly step: Step }>;
type Name = string | number | undefined;

interface Kind<Step extends StepName> {
  /** Absent: the name of the step. */
  readonly kind?: string;
  /** Absent: its label; of a part also the name in left-out.json. */
  readonly names?: (made: MadeOf<Step>) => readonly Name[];
}

/** TABLE: kind and names of the entities of a step, where they differ from the rule. */
const KINDS: { readonly [Step in StepName]?: Kind<Step> } = {
  "tag": { names: ({ entity }) => [entity.name, entity.slug] },
  "cluster-type": { names: ({ entity }) => [entity.name, entity.slug] },
  "vlan": { names: ({ entity }) => [entity.vid, entity.name] },
  "vm-interface": { kind: "nic" },
  "prefix": {
    names: ({ entity }) => [entity.prefix, labelOf("prefix", entity)],
  },
  "ip-address": { kind: "ip", names: ({ source: { address } }) => [address.host, address.cidr] },
  "virtual-machine": {
    kind: "vm",
    names: ({ entity, source }) => [source.vmid, entity.name, text(source.resources?.name)],
  },
  "virtual-disk": { kind: "disk" },
  "device": { kind: "node", names: ({ entity, source }) => [source.node, entity.name] },
};

/** "mac" matches NICs and interfaces by their MAC address. */
export const KIND_WORDS = [...STEPS.map(({ name }) => kindOf(name)), "mac"];

/** "virtual-machine" → "vm"; other words are returned unchanged. */
export function kindOf(word: string): string {
  const kinds: Readonly<Record<string, { readonly kind?: string }>> = KINDS;
  return (Object.hasOwn(kinds, word) ? kinds[word]?.kind : undefined) ?? word;
}

/** "vm/101/net0", as in left-out.json; "tag/prod" for what has no name there. */
export function whatOf(made: Made): string {
  if ("subject" in made.source) return made.source.subject.what;
  return `${kindOf(made.step)}/${ownNames(made)[0]}`;
}

/** All names of an entity: "vm/101", "vm/web-01". */
export function namesOf(made: Made): string[] {
  const kind = kindOf(made.step);
  const names = [whatOf(made), ...ownNames(made).map((name) => `${kind}/${name}`)];
  const hasMac = made.step === "vm-interface" || made.step === "interface";
  const mac = hasMac ? made.entity.primary_mac_address : undefined;
  return [...new Set(mac === undefined ? names : [...names, `mac/${mac.mac_address}`])];
}

function ownNames(made: Made): readonly Name[] {
  const { names = labelsOf }: { names?: (made: never) => readonly Name[] } = KINDS[made.step] ?? {};
  return names(made as never).filter((name) => name !== undefined);
}

function labelsOf({ step, entity, source }: Made): readonly Name[] {
  const parts = isPart(step) && "subject" in source ? partNames(source.subject.what) : [];
  return [...parts, labelOf(step, entity as never)];
}

/** "vm/101/net0" → "101/net0" and "net0". */
function partNames(what: string): string[] {
  return [what.slice(what.indexOf("/") + 1), what.slice(what.lastIndexOf("/") + 1)];
}

/** Both functions return the name of the matching thing, or undefined. */
export interface SearchQuery {
  thingOf(made: Made): string | undefined;
  /** For `what` of a record in left-out.json. */
  thingOfRecord(what: string): string | undefined;
  /** Only the matching entity, not all parts of its guest or node. */
  readonly isOneEntity: boolean;
}

/** "vm/101", "vm/web-01", "ip/10.0.0.5", or a name from left-out.json: "vm/101/net1". */
export async function queryByName(typed: string, snapshot: Snapshot): Promise<SearchQuery> {
  const name = spelledOut(typed);
  const things = [
    ...new Set([typed, ...thingsCalled(name), ...await guestsCalled(name, snapshot)]),
  ];
  const host = name.startsWith("ip/") ? name.slice("ip/".length) : undefined;
  // A kind alone ("vm") would match everything of its kind.
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

export function queryByEntity(isMatch: (made: Made) => boolean): SearchQuery {
  return {
    thingOf: (made) => isMatch(made) ? whatOf(made) : undefined,
    thingOfRecord: () => undefined,
    isOneEntity: true,
  };
}

export function isWithin(what: string, thing: string): boolean {
  return what === thing || what.startsWith(`${thing}/`);
}

/** "virtual-machine/101" → "vm/101"; "ip/2001:DB8::0:1/64" → "ip/2001:db8::1"; MACs in upper case. */
export function spelledOut(typed: string): string {
  const slash = typed.indexOf("/");
  if (slash === -1) return typed;
  const kind = kindOf(typed.slice(0, slash));
  const name = typed.slice(slash + 1);
  if (kind === "mac") return `mac/${macOf(name)}`;
  if (kind !== "ip") return `${kind}/${name}`;
  return `ip/${canonicalHost(name.split("/", 1)[0] ?? "") ?? name}`;
}

/** "bc-24-11-1b-d2-87" (Windows) or "bc24.111b.d287" (switches) → "BC:24:11:1B:D2:87" */
function macOf(name: string): string {
  const pairs = name.replace(/[:.-]/g, "").toUpperCase().match(/../g) ?? [];
  return pairs.join(":");
}

/** "disk/101/ide2" → "vm/101/ide2", its name in left-out.json. */
export function thingsCalled(name: string): string[] {
  const [kind = "", ...parts] = name.split("/");
  if (parts.length > 1 && (kind === "disk" || kind === "nic")) return [`vm/${parts.join("/")}`];
  if (parts.length > 1 && kind === "interface") return [`node/${parts.join("/")}`];
  return [name];
}

/** Guests that are left out have a name only in /cluster/resources. */
async function guestsCalled(name: string, snapshot: Snapshot): Promise<string[]> {
  if (!name.startsWith("vm/")) return [];
  const called = name.slice("vm/".length);
  const { resources } = readListing(await snapshot.cluster(), ["id", "type", "vmid", "name"]);
  return resources.filter((row) => [row["name"], row["vmid"]].map(text).includes(called))
    .map(rowName);
}

/** "vm/117/net0/10.20.20.22/16" names 10.20.20.22. */
export function namesHost(what: string, host: string): boolean {
  return what.split("/").some((part) => canonicalHost(part) === host);
}

const MAX_SUGGESTIONS = 5;
/** Longer names are not suggested. */
const MAX_CHARS = 200;

/** Names similar to the one typed, the most similar first. */
export async function nearMatches(typed: string, batches: AsyncIterable<Batch>): Promise<string[]> {
  const near = new NearNames(typed);
  for await (const { made, leftOut, notes } of batches) {
    near.add([...made.flatMap(namesOf), ...[...leftOut, ...notes].map(({ what }) => what)]);
  }
  return near.best();
}

/** The names that are similar to the one typed; the others are forgotten. */
export class NearNames {
  readonly #typed: string;
  readonly #distances = new Map<string, number>();

  constructor(typed: string) {
    this.#typed = typed;
  }

  add(names: readonly string[]): void {
    // A kind alone is similar to every name of its kind.
    if (KIND_WORDS.includes(this.#typed)) return;
    for (const name of names) {
      if (name.length > MAX_CHARS || this.#distances.has(name)) continue;
      const distance = distanceOf(this.#typed, name);
      if (distance !== undefined) this.#distances.set(name, distance);
    }
  }

  /** The most similar first. */
  best(): string[] {
    const ordered = [...this.#distances].sort(([, a], [, b]) => a - b).map(([name]) => name);
    return ordered.slice(0, MAX_SUGGESTIONS);
  }
}

/** 0 for the same name of another kind; undefined if the names are too different. */
function distanceOf(typed: string, name: string): number | undefined {
  const [typedName, own] = [withoutKind(typed), withoutKind(name)];
  if (typedName === own) return 0;
  const most = mostEdits(typed);
  const distance = editDistance(typed.toLowerCase(), name.toLowerCase(), most);
  if (distance <= most) return distance;
  return typedName.length > 1 && own.includes(typedName) ? most + 1 : undefined;
}

/** "vm/web-01" → "web-01"; a name without a kind is returned unchanged. */
function withoutKind(text: string): string {
  const slash = text.indexOf("/");
  return KIND_WORDS.includes(text.slice(0, slash)) ? text.slice(slash + 1) : text;
}
