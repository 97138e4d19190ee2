/** How much garbage V8 lets grow before it collects, on a machine that others use too. */
import { setFlagsFromString } from "node:v8";

/**
 * By default the heap may triple between two collections: 480 MB for 100,000 guests, of which 65 are in
 * use. At half as much again it is 385, for a tenth more time. Deno takes the same flag only when it
 * starts (`--v8-flags`, as in the tasks of deno.json), and ignores it here.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=50");
}
