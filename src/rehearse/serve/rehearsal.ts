/** Request → answer: faults first, then the token, then what the cluster says. */
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { AppError } from "../../base/errors.ts";
import type { Answer, Failure } from "../../proxmox/answers.ts";
import { type EndpointRow, ENDPOINTS, PATHS } from "../../proxmox/endpoints.ts";
import type { ServedCluster, World } from "./cluster.ts";
import { disturb, type Disturbances, faultFor, SERVE_FAULTS } from "./disturbances.ts";
import { type ApiCall, SERVED } from "./endpoints.ts";
import {
  apiError,
  bareError,
  isDrop,
  noSuchGuest,
  queryErrors,
  refuse,
  type ReplyOrDrop,
  SKIPPED,
  success,
  unheld,
} from "./replies.ts";
import { refusalOf, type Token } from "./token.ts";

/** PVE/Service/pvedaemon.pm: max_workers. */
const WORKERS_PER_NODE = 3;
/** Decided by the node that the client talks to, without a worker of the node in the path. */
const DECIDED_AT_ENTRY = new Set([400, 403, 501, 595]);

export interface RehearsalOptions {
  readonly token: Token;
  readonly seed: number;
  /** Delay of the answer to an invalid token. */
  readonly refusalMs: number;
}

export interface Call {
  readonly request: IncomingMessage;
  readonly question: ApiCall;
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

  constructor(cluster: ServedCluster, options: RehearsalOptions) {
    this.cluster = cluster;
    this.#options = options;
    this.#world = disturb(cluster, options.token, {});
  }

  /** Replaces all disturbances and resets the attempt counters. @throws AppError "usage". */
  disturb(disturbances: Disturbances): void {
    this.#world = disturb(this.cluster, this.#options.token, disturbances);
    this.#disturbances = disturbances;
    this.#attempts.clear();
    this.#opened = 0;
  }

  /** Ends all waiting requests without an answer. */
  end(): void {
    this.#end.abort();
  }

