/** A policy file (YAML): `config:` and `scope:` of the mapping document → setting → text. */
import { readFile } from "node:fs/promises";
import { type AppError, reasonOf, usageError } from "../base/errors.ts";

/** What the mapping document keeps under `scope`. */
const SCOPE = "nodes";

/** @throws AppError "usage" when the file cannot be read, is no YAML or holds an unknown key. */
export async function readPolicyFile(
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
  // The plainest schema: every value is the text that stands there, "0012" and "true" alike.
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
    hint: "Allowed: config with the settings that --help lists, and scope with nodes",
  });
}

/** An alias to nothing is found only when the document becomes values. */
function valuesOf(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw unreadable(file, reasonOf(cause), cause);
  }
}

/** A key without a value is an empty text in the plainest schema. */
function mappingOf(value: unknown, file: string, where: string): Record<string, unknown> {
  if (value === undefined || value === null || value === "") return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unreadable(file, `${where} holds no keys and values`);
}

/** The file was read, and what stands in it cannot be. */
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
  throw usageError(`Key "${key}" in the policy file "${file}" holds no single value`, {
    hint: key === SCOPE
      ? "Allowed: a list of node names"
      : "Allowed: a text, a number or a boolean",
  });
}
