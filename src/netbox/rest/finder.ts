/** Finds the NetBox objects that entities and stubs refer to: many with one request, or in memory. */
import type { NetBoxObjects } from "../objects.ts";
import type { Lookup, Resolve, Unclear } from "../types/field-result.ts";
import {
  type NetBoxObject,
  type ObjectType,
  type QueryFilter,
  type Reference,
} from "../types/object-type.ts";
import { type NetBox, Refusal, refusalText } from "./client.ts";
import { queriesOf } from "./queries.ts";

/** Many entities have the same stub, so its answer is kept. */
const MAX_KNOWN = 10_000;

interface Search<Identity> {
  readonly identity: Identity;
  readonly ownerId: number;
  /** NetBox's id → an object that is the one, or resembles it. */
  readonly same: Map<number, NetBoxObject>;
  readonly similar: Map<number, NetBoxObject>;
}

const NO_OWNER = 0;

/** Where a Finder looks. */
export interface ObjectSource {
  /** Objects that a filter finds by any of the values. @throws Refusal, AppError "remote". */
  search(
    type: Pick<ObjectType<never>, "path">,
    filter: Pick<QueryFilter<never>, "name" | "of">,
    search: { readonly values: ReadonlySet<string>; readonly fields: readonly string[] },
  ): AsyncIterable<readonly NetBoxObject[]>;
}

export class Finder {
  readonly #source: ObjectSource;
  readonly #known = new Map<string, Lookup>();
  /** Path → why no more questions are asked below it. */
  readonly #denied: Map<string, Unclear>;

  /** `missing`: path → why the source has no objects of the type. */
  constructor(source: ObjectSource, missing: ReadonlyMap<string, Unclear> = new Map()) {
    this.#source = source;
    this.#denied = new Map(missing);
  }

  /**
   * One answer for each, in their order. The objects have these keys, where NetBox knows them.
   * @throws AppError "remote".
   */
  async find<Identity>(
    type: ObjectType<Identity>,
    identities: readonly Identity[],
    keys: readonly string[],
  ): Promise<readonly Lookup[]> {
    const owners = await this.#findOwners(type, identities);
    const searches = identities.map((identity, i): Lookup | Search<Identity> => {
      const owner = owners[i];
      if (owner !== undefined && owner.state !== "found") return owner;
      const ownerId = owner?.object.id ?? NO_OWNER;
      return { identity, ownerId, same: new Map(), similar: new Map() };
    });
    const open = searches.filter((each) => "same" in each);
    const refusal = await this.#search(type, open, keys);
    return searches.map((each) => "same" in each ? refusal ?? resultOf(each, type) : each);
  }

  /** Looks up what stubs refer to, many at once. @throws AppError "remote". */
  async resolve(references: readonly Reference[]): Promise<Resolve> {
    const answers = new Map<string, Lookup>();
    const unknown = new Map<string, Reference>();
    for (const reference of references) {
      const key = keyOf(reference);
      const known = this.#known.get(key);
      if (known === undefined) unknown.set(key, reference);
      else answers.set(key, known);
    }
    for (const [type, entries] of Map.groupBy(unknown, ([, reference]) => reference.type)) {
      const found = await this.find(type, entries.map(([, { identity }]) => identity), []);
      entries.forEach(([key], i) => {
        const answer = found[i] as Lookup;
        answers.set(key, answer);
        this.#remember(key, answer);
      });
    }
    return (reference) => answers.get(keyOf(reference)) as Lookup;
  }

  #remember(key: string, answer: Lookup): void {
    this.#known.set(key, answer);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  async #findOwners<Identity>(
    type: ObjectType<Identity>,
    identities: readonly Identity[],
  ): Promise<readonly (Lookup | undefined)[]> {
    const references = identities.map((identity) => type.owner?.(identity));
    const resolve = await this.resolve(references.filter((each) => each !== undefined));
    return references.map((each) => each && resolve(each));
  }

  /** Fills the searches with what NetBox has, or returns why it refused. */
  async #search<Identity>(
    type: ObjectType<Identity>,
    searches: readonly Search<Identity>[],
    keys: readonly string[],
  ): Promise<Unclear | undefined> {
    const denied = this.#denied.get(type.path);
    if (denied !== undefined) return denied;
    const fields = [...new Set(["id", ...type.reads, ...keys])];
    try {
      for (const filter of type.filters) {
        const open = searches.filter(({ same, similar }) => same.size + similar.size === 0);
        const values = new Set(
          open.map(({ identity, ownerId }) => filter.value(identity, ownerId)),
        );
        const found = this.#source.search(type, filter, { values, fields });
        for await (const objects of found) match(type, open, objects);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const answer = unclear(type, error);
      if (error.isDenied) this.#denied.set(type.path, answer);
      return answer;
    }
  }
}

/** Asks NetBox for many values with one request. */
export function netboxSource(netbox: NetBox): ObjectSource {
  return {
    async *search({ path }, { name }, { values, fields }) {
      for (const query of queriesOf(name, values)) {
        yield* netbox.list(path, [...query, ["fields", fields.join(",")]]);
      }
    },
  };
}

export function memorySource(objects: NetBoxObjects): ObjectSource {
  return {
    async *search(type, filter, { values }) {
      for (const value of values) yield objects.having(type, filter, value);
    },
  };
}

/** The same stub is written the same way wherever it occurs. */
function keyOf({ type, identity }: Reference): string {
  return `${type.path} ${JSON.stringify(identity)}`;
}

function match<Identity>(
  type: ObjectType<Identity>,
  searches: readonly Search<Identity>[],
  objects: readonly NetBoxObject[],
): void {
  for (const { identity, ownerId, same, similar } of searches) {
    for (const object of objects) {
      if (type.is(identity, object, ownerId)) same.set(object.id, object);
      else if (type.resembles?.(identity, object, ownerId)) similar.set(object.id, object);
    }
  }
}

function resultOf<Identity>(
  { same, similar }: Search<Identity>,
  { plural }: ObjectType<Identity>,
): Lookup {
  const fitting = [...(same.size > 0 ? same : similar).values()].sort((a, b) => a.id - b.id);
  const [object, another] = fitting;
  if (object === undefined) return { state: "missing" };
  if (another === undefined) return { state: "found", object };
  const ids = fitting.map(({ id }) => id).join(", ");
  const sentence = `${fitting.length} ${plural} in NetBox match: ids ${ids}`;
  return { state: "unclear", reason: "ambiguous", sentence, objects: fitting };
}

function unclear<Identity>(type: ObjectType<Identity>, refusal: Refusal): Unclear {
  const reason = refusal.isDenied ? "denied" : "refused";
  return { state: "unclear", reason, sentence: refusalText(type, refusal) };
}
