/** A value that the protocol does not take, and where in the document it stands. */

export type JsonPath = readonly (string | number)[];

export class Fault extends Error {
  override readonly name = "Fault";
  /** Keys and indices from the top of the document, such as ["entities", 3, "tag", "slug"]. */
  readonly path: JsonPath;

  /** `reason` goes on after the name of the field: "is unknown". */
  constructor(reason: string, path: JsonPath = []) {
    super(reason);
    this.path = path;
  }

  /** The same fault, seen from what holds it. */
  within(key: string | number): Fault {
    return new Fault(this.message, [key, ...this.path]);
  }
}

/** Names a value in an error text; a value may be megabytes. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
