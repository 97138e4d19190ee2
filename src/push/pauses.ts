/** When to wait before a step: Diode acknowledges what it has yet to apply. */
import type { StepName } from "../netbox/types/order.ts";
import type { PushJournal } from "../run-folder/push-journal.ts";
import type { PlannedFile } from "./prepare.ts";

export interface PauseOptions {
  readonly stepPauseMs: number;
  /** How long custom fields that are new to the target are given to be applied. */
  readonly bootstrapWaitMs: number;
}

interface Moment extends PauseOptions {
  /** Did the step before send anything? */
  readonly sentBefore: boolean;
  readonly journal: PushJournal;
}

/** What a value may need to be there: a value of a field that NetBox does not know is refused. */
export const BOOTSTRAP_STEPS: ReadonlySet<StepName | undefined> = new Set([
  "tag",
  "custom-field",
  "cluster-type",
]);

/** The longer of the pause between steps and what is left of the time for the custom fields. */
export function pauseBefore(
  [first]: readonly PlannedFile[],
  { stepPauseMs, bootstrapWaitMs, sentBefore, journal }: Moment,
): { readonly ms: number; readonly isBootstrap: boolean } {
  const step = first?.file.step;
  const fields = journal.customFields;
  const isNeeded = step !== undefined && !BOOTSTRAP_STEPS.has(step) && fields !== undefined;
  const age = isNeeded ? Date.now() - Date.parse(fields.acknowledged_at) : Infinity;
  const bootstrapMs = Math.max(bootstrapWaitMs - Math.max(age, 0), 0);
  const stepMs = sentBefore ? stepPauseMs : 0;
  return { ms: Math.max(bootstrapMs, stepMs), isBootstrap: bootstrapMs > stepMs };
}
