/** Which nodes do not answer. One is asked no further in a run: each call would wait for nothing. */
import { type Answer, isUnreachable } from "../proxmox/answers.ts";
import type { Desk } from "./desk.ts";
import { nodeQuestion } from "../proxmox/endpoints.ts";

export class Reach {
  readonly #desk: Desk;
  readonly #away = new Set<string>();
  readonly #probes = new Map<string, Promise<void>>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  isAway(node: string): boolean {
    return this.#away.has(node);
  }

  /** Of an answer about the node itself: it tells by itself. */
  judge(node: string, path: string, answer: Answer): void {
    if (isUnreachable(path, answer)) this.#away.add(node);
  }

  /**
   * Of an answer about a guest: it may be slow alone, so the node is asked once more. By its network,
   * which needs no privilege: a call that is denied is answered without the node.
   */
  async suspect(node: string, path: string, answer: Answer): Promise<void> {
    if (!isUnreachable(path, answer) || this.isAway(node)) return;
    const probe = this.#probes.get(node) ?? this.#probe(node);
    this.#probes.set(node, probe);
    await probe;
    this.#probes.delete(node);
  }

  async #probe(node: string): Promise<void> {
    const question = nodeQuestion("network", node);
    this.judge(node, question.path, await this.#desk.probe(question));
  }
}
