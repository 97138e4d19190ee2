/** The words of a case. */
import type { Mode } from "../diode/reconciler.ts";
import type { Trial } from "../trial.ts";

export interface Case {
  /** Which of the seven things that must hold; README lists them. */
  readonly holds: string;
  /** A sentence about what holds. */
  readonly name: string;
  /** Takes minutes: with `--full` only. */
  readonly isBig?: true;
  /** Also on the oldest release when not everything is asked for. */
  readonly isForAll?: true;
  /** How Diode applies in this case; "bulk" alone unless said otherwise. */
  readonly modes?: readonly Mode[];
  run(trial: Trial): Promise<void>;
}
