/** TABLE: faults of the receiver, and which requests they hit. */
import { create, toBinary } from "@bufbuild/protobuf";
import { usageError } from "../../base/errors.ts";
import { IngestResponseSchema } from "../../netbox/diode/ingester.ts";
import { INGEST_SCOPE } from "../../netbox/diode/limits.ts";
import { createRandom } from "../random.ts";
import { CUT, type HttpOutcome, type HttpReply, ownAnswer, page } from "./http.ts";
import { messageAnswer, MISSING_SCOPE, statusAnswer } from "./ingester.ts";
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

const REJECTED = create(IngestResponseSchema, { errors: ["entity at index 0 is nil"] });

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
    outcome: messageAnswer(toBinary(IngestResponseSchema, REJECTED)),
    means: "the request is kept, and the answer has an error about its first entity",
  },
  "token-429": {
    on: "token",
    outcome: retryAfter(1, page(429)),
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

export interface ReceiveFault {
  readonly name: FaultName;
  /** Share of all requests, 0 to 1. */
  readonly share?: number;
  /** The first requests: how many. */
  readonly first?: number;
}

const FAULT_REGEXP = /^([a-z0-9-]+?)(?::(0?\.\d+|[01](?:\.0+)?)|x(\d{1,6}))$/;

/** "unavailable:0.1", or the first two requests: "token-503x2". @throws AppError "usage". */
export function parseReceiveFault(text: string): ReceiveFault {
  const [, name = "", share, first] = FAULT_REGEXP.exec(text) ?? [];
  if (!isName(name)) {
    throw usageError(`Invalid fault "${text}"`, {
      hint:
        `Write one of ${
          Object.keys(RECEIVE_FAULTS).join(", ")
        } and its share, "unavailable:0.1", or ` +
        '"unavailablex2" for the first two requests',
    });
  }
  return {
    name,
    ...(share === undefined ? {} : { share: Number(share) }),
    ...(first === undefined ? {} : { first: Number(first) }),
  };
}

function isName(text: string): text is FaultName {
  return Object.hasOwn(RECEIVE_FAULTS, text);
}

/** The fault of the next request; for the same seed, the n-th request gets the same. */
export function createDice(
  faults: readonly ReceiveFault[],
  seed: number,
): (place: FaultPlace) => FaultName | undefined {
  const sources = { ingest: createRandom(seed, "ingest"), token: createRandom(seed, "token") };
  const counts = { ingest: 0, token: 0 };
  return (place) => {
    const number = counts[place] += 1;
    const matching = faults.filter(({ name }) => RECEIVE_FAULTS[name].on === place);
    const early = matching.find(({ first = 0 }) => number <= first);
    let rest = sources[place].fraction();
    if (early !== undefined) return early.name;
    for (const { name, share = 0 } of matching) {
      if (rest < share) return name;
      rest -= share;
    }
    return undefined;
  };
}

function retryAfter(seconds: number, answer: HttpReply): HttpReply {
  return { ...answer, headers: { ...answer.headers, "retry-after": seconds } };
}
