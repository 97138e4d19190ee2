/** The expected or actual content of NetBox: objects by type and by the key that NetBox matches them with. */

export const KINDS = [
  "site",
  "tenant",
  "tag",
  "custom-field",
  "cluster-type",
  "cluster",
  "manufacturer",
  "device-type",
  "device-role",
  "platform",
  "device",
  "interface",
  "virtual-machine",
  "vm-interface",
  "virtual-disk",
  "vlan",
  "prefix",
  "ip-address",
  "mac-address",
] as const;

export type Kind = (typeof KINDS)[number];

/** undefined: unknown from the snapshot. null: known to be absent. A list has no order. */
export type Fact = string | number | boolean | null | undefined | readonly string[];
export type Facts = Readonly<Record<string, Fact>>;

/** Kind → key → facts. */
export class Book {
  readonly #pages = new Map<Kind, Map<string, Record<string, Fact>>>();

  /** Adds facts to an object; null changes nothing. */
  put(kind: Kind, key: string, facts: Facts): void {
    const page = this.page(kind);
    const known = page.get(key) ?? {};
    merge(known, facts, false);
    page.set(key, known);
  }

  /** Applies a later snapshot to this content; `clears`: null empties a field. */
  turnTo(later: Book, { clears }: { readonly clears: boolean }): void {
    for (const kind of KINDS) {
      const page = this.page(kind);
      for (const [key, facts] of later.page(kind)) {
        const known = page.get(key) ?? {};
        merge(known, facts, clears);
        page.set(key, known);
      }
    }
  }

  page(kind: Kind): Map<string, Record<string, Fact>> {
    const page = this.#pages.get(kind) ?? new Map<string, Record<string, Fact>>();
    this.#pages.set(kind, page);
    return page;
  }

  has(kind: Kind, key: string): boolean {
    return this.page(kind).has(key);
  }

  /** Objects that the other content lacks: "virtual-disk lab/web1/scsi1". */
  missingIn(other: Book): string[] {
    return KINDS.flatMap((kind) =>
      [...this.page(kind).keys()].filter((key) => !other.has(kind, key))
        .map((key) => `${kind} ${key}`)
    );
  }

  get size(): number {
    return KINDS.reduce((sum, kind) => sum + this.page(kind).size, 0);
  }
}

/** Unknown facts change nothing, and lists grow, as tags do in Diode. */
function merge(known: Record<string, Fact>, facts: Facts, clears: boolean): void {
  for (const [field, fact] of Object.entries(facts)) {
    const before = known[field];
    if (fact === undefined || (fact === null && !clears && before !== undefined)) continue;
    known[field] = isList(fact) && isList(before) ? [...new Set([...before, ...fact])] : fact;
  }
}

/** One sentence for each difference between the expected and the actual content. */
export function differences(expected: Book, found: Book): string[] {
  return KINDS.flatMap((kind) => {
    const [expectedPage, foundPage] = [expected.page(kind), found.page(kind)];
    const extra = [...foundPage.keys()].filter((key) => !expectedPage.has(key))
      .map((key) => `${kind} ${key}: is in NetBox, but not in the snapshot`);
    return [
      ...extra,
      ...[...expectedPage].flatMap(([key, facts]) => {
        const known = foundPage.get(key);
        if (known === undefined) return [`${kind} ${key}: is not in NetBox`];
        return Object.entries(facts).flatMap(([field, fact]) =>
          same(fact, known[field]) ? [] : [
            `${kind} ${key}: ${field} is ${shown(known[field])} and should be ${shown(fact)}`,
          ]
        );
      }),
    ];
  });
}

function same(expected: Fact, known: Fact): boolean {
  return expected === undefined || shown(expected) === shown(known);
}

function shown(fact: Fact): string {
  if (fact === undefined || fact === null || fact === "") return "nothing";
  return JSON.stringify(isList(fact) ? [...fact].sort() : fact);
}

function isList(fact: Fact): fact is readonly string[] {
  return Array.isArray(fact);
}
