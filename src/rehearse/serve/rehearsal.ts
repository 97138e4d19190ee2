/** Request → outcome: what the wire, the token, chance and the cluster make of it. */
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../../base/errors.ts";
import type { Cluster } from "./cluster.ts";
import { disturb, type Disturbances, type World } from "./disturbances.ts";
import { type Endpoint, ENDPOINTS } from "./endpoints.ts";
import { FAULTS, strikes } from "./fault.ts";
import { judge } from "./judge.ts";
import { refuse } from "./refuse.ts";
import type { Question } from "./question.ts";
import { apiError, isDrop, type Outcome } from "./reply.ts";
import { refusalOf, type Token } from "./token.ts";
import { Workers } from "./workers.ts";

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
