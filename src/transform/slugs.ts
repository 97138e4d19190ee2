/**
 * Names that NetBox would take for one. Diode's plugin finds an object by its name, then by the slug
 * that Django makes of the name, in which case and dots are lost: "RouterOS 7.1.5" and "RouterOS 7.15"
 * would be one platform, renamed at each push. An explicit slug switches that off, but replaces the
 * slug that NetBox has, so only names that need one get one.
 * Source: diode-netbox-plugin, api/matcher.py (AutoSlugMatcher), api/transformer.py (_set_auto_slugs).
 */
import { autoSlug, MAX_SLUG } from "../netbox/names.ts";
import { sha256Hex } from "../base/hash.ts";
import { compareCodeUnits } from "../base/natural-order.ts";

/** What NetBox keeps a slug of, and whose name comes from Proxmox or from a setting. */
export type Slugged =
  | "device-role"
  | "device-type"
  | "manufacturer"
  | "platform"
  | "site"
  | "tag"
  | "tenant";

/** TABLE: the field of an entity or of a stub → what stands in it. */
const FIELDS: Readonly<Record<string, Slugged>> = {
  device_type: "device-type",
  manufacturer: "manufacturer",
  platform: "platform",
  role: "device-role",
  scope_site: "site",
  site: "site",
  tags: "tag",
  tenant: "tenant",
};

/** For the rows of the tables. */
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
  readonly #isEmpty: boolean;

  constructor(slugs: ReadonlyMap<Slugged, ReadonlyMap<string, string>>) {
    this.#slugs = slugs;
    this.#isEmpty = [...slugs.values()].every(({ size }) => size === 0);
  }

  /** undefined: the plugin finds it by its name, and NetBox keeps the slug that it has. */
  of(kind: Slugged, name: string): string | undefined {
    return this.#slugs.get(kind)?.get(name);
  }

  /** An entity whose stubs have their slugs; itself where none needs one, as mostly. */
  onStubs<Entity extends object>(entity: Entity): Entity {
    return this.#isEmpty ? entity : this.#within(entity) as Entity;
  }

  /** Copies only what changes: there are as many entities as a fleet has parts. */
  #within(value: object, kind?: Slugged): object {
    const isList = Array.isArray(value);
    const { name, model } = value as { readonly name?: string; readonly model?: string };
    const slug = kind === undefined ? undefined : this.of(kind, name ?? model ?? "");
    const changed: Record<string, unknown> = slug === undefined ? {} : { slug };
    let isChanged = slug !== undefined;
    for (const [field, part] of Object.entries(value) as [string, unknown][]) {
      if (typeof part !== "object" || part === null) continue;
      const slugged = this.#within(part, isList ? kind : FIELDS[field]);
      if (slugged === part) continue;
      changed[field] = slugged;
      isChanged = true;
    }
    if (!isChanged) return value;
    return Object.assign(isList ? [...value] as object : { ...value }, changed);
  }
}

/**
 * Of names that share Django's slug, each gets another one: without it, a name that is new to NetBox
 * would take over the object that has this slug. Only a name that is the slug keeps it, so that "prod"
 * stays prod beside "Prod". Names whose slug NetBox would refuse get one too.
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