  /** undefined when the server was closed meanwhile. */
  async answer(call: Call): Promise<ReplyOrDrop | undefined> {
    try {
      return await this.#answer(call);
    } catch (error) {
      if (this.#end.signal.aborted) return undefined;
      // A damaged line of the snapshot must not stop the server.
      if (!(error instanceof AppError)) throw error;
      return apiError(this.cluster.dialect, { status: 500, text: error.message });
    }
  }

  async #answer(call: Call): Promise<ReplyOrDrop> {
    const { latencyMs = 0, faults = [], retryAfterSeconds } = this.#disturbances;
    const path = call.question.name;
    const number = (this.#attempts.get(path) ?? 0) + 1;
    this.#attempts.set(path, number);
    await this.#pass(latencyMs);
    const kind = faultFor(faults, { seed: this.#options.seed, path, number });
    if (kind === undefined) return await this.#undisturbed(call);
    return await SERVE_FAULTS[kind]({
      dialect: this.cluster.dialect,
      retryAfterSeconds,
      undisturbed: () => this.#undisturbed(call),
    });
  }

  async #undisturbed({ request, question }: Call): Promise<ReplyOrDrop> {
    const { dialect } = this.cluster;
    const since = performance.now();
    const tokenFault = (header: string | undefined) => this.#tokenFault(header);
    const refused = refuse(request, { dialect, question, tokenFault });
    if (refused?.status === 401) {
      await this.#pass(this.#options.refusalMs - (performance.now() - since));
    }
    if (refused !== undefined) return refused;
    const outcome = judge(question, this.#world);
    await this.#work(question, outcome);
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
  async #work(
    { endpoint, variables: { node = "" } }: ApiCall,
    outcome: ReplyOrDrop,
  ): Promise<void> {
    if (
      endpoint === undefined || SERVED[endpoint].isBlocking !== true || isDrop(outcome) ||
      DECIDED_AT_ENTRY.has(outcome.status)
    ) return;
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

/** In the order of Proxmox VE; the first outcome counts. Source: PVE/HTTPServer.pm, rest_handler. */
const CHECKS: readonly ((question: ApiCall, world: World) => ReplyOrDrop | undefined)[] = [
  forbidden,
  unreachable,
  elsewhere,
];

/** @throws AppError "input" for a damaged line of the snapshot. */
function judge(question: ApiCall, world: World): ReplyOrDrop {
  for (const check of CHECKS) {
    const outcome = check(question, world);
    if (outcome !== undefined) return outcome;
  }
  return recorded(question, world);
}

/** Checked before the node: a token without the privilege learns nothing about the node. */
function forbidden({ endpoint, variables }: ApiCall, world: World): ReplyOrDrop | undefined {
  const { needs }: Partial<EndpointRow> = endpoint ? ENDPOINTS[endpoint] : {};
  if (needs?.without !== "denied") return undefined;
  const { cluster: { dialect }, rights } = world;
  const { node = "", vmid = "" } = variables;
  const path = needs.on.replace("{node}", node).replace("{vmid}", String(vmid));
  const wanted = needs.privileges(dialect.major);
  if (!rights.lost(wanted, path)) return undefined;
  const text = `Permission check failed (${path}, ${wanted.join("|")})`;
  return apiError(dialect, { status: 403, text });
}

function unreachable(
  { variables: { node } }: ApiCall,
  { offline }: World,
): ReplyOrDrop | undefined {
  return node !== undefined && offline.has(node) ? bareError(595, "No route to host") : undefined;
}

/** A guest that has moved is unknown on its old node. */
function elsewhere(question: ApiCall, world: World): ReplyOrDrop | undefined {
  const { node, vmid = 0 } = question.variables;
  const guest = world.cluster.guests.get(vmid);
  if (guest === undefined || guest.node !== node) return undefined;
  const isHere = world.moves.nodeOf(vmid, guest.node) === node;
  return isHere ? undefined : noSuchGuest(question, world);
}

/** One server cannot refuse connections by path, so all connection failures become resets. */
const FAILED: Readonly<Record<Failure, ReplyOrDrop>> = {
  timeout: { drop: "silence" },
  reset: { drop: "reset" },
  refused: { drop: "reset" },
  tls: { drop: "reset" },
  dns: { drop: "reset" },
};

function recorded(question: ApiCall, world: World): ReplyOrDrop {
  const answer = lookUp(question, world);
  if (answer === undefined) return unheld(question, world);
  if ("skipped" in answer) return SKIPPED[answer.skipped](question, world);
  if ("failed" in answer) return FAILED[answer.failed];
  const { status, error = "", data = null, ...beside } = answer;
  if (status >= 595) return bareError(status, error);
  if (status >= 400) return apiError(world.cluster.dialect, { status, text: error, beside });
  const view = question.endpoint && SERVED[question.endpoint].view;
  const seen = success({ ...beside, data: view === undefined ? data : view(data, world) });
  if (question.endpoint === "resources") world.moves.finish();
  return seen;
}

function lookUp(question: ApiCall, world: World): Answer | undefined {
  const { path, endpoint, variables, query } = question;
  const { cluster, moves } = world;
  // A snapshot has no pending changes: the config is the same with `current` and without.
  const isConfig = endpoint === "config" && queryErrors(query, SERVED.config) === undefined;
  const name = isConfig ? path : question.name;
  const { node, vmid } = variables;
  // Without `type`, Proxmox VE also lists nodes and storages, which a snapshot does not have.
  if (endpoint === "resources" && name === path) return cluster.answer(PATHS.resources);
  // Older snapshots have no ACL; its entries are made from the permissions.
  if (endpoint === "acl" && cluster.permissions !== undefined) {
    return cluster.answer(PATHS.acl) ?? { status: 200, data: null };
  }
  const guest = vmid === undefined ? undefined : cluster.guests.get(vmid);
  if (guest === undefined || moves.nodeOf(vmid ?? 0, guest.node) !== node) {
    return cluster.answer(name, node);
  }
  // The answers of a guest that moved are filed under the node on which it was captured.
  return cluster.answer(name.replace(`/nodes/${node}/`, `/nodes/${guest.node}/`), guest.node);
}
