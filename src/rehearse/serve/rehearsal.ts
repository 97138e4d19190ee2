/** Request → outcome: what the wire, the token, chance and the cluster make of it. */
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../../base/errors.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer, Failure } from "../../proxmox/answers.ts";
import type { Cluster } from "./cluster.ts";
import { disturb, type Disturbances, FAULTS, strikes, type World } from "./disturbances.ts";
import { type Endpoint, ENDPOINTS, type Question } from "./endpoints.ts";
import {
  apiError,
  bareError,
  isDrop,
  noSuchGuest,
  type Outcome,
  queryErrors,
  refuse,
  SKIPPED,
  success,
  unheld,
} from "./replies.ts";
import { refusalOf, type Token } from "./token.ts";

/** PVE/Service/pvedaemon.pm: max_workers. */
const WORKERS_PER_NODE = 3;
/** What the cluster's entry node says by itself, without asking the node of the path. */
const DECIDED_AT_ENTRY = new Set([400, 403, 501, 595]);

export interface RehearsalOptions {
  readonly token: Token;
  readonly seed: number;
  /** How long the answer to a refused token takes at least. */
  readonly refusalMs: number;
}

export interface Call {
  readonly request: IncomingMessage;
  readonly question: Question;
}

export class Rehearsal {
  readonly cluster: Cluster;
  readonly #options: RehearsalOptions;
  readonly #workers = new Map<string, Workers>();
  readonly #end = new AbortController();
  /** Path → how often it was asked since the last disturbance. */
  readonly #attempts = new Map<string, number>();
  #disturbances: Disturbances = {};
  #world: World;
  #opened = 0;

  constructor(cluster: Cluster, options: RehearsalOptions) {
    this.cluster = cluster;
    this.#options = options;
    this.#world = disturb(cluster, options.token, {});
  }

  /** In the place of all that disturbed before; attempts count anew. @throws AppError "usage". */
  disturb(disturbances: Disturbances): void {
    this.#world = disturb(this.cluster, this.#options.token, disturbances);
    this.#disturbances = disturbances;
    this.#attempts.clear();
    this.#opened = 0;
  }

  /** Whatever still waits is given up. */
  end(): void {
    this.#end.abort();
  }

