/**
 * Slugs for names that NetBox would take for the same. Diode's plugin finds an object by its name, then
 * by the slug that Django makes of the name, without case and dots: "RouterOS 7.1.5" and "RouterOS 7.15"
 * would be one platform, renamed at each push. An explicit slug switches that off, but replaces the
 * slug that NetBox has, so only names that need one get one.
 * Source: diode-netbox-plugin, api/matcher.py (AutoSlugMatcher), api/transformer.py (_set_auto_slugs).
 */
import { autoSlug, MAX_SLUG } from "../netbox/names.ts";
import { sha256Hex } from "../base/hash.ts";
import { compareCodeUnits } from "../base/natural-order.ts";

/** Types with a slug, and with names from Proxmox or from a setting. */
export type Slugged =
  | "device-role"
  | "device-type"
  | "manufacturer"
  | "platform"
  | "site"
  | "tag"
  | "tenant";

/** TABLE: field of an entity or of a stub → what it names. */
const KINDS: Readonly<Record<string, Slugged>> = {
  device_type: "device-type",
  manufacturer: "manufacturer",
  platform: "platform",
  role: "device-role",
  scope_site: "site",
  site: "site",
  tags: "tag",
  tenant: "tenant",
};

/** TABLE: field that holds a stub → the fields of that stub that hold stubs too. */
const FIELDS_WITHIN: Readonly<Record<string, readonly string[]>> = {
  assigned_object_interface: ["device"],
  assigned_object_vm_interface: ["virtual_machine"],
  bridge: ["device"],
  cluster: ["scope_site"],
  device: ["device_type", "role", "site", "tenant"],
  device_type: ["manufacturer", "tags"],
  lag: ["device"],
  manufacturer: ["tags"],
  parent: ["device"],
  role: ["tags"],
  untagged_vlan: ["site"],
  virtual_machine: ["cluster", "site", "tenant"],
};

export const SLUG_RULE =
  "only where NetBox would give two names of the set one slug (a name that is the slug keeps it) or would refuse the slug: the name in lower case, `-` and 6 hex digits of SHA-256(name)";

const HASH_DIGITS = 6;

/** All names of a set, collected before its first entity is made. */
export class SlugNames {
  readonly #names = new Map<Slugged, Set<string>>();

  see(kind: Slugged, name: string): void {
    this.#names.set(kind, (this.#names.get(kind) ?? new Set()).add(name));
  }

  /** The slugs to send. The order in which names were seen does not matter. */
  slugs(): Slugs {
    return new Slugs(
      new Map([...this.#names].map(([kind, names]) => [kind, slugsOf(names)] as const)),
    );
  }
}

/** Names that need a slug of their own, each with that slug. */
export class Slugs {
  static readonly NONE = new Slugs(new Map());
  readonly #slugs: ReadonlyMap<Slugged, ReadonlyMap<string, string>>;
  /** Fields to look into for names with a slug: mostly none. */
  readonly #fields: ReadonlySet<string>;

  constructor(slugs: ReadonlyMap<Slugged, ReadonlyMap<string, string>>) {
    this.#slugs = slugs;
    const mayHold = (field: string): boolean => {
      const kind = KINDS[field];
      return (kind !== undefined && (slugs.get(kind)?.size ?? 0) > 0) ||
        (FIELDS_WITHIN[field] ?? []).some(mayHold);
    };
    const fields = [...Object.keys(KINDS), ...Object.keys(FIELDS_WITHIN)];
    this.#fields = new Set(fields.filter(mayHold));
  }

  /** undefined: the plugin finds it by its name, and NetBox keeps the slug that it has. */
  of(kind: Slugged, name: string): string | undefined {
    return this.#slugs.get(kind)?.get(name);
  }

  /** An entity with the slugs of its stubs: a copy where something changes, else the same object. */
  onStubs<Entity extends object>(entity: Entity): Entity {
    return this.#fields.size === 0 ? entity : this.#within(entity) as Entity;
  }

  #within(value: object, kind?: Slugged): object {
    if (Array.isArray(value)) {
      const slugged = value.map((item: object) => this.#within(item, kind));
      return slugged.some((item, i) => item !== value[i]) ? slugged : value;
    }
    const stub = value as Readonly<Record<string, unknown>>;
    const slug = kind === undefined
      ? undefined
      : this.of(kind, String(stub["name"] ?? stub["model"] ?? ""));
    let copy = slug === undefined ? stub : { ...stub, slug };
    for (const field of Object.keys(stub)) {
      const part = stub[field];
      if (!this.#fields.has(field) || typeof part !== "object" || part === null) continue;
      const slugged = this.#within(part, KINDS[field]);
      if (slugged !== part) copy = { ...copy, [field]: slugged };
    }
    return copy;
  }
}

/**
 * Names with the same Django slug each get another one: otherwise a name that is new to NetBox would
 * take over the object with this slug. Only a name that is the slug itself keeps it: "prod" stays prod
 * beside "Prod". A name whose Django slug NetBox would refuse gets one too.
 */
function slugsOf(names: ReadonlySet<string>): Map<string, string> {
  const sharing = Map.groupBy(names, autoSlug);
  const taken = new Set(sharing.keys());
  const slugs = new Map<string, string>();
  for (const name of [...names].sort(compareCodeUnits)) {
    const auto = autoSlug(name);
    const isOwn = name === auto || sharing.get(auto)?.length === 1;
    if (isOwn && auto !== "" && auto.length <= MAX_SLUG) continue;
    const slug = ownSlug(name, taken);
    taken.add(slug);
    slugs.set(name, slug);
  }
  return slugs;
}

/** "RouterOS 7.1.5" → "routeros-7-1-5-" and 6 hex digits of SHA-256(name); others if that is taken. */
function ownSlug(name: string, taken: ReadonlySet<string>): string {
  const words = name.toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^-+/, "");
  const start = words.slice(0, MAX_SLUG - HASH_DIGITS - 1).replace(/-+$/, "");
  for (let attempt = 1;; attempt += 1) {
    const hash = sha256Hex(attempt === 1 ? name : `${name} ${attempt}`).slice(0, HASH_DIGITS);
    const slug = start === "" ? hash : `${start}-${hash}`;
    if (!taken.has(slug)) return slug;
  }
}
