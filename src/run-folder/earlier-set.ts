/** An entity set as a later `transform` uses it: its entities, what it planned, and whether what it has is gone. */
import { inputError } from "../base/errors.ts";
import type { StepName } from "../netbox/types/steps.ts";
import type { TransformedSet } from "./entity-set.ts";
import { type LeftOutLine, readLeftOutLines } from "./left-out-file.ts";
import type { LeftOut } from "./left-out.ts";
import { judgeBy, type Missing, unreadIn } from "./not-read.ts";
import { FIRST_ENTITY_LINE, readRequest } from "./request.ts";
import { entitiesOf, type EntityAt, type EntityOf } from "./set-difference.ts";
import { PLAN_FILE, type TidyPlan } from "./tidy-plan.ts";

export interface WrittenLine {
  readonly file: string;
  /** From 1; absent for what an earlier plan carried on. */
  readonly line?: number;
}

/** A set of this cluster or of another one. Holds no file in memory. Its methods throw AppError "input". */
export interface ReadableSet {
  readonly sha256: string;
  /** As the user named it. */
  readonly place: string;
  entities<Name extends StepName>(step: Name): AsyncGenerator<EntityOf<Name>>;
  lineOf(found: EntityAt): WrittenLine;
  readLeftOut(): Promise<Iterable<LeftOutLine>>;
  /** `captured_at` of its snapshot; of several, the first. */
  capturedAt(): Promise<string>;
}

export interface EarlierSet extends ReadableSet {
  readPlan(): Promise<TidyPlan | undefined>;
  /** Where that plan is. */
  readonly planAt: WrittenLine;
  /** `missing`: what the later set lacks; `leftOut`: its records. */
  judge(missing: readonly EntityAt[], leftOut: readonly LeftOut[]): Promise<Missing[]>;
}

export function earlierSet(set: TransformedSet): EarlierSet {
  return {
    sha256: set.sha256,
    place: set.place,
    entities: (step) => entitiesOf(set, step),
    readLeftOut: async () => readLeftOutLines(await set.readLeftOut()),
    capturedAt: () => capturedAtOf(set),
    lineOf: ({ file, index }) => ({ file: file.path, line: index + FIRST_ENTITY_LINE }),
    readPlan: () => set.readPlan(),
    planAt: { file: PLAN_FILE },
    judge: (missing, leftOut) => judgeBy(unreadIn(leftOut), missing, set),
  };
}

/** The time of its clusters, which is that of their snapshots. */
async function capturedAtOf(set: TransformedSet): Promise<string> {
  const times: string[] = [];
  for (const file of set.files.filter(({ step }) => step === "cluster")) {
    const { entities } = readRequest(await file.read(), `"${file.path}" in ${set.place}`);
    times.push(...entities.map((each) => String((each as { timestamp?: unknown }).timestamp)));
  }
  const [first] = times.sort();
  if (first !== undefined) return first;
  throw inputError(`Found no cluster in ${set.place}`, {
    hint: "Name a run that was transformed from a snapshot",
  });
}