  /** Undefined when the rehearsal has ended meanwhile. */
  async answer(call: Call): Promise<Outcome | undefined> {
    try {
      return await this.#answer(call);
    } catch (error) {
      if (this.#end.signal.aborted) return undefined;
      // A line of the snapshot that is no answer is not the end of the server.
      if (!(error instanceof AppError)) throw error;
      return apiError(this.cluster.dialect, { status: 500, text: error.message });
    }
  }

  async #answer(call: Call): Promise<Outcome> {
    const { latencyMs = 0, faults = [], retryAfterSeconds } = this.#disturbances;
    const path = call.question.name;
    const number = (this.#attempts.get(path) ?? 0) + 1;
    this.#attempts.set(path, number);
    await this.#pass(latencyMs);
    const kind = strikes(faults, { seed: this.#options.seed, path, number });
    if (kind === undefined) return await this.#undisturbed(call);
    return await FAULTS[kind]({
      dialect: this.cluster.dialect,
      retryAfterSeconds,
      spared: () => this.#undisturbed(call),
    });
  }

  async #undisturbed({ request, question }: Call): Promise<Outcome> {
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

  /** The time that the node of the path takes. */
  async #work({ endpoint, variables: { node = "" } }: Question, outcome: Outcome): Promise<void> {
    const row: Endpoint | undefined = endpoint && ENDPOINTS[endpoint];
    if (row?.isBlocking !== true || isDrop(outcome) || DECIDED_AT_ENTRY.has(outcome.status)) return;
    const { slowAgentMs = 0 } = this.#disturbances;
    const workers = this.#workers.get(node) ?? new Workers(WORKERS_PER_NODE);
    this.#workers.set(node, workers);
    await workers.run(() => this.#pass(endpoint === "agent" ? slowAgentMs : 0));
  }

  async #pass(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#end.signal });
  }
}

/** What a call of the API is answered, in the order in which Proxmox decides it. */

/** The first that has something to say decides. Source: PVE/HTTPServer.pm, rest_handler. */
const CHECKS: readonly ((question: Question, world: World) => Outcome | undefined)[] = [
  forbidden,
  unreachable,
  elsewhere,
];

/** @throws AppError "input" when the snapshot's line is no answer. */
export function judge(question: Question, world: World): Outcome {
  for (const check of CHECKS) {
    const outcome = check(question, world);
    if (outcome !== undefined) return outcome;
  }
  return recorded(question, world);
}

/** Before the node is asked: a token without the right learns nothing of the node. */
function forbidden({ endpoint, variables }: Question, world: World): Outcome | undefined {
  const { needs }: Partial<Endpoint> = endpoint ? ENDPOINTS[endpoint] : {};
  if (needs === undefined) return undefined;
  const { cluster: { dialect }, rights } = world;
  const { node = "", vmid = "" } = variables;
  const path = needs.on.replace("{node}", node).replace("{vmid}", String(vmid));
  const wanted = needs.anyOf(dialect);
  if (!rights.lost(wanted, path)) return undefined;
  const text = `Permission check failed (${path}, ${wanted.join("|")})`;
  return apiError(dialect, { status: 403, text });
}

function unreachable({ variables: { node } }: Question, { offline }: World): Outcome | undefined {
  return node !== undefined && offline.has(node) ? bareError(595, "No route to host") : undefined;
}

/** A guest that moved away is unknown on the node that it left. */
function elsewhere(question: Question, world: World): Outcome | undefined {
  const { node, vmid = 0 } = question.variables;
  const guest = world.cluster.guests.get(vmid);
  if (guest === undefined || guest.node !== node) return undefined;
  const isHere = world.moves.nodeOf(vmid, guest.node) === node;
  return isHere ? undefined : noSuchGuest(question, world);
}

/** One server cannot refuse a connection for one path: those that never came to be are reset. */
const FAILED: Readonly<Record<Failure, Outcome>> = {
  timeout: { drop: "silence" },
  reset: { drop: "reset" },
  refused: { drop: "reset" },
  tls: { drop: "reset" },
  dns: { drop: "reset" },
};

function recorded(question: Question, world: World): Outcome {
  const answer = lookUp(question, world);
  if (answer === undefined) return unheld(question, world);
  if ("skipped" in answer) return SKIPPED[answer.skipped](question, world);
  if ("failed" in answer) return FAILED[answer.failed];
  const { status, error = "", data = null, ...beside } = answer;
  if (status >= 595) return bareError(status, error);
  if (status >= 400) return apiError(world.cluster.dialect, { status, text: error, beside });
  const { view }: Partial<Endpoint> = question.endpoint ? ENDPOINTS[question.endpoint] : {};
  const seen = success({ ...beside, data: view === undefined ? data : view(data, world) });
  if (question.endpoint === "resources") world.moves.finish();
  return seen;
}

function lookUp(question: Question, world: World): Answer | undefined {
  const { path, endpoint, variables, query } = question;
  const { cluster, moves } = world;
  // What waits for a restart is not in a snapshot: with `current` and without, the answer is the same.
  const isConfig = endpoint === "config" && queryErrors(query, ENDPOINTS.config) === undefined;
  const name = isConfig ? path : question.name;
  const { node, vmid } = variables;
  // Without a type it would also list what no snapshot holds; its guests are the same.
  if (endpoint === "resources" && name === path) return cluster.answer(PATHS.resources);
  // A snapshot of before holds no entries, but the rights that they can be made of.
  if (endpoint === "acl" && cluster.permissions !== undefined) {
    return cluster.answer(PATHS.acl) ?? { status: 200, data: null };
  }
  const guest = vmid === undefined ? undefined : cluster.guests.get(vmid);
  if (guest === undefined || moves.nodeOf(vmid ?? 0, guest.node) !== node) {
    return cluster.answer(name, node);
  }
  // The answers of a guest that moved stand where it was when it was captured.
  return cluster.answer(name.replace(`/nodes/${node}/`, `/nodes/${guest.node}/`), guest.node);
}

/** A node's pvedaemon has few workers, and a call blocks the one that it runs in. */

export class Workers {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a free worker and holds it until `work` is done. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
