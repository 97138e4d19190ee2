/** TABLE: faults of the receiver, and which requests they hit. */
import { INGEST_SCOPE } from "../../netbox/diode/limits.ts";
import { drawFault, type Fault, faultReader } from "../faults.ts";
import { createRandom } from "../random.ts";
import { acknowledgement, MISSING_SCOPE, statusAnswer } from "./ingester.ts";
import { CUT, type HttpOutcome, ownAnswer, page } from "./nginx.ts";
import { refusal } from "./tokens.ts";

/** The requests that a fault can hit. */
export type FaultPlace = "ingest" | "token";

export interface FaultRow {
  readonly on: FaultPlace;
  /** The request is kept all the same, so a sender that retries sends it twice. */
  readonly isKept?: true;
  readonly outcome: HttpOutcome;
  readonly means: string;
}

/** Texts of the ingester and of grpc-go. Source: netboxlabs/diode, diode-server/ingester/component.go. */
export const RECEIVE_FAULTS = {
  "unavailable": {
    on: "ingest",
    outcome: statusAnswer("UNAVAILABLE", "the server is shutting down"),
    means: "gRPC UNAVAILABLE",
  },
  "resource-exhausted": {
    on: "ingest",
    outcome: statusAnswer("RESOURCE_EXHAUSTED", "redis at maxmemory; retry with backoff"),
    means: "gRPC RESOURCE_EXHAUSTED, as from a full server",
  },
  "internal": {
    on: "ingest",
    outcome: statusAnswer("INTERNAL", ""),
    means: "gRPC INTERNAL, as when Redis cannot be written",
  },
  "bad-gateway": {
    on: "ingest",
    outcome: page(502),
    means: "HTTP 502, as when the ingester is down",
  },
  "unauthorized": {
    on: "ingest",
    outcome: ownAnswer(401),
    means: "HTTP 401, as for a revoked token",
  },
  "forbidden": { on: "ingest", outcome: ownAnswer(403), means: "HTTP 403" },
  "no-scope": {
    on: "ingest",
    outcome: statusAnswer("UNAUTHENTICATED", MISSING_SCOPE),
    means: "gRPC UNAUTHENTICATED, as for a token without the scope diode:ingest",
  },
  "reset": { on: "ingest", outcome: CUT, means: "the connection breaks before anything is kept" },
  "lost-answer": {
    on: "ingest",
    isKept: true,
    outcome: CUT,
    means: "the request is kept, and the connection breaks before the answer",
  },
  "rejected": {
    on: "ingest",
    isKept: true,
    outcome: acknowledgement(["entity at index 0 is nil"]),
    means: "the request is kept, and the answer has an error about its first entity",
  },
  "token-429": {
    on: "token",
    outcome: { ...page(429), headers: { ...page(429).headers, "retry-after": 1 } },
    means: "token endpoint: HTTP 429 with Retry-After: 1",
  },
  "token-no-scope": {
    on: "token",
    outcome: refusal(
      "invalid_scope",
      `The OAuth 2.0 Client is not allowed to request scope '${INGEST_SCOPE}'.`,
    ),
    means: "token endpoint: HTTP 400 invalid_scope, as for a client without the scope",
  },
  "token-500": { on: "token", outcome: page(500), means: "token endpoint: HTTP 500" },
  "token-502": { on: "token", outcome: page(502), means: "token endpoint: HTTP 502" },
  "token-503": { on: "token", outcome: page(503), means: "token endpoint: HTTP 503" },
  "token-reset": { on: "token", outcome: CUT, means: "token endpoint: the connection breaks" },
} as const satisfies Readonly<Record<string, FaultRow>>;

export type FaultName = keyof typeof RECEIVE_FAULTS;

export type ReceiveFault = Fault<FaultName>;

/** "unavailable:0.1", or the first two requests: "token-503x2". */
export const parseReceiveFault = faultReader(RECEIVE_FAULTS, {
  hint: '"unavailable:0.1", or "unavailablex2" for the first two requests',
});

/** The fault of the next request; for the same seed, the n-th request gets the same. */
export function createDice(
  faults: readonly ReceiveFault[],
  seed: number,
): (place: FaultPlace) => FaultName | undefined {
  const sources = { ingest: createRandom(seed, "ingest"), token: createRandom(seed, "token") };
  const counts = { ingest: 0, token: 0 };
  return (place) => {
    const matching = faults.filter(({ name }) => RECEIVE_FAULTS[name].on === place);
    return drawFault(matching, counts[place] += 1, sources[place].fraction());
  };
}
