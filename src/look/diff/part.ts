/** One answer of the snapshot → the fields that it holds, or why there are none. */
import type { Reason } from "../../entities/left-out.ts";
import type { Answer } from "../../snapshot/schema.ts";
import type { Fields } from "./fields.ts";

/** Why something is not known; `detail` is what Proxmox said. */
export interface Gap {
  readonly reason: Reason;
  readonly detail: string;
}

export type Found<Value> = { readonly value: Value } | Gap;

/** The answers of a thing, by the words of left-out.json: "config", "agent/get-osinfo". */
export type Parts = ReadonlyMap<string, Found<Fields>>;

type Row = Readonly<Record<string, unknown>>;

/** What Proxmox's proxy answers for a node that it cannot reach. Source: AnyEvent::HTTP. */
const UNREACHABLE: ReadonlySet<number> = new Set([595, 596, 597, 599]);
const DENIED: ReadonlySet<number> = new Set([401, 403]);

/** What the texts of a failed agent call mean. Source: PVE/API2/Qemu/Agent.pm, PVE/QemuServer/Agent.pm. */
const AGENT_TEXTS: readonly (readonly [RegExp, Reason])[] = [
  [/agent is not running|got timeout/i, "agent-not-running"],
  [/no qemu guest agent configured/i, "agent-off"],
  [/VM \d+ (?:is )?not running/i, "guest-stopped"],
];

/** Why capture did not ask → why nothing is known. */
const SKIPPED: Readonly<Record<string, Reason>> = {
  "agent-not-running": "agent-not-running",
  "agent-off": "agent-off",
  "guest-stopped": "guest-stopped",
  "out-of-scope": "out-of-scope",
  "template": "template",
  "unreachable": "unreachable",
};

export const NO_ANSWER: Gap = { reason: "failed", detail: "the snapshot holds no answer" };

export function dataOf(answer: Answer | undefined): Found<unknown> {
  if (answer === undefined) return NO_ANSWER;
  if ("failed" in answer) return { reason: "failed", detail: answer.failed };
  if ("skipped" in answer) {
    const reason = SKIPPED[answer.skipped];
    return reason === undefined
      ? { reason: "failed", detail: `not asked: ${answer.skipped}` }
      : { reason, detail: "" };
  }
  if (answer.status === 200) return { value: answer.data };
  const reason = DENIED.has(answer.status)
    ? "denied"
    : UNREACHABLE.has(answer.status)
    ? "unreachable"
    : "failed";
  return { reason, detail: `${answer.status} ${answer.error ?? ""}`.trim() };
}

export function objectOf(answer: Answer | undefined): Found<Row> {
  return mapFound(dataOf(answer), (data) => isRow(data) ? { value: data } : MISSHAPEN);
}

/** The objects in a list. */
export function rowsOf(answer: Answer | undefined): Found<readonly Row[]> {
  return mapFound(dataOf(answer), listed);
}

/** A running container's interfaces; a stopped one answers with null. Source: PVE/API2/LXC.pm. */
export function containerRowsOf(answer: Answer | undefined): Found<readonly Row[]> {
  return mapFound(
    dataOf(answer),
    (data) => data === null ? { reason: "guest-stopped", detail: "" } : listed(data),
  );
}

/** `result` of an agent call, whose own errors come under HTTP 200. Source: PVE/API2/Qemu/Agent.pm. */
export function agentResultOf(answer: Answer | undefined): Found<unknown> {
  const found = objectOf(answer);
  if ("reason" in found) {
    if (found.reason !== "failed") return found;
    const known = AGENT_TEXTS.find(([text]) => text.test(found.detail));
    return known === undefined ? found : { ...found, reason: known[1] };
  }
  const { result } = found.value;
  const error = isRow(result) ? result["error"] : undefined;
  if (!isRow(error)) return { value: result };
  const words = [error["class"], error["desc"]].filter((word) => typeof word === "string");
  return { reason: "agent-error", detail: words.join(": ") };
}

export function mapFound<From, To>(
  found: Found<From>,
  make: (value: From) => Found<To>,
): Found<To> {
  return "reason" in found ? found : make(found.value);
}

export function listed(data: unknown): Found<readonly Row[]> {
  return Array.isArray(data) ? { value: data.filter(isRow) } : MISSHAPEN;
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const MISSHAPEN: Gap = { reason: "unparsable", detail: "the answer has another shape" };
