/** Disturbances of a served cluster: faults, latency, offline nodes, moved guests, missing privileges. */
import { usageError } from "../../base/errors.ts";
import { createRandom } from "../random.ts";
import { type Dialect, type Move, Moves, type ServedCluster, type World } from "./cluster.ts";
import { apiError, bareError, isDrop, type Reply, type ReplyOrDrop } from "./replies.ts";
import { type Denial, Rights, type Token } from "./token.ts";

export interface ServeFault {
  readonly kind: FaultKind;
  /** Share of all attempts, 0 to 1. */
  readonly share?: number;
  /** The first attempts of every path: how many. */
  readonly first?: number;
  /** Only these paths; "*" matches any text. */
  readonly path?: string;
}

export type FaultKind = `${keyof typeof SERVE_FAULTS}`;

interface FaultContext {
  readonly dialect: Dialect;
  readonly retryAfterSeconds: number | undefined;
  /** The answer without the fault. */
  readonly undisturbed: () => Promise<ReplyOrDrop>;
}

/** TABLE: faults. 429 and 502 to 504 come from a reverse proxy before pveproxy, which never sends them itself. */
export const SERVE_FAULTS = {
  429: (context: FaultContext) => proxyPage(429, "Too Many Requests", context),
  500: ({ dialect }: FaultContext) =>
    apiError(dialect, { status: 500, text: "Internal Server Error" }),
  502: (context: FaultContext) => proxyPage(502, "Bad Gateway", context),
  503: (context: FaultContext) => proxyPage(503, "Service Unavailable", context),
  504: (context: FaultContext) => proxyPage(504, "Gateway Timeout", context),
  595: () => bareError(595, "Connection refused"),
  596: () => bareError(596, "Connection timed out"),
  597: () => bareError(597, "Connection reset by peer"),
  reset: (): ReplyOrDrop => ({ drop: "reset" }),
  cut: async ({ undisturbed }: FaultContext) => cut(await undisturbed()),
  timeout: (): ReplyOrDrop => ({ drop: "silence" }),
} as const satisfies Readonly<
  Record<string, (context: FaultContext) => ReplyOrDrop | Promise<ReplyOrDrop>>
>;

const FAULT_REGEXP = /^(\d{3}|[a-z]+?)(?::(0?\.\d+|[01](?:\.0+)?)|x(\d{1,6}))(?:@(\/\S*))?$/;

/** "503:0.05"; "503x2": the first two attempts of every path; "…@/nodes/pve1/*". @throws AppError "usage". */
export function parseServeFault(text: string): ServeFault {
  const [, kind = "", share, first, path] = FAULT_REGEXP.exec(text) ?? [];
  if (!isKind(kind)) {
    throw usageError(`Invalid fault "${text}"`, {
      hint:
        `Write one of ${
          Object.keys(SERVE_FAULTS).join(", ")
        } and its share, "503:0.05", or "503x2" ` +
        'for the first two attempts of every path; append "@/nodes/pve1/*" to limit it to some paths',
    });
  }
  return {
    kind,
    ...(share === undefined ? {} : { share: Number(share) }),
    ...(first === undefined ? {} : { first: Number(first) }),
    ...(path === undefined ? {} : { path }),
  };
}

function isKind(text: string): text is FaultKind {
  return Object.hasOwn(SERVE_FAULTS, text);
}

export interface Attempt {
  readonly seed: number;
  readonly path: string;
  /** 1, 2, 3 … */
  readonly number: number;
}

/** At most one fault for an attempt, the same for the same seed, path and attempt. */
export function faultFor(faults: readonly ServeFault[], attempt: Attempt): FaultKind | undefined {
  const matching = faults.filter(({ path }) => path === undefined || matches(path, attempt.path));
  const early = matching.find(({ first = 0 }) => attempt.number <= first);
  if (early !== undefined) return early.kind;
  let rest = createRandom(attempt.seed, `fault/${attempt.path}/${attempt.number}`).fraction();
  for (const { kind, share = 0 } of matching) {
    if (rest < share) return kind;
    rest -= share;
  }
  return undefined;
}

/** "/nodes/pve1/*". A pattern without a query matches paths with any query. */
function matches(pattern: string, path: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const regexp = new RegExp(`^${parts.join(".*")}$`);
  return [path, path.split("?", 1)[0] ?? ""].some((each) => regexp.test(each));
}

function proxyPage(status: number, reason: string, { retryAfterSeconds }: FaultContext): Reply {
  const isTimed = retryAfterSeconds !== undefined && (status === 429 || status === 503);
  return {
    status,
    reason,
    text: `<html><head><title>${status} ${reason}</title></head></html>\n`,
    textType: "text/html",
    ...(isTimed ? { retryAfterSeconds } : {}),
  };
}

/** An answer without a body is reset instead. */
function cut(undisturbed: ReplyOrDrop): ReplyOrDrop {
  if (isDrop(undisturbed) || (undisturbed.envelope ?? undisturbed.text) === undefined) {
    return { drop: "reset" };
  }
  return { ...undisturbed, isCut: true };
}

/** Most nodes that a hint lists. */
const MAX_NAMED = 12;

export interface Disturbances {
  /** Delay of every answer. */
  readonly latencyMs?: number;
  /** Time of a guest agent call, during which it blocks a worker of its node. */
  readonly slowAgentMs?: number;
  /** At random; at most one for an attempt. */
  readonly faults?: readonly ServeFault[];
  /** Retry-After of 429 and 503. */
  readonly retryAfterSeconds?: number;
  /** Nodes that have been offline for a long time: listed as such, and 595 for all of their paths. */
  readonly offline?: readonly string[];
  /** Guests that move, or are removed, after the listing was read. */
  readonly moves?: readonly Move[];
  /** Privileges that the token lacks. */
  readonly denials?: readonly Denial[];
  /** The token expires after this many requests. */
  readonly expireTokenAfter?: number;
}

/** @throws AppError "usage" for a node, a guest or a privilege that the snapshot does not have. */
export function disturb(
  cluster: ServedCluster,
  token: Token,
  disturbances: Disturbances,
): World {
  const { offline = [], moves = [], denials = [] } = disturbances;
  const rights = new Rights(cluster.permissions, denials);
  const nodes = [...offline, ...moves.flatMap(({ node }) => node ?? [])];
  const unknown = [
    ...nodes.filter((node) => !cluster.nodes.includes(node)),
    ...moves.filter(({ vmid }) => !cluster.guests.has(vmid)).map(({ vmid }) => vmid),
    ...denials.filter(({ privilege }) => !rights.had(privilege)).map(({ privilege }) => privilege),
  ];
  if (unknown.length > 0) {
    throw usageError(`Not in the snapshot: ${unknown.join(", ")}`, {
      hint:
        `Its nodes are ${cluster.nodes.slice(0, MAX_NAMED).join(", ")}; VMIDs and privileges of ` +
        "the token have to be in the snapshot, too",
    });
  }
  return { cluster, token, rights, moves: new Moves(moves), offline: new Set(offline) };
}
