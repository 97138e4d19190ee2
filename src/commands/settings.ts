/**
 * The only reader of the environment and of policy files. First found wins: flag, environment,
 * policy file; then what capture recorded in the manifest, then the default.
 */
import { readFile } from "node:fs/promises";
import { reasonOf, usageError } from "../kernel/errors.ts";
import type { StoreCredentials } from "../kernel/store.ts";
import type { Manifest } from "../snapshot/schema.ts";
import {
  type SettingName,
  type SettingRow,
  SETTINGS,
  type SettingTexts,
} from "../transform/settings.ts";
import { type Context, flagText } from "./options.ts";

/** Settings of other stages, which a policy file for all of them may hold. */
const OTHER_STAGES = new Set([
  "PROXMOX_PORT",
  "PROXMOX_USER",
  "PROXMOX_TOKEN_NAME",
  "PROXMOX_TOKEN_VALUE",
  "PROXMOX_SSL_VERIFY",
  "PROXMOX_API_TIMEOUT",
]);

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** The scope of the mapping document is called `nodes`; in the environment, as all else, NODES. */
function variableOf(name: SettingName): string {
  return name.toUpperCase();
}

/** @throws AppError "usage" when the policy file cannot be read or holds an unknown key. */
export async function readSettings(context: Context): Promise<SettingTexts> {
  const file = flagText(context, "config");
  const policy = file === undefined ? {} : await readPolicyFile(file);
  const texts: { [Name in SettingName]?: string } = {};
  for (const name of NAMES) {
    // An empty variable is how a pipeline says that it has none.
    const variable = process.env[variableOf(name)] || undefined;
    const text = flagText(context, SETTINGS[name].flag) ?? variable ?? policy[name];
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

/** What was given, over what capture recorded. */
export function withRecorded(given: SettingTexts, manifest: Manifest): SettingTexts {
  return {
    PROXMOX_HOST: manifest.source.host,
    nodes: manifest.scope.nodes.join(","),
    ...manifest.settings,
    ...given,
  };
}

/** Every setting with the text that is in force, for the manifest of the entity files. */
export function settingsInForce(texts: SettingTexts): Record<string, string> {
  const used: Record<string, string> = {};
  for (const name of NAMES) {
    const row: SettingRow = SETTINGS[name];
    const text = texts[name] ?? row.default;
    if (text !== undefined && name !== "BOOTSTRAP") used[name] = text;
  }
  return used;
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

/** `config:` and `scope:` of the mapping document. */
async function readPolicyFile(file: string): Promise<SettingTexts> {
  const { parseDocument } = await import("yaml");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read the policy file "${file}": ${reasonOf(cause)}`, { cause });
  });
  // The plainest schema: every value is the text that stands there, "0012" and "true" alike.
  const document = parseDocument(text, { schema: "failsafe" });
  const fault = document.errors[0];
  if (fault !== undefined) {
    throw usageError(`Cannot read the policy file "${file}": ${fault.message.split("\n", 1)[0]}`);
  }
  const { config, scope, ...others } = mappingOf(valuesOf(document, file), file, "its top level");
  refuseUnknown(file, others, () => false);
  const configured = mappingOf(config, file, "config");
  const scoped = mappingOf(scope, file, "scope");
  refuseUnknown(
    file,
    configured,
    (key) => OTHER_STAGES.has(key) || (isSetting(key) && key !== "nodes"),
  );
  refuseUnknown(file, scoped, (key) => key === "nodes");
  const known = Object.entries({ ...configured, ...scoped }).filter(([key]) => isSetting(key));
  return Object.fromEntries(known.map(([key, value]) => [key, textOf(value, file, key)]));
}

function refuseUnknown(file: string, values: object, isKnown: (key: string) => boolean): void {
  const unknown = Object.keys(values).find((key) => !isKnown(key));
  if (unknown === undefined) return;
  throw usageError(`Unknown key "${unknown}" in the policy file "${file}"`, {
    hint: "Allowed: config with the settings that --help lists, and scope with nodes",
  });
}

function isSetting(key: string): boolean {
  return Object.hasOwn(SETTINGS, key);
}

/** An alias to nothing is found only when the document becomes values. */
function valuesOf(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw usageError(`Cannot read the policy file "${file}": ${reasonOf(cause)}`, { cause });
  }
}

/** A key without a value is an empty text in the plainest schema. */
function mappingOf(value: unknown, file: string, where: string): Record<string, unknown> {
  if (value === undefined || value === null || value === "") return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw usageError(`Cannot read the policy file "${file}": ${where} holds no keys and values`);
}

function textOf(value: unknown, file: string, key: string): string {
  if (typeof value === "string") return value;
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (isList && key === "nodes") return value.join(",");
  throw usageError(`Key "${key}" in the policy file "${file}" holds no single value`, {
    hint: key === "nodes"
      ? "Allowed: a list of node names"
      : "Allowed: a text, a number or a boolean",
  });
}
