/**
 * Sends requests within the limits; takes answers from the journal if it has them.
 * Keeps the list of what the snapshot will hold.
 */
import pLimit, { type LimitFunction } from "p-limit";
import { type Answer, incompleteOf, isUnreachable, type SkipReason } from "../proxmox/answers.ts";
import { type EndpointRow, ENDPOINTS, nodeQuestion, type Question } from "../proxmox/endpoints.ts";
import type { CaptureJournal } from "../run-folder/capture-journal.ts";
import type { Attempt, Client, CountedAnswer } from "./client.ts";
import type { LimitOptions } from "./settings.ts";

/** API path → why it was not asked, or that it was. */
export type ExpectedAnswers = Map<string, SkipReason | "asked">;

export interface QueueOptions {
  readonly client: Client;
  readonly journal: CaptureJournal;
  readonly limits: LimitOptions;
  /** Called for each answer that came from the cluster. */
  readonly onAnswer: (path: string, answer: Answer) => void;
}

export class QuestionQueue {
  readonly #client: Client;
  readonly #journal: CaptureJournal;
  readonly #limits: CallLimits;
  readonly #onAnswer: QueueOptions["onAnswer"];
  readonly #files = new Map<string, ExpectedAnswers>();
  /** Nodes that do not answer. They are not asked again in a run: each call would wait in vain. */
  readonly #unreachable = new Set<string>();
  readonly #probes = new Map<string, Promise<void>>();

  constructor({ client, journal, limits, onAnswer }: QueueOptions) {
    this.#client = client;
    this.#journal = journal;
    this.#limits = new CallLimits(limits);
    this.#onAnswer = onAnswer;
  }

  /** File of the run folder → what it will hold. */
  get files(): ReadonlyMap<string, ExpectedAnswers> {
    return this.#files;
  }

  /** "unreachable" is skipped: the question's node does not answer. */
  async ask(question: Question): Promise<Answer> {
    const { endpoint, path, node } = question;
    if (node !== undefined && this.#unreachable.has(node)) {
      return this.skip(question, "unreachable");
    }
    this.#expect(question, "asked");
    const known = await this.#journal.answer(path);
    const answer = known ?? await this.#record(question, await this.#call(question));
    if (node !== undefined && isUnreachable(path, answer)) {
      if (ENDPOINTS[endpoint].fanOut === "node") this.#unreachable.add(node);
      else await this.#probe(node);
    }
    return answer;
  }

  skip(question: Question, reason: SkipReason): Answer {
    this.#expect(question, reason);
    return { skipped: reason };
  }

  /** Asks again, and keeps the answer if it is good. */
  async renew(question: Question): Promise<void> {
    const reply = await this.#call(question);
    const isGood = incompleteOf(question.path, reply.answer) === undefined;
    if (isGood) await this.#record(question, reply);
    else this.#journal.addAttempts(reply.attempts);
  }

  /** Forgets what the snapshot will hold: another listing makes another list. */
  clearFiles(): void {
    this.#files.clear();
  }

  /**
   * A guest alone may be slow, so its node is asked as well: for its network, which needs no privilege, since
   * the API host refuses a call without asking the node. The answer is not kept.
   */
  async #probe(node: string): Promise<void> {
    if (this.#unreachable.has(node)) return;
    const ask = async (): Promise<void> => {
      const question = nodeQuestion("network", node);
      const { answer, attempts } = await this.#call(question);
      this.#journal.addAttempts(attempts);
      if (isUnreachable(question.path, answer)) this.#unreachable.add(node);
    };
    const probe = this.#probes.get(node) ?? ask();
    this.#probes.set(node, probe);
    await probe;
    this.#probes.delete(node);
  }

  async #call({ endpoint, path, node }: Question): Promise<CountedAnswer> {
    const row: EndpointRow = ENDPOINTS[endpoint];
    const isAgent = row.isAgent === true;
    const limits = this.#limits;
    const observe = isAgent ? undefined : limits.observe.bind(limits);
    return await limits.run({ node, isAgent }, () => this.#client.get(path, observe));
  }

  async #record({ path }: Question, { answer, attempts }: CountedAnswer): Promise<Answer> {
    await this.#journal.record({ path, answer, attempts });
    this.#onAnswer(path, answer);
    return answer;
  }

  #expect({ file, path }: Question, state: SkipReason | "asked"): void {
    const expected: ExpectedAnswers = this.#files.get(file) ?? new Map();
    expected.set(path, state);
    this.#files.set(file, expected);
  }
}

/** Which limits a call counts towards. */
export interface CallLane {
  readonly node?: string | undefined;
  /** Guest agents have their own budget, so that dead ones, 3 s each, do not block other calls. */
  readonly isAgent: boolean;
}

/** How many calls run at once: in all, to one node, and to the guest agents of one node. */
export class CallLimits {
  readonly #options: LimitOptions;
  readonly #pace: Pace;
  readonly #all: LimitFunction;
  readonly #agents: LimitFunction;
  readonly #lanes = new Map<string, LimitFunction>();

  constructor(options: LimitOptions) {
    this.#options = options;
    this.#pace = new Pace(options.total);
    this.#all = pLimit(options.total);
    this.#agents = pLimit(options.total);
  }

  async run<Result>({ node, isAgent }: CallLane, task: () => Promise<Result>): Promise<Result> {
    const inAll = (): Promise<Result> => (isAgent ? this.#agents : this.#all)(task);
    if (node === undefined) return await inAll();
    const key = isAgent ? `${node}/agent` : node;
    const { perNode, agentsPerNode } = this.#options;
    const lane = this.#lanes.get(key) ?? pLimit(isAgent ? agentsPerNode : perNode);
    this.#lanes.set(key, lane);
    return await lane(inAll);
  }

  /** Of a call that went through no guest agent: those have another pace. */
  observe(call: Attempt): void {
    this.#pace.observe(call);
    this.#all.concurrency = this.#pace.allowed;
    this.#agents.concurrency = this.#pace.allowed;
  }
}

/** Calls that are judged together. */
const WINDOW = 20;
const BUSY_SHARE = 0.1;
/** Slow is that much slower than at best, and not quick anyway. */
const SLOW_FACTOR = 3;
const SLOW_MS = 100;

/**
 * How many calls may run at once, by how the cluster copes: half as many when it is busy or takes far longer than
 * before, one more after a window of calls that went well.
 */
export class Pace {
  readonly #most: number;
  #allowed: number;
  #bestMs = Infinity;
  #window: Attempt[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#allowed = most;
  }

  get allowed(): number {
    return this.#allowed;
  }

  observe(call: Attempt): void {
    this.#window.push(call);
    if (this.#window.length < WINDOW) return;
    const times = this.#window.map(({ ms }) => ms).sort((a, b) => a - b);
    const medianMs = times[WINDOW / 2] ?? 0;
    const busy = this.#window.filter(({ isBusy }) => isBusy).length;
    this.#window = [];
    this.#bestMs = Math.min(this.#bestMs, medianMs);
    const isSlow = medianMs > this.#bestMs * SLOW_FACTOR && medianMs > this.#bestMs + SLOW_MS;
    this.#allowed = busy > WINDOW * BUSY_SHARE || isSlow
      ? Math.max(1, Math.floor(this.#allowed / 2))
      : Math.min(this.#most, this.#allowed + 1);
  }
}
