/** A node's network as it was edited, not as it is: what the answer says of changes that wait. */
import { text } from "./scalar.ts";
import type { Answer } from "./schema.ts";

/**
 * While /etc/network/interfaces.new exists, Proxmox VE answers with its content, and with the
 * difference to what is in force as `changes` beside `data`. Source: PVE/API2/Network.pm, index.
 */
export function hasUnappliedChanges(answer: Answer | undefined): boolean {
  return answer !== undefined && "changes" in answer && text(answer.changes) !== undefined;
}
