/** TABLE: options of `serve` → what they disturb. */
import type { Disturbances } from "../../rehearse/serve/disturbances.ts";
import { parseFault } from "../../rehearse/serve/fault.ts";
import { parseMove } from "../../rehearse/serve/moves.ts";
import { parseDenial } from "../../rehearse/serve/rights.ts";
import { type Given, listed, milliseconds, wholeNumber } from "../option-values.ts";
import type { Session } from "../session.ts";

const READERS: Readonly<Record<string, (given: Given) => Disturbances>> = {
  latency: (given) => ({ latencyMs: milliseconds(given) }),
  "slow-agent": (given) => ({ slowAgentMs: milliseconds(given) }),
  fail: (given) => ({ faults: listed(given).map(parseFault) }),
  // HTTP counts in whole seconds.
  "retry-after": (given) => ({ retryAfterSeconds: Math.ceil(milliseconds(given) / 1000) }),
  offline: (given) => ({ offline: listed(given) }),
  move: (given) => ({ moves: listed(given).map(parseMove) }),
  deny: (given) => ({ denials: listed(given).map(parseDenial) }),
  "expire-token": (given) => ({ expireTokenAfter: wholeNumber(given) }),
};

/** @throws AppError "usage" for a value that an option does not take. */
export function readDisturbances(session: Pick<Session, "option">): Disturbances {
  const read = Object.entries(READERS).map(([name, reader]): Disturbances => {
    const text = session.option(name);
    return text === undefined ? {} : reader({ name, text });
  });
  return Object.assign({}, ...read) as Disturbances;
}
