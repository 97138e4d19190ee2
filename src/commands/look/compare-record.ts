/** What came of a comparison: how many of each, and as much of what is to be told as a report shows. */
import type { StepName } from "../../entities/order.ts";
import { printable } from "../../kernel/log.ts";
import type { Judged, Verdict } from "../../look/compare/findings.ts";
import type { Status } from "../../look/compare/netbox.ts";
import { groupDigits } from "../text/tables.ts";

export interface CompareSubject {
  /** The run, as the user named it. */
  readonly place: string;
  /** Of NetBox. */
  readonly url: string;
}

export type Counts = Readonly<Record<Verdict, number>> & { readonly entities: number };

/** The same about so many entities of a step. */
export interface UnjudgedGroup {
  readonly step: StepName;
  readonly field: string | undefined;
  readonly sentence: string;
  /** The first of them. */
  readonly entity: string;
  readonly count: number;
}

/** More would push what matters out of sight, and memory has an end; --json tells all. */
export const MOST_SHOWN = 30;

const NONE: Counts = { entities: 0, equal: 0, different: 0, missing: 0, unjudged: 0 };

export class CompareRecord {
  readonly subject: CompareSubject;
  status: Status | undefined;
  /** It came to its end. */
  isComplete = false;
  /** A push would remove something. */
  hasLoss = false;
  /** The first so many of each. */
  readonly different: Judged[] = [];
  readonly missing: Judged[] = [];
  /** What NetBox has more of, with whatever verdict. */
  readonly more: Judged[] = [];
  readonly #counts: Map<StepName, Counts>;
  readonly #groups = new Map<string, UnjudgedGroup>();
  readonly #untold = { more: 0, reasons: 0 };

  constructor(subject: CompareSubject, steps: readonly StepName[]) {
    this.subject = subject;
    this.#counts = new Map(steps.map((step) => [step, NONE]));
  }

  get steps(): readonly (Counts & { readonly step: StepName })[] {
    return [...this.#counts].map(([step, counts]) => ({ step, ...counts }));
  }

  get totals(): Counts {
    return [...this.#counts.values()].reduce(sum, NONE);
  }

  get unjudged(): readonly UnjudgedGroup[] {
    return [...this.#groups.values()];
  }

  /** How many of those with more in NetBox, and of the reasons, found no room. */
  get untold(): { readonly more: number; readonly reasons: number } {
    return this.#untold;
  }

  add(judged: Judged): void {
    const { step, verdict } = judged;
    const counts = this.#counts.get(step) ?? NONE;
    this.#counts.set(step, sum(counts, { ...NONE, entities: 1, [verdict]: 1 }));
    if (verdict === "different") keep(this.different, judged);
    this.hasLoss ||= judged.differences.some(({ lost }) => lost !== undefined);
    if (verdict === "missing") keep(this.missing, judged);
    if (judged.more.length > 0 && !keep(this.more, judged)) this.#untold.more += 1;
    this.#group(judged);
  }

  #group({ step, entity, unjudged }: Judged): void {
    for (const { field, sentence } of unjudged) {
      const key = JSON.stringify([step, field, sentence]);
      const group = this.#groups.get(key) ?? { step, field, sentence, entity, count: 0 };
      if (group.count > 0 || this.#groups.size < MOST_SHOWN) {
        this.#groups.set(key, { ...group, count: group.count + 1 });
      } else this.#untold.reasons += 1;
    }
  }
}

/** Was there room? */
function keep(kept: Judged[], judged: Judged): boolean {
  return kept.length < MOST_SHOWN && kept.push(judged) > 0;
}

function sum(a: Counts, b: Counts): Counts {
  return {
    entities: a.entities + b.entities,
    equal: a.equal + b.equal,
    different: a.different + b.different,
    missing: a.missing + b.missing,
    unjudged: a.unjudged + b.unjudged,
  };
}

/** "All 288 entities of snapshots/example are in NetBox 4.7.3 at https://… as they were sent" */
export function headlineOf({ subject, status, totals }: CompareRecord): string {
  const { entities, equal } = totals;
  const sent = `${groupDigits(entities)} entities of ${printable(subject.place)}`;
  const where = `in NetBox ${status?.version ?? ""} at ${subject.url} as they were sent`;
  if (equal === entities) return `All ${sent} are ${where}`;
  const others = WORDS.filter(([verdict]) => totals[verdict] > 0)
    .map(([verdict, word]) => `${groupDigits(totals[verdict])} ${word}`);
  return `Of ${sent}, ${groupDigits(equal)} are ${where}; ${others.join(", ")}`;
}

const WORDS = [["different", "different"], ["missing", "missing"], [
  "unjudged",
  "not judged",
]] as const;
