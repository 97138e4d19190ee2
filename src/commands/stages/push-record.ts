/** What a push was to send and what became of it: the reports are made of this. */
import { AppError } from "../../kernel/errors.ts";
import type { EntityError, Planned, Sent } from "../../push/push.ts";
import type { StepTotals } from "../../push/plan.ts";

export interface PushSubject {
  /** `Target.name` */
  readonly target: string | undefined;
  /** The run, as the user named it. */
  readonly place: string;
  readonly isDryRun: boolean;
}

export class PushRecord {
  readonly subject: PushSubject;
  readonly sent: Sent[] = [];
  /** Of what was acknowledged. */
  sentTotals: Totals = NOTHING;
  planned: Planned | undefined;
  /** What ended it early. */
  failure: string | undefined;
  readonly #started = performance.now();

  constructor(subject: PushSubject) {
    this.subject = subject;
  }

  /** Steps with anything to send. */
  get steps(): readonly StepTotals[] {
    return this.planned?.steps.filter(({ files }) => files > 0) ?? [];
  }

  get errors(): readonly EntityError[] {
    return this.sent.flatMap(({ errors }) => errors);
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Of what was to be sent. */
  get plannedTotals(): Totals {
    return totalsOf(this.steps);
  }

  /** Every file was acknowledged before. */
  get isNothingNew(): boolean {
    return this.plannedTotals.files === 0 && (this.planned?.acknowledged ?? 0) > 0;
  }

  add(sent: Sent): void {
    this.sent.push(sent);
    const { entities, bytes } = sent;
    this.sentTotals = sum(this.sentTotals, { files: 1, entities, bytes });
  }

  fail(error: unknown): void {
    this.failure = error instanceof AppError ? error.message : "a bug, see the log";
  }
}

export interface Totals {
  readonly files: number;
  readonly entities: number;
  /** On the wire. */
  readonly bytes: number;
}

const NOTHING: Totals = { files: 0, entities: 0, bytes: 0 };

function totalsOf(parts: readonly Totals[]): Totals {
  return parts.reduce(sum, NOTHING);
}

function sum(a: Totals, b: Totals): Totals {
  return {
    files: a.files + b.files,
    entities: a.entities + b.entities,
    bytes: a.bytes + b.bytes,
  };
}
