/** One answer of the snapshot → its data, or the reason why there is none. */
import type { Reason } from "../../entities/left-out.ts";
import type { Answer } from "../../snapshot/schema.ts";
import { cleanText, list, record } from "../../snapshot/scalar.ts";
import type { Found } from "./sources.ts";

/** What Proxmox's proxy answers for a node that it cannot reach. Source: proxmox.md §1.2. */
const UNREACHABLE = new Set([595, 596, 597, 599]);
const DENIED = new Set([401, 403]);

export function dataOf(answer: Answer | undefined): Found<unknown> {
  if (answer === undefined) return { reason: "failed", detail: "the snapshot holds no answer" };
  if ("skipped" in answer) return skippedAs(answer.skipped);
  if ("failed" in answer) return { reason: "failed", detail: answer.failed };
  if (answer.status === 200) return { value: answer.data };
  const detail = `${answer.status} ${cleanText(answer.error ?? "")}`.trim();
  if (DENIED.has(answer.status)) return { reason: "denied", detail };
  return { reason: UNREACHABLE.has(answer.status) ? "unreachable" : "failed", detail };
}

/** An answer that has to be an object. */
export function objectOf(answer: Answer | undefined): Found<Readonly<Record<string, unknown>>> {
  return narrow(dataOf(answer), record);
}

/** An answer that has to be a list, of anything. */
export function listOf(answer: Answer | undefined): Found<readonly unknown[]> {
  return narrow(dataOf(answer), list);
}

/** The rows of a list. One that is no object has no keys: it is left out as a row that says nothing. */
export function rowsOf(values: readonly unknown[]): Readonly<Record<string, unknown>>[] {
  return values.map((value) => record(value) ?? {});
}

/**
 * `result` of a guest agent call. Failures of the agent itself come as an error object under HTTP
 * 200; all others as HTTP 500 with a text. Source: PVE/API2/Qemu/Agent.pm; proxmox.md §6.
 */
export function agentResultOf(answer: Answer | undefined): Found<unknown> {
  const found = objectOf(answer);
  if ("reason" in found) return { ...found, reason: agentReason(found.reason, found.detail) };
  const result = found.value["result"];
  const error = record(record(result)?.["error"]);
  if (error === undefined) return { value: result };
  const detail = [error["class"], error["desc"]].filter((part) => typeof part === "string").join(
    ": ",
  );
  return { reason: "agent-error", detail: cleanText(detail) };
}

function agentReason(reason: Reason, detail: string): Reason {
  if (reason !== "failed") return reason;
  if (/agent is not running|got timeout/i.test(detail)) return "agent-not-running";
  if (/no qemu guest agent configured/i.test(detail)) return "agent-off";
  return /VM \d+ (?:is )?not running/i.test(detail) ? "guest-stopped" : reason;
}

/** A value of the shape that `pick` finds, or the reason "unparsable". */
export function narrow<Value>(
  found: Found<unknown>,
  pick: (data: unknown) => Value | undefined,
): Found<Value> {
  if ("reason" in found) return found;
  const value = pick(found.value);
  return value === undefined
    ? { reason: "unparsable", detail: "the answer has another shape" }
    : { value };
}

function skippedAs(skipped: string): { reason: Reason; detail: string } {
  switch (skipped) {
    case "agent-not-running":
    case "agent-off":
    case "guest-stopped":
    case "out-of-scope":
    case "template":
    case "unreachable":
      return { reason: skipped, detail: "" };
    default:
      return { reason: "failed", detail: `not asked: ${skipped}` };
  }
}
