/** A validator for the keywords of JSON Schema that our schema uses; any other keyword is an error. */
type Schema = Readonly<Record<string, unknown>>;

const NOTES = new Set(["$schema", "$defs", "title", "description"]);
/** Keywords that another one reads. */
const READ_ELSEWHERE = new Set(["then"]);

/** Where the value does not fit, such as "/rules/0/set"; empty if it does. */
export function schemaFaults(root: Schema, value: unknown): readonly string[] {
  const faultsOf = (schema: Schema, at: unknown, path: string): string[] =>
    Object.entries(schema).flatMap(([keyword, rule]) => {
      if (NOTES.has(keyword) || READ_ELSEWHERE.has(keyword)) return [];
      const check = KEYWORDS[keyword];
      if (check === undefined) throw new Error(`Unknown keyword ${keyword} at ${path}`);
      return check({ rule, schema, at, path });
    });
  const fits = (schema: unknown, at: unknown): boolean =>
    faultsOf(schema as Schema, at, "").length === 0;

  interface Check {
    readonly rule: unknown;
    readonly schema: Schema;
    readonly at: unknown;
    readonly path: string;
  }
  const is = (right: boolean, path: string): string[] => right ? [] : [path];
  const KEYWORDS: Readonly<Record<string, (check: Check) => string[]>> = {
    $ref: ({ rule, at, path }) => {
      const name = String(rule).replace("#/$defs/", "");
      return faultsOf((root["$defs"] as Record<string, Schema>)[name] as Schema, at, path);
    },
    type: ({ rule, at, path }) =>
      is([rule].flat().some((type) => isOfType(String(type), at)), path),
    enum: ({ rule, at, path }) => is((rule as unknown[]).includes(at), path),
    minimum: ({ rule, at, path }) => is(typeof at !== "number" || at >= Number(rule), path),
    minLength: ({ rule, at, path }) =>
      is(typeof at !== "string" || at.length >= Number(rule), path),
    maxLength: ({ rule, at, path }) =>
      is(typeof at !== "string" || at.length <= Number(rule), path),
    pattern: ({ rule, at, path }) =>
      is(typeof at !== "string" || new RegExp(String(rule), "u").test(at), path),
    minItems: ({ rule, at, path }) => is(!Array.isArray(at) || at.length >= Number(rule), path),
    items: ({ rule, at, path }) =>
      Array.isArray(at)
        ? at.flatMap((item, i) => faultsOf(rule as Schema, item, `${path}/${i}`))
        : [],
    minProperties: ({ rule, at, path }) =>
      is(!isObject(at) || Object.keys(at).length >= Number(rule), path),
    propertyNames: ({ rule, at, path }) =>
      keysOf(at).flatMap((key) => faultsOf(rule as Schema, key, `${path}/${key}`)),
    properties: ({ rule, at, path }) =>
      Object.entries(rule as Record<string, Schema>).flatMap(([key, schema]) =>
        isObject(at) && Object.hasOwn(at, key) ? faultsOf(schema, at[key], `${path}/${key}`) : []
      ),
    required: ({ rule, at, path }) =>
      is(!isObject(at) || (rule as string[]).every((key) => Object.hasOwn(at, key)), path),
    additionalProperties: ({ rule, schema, at, path }) =>
      keysOf(at).filter((key) => !Object.hasOwn(schema["properties"] ?? {}, key)).flatMap((key) =>
        rule === false
          ? [`${path}/${key}`]
          : faultsOf(rule as Schema, (at as Schema)[key], `${path}/${key}`)
      ),
    anyOf: ({ rule, at, path }) => is((rule as unknown[]).some((each) => fits(each, at)), path),
    oneOf: ({ rule, at, path }) =>
      is((rule as unknown[]).filter((each) => fits(each, at)).length === 1, path),
    if: ({ rule, schema, at, path }) =>
      fits(rule, at) ? faultsOf(schema["then"] as Schema, at, path) : [],
  };
  return faultsOf(root, value, "");
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keysOf(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : [];
}
