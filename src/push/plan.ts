/** What of a set is still to be sent, and whether Diode would take it: no byte is sent before that. */
import type { StepName } from "../netbox/types/order.ts";
import type { EntitySet } from "../run-folder/entity-set.ts";
import { AppError } from "../base/errors.ts";
import type { PushJournal } from "../run-folder/push-journal.ts";
import type { PlannedFile } from "./prepare.ts";
import type { Requests } from "./requests.ts";

export interface PlanChoices {
  /** What is acknowledged already, of this very set. */
  readonly journal: PushJournal | undefined;
  /** Send what is acknowledged once more. */
  readonly isAgain: boolean;
  /** Empty: all of them. */
  readonly steps: readonly StepName[];
}

export interface Plan {
  /** In order; those of which nothing has to be sent included. */
  readonly files: readonly PlannedFile[];
  /** Those that the journal calls sent. */
  readonly held: readonly PlannedFile[];
  /** How many files stand in steps that were not asked for. */
  readonly unasked: number;
}

/** What one step, or one file of an SDK, comes to. */
export interface StepTotals {
  readonly step: string;
  files: number;
  entities: number;
  /** On the wire. */
  bytes: number;
}

export function planFiles(all: readonly PlannedFile[], choices: PlanChoices): Plan {
  const { journal, isAgain, steps } = choices;
  const asked = all.filter(({ file: { step } }) =>
    steps.length === 0 || (step !== undefined && steps.includes(step))
  );
  const isHeld = ({ file }: PlannedFile): boolean => !isAgain && journal?.holds(file) === true;
  return {
    files: asked.filter((planned) => !isHeld(planned)),
    held: asked.filter(isHeld),
    unasked: all.length - asked.length,
  };
}

export function wholeFiles(set: EntitySet): PlannedFile[] {
  return set.files.map((file) => ({ file }));
}

/** Files that go together: a step, or one file of an SDK, whose order nobody else knows. */
export function groupByStep(files: readonly PlannedFile[]): PlannedFile[][] {
  return [...Map.groupBy(files, ({ file }) => file.step ?? file.path).values()];
}

/** @throws AppError "input" that names file, line and field of what Diode would not take; "interrupted". */
export async function checkFiles(
  { files, held }: Plan,
  requests: Requests,
  signal: AbortSignal,
): Promise<StepTotals[]> {
  // What was edited since it was sent is not what the journal speaks of.
  for (const { file } of held) await file.read();
  const totals: StepTotals[] = [];
  for (const group of groupByStep(files)) {
    const [first] = group;
    const step = first?.file.step ?? first?.file.path ?? "";
    const total = { step, files: 0, entities: 0, bytes: 0 };
    for (const planned of group.filter(isSent)) {
      if (signal.aborted) throw new AppError("interrupted", "Interrupted: nothing was sent yet");
      const { entities, bytes } = await requests.check(planned);
      total.files += 1;
      total.entities += entities;
      total.bytes += bytes.length;
    }
    totals.push(total);
  }
  return totals;
}

/** Of a file without a difference, there is nothing to send. */
export function isSent({ only }: PlannedFile): boolean {
  return only?.length !== 0;
}
