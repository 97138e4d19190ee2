/**
 * Where questions become answers: from the journal if it holds one, else from the cluster. Keeps the list
 * of all that the snapshot shall hold.
 */
import { type Answer, incompleteOf, type SkipReason } from "../proxmox/answers.ts";
import type { Client, CountedAnswer } from "./client.ts";
import { type EndpointRow, ENDPOINTS, type Question } from "../proxmox/endpoints.ts";
import type { CaptureJournal } from "../run-folder/capture-journal.ts";
import type { Limits } from "./limits.ts";

/** API path → why it was not asked, or that it was. */
export type Wanted = Map<string, SkipReason | "asked">;

export interface DeskOptions {
  readonly client: Client;
  readonly journal: CaptureJournal;
  readonly limits: Limits;
  /** Each answer that came from the cluster. */
  readonly onAnswer: (path: string, answer: Answer) => void;
}

export class Desk {
  readonly #options: DeskOptions;
  readonly #files = new Map<string, Wanted>();

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** File of the run folder → what it shall hold. */
  get files(): ReadonlyMap<string, Wanted> {
    return this.#files;
  }

  async ask(question: Question): Promise<Answer> {
    this.#want(question, "asked");
    const known = await this.#options.journal.answer(question.path);
    return known ?? await this.#record(question, await this.#call(question));
  }

  skip(question: Question, reason: SkipReason): void {
    this.#want(question, reason);
  }

  /** Asks again, and keeps the answer if it is good. */
  async renew(question: Question): Promise<Answer> {
    const reply = await this.#call(question);
    const isGood = incompleteOf(question.path, reply.answer) === undefined;
    if (isGood) return await this.#record(question, reply);
    this.#options.journal.addAttempts(reply.attempts);
    return reply.answer;
  }

  /** Asks again, and keeps nothing. */
  async probe(question: Question): Promise<Answer> {
    const { answer, attempts } = await this.#call(question);
    this.#options.journal.addAttempts(attempts);
    return answer;
  }

  /** The list begins anew: another listing makes another one. */
  startOver(): void {
    this.#files.clear();
  }

  async #call({ endpoint, path, node }: Question): Promise<CountedAnswer> {
    const { client, limits } = this.#options;
    const { isAgent }: EndpointRow = ENDPOINTS[endpoint];
    const observe = isAgent ? undefined : limits.observe.bind(limits);
    return await limits.run({ node, isAgent: isAgent ?? false }, () => client.get(path, observe));
  }

  async #record({ path }: Question, { answer, attempts }: CountedAnswer): Promise<Answer> {
    await this.#options.journal.record({ path, answer, attempts });
    this.#options.onAnswer(path, answer);
    return answer;
  }

  #want({ file, path }: Question, state: SkipReason | "asked"): void {
    const wanted: Wanted = this.#files.get(file) ?? new Map();
    wanted.set(path, state);
    this.#files.set(file, wanted);
  }
}
