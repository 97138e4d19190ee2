/** Which files of a set have to be sent, and the check of all of them before the first one is sent. */
import type { StepName } from "../netbox/types/order.ts";
import type { EntitySet } from "../run-folder/entity-set.ts";
import { AppError } from "../base/errors.ts";
import type { PushJournal } from "../run-folder/push-journal.ts";
import type { PlannedFile, Requests } from "./prepare.ts";

export interface PlanChoices {
  /** Acknowledgements of this set. */
  readonly journal: PushJournal | undefined;
  /** Also send acknowledged files. */
  readonly isAgain: boolean;
  /** Empty: all of them. */
  readonly steps: readonly StepName[];
}

export interface Plan {
  /** In sending order, including files of which no entity has to be sent. */
  readonly files: readonly PlannedFile[];
  /** Acknowledged before, according to the journal. */
  readonly acknowledged: readonly PlannedFile[];
  /** Number of files in steps that were not selected. */
  readonly unselected: number;
}

/** Totals of a step, or of one file of an SDK. */
export interface StepTotals {
  readonly step: string;
  files: number;
  entities: number;
  /** On the wire. */
  bytes: number;
}

export function planFiles(all: readonly PlannedFile[], choices: PlanChoices): Plan {
  const { journal, isAgain, steps } = choices;
  const selected = all.filter(({ file: { step } }) =>
    steps.length === 0 || (step !== undefined && steps.includes(step))
  );
  const isDone = ({ file }: PlannedFile): boolean =>
    !isAgain && journal?.isAcknowledged(file) === true;
  return {
    files: selected.filter((planned) => !isDone(planned)),
    acknowledged: selected.filter(isDone),
    unselected: all.length - selected.length,
  };
}

export function wholeFiles(set: EntitySet): PlannedFile[] {
  return set.files.map((file) => ({ file }));
}

/** Files that may be sent at the same time: those of a step. Files of an SDK are sent one after another. */
export function groupByStep(files: readonly PlannedFile[]): PlannedFile[][] {
  return [...Map.groupBy(files, ({ file }) => file.step ?? file.path).values()];
}

/** @throws AppError "input" that names file, entity and field of what Diode would not accept; "interrupted". */
export async function checkFiles(
  { files, acknowledged }: Plan,
  requests: Requests,
  signal: AbortSignal,
): Promise<StepTotals[]> {
  // Fails if a file was edited after it was sent: the journal is about its earlier content.
  for (const { file } of acknowledged) await file.read();
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

/** False for a file without differences to the earlier run. */
export function isSent({ only }: PlannedFile): boolean {
  return only?.length !== 0;
}
