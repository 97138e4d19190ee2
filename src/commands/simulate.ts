/** simulate: a synthetic snapshot, the same for the same seed. */
import { usageError } from "../kernel/errors.ts";
import { printable } from "../kernel/log.ts";
import { simulate } from "../rehearse/simulate/simulate.ts";
import type { Session } from "./session.ts";
import { groupDigits } from "./tables.ts";

const DEFAULT_OUT = "snapshots/simulated";

export async function runSimulate(session: Session): Promise<void> {
  const nodes = wholeNumber(session, "nodes");
  const guests = wholeNumber(session, "guests");
  const seed = wholeNumber(session, "seed");
  const target = session.option("out") ?? DEFAULT_OUT;
  const store = await session.openStore(target);
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

function wholeNumber(session: Session, name: string): number {
  const text = session.option(name) ?? "";
  if (!/^\d{1,9}$/.test(text)) {
    throw usageError(`Option --${name} is "${text}"`, {
      hint: "Allowed: a whole number from 0 up",
    });
  }
  return Number(text);
}
