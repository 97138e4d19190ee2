/** What a push planned and sent, and what became of it: filled while it runs, and printed by its reports. */
import { AppError } from "../../base/errors.ts";
import type { StepTotals } from "../plan.ts";
import type { Confirmed, EntityError, Planned, Sent } from "../push.ts";

interface PushSubject {
  /** `Target.name` */
  readonly target: string | undefined;
  /** The run, as the user named it. */
  readonly place: string;
  readonly isDryRun: boolean;
  readonly isConfirming: boolean;
}

export class PushRecord {
  readonly subject: PushSubject;
  readonly sent: Sent[] = [];
  /** Of acknowledged files. */
  sentTotals: Totals = NOTHING;
  planned: Planned | undefined;
  /** What NetBox was seen to have; undefined without --confirm, and when there was nothing to confirm. */
  confirmed: Confirmed | undefined;
  /** The NetBox that confirms. */
  netbox: { readonly url: string; readonly version: string } | undefined;
  /** Entities that were sent again because they had not arrived. */
  sentAgain = 0;
  /** Why the push ended early. */
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

  /** Of all files to send. */
  get plannedTotals(): Totals {
    return totalsOf(this.steps);
  }

  /** Every file was acknowledged before. */
  get isNothingNew(): boolean {
    return this.plannedTotals.files === 0 && (this.planned?.acknowledged ?? 0) > 0;
  }

  /** NetBox does not have exactly what was sent. */
  get isUnconfirmed(): boolean {
    const { entities = 0, arrived = 0, doubled = [] } = this.confirmed ?? {};
    return arrived < entities || doubled.length > 0;
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
