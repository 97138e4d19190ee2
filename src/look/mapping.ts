/** Prints the mapping tables: Markdown for people, JSON for scripts. */
import type { SettingTable } from "../base/setting.ts";
import { ENTITY_TYPES } from "../netbox/types/order.ts";
import { STEPS } from "../netbox/types/steps.ts";
import { SHOWN_PATHS } from "../proxmox/endpoints.ts";
import { type AnswerName, ANSWERS } from "../proxmox/rows.ts";
import type { Session } from "../terminal/session.ts";
import { markdownTable } from "../terminal/document.ts";
import { CUSTOM_FIELDS } from "../transform/mapping/custom-field.ts";
import { STUBS } from "../transform/mapping/stubs.ts";
import { type Owner, OWNERS, type Row } from "../transform/mapping/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../transform/mapping/tables.ts";
import { OSTYPES } from "../transform/mapping/values.ts";
import { policySchema } from "../transform/rules/schema.ts";

export const OWNER_WORDS: Readonly<Record<Owner, string>> = {
  "proxmox": "Proxmox VE",
  "first-writer": "first writer",
  "key": "key",
  "union": "union",
};
const ANSWER_NAMES = Object.keys(ANSWERS) as AnswerName[];

type AnyTable = Readonly<Record<string, Row<never, unknown>>>;
type AnyTables = Readonly<Record<string, AnyTable | undefined>>;

export function mappingMarkdown(): string {
  const steps = STEPS.flatMap(({ number, name }) => [
    `### ${number} ${ENTITY_TYPES[name].model}`,
    ...tableSections(TABLES[name]),
    ...tableSections((CUSTOM_FIELD_TABLES as AnyTables)[name], "Custom field"),
    ...(name === "custom-field" ? [customFieldList()] : []),
  ]);
  const stubs = Object.entries(STUBS).map(([name, stub]) => [
    `stub.${name}`,
    reads(stub.reads),
    stub.holds,
  ]);
  const ostypes = Object.entries(OSTYPES).map(([from, to]) => [code(from), to ?? "(none)"]);
  return [
    "A row reads keys of answers (`answer.key`), settings, stubs and the rules of a policy file (`rules: value`). The answers:",
    markdownTable(
      ["Answer", "API path"],
      ANSWER_NAMES.map((name) => [name, code(SHOWN_PATHS[name])]),
    ),
    "With `--target`, the owner of a field decides what is sent of an object that NetBox has:",
    markdownTable(
      ["Owner", "Sent"],
      Object.entries(OWNERS).map(([owner, sent]) => [OWNER_WORDS[owner as Owner], sent]),
    ),
    ...steps,
    "### Stubs",
    markdownTable(["Stub", "Reads", "Holds"], stubs),
    "### OS types",
    markdownTable(["ostype", "NetBox platform"], [
      ...ostypes,
      ["any other", "the ostype in title case"],
    ]),
  ].join("\n\n") + "\n";
}

/** Step → field → its row, without the functions. */
function mappingJson(): object {
  const tables = STEPS.map(({ name }) => [name, fieldsOf(TABLES[name])]);
  return {
    answers: Object.fromEntries(ANSWER_NAMES.map((name) => [name, SHOWN_PATHS[name]])),
    steps: Object.fromEntries(tables),
    stubs: STUBS,
  };
}

function fieldsOf(table: AnyTable): object {
  return Object.fromEntries(
    Object.entries(table).map(([field, { kind, reads, how, owner }]) => [
      field,
      kind === "skipped" ? { kind, reads, how } : { kind, reads, how, owner: owner ?? "proxmox" },
    ]),
  );
}

function customFieldList(): string {
  return markdownTable(
    ["Custom field", "Label", "Type", "Object type", "Description"],
    CUSTOM_FIELDS.map(({ name, label, type, objectType, purpose }) => [
      code(name),
      label,
      type,
      code(objectType),
      purpose,
    ]),
  );
}

/** What is sent, one line a field; then what is not, one line a reason. */
function tableSections(table: AnyTable = {}, head = "Field"): string[] {
  const rows = Object.entries(table);
  const sent = rows.filter(([, { kind }]) => kind !== "skipped")
    .map(([field, row]) => [code(field), reads(row.reads), howOf(row), ownerOf(row)]);
  const skipped = rows.filter(([, { kind }]) => kind === "skipped");
  const reasons = [...Map.groupBy(skipped, ([, { how }]) => how)].map(([how, fields]) =>
    `- ${fields.map(([field]) => code(field)).join(", ")}: ${how}`
  );
  return [
    ...(sent.length === 0 ? [] : [markdownTable([head, "Reads", "How", "Owner"], sent)]),
    ...(reasons.length === 0 ? [] : [`Not sent:\n\n${reasons.join("\n")}`]),
  ];
}

function ownerOf({ owner = "proxmox" }: Row<never, unknown>): string {
  return OWNER_WORDS[owner];
}

function howOf(row: Row<never, unknown>): string {
  const how = row.kind === "fixed"
    ? `always ${code(String((row.get as () => unknown)()))}; ${row.how}`
    : row.how;
  return row.clear === undefined
    ? how
    : `${how}; CLEAR_EMPTY: ${code(JSON.stringify(row.clear))} when empty`;
}

function reads(names: readonly string[]): string {
  return names.map((name) => code(name.replace(/^setting\./, "").replace(/^rule\./, "rules: ")))
    .join(" ");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** mapping: the mapping tables, as README has them; --schema: a schema of files with these settings. */
export function mappingOf(stages: Readonly<Record<string, SettingTable>>) {
  return (session: Session): Promise<void> => {
    const isSchema = session.isOn("schema");
    const json = isSchema ? policySchema(Object.values(stages)) : mappingJson();
    session.data(
      isSchema || session.isJson ? JSON.stringify(json, null, 2) : mappingMarkdown().trimEnd(),
    );
    return Promise.resolve();
  };
}
