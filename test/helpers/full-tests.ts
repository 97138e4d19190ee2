/** `npm test -- --full`, or FULL_TESTS=1: every case and every kill; by default only a sample runs. */

export const IS_FULL = process.env["FULL_TESTS"] === "1";

/** Runs of an expensive property test: all of them with `--full`, else a fifth. */
export function numRuns(all: number): number {
  return IS_FULL ? all : Math.ceil(all / 5);
}
