/** Who holds an address. NetBox knows it by its host part alone, so the first holder keeps it. */

export class Claims {
  readonly #holders = new Map<string, string>();

  /** undefined when `holder` has it from now on, else who had it before. */
  claim(host: string, holder: string): string | undefined {
    const first = this.#holders.get(host);
    if (first === undefined) this.#holders.set(host, holder);
    return first;
  }
}
