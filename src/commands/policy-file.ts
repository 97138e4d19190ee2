/** A policy file (YAML): `config:` and `scope:` of the mapping document → setting → text. */
import { readFile } from "node:fs/promises";
import { reasonOf, usageError } from "../kernel/errors.ts";
import { STAGE_SETTINGS } from "./stage-settings.ts";

/** Settings of stages to come, which a policy file for all of them may hold. */
const OTHER_STAGES = [
  "PROXMOX_PORT",
  "PROXMOX_USER",
  "PROXMOX_TOKEN_NAME",
  "PROXMOX_TOKEN_VALUE",
  "PROXMOX_SSL_VERIFY",
  "PROXMOX_API_TIMEOUT",
];

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(STAGE_SETTINGS).flatMap((table) => Object.keys(table)),
  ...OTHER_STAGES,
]);

/** What the mapping document keeps under `scope`. */
const SCOPE = "nodes";

/** @throws AppError "usage" when the file cannot be read, is no YAML or holds an unknown key. */
export async function readPolicyFile(file: string): Promise<Readonly<Record<string, string>>> {
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
  refuseUnknown(file, configured, (key) => KNOWN.has(key) && key !== SCOPE);
  refuseUnknown(file, scoped, (key) => key === SCOPE);
  const values = Object.entries({ ...configured, ...scoped });
  return Object.fromEntries(values.map(([key, value]) => [key, textOf(value, file, key)]));
}

function refuseUnknown(file: string, values: object, isKnown: (key: string) => boolean): void {
  const unknown = Object.keys(values).find((key) => !isKnown(key));
  if (unknown === undefined) return;
  throw usageError(`Unknown key "${unknown}" in the policy file "${file}"`, {
    hint: "Allowed: config with the settings that --help lists, and scope with nodes",
  });
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
  if (isList && key === SCOPE) return value.join(",");
  throw usageError(`Key "${key}" in the policy file "${file}" holds no single value`, {
    hint: key === SCOPE
      ? "Allowed: a list of node names"
      : "Allowed: a text, a number or a boolean",
  });
}
