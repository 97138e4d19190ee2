/** One answer of the snapshot → its data, or the one reason why there is none. */
import { PATHS } from "./endpoints.ts";
import { cleanText, list, record, text } from "./values.ts";

/** One question's outcome: the answer, or why there is none. */
export type Answer = Answered | Skipped | Failed;

export interface Answered {
  /** HTTP status, 595–599 included (Proxmox's codes for a node that its proxy cannot reach). */
  readonly status: number;
  readonly data?: unknown;
  /** The error text: the reason phrase or the body's `message`. */
  readonly error?: string;
  /** Beside a node's network: what its panel has not applied yet. See unapplied.ts. */
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

/** How a connection failed. */
export const FAILURES = ["dns", "refused", "reset", "timeout", "tls"] as const;
export type Failure = (typeof FAILURES)[number];

/** Why something was not read. Each is a reason code of left-out.json. */
export type Unread =
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

/** `detail` is what Proxmox VE said; "" when it was not asked. */
export type Reading<Value, Reason = Unread> = { readonly value: Value } | {
  readonly reason: Reason;
  readonly detail: string;
};

/** What Proxmox's proxy answers for a node that it cannot reach. Source: proxmox.md §1.2. */
const UNREACHABLE: ReadonlySet<number> = new Set([595, 596, 597, 599]);
const DENIED: ReadonlySet<number> = new Set([401, 403]);

/** Why capture did not ask → why nothing is known. */
const SKIPPED: Readonly<Record<SkipReason, Unread | undefined>> = {
  "agent-not-running": "agent-not-running",
  "agent-off": "agent-off",
  "config-not-read": undefined,
  "guest-stopped": "guest-stopped",
  "out-of-scope": "out-of-scope",
  template: "template",
  unreachable: "unreachable",
};

export const NO_ANSWER = { reason: "failed", detail: "the snapshot holds no answer" } as const;

export function dataOf(answer: Answer | undefined): Reading<unknown> {
  if (answer === undefined) return NO_ANSWER;
  if ("failed" in answer) return { reason: "failed", detail: answer.failed };
  if ("skipped" in answer) {
    const reason = SKIPPED[answer.skipped];
    return reason === undefined
      ? { reason: "failed", detail: `not asked: ${answer.skipped}` }
      : { reason, detail: "" };
  }
  if (answer.status === 200) return { value: answer.data };
  const detail = `${answer.status} ${cleanText(answer.error ?? "")}`.trim();
  if (DENIED.has(answer.status)) return { reason: "denied", detail };
  return { reason: UNREACHABLE.has(answer.status) ? "unreachable" : "failed", detail };
}

export function hasData(answer: Answer): boolean {
  return "status" in answer && answer.status === 200;
}

/** An answer that has to be an object. */
export function objectOf(answer: Answer | undefined): Reading<Readonly<Record<string, unknown>>> {
  return narrow(dataOf(answer), record);
}

/** An answer that has to be a list, of anything. */
export function listOf(answer: Answer | undefined): Reading<readonly unknown[]> {
  return narrow(dataOf(answer), list);
}

/**
 * `result` of a guest agent call. Failures of the agent itself come as an error object under HTTP 200; all others as
 * HTTP 500 with a text. Source: PVE/API2/Qemu/Agent.pm; proxmox.md §6.
 */
export function agentResultOf(answer: Answer | undefined): Reading<unknown> {
  const found = objectOf(answer);
  if ("reason" in found) {
    const fact = answer === undefined ? undefined : agentFact(answer);
    return fact === undefined ? found : { ...found, reason: fact };
  }
  const result = found.value["result"];
  const error = record(record(result)?.["error"]);
  if (error === undefined) return { value: result };
  const words = [error["class"], error["desc"]].filter((part) => typeof part === "string");
  return { reason: "agent-error", detail: cleanText(words.join(": ")) };
}

/**
 * TABLE: the texts of failed agent calls that tell a fact about the guest. Which of two texts a guest that is off has
 * depends on where that was noticed.
 * Source: qemu-server, PVE/QemuServer/Agent.pm ("VM 101 is not running"), PVE/QemuServer/Monitor.pm ("VM 101 not
 * running", "got timeout").
 */
const AGENT_FACTS = [
  [/agent is not running|got timeout/i, "agent-not-running"],
  [/no qemu guest agent configured/i, "agent-off"],
  [/VM \d+ (?:is )?not running/i, "guest-stopped"],
] as const;

export type AgentFact = (typeof AGENT_FACTS)[number][1];

/** undefined: the answer is a good one, or a gap. */
export function agentFact(answer: Answer): AgentFact | undefined {
  const error = "status" in answer && answer.status === 500 ? answer.error ?? "" : "";
  return AGENT_FACTS.find(([pattern]) => pattern.test(error))?.[1];
}

/** A value of the shape that `pick` finds, or the reason "unparsable". */
export function narrow<Value, Reason>(
  found: Reading<unknown, Reason>,
  pick: (data: unknown) => Value | undefined,
): Reading<Value, Reason | "unparsable"> {
  if ("reason" in found) return found;
  const value = pick(found.value);
  return value === undefined
    ? { reason: "unparsable", detail: "the answer has another shape" }
    : { value };
}

/** undefined: not read. */
export function valueOf<Value>(found: Reading<Value, unknown> | undefined): Value | undefined {
  return found !== undefined && "value" in found ? found.value : undefined;
}

/** The rows of a list. One that is not an object has no keys: it is left out as a row that says nothing. */
export function asRows(values: readonly unknown[]): Readonly<Record<string, unknown>>[] {
  return values.map((value) => record(value) ?? {});
}

/**
 * While /etc/network/interfaces.new exists, Proxmox VE answers with its content, and with the
 * difference to what is in force as `changes` beside `data`. Source: PVE/API2/Network.pm, index.
 */
export function hasUnappliedChanges(answer: Answer | undefined): boolean {
  return answer !== undefined && "changes" in answer && text(answer.changes) !== undefined;
}

/** Which answers are gaps: what a snapshot would hold more if all had gone well. */

/** An entry of `incomplete` in the manifest of a snapshot; `cause` is a key of CAUSES. */
export interface Incomplete {
  readonly path: string;
  readonly reason: string;
  readonly cause?: string;
}

/** TABLE: what gaps come from, one row a code. README and the summary of a capture are printed from it. */
export const CAUSES = {
  denied: "The API token may not read it",
  filtered: "The API token sees only a part of it",
  unreachable: "Its node did not answer",
  overloaded: "Proxmox VE was too busy to answer",
  dropped: "The connection was lost",
  "timed-out": "No answer came in time",
  moved: "The guest is not where the listing has it",
  "depends": "What it depends on was not read",
  failed: "Proxmox VE answered with an error",
} as const;

export type Cause = keyof typeof CAUSES;

interface Pattern {
  readonly path?: RegExp;
  readonly status: readonly number[];
  readonly error?: RegExp;
}

const AGENT_REGEXP = /\/agent\//;
/** Up to PVE 8.0 there is no such endpoint. */
const LXC_INTERFACES: Pattern = { path: /\/lxc\/\d+\/interfaces$/, status: [501] };

/** The first that matches. Source: proxmox.md §1.2. */
const STATUS_CAUSES: readonly (Pattern & { readonly cause: Cause })[] = [
  { status: [401, 403], cause: "denied" },
  { status: [595, 596, 597, 599], cause: "unreachable" },
  {
    status: [500],
    error: /^hostname lookup|^unable to get remote IP|^proxy loop detected/,
    cause: "unreachable",
  },
  { status: [429, 502, 503, 504], cause: "overloaded" },
  { status: [500], error: /^Configuration file '.*' does not exist/, cause: "moved" },
];

const FAILURE_CAUSES = {
  dns: "unreachable",
  refused: "unreachable",
  tls: "unreachable",
  reset: "dropped",
  timeout: "timed-out",
} as const;

/** undefined: the answer is good, or tells a fact, or was not due. */
export function incompleteOf(path: string, answer: Answer): Required<Incomplete> | undefined {
  if ("skipped" in answer) {
    if (answer.skipped === "unreachable") {
      return { path, reason: "unreachable", cause: "unreachable" };
    }
    if (answer.skipped !== "config-not-read") return undefined;
    return { path, reason: answer.skipped, cause: "depends" };
  }
  if ("failed" in answer) {
    return { path, reason: answer.failed, cause: FAILURE_CAUSES[answer.failed] };
  }
  const { status, error = "" } = answer;
  const isGood = status === 200 && answer.error === undefined;
  const matches = (pattern: Pattern): boolean =>
    pattern.status.includes(status) && (pattern.path?.test(path) ?? true) &&
    (pattern.error?.test(error) ?? true);
  const isFact = matches(LXC_INTERFACES) ||
    (AGENT_REGEXP.test(path) && agentFact(answer) !== undefined);
  if (isGood || isFact) return undefined;
  const cause = STATUS_CAUSES.find(matches)?.cause ?? "failed";
  return { path, reason: `${status} ${error}`.trim(), cause };
}

/**
 * Listings out of which Proxmox VE leaves what the token may not see. Whether it did is not known unless the token's
 * rights and the access control list were read. Source: proxmox.md §2.2.
 */
const RIGHTS: ReadonlySet<string> = new Set([PATHS.permissions, PATHS.acl]);
const FILTERED_REGEXP = /^\/cluster\/resources|^\/nodes\/[^/]+\/network$/;

/** Why rows may be missing from a good answer; undefined when none are. */
export function hiddenRows(
  { incomplete }: { readonly incomplete: readonly Incomplete[] },
  path: string,
): Incomplete | undefined {
  return incomplete.find((each) => each.path === path) ??
    (FILTERED_REGEXP.test(path) ? incomplete.find((each) => RIGHTS.has(each.path)) : undefined);
}

/** For people: why rows may be missing from the answer to `path`. */
export function hiddenDetail(hidden: Incomplete, path: string): string {
  return hidden.path === path
    ? "it lists only a part"
    : `it may list only a part, since ${hidden.path} was not read in full`;
}

/** Is the node of this question away, as far as one answer can tell? */
export function isUnreachable(path: string, answer: Answer): boolean {
  const cause = incompleteOf(path, answer)?.cause;
  return cause === "unreachable" || cause === "timed-out";
}
