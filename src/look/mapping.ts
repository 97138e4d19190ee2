/** The mapping tables → Markdown for people, JSON for scripts. */
import { allowedText, flagOf, type SettingTable } from "../base/setting.ts";
import { ENTITY_TYPES } from "../netbox/types/order.ts";
import { STEPS } from "../netbox/types/steps.ts";
import { SHOWN_PATHS } from "../proxmox/endpoints.ts";
import { type AnswerName, ANSWERS } from "../proxmox/rows.ts";
import { NOTES, REASONS } from "../run-folder/left-out.ts";
import type { Session } from "../terminal/session.ts";
import { STUBS } from "../transform/mapping/stubs.ts";
import type { Row } from "../transform/mapping/table.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../transform/mapping/tables.ts";
import { OSTYPES } from "../transform/mapping/values.ts";

const ANSWER_NAMES = Object.keys(ANSWERS) as AnswerName[];

type AnyTable = Readonly<Record<string, Row<never, unknown>>>;

export function mappingMarkdown(): string {
  const steps = STEPS.flatMap(({ number, name }) => [
    `### ${number} ${ENTITY_TYPES[name].model}`,
    ...tableSections(TABLES[name] as AnyTable),
    ...customFieldSections(name),
  ]);
  const stubs = Object.entries(STUBS).map((
    [name, stub],
  ) => [`stub.${name}`, reads(stub.reads), stub.holds]);
  return [
    "A row reads keys of answers (`answer.key`), settings and stubs. The answers:",
    grid(
      ["Answer", "API path"],
      ANSWER_NAMES.map((name) => [name, code(SHOWN_PATHS[name])]),
    ),
    ...steps,
    "### Stubs",
    grid(["Stub", "Reads", "Holds"], stubs),
    "### OS types",
    grid(["ostype", "NetBox platform"], words(OSTYPES, "the ostype in title case")),
  ].join("\n\n") + "\n";
}

/** Reason codes and note codes of left-out.json. */
export function codesMarkdown(): string {
  const rows = (codes: Readonly<Record<string, string>>): string[][] =>
    Object.entries(codes).map(([name, meaning]) => [code(name), meaning]);
  return [grid(["Reason", "Meaning"], rows(REASONS)), grid(["Note", "Meaning"], rows(NOTES))].join(
    "\n\n",
  ) + "\n";
}

export function settingsMarkdown(settings: SettingTable): string {
  const rows = Object.entries(settings).map(([name, row]) => [
    code(row.variable === undefined ? name : `${name} (${row.variable})`),
    code(`--${flagOf(name, row)}`),
    row.default === undefined || row.default === "" ? "" : code(row.default),
    allowedText(row),
    `${row.help}${row.extension ? " (extension)" : ""}`,
    (row.aliases ?? []).map(code).join(" "),
  ]);
  const head = ["Setting", "Flag", "Default", "Allowed", "Meaning", "Also read"];
  const hasAliases = rows.some((cells) => cells.at(-1) !== "");
  const shown = hasAliases ? [head, ...rows] : [head, ...rows].map((cells) => cells.slice(0, -1));
  return grid(shown[0] ?? [], shown.slice(1)) + "\n";
}

/** Step → field → its row, without the functions. */
export function mappingJson(): object {
  const tables = STEPS.map(({ name }) => [name, fieldsOf(TABLES[name] as AnyTable)]);
  return {
    answers: Object.fromEntries(ANSWER_NAMES.map((name) => [name, SHOWN_PATHS[name]])),
    steps: Object.fromEntries(tables),
    stubs: STUBS,
  };
}

function fieldsOf(table: AnyTable): object {
  return Object.fromEntries(
    Object.entries(table).map(([field, { kind, reads, how }]) => [field, { kind, reads, how }]),
  );
}

function customFieldSections(name: string): string[] {
  const table: AnyTable | undefined =
    (CUSTOM_FIELD_TABLES as Readonly<Record<string, AnyTable>>)[name];
  return table === undefined ? [] : tableSections(table, "Custom field");
}

/** What is sent, one line a field; then what is not, one line a reason. */
function tableSections(table: AnyTable, head = "Field"): string[] {
  const rows = Object.entries(table);
  const sent = rows.filter(([, row]) => row.kind !== "skipped");
  const skipped = Map.groupBy(
    rows.filter(([, row]) => row.kind === "skipped"),
    ([, row]) => row.how,
  );
  const reasons = [...skipped].map(([how, fields]) =>
    `- ${fields.map(([field]) => code(field)).join(", ")}: ${how}`
  );
  const sections = [
    grid(
      [head, "Reads", "How"],
      sent.map(([field, row]) => [code(field), reads(row.reads), howOf(row)]),
    ),
  ];
  if (reasons.length > 0) sections.push(`Not sent:\n\n${reasons.join("\n")}`);
  return sections;
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
  return names.map((name) => code(name.replace(/^setting\./, ""))).join(" ");
}

function words(table: Readonly<Record<string, string | null>>, other: string): string[][] {
  const rows = Object.entries(table).map(([from, to]) => [code(from), to ?? "(none)"]);
  return [...rows, ["any other", other]];
}

function code(text: string): string {
  return `\`${text}\``;
}

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** mapping: the mapping tables, as README has them. */
export function runMapping(session: Session): Promise<void> {
  session.data(
    session.isJson ? JSON.stringify(mappingJson(), null, 2) : mappingMarkdown().trimEnd(),
  );
  return Promise.resolve();
}
