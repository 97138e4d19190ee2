/**
 * The only reader of the environment and of policy files. Precedence: flag, environment, policy file, then
 * what capture recorded in the manifest, then the default.
 */
import { readFile } from "node:fs/promises";
import { type AppError, reasonOf, usageError } from "../base/errors.ts";
import { flagOf, type SettingRow, type SettingTable, type TextsOf } from "../base/setting.ts";
import { proxyFor } from "../http/proxy.ts";
import type { StoreCredentials } from "../run-folder/store/store.ts";
import type { Io } from "./process.ts";
import type { CommandLine } from "./options.ts";

/** What a command reads: its command line, its process, and the settings that a policy file may hold. */
export interface Context extends CommandLine {
  /** The name of the command. */
  readonly command: string;
  readonly settingNames: ReadonlySet<string>;
  readonly io: Io;
}

/**
 * The settings of one stage, as given.
 * @throws AppError "usage" if a file cannot be read or has an unknown key.
 */
export async function readSettings<Table extends SettingTable>(
  context: Context,
  table: Table,
): Promise<TextsOf<Table>> {
  const file = context.options.get("config");
  const policy = file === undefined ? {} : await readPolicyFile(file, context.settingNames);
  const texts: Record<string, string> = {};
  for (const [name, row] of Object.entries(table)) {
    const text = await givenText(context, name, row) ?? filled(policy[name]);
    if (text !== undefined) texts[name] = text;
  }
  return texts as TextsOf<Table>;
}

async function givenText(context: Context, name: string, row: SettingRow) {
  const flag = flagOf(name, row);
  const given = context.options.get(flag);
  if (row.secret === undefined) return filled(given) ?? variable(context.io.env, name, row);
  if (given !== undefined) return await readSecret(given, `--${flag}`);
  const { env } = context.io;
  const text = variable(env, name, row);
  const fileVariable = `${name}_FILE`;
  const file = text === undefined ? env[fileVariable] : undefined;
  return file ? await readSecret(file, fileVariable) : text;
}

function variable(
  env: Io["env"],
  name: string,
  { variable: own = name, aliases = [] }: SettingRow,
) {
  return [own, ...aliases].map((key) => filled(env[key])).find(Boolean);
}

/** An empty variable counts as not set, as CI pipelines do it. */
function filled(text: string | undefined): string | undefined {
  return text?.trim() === "" ? undefined : text;
}

async function readSecret(file: string, setting: string): Promise<string> {
  return (await readNamedFile(file, setting)).trim();
}

/** @throws AppError "usage" if the file cannot be read. */
export async function readNamedFile(file: string, setting: string): Promise<string> {
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read the file "${file}" of ${setting}: ${reasonOf(cause)}`, {
      cause,
    });
  });
}

/** Credentials of object stores, from the usual variables. */
export function storeCredentials(env: Io["env"]): StoreCredentials {
  return {
    accessKeyId: env["AWS_ACCESS_KEY_ID"],
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"],
    region: env["AWS_REGION"],
    endpoint: env["AWS_ENDPOINT_URL"],
  };
}

/** The proxy for a URL. */
export function environmentProxy(env: Io["env"], url: string): URL | undefined {
  return proxyFor(new URL(url), env);
}

/** The summary file of a GitHub Actions job. */
export function stepSummaryFile(env: Io["env"]): string | undefined {
  return env["GITHUB_STEP_SUMMARY"] || undefined;
}

/** Timestamp of a bootstrap. Source: reproducible-builds.org, SOURCE_DATE_EPOCH. */
export function bootstrapTime(env: Io["env"]): string {
  const epoch = env["SOURCE_DATE_EPOCH"];
  if (epoch !== undefined && !/^\d{1,11}$/.test(epoch)) {
    throw usageError(`Setting SOURCE_DATE_EPOCH is "${epoch}"`, {
      hint: "Allowed: seconds since 1970-01-01T00:00:00Z, such as 1767225600",
    });
  }
  const time = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The key below `scope` in the mapping document. */
const SCOPE = "nodes";

/** Policy file (YAML) → setting → text. @throws AppError "usage" for an unreadable file or an unknown key. */
async function readPolicyFile(
  file: string,
  settingNames: ReadonlySet<string>,
): Promise<Readonly<Record<string, string>>> {
  const { parseDocument } = await import("yaml");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read the policy file "${file}": ${reasonOf(cause)}`, {
      cause,
      hint: "Check the path, and that this user may read the file",
    });
  });
  // With this schema every value is a string: "0012", "true".
  const document = parseDocument(text, { schema: "failsafe" });
  const fault = document.errors[0];
  if (fault !== undefined) {
    throw unreadable(file, fault.message.split("\n", 1)[0] ?? fault.code);
  }
  const { config, scope, ...others } = mappingOf(valuesOf(document, file), file, "its top level");
  refuseUnknown(file, others, () => false);
  const configured = mappingOf(config, file, "config");
  const scoped = mappingOf(scope, file, "scope");
  refuseUnknown(file, configured, (key) => settingNames.has(key) && key !== SCOPE);
  refuseUnknown(file, scoped, (key) => key === SCOPE);
  const values = Object.entries({ ...configured, ...scoped });
  return Object.fromEntries(values.map(([key, value]) => [key, textOf(value, file, key)]));
}

function refuseUnknown(file: string, values: object, isKnown: (key: string) => boolean): void {
  const unknown = Object.keys(values).find((key) => !isKnown(key));
  if (unknown === undefined) return;
  throw usageError(`Unknown key "${unknown}" in the policy file "${file}"`, {
    hint: "Allowed: config with the settings in --help, and scope with nodes",
  });
}

/** Unknown aliases are found only here. */
function valuesOf(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw unreadable(file, reasonOf(cause), cause);
  }
}

/** A key without a value is an empty string in this schema. */
function mappingOf(value: unknown, file: string, where: string): Record<string, unknown> {
  if (value === undefined || value === null || value === "") return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unreadable(file, `${where} is not a mapping`);
}

function unreadable(file: string, reason: string, cause?: unknown): AppError {
  return usageError(`Cannot read the policy file "${file}": ${reason}`, {
    cause,
    hint:
      "A policy file is YAML: `config:` with a line `SETTING: value` for each setting, and `scope:` with `nodes:`",
  });
}

function textOf(value: unknown, file: string, key: string): string {
  if (typeof value === "string") return value;
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (isList && key === SCOPE) return value.join(",");
  throw usageError(`Key "${key}" in the policy file "${file}" is not a single value`, {
    hint: key === SCOPE
      ? "Allowed: a list of node names"
      : "Allowed: a text, a number or a boolean",
  });
}
