/**
 * Slugs for names that NetBox would take for the same. Diode's plugin finds an object by its name, then
 * by the slug that Django makes of the name, without case and dots: "RouterOS 7.1.5" and "RouterOS 7.15"
 * would be one platform, renamed at each push. An explicit slug switches that off, but replaces the
 * slug that NetBox has, so only names that need one get one.
 * Source: diode-netbox-plugin, api/matcher.py (AutoSlugMatcher), api/transformer.py (_set_auto_slugs).
 */
import type { Found } from "../netbox/objects.ts";
import { autoSlug, MAX_SLUG } from "../netbox/names.ts";
import { sha256Hex } from "../base/hash.ts";
import { compareCodeUnits } from "../base/natural-order.ts";
import { foundNames, isContested, slugsIn } from "./target/names.ts";
import { NetBoxTarget } from "./target/target.ts";
import { type Entities, entityShape } from "../netbox/types/order.ts";
import type { StepName } from "../netbox/types/steps.ts";
import { partsOfShape, type Shape, type Shapes, type Slugged } from "../netbox/types/shape.ts";

export const SLUG_RULE =
  "sent only if two names of the set would get the same slug, or if NetBox could not make one: the name in lower case, `-` and 6 hex digits of SHA-256(name); a name that equals the slug needs none";

const HASH_DIGITS = 6;

/** All names of a set, collected before its first entity is made. */
export class SlugNames {
  readonly #names = new Map<Slugged, Set<string>>();

  see(kind: Slugged, name: string): void {
    this.#names.set(kind, (this.#names.get(kind) ?? new Set()).add(name));
  }

  /** How each name is written. The order in which names were seen does not matter. */
  slugs(target = NetBoxTarget.NONE): Slugs {
    return new Slugs(
      new Map(
        [...this.#names].map(([kind, names]) => [kind, namingsOf(kind, names, target)] as const),
      ),
    );
  }
}

/** What the stub of an object has beside its name, or instead of it. */
interface Naming {
  /** A new object's. */
  readonly slug?: string;
  readonly found?: Found;
}

/** Names that are not written as they are: they need a slug of their own, or NetBox has another one. */
export class Slugs {
  static readonly NONE = new Slugs(new Map());
  readonly #names: ReadonlyMap<Slugged, ReadonlyMap<string, Naming>>;
  /** Shape → the fields of its objects in which a name may need a slug: mostly none. */
  readonly #fields = new Map<Shape, readonly string[]>();
  /** Shape → its last value, with slugs: most entities share their tags and their machine with the one before. */
  readonly #last = new Map<Shape, { readonly value: object; readonly slugged: object }>();

  constructor(names: ReadonlyMap<Slugged, ReadonlyMap<string, Naming>>) {
    this.#names = names;
  }

  /** undefined: the plugin finds it by its name, and NetBox keeps the slug that it has. */
  of(kind: Slugged, name: string): string | undefined {
    return this.#names.get(kind)?.get(name)?.slug;
  }

  /** What NetBox has of it. */
  found(kind: Slugged, name: string): Found | undefined {
    return this.#names.get(kind)?.get(name)?.found;
  }

  /** An entity with the slugs of its stubs: a copy where something changes, else the same object. */
  onStubs<Name extends StepName>(step: Name, entity: Entities[Name]): Entities[Name] {
    return this.#stub(entity, entityShape(step)) as Entities[Name];
  }

  #within(value: object, shape: Shape): object {
    const last = this.#last.get(shape);
    if (last?.value === value) return last.slugged;
    const slugged = this.#slugged(value, shape);
    this.#last.set(shape, { value, slugged });
    return slugged;
  }

  #slugged(value: object, shape: Shape): object {
    const { definition } = shape;
    if (typeof definition === "string") return value;
    if ("oneOf" in definition) {
      return Object.keys(value).length === 0 ? value : this.#within(value, definition.oneOf[0]);
    }
    if ("listOf" in definition) {
      const list = value as readonly object[];
      const slugged = list.map((item) => this.#slugged(item, definition.listOf));
      return slugged.some((item, i) => item !== list[i]) ? slugged : list;
    }
    return this.#stub(value, shape);
  }

  #stub(value: object, shape: Shape): object {
    const stub = value as Readonly<Record<string, unknown>>;
    const { slugged: kind } = shape;
    const naming = kind && this.#names.get(kind)?.get(String(stub["name"] ?? stub["model"] ?? ""));
    const { slug, found } = naming ?? {};
    let copy = slug === undefined ? stub : { ...stub, slug };
    if (found !== undefined) copy = { ...stub, ...found.stub };
    for (const field of this.#fieldsOf(shape)) {
      const part = stub[field];
      if (typeof part !== "object" || part === null) continue;
      const slugged = this.#within(part, shapesIn(shape)[field] as Shape);
      if (slugged !== part) copy = { ...copy, [field]: slugged };
    }
    return copy;
  }

  #fieldsOf(shape: Shape): readonly string[] {
    let fields = this.#fields.get(shape);
    if (fields === undefined) {
      fields = Object.entries(shapesIn(shape)).filter(([, part]) => this.#mayHold(part))
        .map(([field]) => field);
      this.#fields.set(shape, fields);
    }
    return fields;
  }

  #mayHold(shape: Shape): boolean {
    const { slugged } = shape;
    return (slugged !== undefined && (this.#names.get(slugged)?.size ?? 0) > 0) ||
      partsOfShape(shape).some((part) => this.#mayHold(part));
  }
}

function shapesIn({ definition }: Shape): Shapes {
  return typeof definition === "object" && "object" in definition ? definition.object : {};
}

function namingsOf(
  kind: Slugged,
  names: ReadonlySet<string>,
  target: NetBoxTarget,
): Map<string, Naming> {
  const namings = new Map<string, Naming>();
  if (!target.isKnown) {
    for (const [name, slug] of slugsOf(names, new Set())) namings.set(name, { slug });
    return namings;
  }
  const found = foundNames(target, kind, names);
  for (const [name, object] of found) namings.set(name, { found: object });
  const others = new Set(
    [...names].filter((name) => !found.has(name) && !isContested(target, kind, name)),
  );
  for (const [name, slug] of slugsOf(others, slugsIn(target, kind))) namings.set(name, { slug });
  return namings;
}

/**
 * Names with the same Django slug each get another one: otherwise a name that is new to NetBox would
 * take over the object with this slug. Only a name that is the slug itself keeps it: "prod" stays prod
 * beside "Prod". A name whose Django slug NetBox would refuse gets one too.
 */
function slugsOf(
  names: ReadonlySet<string>,
  inNetBox: ReadonlySet<string>,
): Map<string, string> {
  const sharing = Map.groupBy(names, autoSlug);
  const taken = new Set([...sharing.keys(), ...inNetBox]);
  const slugs = new Map<string, string>();
  for (const name of [...names].sort(compareCodeUnits)) {
    const auto = autoSlug(name);
    const isOwn = name === auto || sharing.get(auto)?.length === 1;
    if (isOwn && !inNetBox.has(auto) && auto !== "" && auto.length <= MAX_SLUG) continue;
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
