/** What shall go wrong while a cluster is rehearsed, and the world that comes of it. */
import { usageError } from "../../base/errors.ts";
import { createRandom } from "../random.ts";
import type { Cluster, Dialect } from "./cluster.ts";
import { apiError, bareError, isDrop, type Outcome, type Reply } from "./replies.ts";
import { type Denial, Rights } from "./rights.ts";
import type { Token } from "./token.ts";

/** Guests that leave their node once the listing has named it. */

/** Where a guest goes: another node or, without one, out of the cluster. */
export interface Move {
  readonly vmid: number;
  readonly node?: string;
}

/** "101:pve2", or "101" for a guest that is removed. */
export function parseMove(text: string): Move {
  const [, vmid, node] = /^(\d{3,9})(?::([A-Za-z0-9.-]+))?$/.exec(text) ?? [];
  if (vmid === undefined) {
    throw usageError(`Cannot move "${text}"`, { hint: 'Write a VMID and a node: "101:pve2"' });
  }
  return { vmid: Number(vmid), ...(node === undefined ? {} : { node }) };
}

export class Moves {
  readonly #moves: ReadonlyMap<number, Move>;
  #isDone = false;

  constructor(moves: readonly Move[]) {
    this.#moves = new Map(moves.map((move) => [move.vmid, move]));
  }

  /** From now on the guests are where they go: called when the listing is answered. */
  finish(): void {
    this.#isDone = true;
  }

  /** The node that a guest of `home` is on now; undefined when it is on none. */
  nodeOf(vmid: number, home: string): string | undefined {
    const move = this.#isDone ? this.#moves.get(vmid) : undefined;
    return move === undefined ? home : move.node;
  }
}

/** Faults that strike at random, and yet the same for the same seed, path and attempt. */

export interface Fault {
  readonly kind: FaultKind;
  /** In how many of all attempts, 0 to 1. */
  readonly share?: number;
  /** Of every path the first so many attempts. */
  readonly first?: number;
  /** Only these paths; "*" stands for anything. */
  readonly path?: string;
}

export type FaultKind = `${keyof typeof FAULTS}`;

interface Strike {
  readonly dialect: Dialect;
  readonly retryAfterSeconds: number | undefined;
  /** What would have been answered. */
  readonly spared: () => Promise<Outcome>;
}

/** 429 and 502 to 504 come from a proxy that stands before pveproxy; it has none of these itself. */
export const FAULTS = {
  429: (strike: Strike) => proxyPage(429, "Too Many Requests", strike),
  500: ({ dialect }: Strike) => apiError(dialect, { status: 500, text: "Internal Server Error" }),
  502: (strike: Strike) => proxyPage(502, "Bad Gateway", strike),
  503: (strike: Strike) => proxyPage(503, "Service Unavailable", strike),
  504: (strike: Strike) => proxyPage(504, "Gateway Timeout", strike),
  595: () => bareError(595, "Connection refused"),
  596: () => bareError(596, "Connection timed out"),
  597: () => bareError(597, "Connection reset by peer"),
  reset: (): Outcome => ({ drop: "reset" }),
  cut: async ({ spared }: Strike) => cut(await spared()),
  timeout: (): Outcome => ({ drop: "silence" }),
} as const satisfies Readonly<Record<string, (strike: Strike) => Outcome | Promise<Outcome>>>;

const FAULT_REGEXP = /^(\d{3}|[a-z]+?)(?::(0?\.\d+|[01](?:\.0+)?)|x(\d{1,6}))(?:@(\/\S*))?$/;

/** "503:0.05", "reset:0.1", or of every path the first two attempts: "503x2"; "…@/nodes/pve1/*". */
export function parseFault(text: string): Fault {
  const [, kind = "", share, first, path] = FAULT_REGEXP.exec(text) ?? [];
  if (!isKind(kind)) {
    throw usageError(`Cannot make the fault "${text}"`, {
      hint:
        `Write one of ${Object.keys(FAULTS).join(", ")} and its share, "503:0.05", or "503x2" ` +
        'for the first two attempts of every path; "@/nodes/pve1/*" behind it names the paths',
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
  return Object.hasOwn(FAULTS, text);
}

export interface Attempt {
  readonly seed: number;
  readonly path: string;
  /** From 1 up. */
  readonly number: number;
}

/** At most one strikes an attempt: each has its own part of the range that is drawn from. */
export function strikes(faults: readonly Fault[], attempt: Attempt): FaultKind | undefined {
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

/** "/nodes/pve1/*"; a pattern need not name the query of a path. */
function matches(pattern: string, path: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const regexp = new RegExp(`^${parts.join(".*")}$`);
  return [path, path.split("?", 1)[0] ?? ""].some((each) => regexp.test(each));
}

function proxyPage(status: number, reason: string, { retryAfterSeconds }: Strike): Reply {
  const isTimed = retryAfterSeconds !== undefined && (status === 429 || status === 503);
  return {
    status,
    reason,
    text: `<html><head><title>${status} ${reason}</title></head></html>\n`,
    textType: "text/html",
    ...(isTimed ? { retryAfterSeconds } : {}),
  };
}

/** What has no body to be cut in is reset. */
function cut(spared: Outcome): Outcome {
  if (isDrop(spared) || (spared.envelope ?? spared.text) === undefined) return { drop: "reset" };
  return { ...spared, isCut: true };
}

/** The cluster, and what has befallen it. */
export interface World {
  readonly cluster: Cluster;
  /** Who asks. */
  readonly token: Token;
  readonly rights: Rights;
  readonly moves: Moves;
  /** Names of nodes. */
  readonly offline: ReadonlySet<string>;
}

/** In a hint. */
const MAX_NAMED = 12;

export interface Disturbances {
  /** Added to every answer. */
  readonly latencyMs?: number;
  /** How long a guest agent takes, and blocks one of its node's workers. */
  readonly slowAgentMs?: number;
  /** Struck by chance, one at the most for each attempt. */
  readonly faults?: readonly Fault[];
  /** The header that goes with 429 and 503. */
  readonly retryAfterSeconds?: number;
  /** Nodes that have been away for long: listed so, and 595 for all that they are asked. */
  readonly offline?: readonly string[];
  /** Guests that move, or vanish, once the listing has named them. */
  readonly moves?: readonly Move[];
  /** Privileges that the token lacks. */
  readonly denials?: readonly Denial[];
  /** The token expires after so many requests that it opened. */
  readonly expireTokenAfter?: number;
}

/** @throws AppError "usage" for a node, a guest or a privilege that the snapshot does not have. */
export function disturb(
  cluster: Cluster,
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
    throw usageError(`Cannot find in the snapshot what shall be disturbed: ${unknown.join(", ")}`, {
      hint: `Name nodes (${cluster.nodes.slice(0, MAX_NAMED).join(", ")}), VMIDs and privileges ` +
        "of the token that are in it",
    });
  }
  return { cluster, token, rights, moves: new Moves(moves), offline: new Set(offline) };
}
