/**
 * The only reader of the environment and of policy files. Precedence: flag, environment, policy file, then
 * what capture recorded in the manifest, then the default.
 */
import { readFile } from "node:fs/promises";
import { type AppError, reasonOf, usageError } from "../base/errors.ts";
import {
  flagOf,
  type PolicyFile,
  type SettingRow,
  type SettingTable,
  type TextsOf,
} from "../base/setting.ts";
import { didYouMean } from "../base/nearest.ts";
import type { Tree } from "../base/tree.ts";
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
  const opened = await openPolicyFile(context);
  const policy = opened === undefined ? {} : settingsIn(opened, context.settingNames);
  const texts: Record<string, string> = {};
  for (const [name, row] of Object.entries(table)) {
    const text = row.inFile === undefined
      ? await givenText(context, name, row) ?? filled(policy[name])
      : opened && await row.inFile(opened);
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

/** Each file is read once for a command, so that all of its stages see the same. */
const FILES = new WeakMap<Context["options"], Promise<PolicyFile>>();

/** The file of `--config`; undefined without one. @throws AppError "usage" if it cannot be read. */
export async function openPolicyFile(
  { options }: Pick<Context, "options">,
): Promise<PolicyFile | undefined> {
  const file = options.get("config");
  if (file === undefined) return undefined;
  const opened = FILES.get(options) ?? parsePolicyFile(file);
  FILES.set(options, opened);
  return await opened;
}

async function parsePolicyFile(file: string): Promise<PolicyFile> {
  const { parseYaml } = await import("../base/yaml.ts");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read the policy file "${file}": ${reasonOf(cause)}`, {
      cause,
      hint: "Check the path, and that this user may read the file",
    });
  });
  try {
    return { file, tree: parseYaml(text) };
  } catch (cause) {
    throw unreadable(file, reasonOf(cause), cause);
  }
}

/** Parts of a policy file that are no settings: see src/transform/rules. */
const RULE_PARTS = ["rules", "tests"];

/** Setting → text. @throws AppError "usage" for an unknown key. */
function settingsIn(
  { file, tree }: PolicyFile,
  settingNames: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const { config, scope, ...others } = mappingOf(tree, file, "its top level");
  refuseUnknown(file, others, [...RULE_PARTS, "config", "scope"]);
  const configured = mappingOf(config, file, "config");
  const scoped = mappingOf(scope, file, "scope");
  refuseUnknown(file, configured, [...settingNames].filter((name) => name !== SCOPE));
  refuseUnknown(file, scoped, [SCOPE]);
  const values = Object.entries({ ...configured, ...scoped });
  return Object.fromEntries(values.map(([key, value]) => [key, textOf(value, file, key)]));
}

function refuseUnknown(
  file: string,
  values: object,
  known: Iterable<string>,
): void {
  const names = new Set(known);
  const unknown = Object.keys(values).find((key) => !names.has(key));
  if (unknown === undefined) return;
  const meant = didYouMean(unknown, names);
  throw usageError(`Unknown key "${unknown}" in the policy file "${file}"${meant}`, {
    hint:
      "Allowed: config with the settings in --help, scope with nodes, rules, and tests of the rules",
  });
}

/** A key without a value counts as an empty mapping. */
function mappingOf(tree: Tree | undefined, file: string, where: string): Record<string, Tree> {
  if (tree === undefined || (tree.kind === "scalar" && tree.text === "")) return {};
  if (tree.kind !== "mapping") throw unreadable(file, `${where} is not a mapping`);
  return Object.fromEntries(tree.entries.map(([{ text }, value]) => [text, value]));
}

function unreadable(file: string, reason: string, cause?: unknown): AppError {
  return usageError(`Cannot read the policy file "${file}": ${reason}`, {
    cause,
    hint:
      "A policy file is YAML: `config:` with a line `SETTING: value` for each setting, `scope:` with `nodes:`, `rules:` and `tests:`",
  });
}

function textOf(value: Tree, file: string, key: string): string {
  if (value.kind === "scalar") return value.text;
  if (value.kind === "list" && key === SCOPE) {
    const texts = value.items.flatMap((item) => item.kind === "scalar" ? [item.text] : []);
    if (texts.length === value.items.length) return texts.join(",");
  }
  throw usageError(`Key "${key}" in the policy file "${file}" is not a single value`, {
    hint: key === SCOPE
      ? "Allowed: a list of node names"
      : "Allowed: a text, a number or a boolean",
  });
}
