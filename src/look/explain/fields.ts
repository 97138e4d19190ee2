/** An entity → each field that its mapping table decides: value, row, and what the row read. */
import { CUSTOM_FIELD_TABLES, TABLES } from "../../transform/tables.ts";
import type { Read, Row } from "../../transform/table.ts";
import type { Made } from "../../transform/transform.ts";
import type { ExplainedField, Fate } from "./explanation.ts";
import { primaryAddressOf } from "./primary-address.ts";
import { explainReads, type ReadScene } from "./reads.ts";

type AnyRow = Row<never, unknown>;
type AnyTable = Readonly<Record<string, AnyRow>>;
type Json = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  readonly row: AnyRow;
  /** undefined: the entity does not have it. */
  readonly value: unknown;
}

/** In the order of the table. */
export async function explainFields(made: Made, scene: ReadScene): Promise<ExplainedField[]> {
  const explained: ExplainedField[] = [];
  for (const field of fieldsOf(made)) explained.push(await explainField(field, made, scene));
  return explained;
}

/** Custom fields that have a table of their own are a field each. */
function fieldsOf({ step, entity }: Made): Field[] {
  const custom = (CUSTOM_FIELD_TABLES as Readonly<Record<string, AnyTable>>)[step];
  return Object.entries(TABLES[step] as AnyTable).flatMap(([name, row]) => {
    const value = (entity as unknown as Json)[name];
    if (name !== "custom_fields" || custom === undefined) return [{ name, row, value }];
    return Object.entries(custom).map(([key, own]) => (
      { name: `${name}.${key}`, row: own, value: (value as Json | undefined)?.[key] }
    ));
  });
}

async function explainField(
  { name, row, value }: Field,
  made: Made,
  scene: ReadScene,
): Promise<ExplainedField> {
  const { kind, how } = row;
  const { source } = made;
  const taken = row.get(source as never);
  const sender = value === undefined ? primaryAddressOf(made, name, scene.made) : undefined;
  const isEmpty = taken === null && row.clear !== undefined;
  const reads: readonly Read[] = isEmpty ? [...row.reads, "setting.CLEAR_EMPTY"] : row.reads;
  return {
    field: name,
    fate: sender === undefined ? fateOf(row, taken, value) : "elsewhere",
    ...(value === undefined ? {} : { value }),
    row: { kind, reads: row.reads, how },
    reads: await explainReads(reads, { source, value: value ?? sender?.entity }, scene),
  };
}

function fateOf({ kind }: AnyRow, taken: unknown, value: unknown): Fate {
  if (value !== undefined) return taken === null ? "cleared" : "sent";
  if (kind === "skipped") return "never";
  if (taken === null) return "empty";
  return taken === undefined ? "absent" : "left-out";
}
