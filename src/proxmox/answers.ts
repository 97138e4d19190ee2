/**
 * Reads answers of a snapshot: the value, or the one reason why it is missing; and which answers are gaps of
 * the snapshot. No other file interprets the error of an answer.
 */
import { type EndpointName, endpointOf, parsePath, PATHS } from "./endpoints.ts";
import { cleanText, type DataRow, list, record, text } from "./values.ts";

/** The answer to one call, or why it is missing. */
export type Answer = Answered | Skipped | Failed;

export interface Answered {
  /** HTTP status; 595–599 are those of Proxmox VE's proxy, for a node that it cannot reach. */
  readonly status: number;
  readonly data?: unknown;
  /** The error text: the reason phrase or the body's `message`. */
  readonly error?: string;
  /** Of a node's network: the difference between /etc/network/interfaces.new and what is in force. */
  readonly changes?: unknown;
}

/** Not asked, and why. */
export interface Skipped {
  readonly skipped: SkipReason;
}

/** Asked, and no HTTP answer came. */
export interface Failed {
  readonly failed: Failure;
}

export const SKIP_REASONS = [
  "agent-not-running",
  "agent-off",
  "config-not-read",
  "guest-stopped",
  "out-of-scope",
  "template",
  "unreachable",
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** How a connection failed. The same list is in src/http/failure.ts, which does not know Proxmox VE. */
export const FAILURES = ["dns", "refused", "reset", "timeout", "tls"] as const;
export type Failure = (typeof FAILURES)[number];

/** Why something was not read. Each is a reason code of left-out.json. */
export type UnreadReason =
  | "agent-error"
  | "agent-not-running"
  | "agent-off"
  | "denied"
  | "failed"
  | "guest-stopped"
  | "out-of-scope"
  | "template"
  | "unparsable"
  | "unreachable";

export interface NotRead {
  readonly reason: UnreadReason;
  /** The text of Proxmox VE; "" when it was not asked. */
  readonly detail: string;
}

export type Reading<Value> = { readonly value: Value } | NotRead;

export function valueOf<Value>(reading: Reading<Value> | undefined): Value | undefined {
  return reading !== undefined && "value" in reading ? reading.value : undefined;
}

/** Applies `next` to a value that was read; a gap stays as it is. */
export function thenRead<From, To>(
  reading: Reading<From>,
  next: (value: From) => Reading<To>,
): Reading<To> {
  return "value" in reading ? next(reading.value) : reading;
}

/** The value in the shape that `pick` finds, or the reason "unparsable". */
export function shapedAs<Value>(
  reading: Reading<unknown>,
  pick: (data: unknown) => Value | undefined,
): Reading<Value> {
  return thenRead(reading, (data) => {
    const value = pick(data);
    return value === undefined
      ? { reason: "unparsable", detail: "the answer has another shape" }
      : { value };
  });
}

const UNAUTHORIZED = 401;
const OVERLOADED = [429, 502, 503, 504];

export const NO_ANSWER = { reason: "failed", detail: "the snapshot holds no answer" } as const;

/** TABLE: the causes of gaps. README and the summary of a capture are printed from it. */
export const CAUSES = {
  denied: "The API token may not read it",
  filtered: "The API token sees only a part of it",
  unreachable: "No connection to its node, or to the API host",
  overloaded: "Proxmox VE was too busy to answer",
  dropped: "The connection was lost",
  "timed-out": "No answer came in time",
  moved: "The guest is not where the listing has it",
  depends: "What it depends on was not read",
  failed: "Proxmox VE answered with an error",
} as const;

export type Cause = keyof typeof CAUSES;

/** TABLE: the first row that matches. Source: pve-http-server, PVE/APIServer/AnyEvent.pm. */
const STATUS_CAUSES: readonly {
  readonly status: readonly number[];
  readonly error?: RegExp;
  readonly cause: Cause;
}[] = [
  { status: [UNAUTHORIZED, 403], cause: "denied" },
  // Of Proxmox VE's proxy, for a node that it cannot reach.
  { status: [595, 596, 597, 599], cause: "unreachable" },
  {
    status: [500],
    error: /^hostname lookup|^unable to get remote IP|^proxy loop detected/,
    cause: "unreachable",
  },
  { status: OVERLOADED, cause: "overloaded" },
  { status: [500], error: /^Configuration file '.*' does not exist/, cause: "moved" },
];

/** Of an answer that is an error. */
function causeOf({ status, error = "" }: Answered): Cause {
  const row = STATUS_CAUSES.find((each) =>
    each.status.includes(status) && (each.error?.test(error) ?? true)
  );
  return row?.cause ?? "failed";
}

export function dataOf(answer: Answer | undefined): Reading<unknown> {
  if (answer === undefined) return NO_ANSWER;
  if ("failed" in answer) return { reason: "failed", detail: answer.failed };
  if ("skipped" in answer) {
    return answer.skipped === "config-not-read"
      ? { reason: "failed", detail: `not asked: ${answer.skipped}` }
      : { reason: answer.skipped, detail: "" };
  }
  const { status, error = "", data } = answer;
  if (status === 200) {
    return error === "" ? { value: data } : { reason: "unparsable", detail: cleanText(error) };
  }
  const cause = causeOf(answer);
  const reason = cause === "denied" || cause === "unreachable" ? cause : "failed";
  return { reason, detail: `${status} ${cleanText(error)}`.trim() };
}

/** An answer that has to be an object. */
export function objectOf(answer: Answer | undefined): Reading<DataRow> {
  return shapedAs(dataOf(answer), record);
}

/** An answer that has to be a list. An item that is not an object is a row without keys. */
export function rowsOf(answer: Answer | undefined): Reading<readonly DataRow[]> {
  return shapedAs(dataOf(answer), asRows);
}

export function asRows(data: unknown): readonly DataRow[] | undefined {
  return list(data)?.map((item) => record(item) ?? {});
}

/** A running container's interfaces; a stopped one answers with null. Source: PVE/API2/LXC.pm. */
export function containerListOf(answer: Answer | undefined): Reading<readonly unknown[]> {
  const data = dataOf(answer);
  const isStopped = "value" in data && data.value === null;
  return isStopped ? { reason: "guest-stopped", detail: "" } : shapedAs(data, list);
}

/**
 * `result` of a guest agent call. Failures of the agent itself come as an error object under HTTP 200; all others as
 * HTTP 500 with a text. Source: PVE/API2/Qemu/Agent.pm.
 */
export function agentResultOf(answer: Answer | undefined): Reading<unknown> {
  const reading = objectOf(answer);
  if ("reason" in reading) {
    const reason = answer && agentFact(answer);
    return reason === undefined ? reading : { ...reading, reason };
  }
  const result = reading.value["result"];
  const error = record(record(result)?.["error"]);
  if (error === undefined) return { value: result };
  const words = [error["class"], error["desc"]].filter((part) => typeof part === "string");
  return { reason: "agent-error", detail: cleanText(words.join(": ")) };
}

/** The data of the answer to `path`, of a guest agent its result; and where it is in the answer. */
export function payloadOf(
  path: string,
  answer: Answer | undefined,
): { readonly pointer: string; readonly reading: Reading<unknown> } {
  return endpointOf(path)?.isAgent === true
    ? { pointer: "/data/result", reading: agentResultOf(answer) }
    : { pointer: "/data", reading: dataOf(answer) };
}

/** Why it was not asked; undefined: it was. */
export function skipReasonOf(answer: Answer): SkipReason | undefined {
  return "skipped" in answer ? answer.skipped : undefined;
}

/** For people: why there is no payload; undefined when there is one. */
export function missingText(path: string, answer: Answer | undefined): string | undefined {
  if (answer !== undefined && "skipped" in answer) return `not asked: ${answer.skipped}`;
  const { reading } = payloadOf(path, answer);
  if ("value" in reading) return undefined;
  if (reading.reason === "agent-error") return `the guest agent: ${reading.detail}`;
  return answer !== undefined && "failed" in answer ? `failed: ${answer.failed}` : reading.detail;
}

/**
 * TABLE: the error texts of guest agent calls that are facts about the guest. A guest that is off has two, by the place
 * where that was noticed. After a timeout, another command may still be answered.
 * Source: qemu-server, PVE/QemuServer/Agent.pm ("VM 101 is not running"), PVE/QemuServer/Monitor.pm ("VM 101 not
 * running", "got timeout").
 */
const AGENT_FACTS = [
  { text: /agent is not running/i, reason: "agent-not-running", isLasting: true },
  { text: /got timeout/i, reason: "agent-not-running", isLasting: false },
  { text: /no qemu guest agent configured/i, reason: "agent-off", isLasting: true },
  { text: /VM \d+ (?:is )?not running/i, reason: "guest-stopped", isLasting: true },
] as const;

export type AgentFact = (typeof AGENT_FACTS)[number]["reason"];

function findAgentFact(answer: Answer): (typeof AGENT_FACTS)[number] | undefined {
  const error = "status" in answer && answer.status === 500 ? answer.error ?? "" : "";
  return AGENT_FACTS.find(({ text }) => text.test(error));
}

/** What the error text says about the guest; undefined: it is no such text. */
export function agentFact(answer: Answer): AgentFact | undefined {
  return findAgentFact(answer)?.reason;
}

/** A fact that makes every other call to the same agent useless. */
export function lastingAgentFact(answer: Answer): AgentFact | undefined {
  const fact = findAgentFact(answer);
  return fact?.isLasting === true ? fact.reason : undefined;
}

/**
 * While /etc/network/interfaces.new exists, Proxmox VE answers with its content, and with the
 * difference to what is in force as `changes` beside `data`. Source: PVE/API2/Network.pm, index.
 */
export function hasUnappliedChanges(answer: Answer | undefined): boolean {
  return answer !== undefined && "changes" in answer && text(answer.changes) !== undefined;
}

/** "Permission check failed (/vms/101, VM.Audit|VM.Monitor)" → the path and the privileges. */
export function missingPrivilegesIn(
  error: string,
): { path: string; privileges: string[] } | undefined {
  const [, path, privileges] = /\((\/[^,()]*), ([A-Za-z.|]+)\)/.exec(error) ?? [];
  return path && privileges ? { path, privileges: privileges.split("|") } : undefined;
}

/** An entry of `incomplete` in the manifest of a snapshot. */
export interface Incomplete {
  readonly path: string;
  readonly reason: string;
  /** A key of CAUSES; a snapshot of another version may have none, or another. */
  readonly cause?: string;
}

const FAILURE_CAUSES: Readonly<Record<Failure, Cause>> = {
  dns: "unreachable",
  refused: "unreachable",
  tls: "unreachable",
  reset: "dropped",
  timeout: "timed-out",
};

/** The gap that an answer leaves; undefined: it is good, is a fact, or was rightly not asked for. */
export function incompleteOf(path: string, answer: Answer): Required<Incomplete> | undefined {
  if ("skipped" in answer) {
    const { skipped: reason } = answer;
    if (reason === "unreachable") return { path, reason, cause: "unreachable" };
    return reason === "config-not-read" ? { path, reason, cause: "depends" } : undefined;
  }
  if ("failed" in answer) {
    return { path, reason: answer.failed, cause: FAILURE_CAUSES[answer.failed] };
  }
  const { status, error } = answer;
  if (status === 200 && error === undefined) return undefined;
  const row = endpointOf(path);
  const isFact = (row?.mayBeMissing === true && status === 501) ||
    (row?.isAgent === true && agentFact(answer) !== undefined);
  if (isFact) return undefined;
  return { path, reason: `${status} ${error ?? ""}`.trim(), cause: causeOf(answer) };
}

export function isTokenRefused(answer: Answer): answer is Answered {
  return "status" in answer && answer.status === UNAUTHORIZED;
}

/** Is it worth a retry? A timeout has cost enough already, and what is wrong with TLS stays wrong. */
export function isTransient(answer: Answer): boolean {
  if ("failed" in answer) return !["timeout", "tls"].includes(answer.failed);
  return "status" in answer && OVERLOADED.includes(answer.status);
}

/** "not-due": there was nothing to ask for. */
export function outcomeOf(path: string, answer: Answer): "answered" | "missing" | "not-due" {
  if (incompleteOf(path, answer) !== undefined) return "missing";
  return "value" in dataOf(answer) ? "answered" : "not-due";
}

/** Asked, and answered with an error or not at all; the manifest counts them. */
export function isFailure(answer: Answer): boolean {
  return "failed" in answer || ("status" in answer && "reason" in dataOf(answer));
}

/** Is the node away, as far as one answer shows? */
export function isUnreachable(path: string, answer: Answer): boolean {
  const cause = incompleteOf(path, answer)?.cause;
  return cause === "unreachable" || cause === "timed-out";
}

/** Listings out of which Proxmox VE leaves rows that the token may not see. Source: "permissions" of each method in PVE/API2. */
const FILTERED: ReadonlySet<EndpointName | undefined> = new Set<EndpointName>([
  "network",
  "resources",
  "sdnVnets",
  "sdnZones",
]);
/** Without these answers it is unknown whether rows were left out. */
const RIGHTS_PATHS: ReadonlySet<string> = new Set([PATHS.permissions, PATHS.acl]);

/** The entry of the manifest by which rows may be missing from a good answer; undefined: none are. */
export function hiddenRows(
  { incomplete }: { readonly incomplete: readonly Incomplete[] },
  path: string,
): (NotRead & { readonly entry: Incomplete }) | undefined {
  const entry = incomplete.find((each) => each.path === path) ??
    (FILTERED.has(parsePath(path)?.endpoint)
      ? incomplete.find((each) => RIGHTS_PATHS.has(each.path))
      : undefined);
  if (entry === undefined) return undefined;
  const detail = entry.path === path
    ? "it lists only a part"
    : `it may list only a part, since ${entry.path} was not read in full`;
  const isDenied = entry.cause === undefined || ["denied", "filtered"].includes(entry.cause);
  return { reason: isDenied ? "denied" : "failed", detail, entry };
}
