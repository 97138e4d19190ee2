/** Answers a request: faults first, then the check of the token, then the answer of the cluster. */
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { AppError } from "../../base/errors.ts";
import { type EndpointRow, ENDPOINTS } from "../../proxmox/endpoints.ts";
import { drawFault, type Fault, faultReader } from "../faults.ts";
import { createRandom } from "../random.ts";
import { answerCall, SERVED } from "./answers.ts";
import { changed, type ClusterChanges, type ServedCluster, type World } from "./cluster.ts";
import {
  apiError,
  bareError,
  type Dialect,
  isDrop,
  type Reply,
  type ReplyOrDrop,
} from "./replies.ts";
import { type ApiCall, refusalOf, refuse, type Token } from "./request.ts";

type FaultKind = `${keyof typeof SERVE_FAULTS}`;

interface FaultContext {
  readonly dialect: Dialect;
  readonly retryAfterSeconds: number | undefined;
  /** The answer without the fault. */
  readonly undisturbed: () => Promise<ReplyOrDrop>;
}

/** TABLE: faults. 429 and 502 to 504 come from a reverse proxy before pveproxy, which never sends them itself. */
const SERVE_FAULTS = {
  429: (context: FaultContext) => proxyPage(429, "Too Many Requests", context),
  500: ({ dialect }: FaultContext) => apiError(dialect, 500, "Internal Server Error"),
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

export const parseServeFault = faultReader<FaultKind>(SERVE_FAULTS, {
  hint:
    '"503:0.05", or "503x2" for the first two attempts of every path; append "@/nodes/pve1/*" ' +
    "to limit it to some paths",
  hasPaths: true,
});

interface Attempt {
  readonly seed: number;
  readonly path: string;
  /** 1, 2, 3 … */
  readonly number: number;
}

/** At most one fault for an attempt, the same for the same seed, path and attempt. */
export function faultFor(
  faults: readonly Fault<FaultKind>[],
  attempt: Attempt,
): FaultKind | undefined {
  const matching = faults.filter(({ path }) => path === undefined || matches(path, attempt.path));
  const { fraction } = createRandom(attempt.seed, `fault/${attempt.path}/${attempt.number}`);
  return drawFault(matching, attempt.number, fraction());
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

export interface Disturbances extends ClusterChanges {
  /** Delay of every answer. */
  readonly latencyMs?: number | undefined;
  /** Time of a guest agent call, during which it blocks a worker of its node. */
  readonly slowAgentMs?: number | undefined;
  /** At random; at most one for an attempt. */
  readonly faults?: readonly Fault<FaultKind>[] | undefined;
  /** Retry-After of 429 and 503. */
  readonly retryAfterSeconds?: number | undefined;
  /** The token expires after this many requests. */
  readonly expireTokenAfter?: number | undefined;
}

/** PVE/Service/pvedaemon.pm: max_workers. */
const WORKERS_PER_NODE = 3;
/** Decided by the node that the client talks to, without a worker of the node in the path. */
const DECIDED_AT_ENTRY = new Set([400, 403, 501, 595]);

interface RehearsalOptions {
  readonly token: Token;
  readonly seed: number;
  /** Delay of the answer to an invalid token. */
  readonly refusalMs: number;
}

export class Rehearsal {
  readonly cluster: ServedCluster;
  readonly #options: RehearsalOptions;
  /** Node → its workers; a call blocks one. */
  readonly #workers = new Map<string, LimitFunction>();
  readonly #end = new AbortController();
  /** Path → requests since the last change of disturbances. */
  readonly #attempts = new Map<string, number>();
  #disturbances: Disturbances = {};
  #world: World;
  #opened = 0;

  /** @throws AppError "usage" for a disturbance of what the snapshot does not have. */
  constructor(
    cluster: ServedCluster,
    options: RehearsalOptions,
    disturbances: Disturbances,
  ) {
    this.cluster = cluster;
    this.#options = options;
    this.#world = this.disturb(disturbances);
  }

  /** Replaces all disturbances and resets the attempt counters. @throws AppError "usage". */
  disturb(disturbances: Disturbances): World {
    const { user, name } = this.#options.token;
    this.#world = changed(this.cluster, `${user}!${name}`, disturbances);
    this.#disturbances = disturbances;
    this.#attempts.clear();
    this.#opened = 0;
    return this.#world;
  }

  /** Ends all waiting requests without an answer. */
  end(): void {
    this.#end.abort();
  }

  /** undefined when the server was closed meanwhile. */
  async answer(request: IncomingMessage, call: ApiCall): Promise<ReplyOrDrop | undefined> {
    const { latencyMs = 0, faults = [], retryAfterSeconds } = this.#disturbances;
    const { dialect } = this.cluster;
    const number = (this.#attempts.get(call.name) ?? 0) + 1;
    this.#attempts.set(call.name, number);
    const undisturbed = () => this.#undisturbed(request, call);
    try {
      await this.#pass(latencyMs);
      const kind = faultFor(faults, { seed: this.#options.seed, path: call.name, number });
      if (kind === undefined) return await undisturbed();
      return await SERVE_FAULTS[kind]({ dialect, retryAfterSeconds, undisturbed });
    } catch (error) {
      if (this.#end.signal.aborted) return undefined;
      // A damaged line of the snapshot must not stop the server.
      if (!(error instanceof AppError)) throw error;
      return apiError(dialect, 500, error.message);
    }
  }

  async #undisturbed(request: IncomingMessage, call: ApiCall): Promise<ReplyOrDrop> {
    const since = performance.now();
    const refused = refuse(request, {
      dialect: this.cluster.dialect,
      call,
      tokenFault: (header) => this.#tokenFault(header),
    });
    if (refused?.status === 401) {
      await this.#pass(this.#options.refusalMs - (performance.now() - since));
    }
    if (refused !== undefined) return refused;
    const outcome = answerCall(call, this.#world);
    await this.#work(call, outcome);
    return outcome;
  }

  /** Source: PVE/AccessControl.pm, verify_token. */
  #tokenFault(header: string | undefined): string | undefined {
    const { token } = this.#options;
    const fault = refusalOf(header, token);
    if (fault !== undefined) return fault;
    const { expireTokenAfter = Infinity } = this.#disturbances;
    this.#opened += 1;
    return this.#opened > expireTokenAfter ? `token '${token.name}' access expired` : undefined;
  }

  /** Occupies a worker of the node in the path for as long as the call takes. */
  async #work({ endpoint, variables }: ApiCall, outcome: ReplyOrDrop): Promise<void> {
    if (endpoint === undefined || SERVED[endpoint].isBlocking !== true) return;
    if (isDrop(outcome) || DECIDED_AT_ENTRY.has(outcome.status)) return;
    const { node = "" } = variables;
    const { slowAgentMs = 0 } = this.#disturbances;
    const { isAgent }: EndpointRow = ENDPOINTS[endpoint];
    const workers = this.#workers.get(node) ?? pLimit(WORKERS_PER_NODE);
    this.#workers.set(node, workers);
    await workers(() => this.#pass(isAgent === true ? slowAgentMs : 0));
  }

  async #pass(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#end.signal });
  }
}
