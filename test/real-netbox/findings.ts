/** Errors of NetBox → sentences with file and line, NetBox's message, and the row of the mapping. */
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { STUBS } from "../../src/transform/mapping/stubs.ts";
import type { Row } from "../../src/transform/mapping/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../../src/transform/mapping/tables.ts";
import type { SentEntity } from "./diode/entity-files.ts";
import type { Complaint, Reconciled } from "./diode/reconciler.ts";

/** Empty when the entity was applied without errors and warnings. */
export function describe({ sent, verdict, complaints, warnings }: Reconciled): string[] {
  return [
    ...complaints.map((complaint) => sentence(sent, verdict, complaint)),
    ...warnings.map((warning) => sentence(sent, "warning", warning)),
  ];
}

function sentence(sent: SentEntity, verdict: string, complaint: Complaint): string {
  const { objectType, field, words } = complaint;
  const where = `${sent.file}:${sent.line} ${nameOf(sent)}`;
  return `${where}: ${verdict}: ${objectType} ${field}: ${words}\n    ${rowOf(sent, complaint)}`;
}

function nameOf({ step, entity }: SentEntity): string {
  const owner = (entity["virtual_machine"] ?? entity["device"]) as { name?: string } | undefined;
  const own = entity["name"] ?? entity["address"] ?? entity["prefix"] ?? "";
  return `${step.name} ${[owner?.name, own].filter((part) => part !== undefined).join("/")}`;
}

/** The row of the step's table, otherwise the stub of the referenced object. */
function rowOf({ step }: SentEntity, { objectType, field }: Complaint): string {
  const { model: own } = ENTITY_TYPES[step.name];
  const isOwn = objectType.endsWith(`.${own.toLowerCase()}`);
  const table = TABLES[step.name] as Readonly<Record<string, Row<unknown, unknown>>>;
  const custom = step.name in CUSTOM_FIELD_TABLES
    ? CUSTOM_FIELD_TABLES[step.name as keyof typeof CUSTOM_FIELD_TABLES]
    : {};
  const row = table[field] ?? (custom as typeof table)[field];
  if (isOwn && row !== undefined) {
    return `mapping ${step.number} ${own}.${field}: ${row.how}`;
  }
  const [, model = ""] = objectType.split(".");
  const stub = Object.entries(STUBS).find(([name]) => name.replaceAll("-", "") === model)?.[1];
  return stub === undefined
    ? `mapping ${step.number} ${own}`
    : `mapping ${step.number} ${own}, stub of ${model}: ${stub.holds}`;
}
