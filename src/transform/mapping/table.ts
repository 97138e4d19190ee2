/**
 * Types and helpers for mapping tables. A table has one row for every field of a NetBox type: the compiler reports
 * a field without one. README and `explain` are printed from the rows.
 */
import type { Empty, Referent } from "../../netbox/types/shape.ts";
import type { AnswerKey } from "../../proxmox/rows.ts";
import type { SettingName } from "../settings.ts";
import type { RuledValues } from "../sources.ts";

// Why a field is never sent: reasons that many tables share.
export const USERS = "the user's own; not in Proxmox VE";
export const METADATA = "kept by Diode, not by NetBox";
export const DEFAULT_STATUS = "active by NetBox's default; the user's value stays";
export const NO_CUSTOM_FIELDS = "the mapping document names none";
export const SHARED_TAGS = "the global tags and those of the hosts that have it";
export const MAC_BY_OBJECT = "new in NetBox 4.7; primary_mac_address works with every release";

/** Where a value comes from: a key of an answer, a setting, a rule, or a stub of another object. */
export type Read =
  | AnswerKey
  | `setting.${SettingName}`
  | `stub.${StubName}`
  | `rule.${keyof RuledValues}`
  | "manifest.captured_at";

/** Objects that entities name: those of other steps, and those of the user. */
export type StubName = Exclude<Referent, "custom-field" | "tag"> | "tags" | "site" | "tenant";

/** undefined: not read, so the field is not sent. null: read, and empty. */
export type FieldValue<Value> = Value | null | undefined;

/** Clears a relation in NetBox. */
export const EMPTY: Empty = {};

/** A value that another step sends: this step can only clear it. */
export function sentElsewhere(value: FieldValue<unknown>): FieldValue<Empty> {
  return value === null ? null : undefined;
}

/** Who decides about a field of an object that NetBox has. */
export const OWNERS = {
  "proxmox": "always",
  "first-writer": "if the object is new, or while the field is empty in NetBox",
  "key": "as NetBox has it, since Diode finds the object by it",
  "union": "what NetBox has and what is ours; Diode merges tags itself",
} as const;
export type Owner = keyof typeof OWNERS;

export interface Row<Source, Value> {
  readonly kind: "mapped" | "fixed" | "skipped";
  /** Absent: Proxmox VE. */
  readonly owner?: Owner;
  readonly reads: readonly Read[];
  /** How the value is made, or why it is not sent; README shows it. */
  readonly how: string;
  readonly get: (source: Source, clearEmpty?: boolean) => FieldValue<Value>;
  /** Sent for null when CLEAR_EMPTY is on. */
  readonly clear?: Value;
  /** Has a value only with settings or rules beyond the mapping document: without one, `explain` does not list it. */
  readonly isExtension?: boolean;
}

/** Decides every field of `Target`. */
export type Table<Source, Target> = {
  readonly [Field in keyof Required<Target>]: Row<Source, NonNullable<Target[Field]>>;
};

/** Makes the rows of a table that reads `Source`. */
export interface RowBuilder<Source> {
  /** A value that is made from what the row reads. */
  from<Value>(
    reads: readonly [Read, ...Read[]],
    how: string,
    get: (source: Source) => FieldValue<Value>,
  ): Row<Source, Value>;
  /** A value of our own tables: it reads no answer and no setting. */
  own<Value>(how: string, get: (source: Source) => FieldValue<Value>): Row<Source, Value>;
  /** A field with a table of its own; not sent when none of its fields is. */
  nested<Value extends object>(how: string, table: Table<Source, Value>): Row<Source, Value>;
  /** The same value for all. */
  fixed<const Value>(value: Value, why: string): Row<Source, Value>;
  /** With CLEAR_EMPTY, `clear` is sent when Proxmox says that the field is empty. */
  clearing<Value, Clear>(row: Row<Source, Value>, clear: Clear): Row<Source, Value | Clear>;
}

export function rowBuilder<Source>(): RowBuilder<Source> {
  return {
    from: (reads, how, get) => ({ kind: "mapped", reads, how, get }),
    own: (how, get) => ({ kind: "mapped", reads: [], how, get }),
    nested: (how, table) => {
      const make = compile(table);
      const get: Row<Source, ReturnType<typeof make>>["get"] = (source, clearEmpty = false) => {
        const value = make(source, clearEmpty);
        return Object.keys(value).length === 0 ? undefined : value;
      };
      return { kind: "mapped", reads: [], how, get };
    },
    fixed: (value, why) => ({ kind: "fixed", reads: [], how: why, get: () => value }),
    clearing: (row, clear) => ({ ...row, clear }),
  };
}

/** owned.firstWriter(row): the same row with another owner than Proxmox VE. */
export const owned = {
  key: <Of extends object>(row: Of) => ({ ...row, owner: "key" as const }),
  firstWriter: <Of extends object>(row: Of) => ({ ...row, owner: "first-writer" as const }),
  union: <Of extends object>(row: Of) => ({ ...row, owner: "union" as const }),
};

export function extension<Of extends object>(row: Of) {
  return { ...row, isExtension: true as const };
}

/** Fields that are never sent, and why. */
export function skip<const Field extends string>(
  why: string,
  ...fields: readonly Field[]
): { readonly [Name in Field]: Row<unknown, never> } {
  const row = { kind: "skipped", reads: [], how: why, get: () => undefined };
  return Object.fromEntries(fields.map((field) => [field, row])) as never;
}

/** A table → a function that makes entities, with fields in the order of the table. */
export function compile<Source, Target>(
  table: Table<Source, Target>,
): (source: Source, clearEmpty: boolean) => Target {
  const rows = (Object.entries(table) as [string, Row<Source, unknown>][])
    .flatMap(([field, { kind, get, clear }]) => kind === "skipped" ? [] : [{ field, get, clear }]);
  return (source, clearEmpty) => {
    const entity: Record<string, unknown> = {};
    for (const { field, get, clear } of rows) {
      const value = get(source, clearEmpty);
      if (value !== undefined && value !== null) entity[field] = value;
      else if (value === null && clearEmpty && clear !== undefined) entity[field] = clear;
    }
    return entity as Target;
  };
}
