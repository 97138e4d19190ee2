/** Entities, or stubs of them → the objects of NetBox that they mean, by few requests for many. */
import { type NetBox, type NetBoxObject, Refusal } from "./client.ts";
import type { Found, Unclear } from "./findings.ts";
import type { Identities, Kind, Reference } from "./kinds.ts";
import { type Ask, type Place, PLACES } from "./places.ts";

/** What stubs mean, looked up before. */
export type Resolve = (reference: Reference) => Found;

/** Of a stub that many entities have, the answer is kept. */
const MAX_KNOWN = 10_000;
/** Far below what gunicorn takes in a request line by default, which is 4,094 bytes. */
const MAX_QUERY_CHARS = 2000;
const MAX_VALUES = 100;

/** Something that is looked for, and what was found so far. */
interface Sought<Identity> {
  readonly identity: Identity;
  readonly ownerId: number;
  /** By NetBox's id. */
  readonly same: Map<number, NetBoxObject>;
  readonly alike: Map<number, NetBoxObject>;
}

const NO_OWNER = 0;

export class Finder {
  readonly #netbox: NetBox;
  readonly #known = new Map<string, Found>();
  /** Path → why nothing below it is asked for any more. */
  readonly #denied = new Map<string, Unclear>();

  constructor(netbox: NetBox) {
    this.#netbox = netbox;
  }

  /**
   * One answer for each, in their order; the objects have these keys, where NetBox knows them.
   * @throws AppError "remote".
   */
  async find<Each extends Kind>(
    kind: Each,
    identities: readonly Identities[Each][],
    keys: readonly string[],
  ): Promise<readonly Found[]> {
    const place: Place<Identities[Each]> = PLACES[kind];
    const owners = await this.#ownersOf(place, identities);
    const sought = identities.map((identity, i): Found | Sought<Identities[Each]> => {
      const owner = owners[i];
      if (owner !== undefined && owner.state !== "found") return owner;
      const ownerId = owner?.object.id ?? NO_OWNER;
      return { identity, ownerId, same: new Map(), alike: new Map() };
    });
    const open = sought.filter((each) => "same" in each);
    const refusal = await this.#search(place, open, keys);
    return sought.map((each) => "same" in each ? refusal ?? pick(each, place) : each);
  }

  /** Looks up what stubs mean, many at once. @throws AppError "remote". */
  async resolve(references: readonly Reference[]): Promise<Resolve> {
    const answers = new Map<string, Found>();
    const unknown = new Map<string, Reference>();
    for (const reference of references) {
      const key = keyOf(reference);
      const known = this.#known.get(key);
      if (known === undefined) unknown.set(key, reference);
      else answers.set(key, known);
    }
    for (const [kind, entries] of Map.groupBy(unknown, ([, reference]) => reference.kind)) {
      const identities = entries.map(([, { identity }]) => identity as Identities[typeof kind]);
      const found = await this.find(kind, identities, []);
      entries.forEach(([key], i) => {
        const answer = found[i] as Found;
        answers.set(key, answer);
        this.#remember(key, answer);
      });
    }
    return (reference) => answers.get(keyOf(reference)) as Found;
  }

  #remember(key: string, answer: Found): void {
    this.#known.set(key, answer);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  async #ownersOf<Identity>(
    { owner }: Place<Identity>,
    identities: readonly Identity[],
  ): Promise<readonly (Found | undefined)[]> {
    if (owner === undefined) return [];
    const references = identities.map(owner);
    const resolve = await this.resolve(references);
    return references.map(resolve);
  }

  /** Fills what is sought with what is found; answers why NetBox refused, if it did. */
  async #search<Identity>(
    place: Place<Identity>,
    sought: readonly Sought<Identity>[],
    keys: readonly string[],
  ): Promise<Unclear | undefined> {
    const denied = this.#denied.get(place.path);
    if (denied !== undefined) return denied;
    const fields = [...new Set(["id", ...place.reads, ...keys])].join(",");
    try {
      for (const ask of place.asks) {
        const open = sought.filter(({ same, alike }) => same.size + alike.size === 0);
        for (const query of queries(ask, open)) {
          const pages = this.#netbox.list(place.path, [...query, ["fields", fields]]);
          for await (const objects of pages) match(place, open, objects);
        }
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const answer = unclear(place, error);
      if (error.isDenied) this.#denied.set(place.path, answer);
      return answer;
    }
  }
}

/** One module makes every stub: the same object looks the same wherever it is named. */
function keyOf({ kind, identity }: Reference): string {
  return `${kind} ${JSON.stringify(identity)}`;
}

/** Each of so many values that a request line holds them. */
function* queries<Identity>(
  { filter, value }: Ask<Identity>,
  sought: readonly Sought<Identity>[],
): Generator<(readonly [string, string])[]> {
  const values = new Set(sought.map(({ identity, ownerId }) => value(identity, ownerId)));
  let query: (readonly [string, string])[] = [];
  let chars = 0;
  for (const each of values) {
    const length = new URLSearchParams([[filter, each]]).toString().length + 1;
    if (query.length === MAX_VALUES || (query.length > 0 && chars + length > MAX_QUERY_CHARS)) {
      yield query;
      query = [];
      chars = 0;
    }
    query.push([filter, each]);
    chars += length;
  }
  if (query.length > 0) yield query;
}

function match<Identity>(
  { is, resembles }: Place<Identity>,
  sought: readonly Sought<Identity>[],
  objects: readonly NetBoxObject[],
): void {
  for (const { identity, ownerId, same, alike } of sought) {
    for (const object of objects) {
      if (is(identity, object, ownerId)) same.set(object.id, object);
      else if (resembles?.(identity, object, ownerId)) alike.set(object.id, object);
    }
  }
}

function pick<Identity>(
  { same, alike }: Sought<Identity>,
  { plural }: Place<Identity>,
): Found {
  const fitting = [...(same.size > 0 ? same : alike).values()];
  const [object, another] = fitting;
  if (object === undefined) return { state: "missing" };
  if (another === undefined) return { state: "found", object };
  const ids = fitting.map(({ id }) => id).join(", ");
  const sentence = `${fitting.length} ${plural} of NetBox fit: ids ${ids}`;
  return { state: "unclear", reason: "ambiguous", sentence };
}

function unclear<Identity>(
  { plural, permission }: Place<Identity>,
  { isDenied, message }: Refusal,
): Unclear {
  const sentence = isDenied
    ? `the token may not view ${plural} (${permission})`
    : `NetBox lists no ${plural}: ${message}`;
  return { state: "unclear", reason: isDenied ? "denied" : "refused", sentence };
}
