/** An entity set as a later `transform` uses it: its entities, what it planned, and whether what it has is gone. */
import type { StepName } from "../netbox/types/steps.ts";
import type { TransformedSet } from "./entity-set.ts";
import type { LeftOut } from "./left-out.ts";
import { judgeBy, type Missing, unreadIn } from "./not-read.ts";
import { FIRST_ENTITY_LINE } from "./request.ts";
import { entitiesOf, type EntityAt, type EntityOf } from "./set-difference.ts";
import { PLAN_FILE, type TidyPlan } from "./tidy-plan.ts";

export interface WrittenLine {
  readonly file: string;
  /** From 1; absent for what an earlier plan carried on. */
  readonly line?: number;
}

/** Holds no file in memory. Its methods throw AppError "input". */
export interface EarlierSet {
  readonly sha256: string;
  entities<Name extends StepName>(step: Name): AsyncGenerator<EntityOf<Name>>;
  lineOf(found: EntityAt): WrittenLine;
  readPlan(): Promise<TidyPlan | undefined>;
  /** Where that plan is. */
  readonly planAt: WrittenLine;
  /** `missing`: what the later set lacks; `leftOut`: its records. */
  judge(missing: readonly EntityAt[], leftOut: readonly LeftOut[]): Promise<Missing[]>;
}

export function earlierSet(set: TransformedSet): EarlierSet {
  return {
    sha256: set.sha256,
    entities: (step) => entitiesOf(set, step),
    lineOf: ({ file, index }) => ({ file: file.path, line: index + FIRST_ENTITY_LINE }),
    readPlan: () => set.readPlan(),
    planAt: { file: PLAN_FILE },
    judge: (missing, leftOut) => judgeBy(unreadIn(leftOut), missing, set),
  };
}
