/** One HTTP answer → an answer of the snapshot. */
import { record, text } from "../snapshot/scalar.ts";
import type { Answered } from "../snapshot/schema.ts";

export interface Response {
  readonly status: number;
  /** The reason phrase, in which Proxmox VE up to 8.3 alone tells what went wrong. */
  readonly reason: string;
  readonly body: string;
}

/** Words that mean something to the reader of a snapshot, wherever they came from. */
const OWN_WORDS = new Set(["status", "error", "failed", "skipped", "message"]);

/** What stands beside `data` is kept: `total`, `changes`, `errors`. Source: PVE/APIServer/AnyEvent.pm. */
export function answerOf({ status, reason, body }: Response): Answered {
  const envelope = parse(body);
  const beside = Object.entries(envelope ?? {}).filter(([key]) =>
    !OWN_WORDS.has(key) && (status === 200 || key !== "data")
  );
  const kept = Object.fromEntries(beside);
  if (status !== 200) {
    const error = text(envelope?.["message"]) ?? text(reason);
    return { ...kept, status, ...(error === undefined ? {} : { error }) };
  }
  if (envelope === undefined) return { status, error: "The body is no answer of Proxmox VE" };
  return "data" in kept ? { ...kept, status } : { ...kept, status, error: "The body has no data" };
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return record(JSON.parse(body));
  } catch {
    return undefined;
  }
}
