/** Laws of every mapping table: each field of Diode is decided, and each row says what it reads. */
import { expect, test } from "vitest";
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { STEPS } from "../../src/netbox/types/steps.ts";
import { ANSWERS } from "../../src/proxmox/rows.ts";
import { STUBS } from "../../src/transform/mapping/stubs.ts";
import { SETTINGS } from "../../src/transform/settings.ts";
import type { Row } from "../../src/transform/mapping/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../../src/transform/mapping/tables.ts";
import { fieldsOf } from "../helpers/proto.ts";

type AnyRow = Row<never, unknown>;
type NamedRow = [row: string, AnyRow];

const ANSWER_KEYS = Object.entries(ANSWERS).flatMap(([name, keys]) =>
  Object.keys(keys).map((key) => `${name}.${key}`)
);

const READABLE = new Set<string>([
  ...ANSWER_KEYS,
  ...Object.keys(SETTINGS).map((name) => `setting.${name}`),
  ...Object.keys(STUBS).map((name) => `stub.${name}`),
  "manifest.captured_at",
]);

function rowsOf(tables: object): NamedRow[] {
  return Object.entries(tables).flatMap(([step, table]: [string, object]) =>
    Object.entries(table).map(([field, row]: [string, AnyRow]): NamedRow => [
      `${step}.${field}`,
      row,
    ])
  );
}

const FIELDS = rowsOf(TABLES);
const CUSTOM_FIELDS = rowsOf(CUSTOM_FIELD_TABLES);
const ROWS = [...FIELDS, ...CUSTOM_FIELDS];
/** All that rows and stubs say they read. */
const READ = new Set<string>([
  ...ROWS.flatMap(([, { reads }]) => reads),
  ...Object.values(STUBS).flatMap(({ reads }) => reads),
]);

test.each(STEPS)("the table of $name decides every field, and no other", (step) => {
  const fields = fieldsOf(ENTITY_TYPES[step.name].model).map(({ name }) => name);
  expect(Object.keys(TABLES[step.name]).sort()).toEqual(fields.sort());
});

test("there are tables for all steps, in their order", () => {
  expect(Object.keys(TABLES)).toEqual(STEPS.map(({ name }) => name));
});

test.each(ROWS)("%s says how it is made, or why not", (_, row) => {
  expect(row.how.trim().length).toBeGreaterThan(4);
  expect(row.how).not.toMatch(/\n|TODO|FIXME/);
});

test.each(ROWS)("%s reads only what exists", (_, row) => {
  expect(row.reads.filter((name) => !READABLE.has(name))).toEqual([]);
  expect(row.reads).toEqual([...new Set(row.reads)]);
});

test("only rows that are mapped read something", () => {
  const reading = ROWS.filter(([, { kind, reads }]) => kind !== "mapped" && reads.length > 0);
  expect(reading).toEqual([]);
});

test("every answer key is read by a row, or tells which things there are", () => {
  const unread = ANSWER_KEYS.filter((key) => !READ.has(key));
  expect(unread.sort()).toEqual([
    "clusterStatus.id",
    "clusterStatus.quorate",
    "clusterStatus.type",
    "network.exists",
    "resources.id",
    "resources.template",
  ]);
});

test("every setting is read by a row or a stub, but those that choose entities or empty fields", () => {
  const unread = Object.keys(SETTINGS).filter((name) => !READ.has(`setting.${name}`));
  expect(unread.sort()).toEqual(["BOOTSTRAP", "CLEAR_EMPTY", "nodes"]);
});

test.each(Object.entries(STUBS))("the stub %s is made of what exists", (_, { reads, holds }) => {
  expect(reads.filter((name) => !READABLE.has(name))).toEqual([]);
  expect(holds.length).toBeGreaterThan(3);
});
