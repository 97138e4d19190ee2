/** simulate: a synthetic snapshot, the same for the same seed. */
import { printable } from "../../base/log.ts";
import { wholeNumber } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { simulate } from "./simulate.ts";

const DEFAULT_OUT = "snapshots/simulated";

export async function runSimulate(session: Session): Promise<void> {
  const nodes = numberOf(session, "nodes");
  const guests = numberOf(session, "guests");
  const seed = numberOf(session, "seed");
  const target = session.option("out") ?? DEFAULT_OUT;
  const store = await session.openTarget(target);
  const { counts, files, outcome } = await simulate(store, { nodes, guests, seed });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (session.isJson) {
    const result = { folder: target, nodes, guests, seed, outcome, counts, bytes };
    session.print(JSON.stringify(result, null, 2));
    return;
  }
  session.print(
    `Wrote ${groupDigits(guests)} guests on ${groupDigits(nodes)} nodes (seed ${seed}): ` +
      `${groupDigits(counts.answers)} answers, ${groupDigits(bytes)} bytes, ${outcome}, in ${
        printable(target)
      }`,
  );
}

function numberOf(session: Session, name: string): number {
  return wholeNumber({ name, text: session.option(name) ?? "" });
}
