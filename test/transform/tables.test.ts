/** Rules for all mapping tables: each Diode field has a row, and each row declares what it reads. */
import { expect, test } from "vitest";
import type { EntityFields } from "../../src/netbox/types/fields.ts";
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { STEPS } from "../../src/netbox/types/steps.ts";
import { ANSWERS } from "../../src/proxmox/rows.ts";
import { STUBS } from "../../src/transform/mapping/stubs.ts";
import { VALUES } from "../../src/transform/rules/values.ts";
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
  ...Object.keys(VALUES).map((name) => `rule.${name}`),
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
/** All keys that rows and stubs declare. */
const READ = new Set<string>([
  ...ROWS.flatMap(([, { reads }]) => reads),
  ...Object.values(STUBS).flatMap(({ reads }) => reads),
]);

test.each(STEPS)("each field of $name that is kept as NetBox has it is optional", ({ name }) => {
  const shapes: EntityFields = ENTITY_TYPES[name].fields;
  const kept = Object.entries<AnyRow>(TABLES[name]).filter(([, { owner }]) =>
    owner === "first-writer"
  )
    .map(([field]) => field);
  expect(kept.filter((field) => shapes[field]?.presence !== "optional")).toEqual([]);
});

test.each(STEPS)("the table of $name has a row for each field, and no others", (step) => {
  const accepted: EntityFields = ENTITY_TYPES[step.name].fields;
  const fields = fieldsOf(ENTITY_TYPES[step.name].model)
    // Diode lists a hundred types of objects that NetBox puts into no L2VPN.
    .filter(({ name, oneof }) =>
      step.name !== "l2vpn-termination" || oneof === undefined || name in accepted
    )
    .map(({ name }) => name);
  expect(Object.keys(TABLES[step.name]).sort()).toEqual(fields.sort());
});

test("there is a table for each step, in the same order", () => {
  expect(Object.keys(TABLES)).toEqual(STEPS.map(({ name }) => name));
});

test.each(ROWS)("%s describes how it is filled, or why it is not", (_, row) => {
  expect(row.how.trim().length).toBeGreaterThan(4);
  expect(row.how).not.toMatch(/\n|TODO|FIXME/);
});

test.each(ROWS)("%s reads only existing keys", (_, row) => {
  expect(row.reads.filter((name) => !READABLE.has(name))).toEqual([]);
  expect(row.reads).toEqual([...new Set(row.reads)]);
});

test("only mapped rows read anything", () => {
  const reading = ROWS.filter(([, { kind, reads }]) => kind !== "mapped" && reads.length > 0);
  expect(reading).toEqual([]);
});

test("every answer key is read by a row or identifies objects", () => {
  // Rules read the others.
  const isExtension = (key: string) => /^agentHostName\.|^resources\.pool$/.test(key);
  const unread = ANSWER_KEYS.filter((key) => !READ.has(key) && !isExtension(key));
  expect(unread.sort()).toEqual([
    "clusterStatus.id",
    "clusterStatus.quorate",
    "clusterStatus.type",
    "network.exists",
    "resources.id",
    "resources.template",
    // In records alone.
    "sdnSubnets.dhcp-range",
    "sdnSubnets.gateway",
    "sdnSubnets.snat",
    "sdnVnets.vlanaware",
    "sdnZones.bridge",
    "sdnZones.mtu",
    "sdnZones.rt-import",
    "sdnZones.vrf-vxlan",
  ]);
});

test("every setting is read by a row or a stub, except those that select entities or clear fields", () => {
  const unread = Object.keys(SETTINGS).filter((name) => !READ.has(`setting.${name}`));
  expect(unread.sort()).toEqual(["BOOTSTRAP", "CLEAR_EMPTY", "GONE_AFTER", "nodes", "rules"]);
});

test.each(Object.entries(STUBS))("the stub %s reads only existing keys", (_, { reads, holds }) => {
  expect(reads.filter((name) => !READABLE.has(name))).toEqual([]);
  expect(holds.length).toBeGreaterThan(3);
});
