/** Makes an answer of the snapshot, without secrets, from an HTTP response of Proxmox VE. */
import type { Answered } from "../proxmox/answers.ts";
import { record, text } from "../proxmox/values.ts";

export interface ApiResponse {
  readonly status: number;
  /** The reason phrase: Proxmox VE up to 8.3 says only there what went wrong. */
  readonly reason: string;
  readonly body: string;
}

/** Keys of a snapshot's answer; a body cannot set them. */
const RESERVED_KEYS = new Set(["status", "error", "failed", "skipped", "message"]);

/** What is beside `data` is kept: `total`, `changes`, `errors`. Source: PVE/APIServer/AnyEvent.pm. */
export function answerOf({ status, reason, body }: ApiResponse): Answered {
  const envelope = parse(body);
  const kept = Object.fromEntries(
    Object.entries(envelope ?? {}).filter(([key]) =>
      !RESERVED_KEYS.has(key) && (status === 200 || key !== "data")
    ),
  );
  if (status !== 200) {
    const error = text(envelope?.["message"]) ?? text(reason);
    return redact({ ...kept, status, ...(error === undefined ? {} : { error }) });
  }
  if (envelope === undefined) return { status, error: "The body is not an answer of Proxmox VE" };
  return redact({ ...kept, status, ..."data" in kept ? {} : { error: "The body has no data" } });
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return record(JSON.parse(body));
  } catch {
    return undefined;
  }
}

interface SecretRow {
  /** The name of the field, anywhere in an answer. */
  readonly field: RegExp;
  /** The part of a text that is secret; absent: all of it. */
  readonly part?: RegExp;
  readonly why: string;
}

/** TABLE: fields that hold, or may hold, a secret, which never reaches the disk. The first row that matches decides. */
export const SECRETS: readonly SecretRow[] = [
  { field: /^cipassword$/, why: "password that cloud-init sets; Proxmox VE masks it itself" },
  { field: /^env$/, why: "environment of a container that runs an OCI image" },
  {
    field: /^args$/,
    part: /(?<=\b(?:password|passwd|secret|passphrase|data|key)=)[^,\s"']+/gi,
    why: "QEMU command line, which may hold keys and passwords",
  },
  {
    field: /^(?:options6?|comments|changes)$/,
    part:
      /(?<=\b(?:wpa-(?:psk|password|key)|wireless-key\d*|psk|password|private-key)[ \t=]+)\S+/gi,
    why: "lines of /etc/network/interfaces, which may hold keys of networks",
  },
  { field: /pass(?:word|wd|phrase)|secret|credential|private.?key/i, why: "named like a secret" },
];

const REDACTED = "[redacted]";
/** Raw lines of a container's config: pairs of key and value. */
const ENVIRONMENT_REGEXP = /^lxc\.environment(?:\.|$)/;
/** Far more than any answer has, and less than a snapshot can be written with. */
const MAX_DEPTH = 100;

export function redact(answer: Answered): Answered {
  try {
    return withoutSecrets(answer, { field: "", depth: 0 }) as Answered;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { status: answer.status, error: `The body is ${error.message}` };
  }
}

interface ValueContext {
  readonly field: string;
  readonly depth: number;
}

function withoutSecrets(value: unknown, { field, depth }: ValueContext): unknown {
  if (typeof value === "string" || typeof value === "number") return redactScalar(value, field);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
  // Items of a list have the name of the list.
  const inside = { field, depth: depth + 1 };
  if (Array.isArray(value)) {
    return isSecretPair(value)
      ? [value[0], REDACTED]
      : value.map((item) => withoutSecrets(item, inside));
  }
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [key, withoutSecrets(item, { ...inside, field: key })]),
  );
}

function isSecretPair([key, value, ...others]: readonly unknown[]): boolean {
  return typeof key === "string" && typeof value === "string" && others.length === 0 &&
    ENVIRONMENT_REGEXP.test(key);
}

function redactScalar(value: string | number, field: string): string | number {
  const row = SECRETS.find((secret) => secret.field.test(field));
  if (row === undefined || value === "") return value;
  if (row.part === undefined) return REDACTED;
  return typeof value === "string" ? value.replace(row.part, REDACTED) : value;
}
