/**
 * The only reader of the environment and of policy files. First found wins: flag, environment,
 * policy file; then what capture recorded in the manifest, then the default.
 */
import { readFile } from "node:fs/promises";
import { reasonOf, usageError } from "../base/errors.ts";
import type { SettingRow, SettingTable, TextsOf } from "../base/setting.ts";
import { proxyFor } from "../http/proxy.ts";
import type { StoreCredentials } from "../run-folder/store/store.ts";
import type { Context } from "./options.ts";
import { readPolicyFile } from "./policy-file.ts";

/**
 * The settings of one stage, as they were given.
 *
 * @throws AppError "usage" when a file that is named cannot be read or holds an unknown key.
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
  const flag = context.options.get(row.flag);
  if (row.secret === undefined) return filled(flag) ?? variable(name, row);
  if (flag !== undefined) return await readSecret(flag, `--${row.flag}`);
  const text = variable(name, row);
  const fileVariable = `${name}_FILE`;
  const file = text === undefined ? process.env[fileVariable] : undefined;
  return file ? await readSecret(file, fileVariable) : text;
}

function variable(name: string, { variable: own = name, aliases = [] }: SettingRow) {
  return [own, ...aliases].map((key) => filled(process.env[key])).find(Boolean);
}

/** A blank text is how a pipeline says that it has none: whatever comes next is in force. */
function filled(text: string | undefined): string | undefined {
  return text?.trim() === "" ? undefined : text;
}

async function readSecret(file: string, setting: string): Promise<string> {
  return (await readNamedFile(file, setting)).trim();
}

/** @throws AppError "usage" when the file that a setting names cannot be read. */
export async function readNamedFile(file: string, setting: string): Promise<string> {
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read the file "${file}" that ${setting} names: ${reasonOf(cause)}`, {
      cause,
    });
  });
}

/** Credentials of object stores, under the names that their own tools use. */
export function storeCredentials(): StoreCredentials {
  const { env } = process;
  return {
    accessKeyId: env["AWS_ACCESS_KEY_ID"],
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"],
    region: env["AWS_REGION"],
    endpoint: env["AWS_ENDPOINT_URL"],
  };
}

/** The proxy that the environment names for a URL. */
export function environmentProxy(url: string): URL | undefined {
  return proxyFor(new URL(url), process.env);
}

/** Where a job of GitHub Actions shows what it has to say. */
export function stepSummaryFile(): string | undefined {
  return process.env["GITHUB_STEP_SUMMARY"] || undefined;
}

/** The time that a bootstrap bears. Source: reproducible-builds.org, SOURCE_DATE_EPOCH. */
export function bootstrapTime(): string {
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  if (epoch !== undefined && !/^\d{1,11}$/.test(epoch)) {
    throw usageError(`Setting SOURCE_DATE_EPOCH is "${epoch}"`, {
      hint: "Allowed: seconds since 1970-01-01T00:00:00Z, such as 1767225600",
    });
  }
  const time = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
