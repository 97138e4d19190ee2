/** How often each word occurs. */
export class Counts {
  readonly #counts = new Map<string, number>();

  constructor(words: Iterable<string> = []) {
    for (const word of words) this.add(word);
  }

  add(word: string, times = 1): void {
    this.#counts.set(word, this.of(word) + times);
  }

  of(word: string): number {
    return this.#counts.get(word) ?? 0;
  }

  /** In order of first occurrence. */
  toObject(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
