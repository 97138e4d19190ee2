/** `npm test -- --full`, or FULL_TESTS=1: every case and every kill, where by default a sample runs. */
export const IS_FULL = process.env["FULL_TESTS"] === "1";

/** How often to try a law that costs much: all of it in a full run, else a fifth. */
export function numRuns(all: number): number {
  return IS_FULL ? all : Math.ceil(all / 5);
}
