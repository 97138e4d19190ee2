/** The result of a comparison: counts by step, and as many findings as a report shows. */
import type { Status } from "../../netbox/rest/client.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import type { CompareVerdict, Judged } from "./compare.ts";

export interface CompareSubject {
  /** The run folder, as the user named it. */
  readonly place: string;
  /** URL of NetBox. */
  readonly url: string;
}

export type VerdictCounts = Readonly<Record<CompareVerdict, number>> & {
  readonly entities: number;
};

/** The same reason for several entities of a step. */
export interface UnjudgedGroup {
  readonly step: StepName;
  readonly field: string | undefined;
  readonly sentence: string;
  /** The first one. */
  readonly entity: string;
  readonly count: number;
}

/** Findings of each kind that are shown; --json has all. */
const MOST_SHOWN = 30;

const NONE: VerdictCounts = { entities: 0, equal: 0, different: 0, missing: 0, unjudged: 0 };

export class CompareRecord {
  readonly subject: CompareSubject;
  status: Status | undefined;
  /** All entities were compared. */
  isComplete = false;
  /** A push would remove values in NetBox. */
  hasLoss = false;
  /** The first MOST_SHOWN of each. */
  readonly different: Judged[] = [];
  readonly missing: Judged[] = [];
  /** With more in NetBox than was sent, whatever the verdict. */
  readonly more: Judged[] = [];
  readonly #counts: Map<StepName, VerdictCounts>;
  readonly #groups = new Map<string, UnjudgedGroup>();
  readonly #notShown = { more: 0, reasons: 0 };

  constructor(subject: CompareSubject, steps: readonly StepName[]) {
    this.subject = subject;
    this.#counts = new Map(steps.map((step) => [step, NONE]));
  }

  get steps(): readonly (VerdictCounts & { readonly step: StepName })[] {
    return [...this.#counts].map(([step, counts]) => ({ step, ...counts }));
  }

  get totals(): VerdictCounts {
    return [...this.#counts.values()].reduce(sum, NONE);
  }

  get unjudged(): readonly UnjudgedGroup[] {
    return [...this.#groups.values()];
  }

  /** How many entities with more in NetBox, and how many reasons, are beyond MOST_SHOWN. */
  get notShown(): { readonly more: number; readonly reasons: number } {
    return this.#notShown;
  }

  add(judged: Judged): void {
    const { step, verdict } = judged;
    const counts = this.#counts.get(step) ?? NONE;
    this.#counts.set(step, sum(counts, { ...NONE, entities: 1, [verdict]: 1 }));
    if (verdict === "different") keep(this.different, judged);
    this.hasLoss ||= judged.differences.some(({ lost }) => lost !== undefined);
    if (verdict === "missing") keep(this.missing, judged);
    if (judged.more.length > 0 && !keep(this.more, judged)) this.#notShown.more += 1;
    this.#group(judged);
  }

  #group({ step, entity, unjudged }: Judged): void {
    for (const { field, sentence } of unjudged) {
      const key = JSON.stringify([step, field, sentence]);
      const group = this.#groups.get(key) ?? { step, field, sentence, entity, count: 0 };
      if (group.count > 0 || this.#groups.size < MOST_SHOWN) {
        this.#groups.set(key, { ...group, count: group.count + 1 });
      } else this.#notShown.reasons += 1;
    }
  }
}

/** @returns whether it was kept. */
function keep(kept: Judged[], judged: Judged): boolean {
  return kept.length < MOST_SHOWN && kept.push(judged) > 0;
}

function sum(a: VerdictCounts, b: VerdictCounts): VerdictCounts {
  return {
    entities: a.entities + b.entities,
    equal: a.equal + b.equal,
    different: a.different + b.different,
    missing: a.missing + b.missing,
    unjudged: a.unjudged + b.unjudged,
  };
}
