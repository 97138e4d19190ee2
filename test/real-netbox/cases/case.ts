/** A case of the tests in a real NetBox. */
import type { Mode } from "../diode/reconciler.ts";
import type { Trial } from "../trial.ts";

export interface Case {
  /** Numbers of the guarantees in README that this case tests. */
  readonly holds: string;
  /** The tested behaviour. */
  readonly name: string;
  /** Takes minutes, and runs only with `--full`. */
  readonly isBig?: true;
  /** Runs on the oldest release too, also without `--full`. */
  readonly isForAll?: true;
  /** Modes in which Diode applies entities; default: only "bulk". */
  readonly modes?: readonly Mode[];
  run(trial: Trial): Promise<void>;
}
