/** An inventory → every question that there is about it, each asked or skipped with its reason. */
import pMap from "p-map";
import { PATHS } from "../snapshot/paths.ts";
import { incompleteOf } from "../snapshot/incomplete.ts";
import { hasUnappliedChanges } from "../snapshot/unapplied.ts";
import { nodeQuestion } from "./endpoints.ts";
import type { Guest, Inventory, NodeGuests } from "./inventory.ts";
import { askConfig, askFurther, type GuestWalk, skipGuest } from "./walk-guest.ts";

export interface Walk extends GuestWalk {
  /** Guests of one node at once. */
  readonly perNode: number;
  /** Each that is done. */
  readonly onGuest: () => void;
  readonly onNode: () => void;
  /** Nodes whose network answer shows changes that are not applied. */
  readonly unapplied: Set<string>;
}

/** True when a guest has left its node since the listing. */
export async function walk(inventory: Inventory, walking: Walk): Promise<boolean> {
  const nodes = inventory.nodes.map((node) =>
    node.isInScope ? askNode(node, walking) : skipNode(node, walking)
  );
  return (await Promise.all(nodes)).includes(true);
}

function skipNode({ node, guests }: NodeGuests, walking: Walk): boolean {
  walking.desk.skip(nodeQuestion("nodeStatus", node), "out-of-scope");
  walking.desk.skip(nodeQuestion("network", node), "out-of-scope");
  for (const guest of guests) skipGuest(guest, "out-of-scope", walking);
  return false;
}

async function askNode({ node, guests }: NodeGuests, walking: Walk): Promise<boolean> {
  const { desk, reach } = walking;
  for (const endpoint of ["nodeStatus", "network"] as const) {
    const question = nodeQuestion(endpoint, node);
    if (reach.isAway(node)) {
      desk.skip(question, "unreachable");
      continue;
    }
    const answer = await desk.ask(question);
    reach.judge(node, question.path, answer);
    if (endpoint === "network" && hasUnappliedChanges(answer)) walking.unapplied.add(node);
  }
  const hasMoved = await askGuests(guests, walking);
  walking.onNode();
  return hasMoved;
}

async function askGuests(guests: readonly Guest[], walking: Walk): Promise<boolean> {
  let hasMoved = false;
  const further: Promise<void>[] = [];
  await pMap(guests, async (guest) => {
    const answer = await askConfig(guest, walking);
    const gap = answer && incompleteOf(PATHS.config(guest), answer);
    hasMoved ||= gap?.cause === "moved";
    // Not waited for: a slow guest agent shall not hold up the config of another guest.
    const asked = askFurther(guest, answer, walking).then(walking.onGuest);
    asked.catch(() => undefined);
    further.push(asked);
  }, { concurrency: walking.perNode });
  await Promise.all(further);
  return hasMoved;
}
