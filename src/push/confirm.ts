/**
 * Looks in NetBox until it has what was sent. Diode acknowledges an entity before it applies it, and never tries
 * one again that NetBox refused: so what does not arrive is sent again, with growing pauses.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Judged, judgeFiles, type OpenedNetBox, openOnline } from "../arrival/compare.ts";
import { AppError } from "../base/errors.ts";
import { netboxAccess } from "../netbox/rest/access.ts";
import type { NetBoxOptions, Status } from "../netbox/rest/client.ts";
import type { UnjudgedReason } from "../netbox/types/field-result.ts";
import type { StepName } from "../netbox/types/steps.ts";
import type { SelectedFile } from "../run-folder/set-difference.ts";

export interface ConfirmOptions {
  readonly netbox: Omit<NetBoxOptions, "signal"> & { readonly concurrency: number };
  /** Gives up this long after the last entity arrived. */
  readonly timeoutMs: number;
  /** Sends again what has not arrived after this time without progress; doubles each time. */
  readonly resendAfterMs: number;
  readonly watch: ConfirmWatch;
}

export interface ConfirmJob extends ConfirmOptions {
  /** Of the set. */
  readonly place: string;
  /** Whose objects have to be seen. */
  readonly steps: readonly StepName[];
  /** What did not arrive of the earlier run either: this push does not wait long for it. */
  readonly known: readonly SelectedFile[];
  /** NetBox may have had some of it before, and may still be about to get other values: a second look decides. */
  readonly isDoubtful: boolean;
  /** Sends entities to Diode again. @throws AppError "remote". */
  readonly resend: (files: readonly SelectedFile[]) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface ConfirmWatch {
  /** NetBox answers, and the token may view what has to be seen. */
  onOpened(status: Status): void;
  /** After each look. `awaited`: "custom fields", "VRFs, VLAN groups and L2VPNs", "entities". */
  onLooked(arrival: Arrival, awaited: string): void;
  onResend(entities: number): void;
  /** NetBox or Diode cannot be reached; the next look is in `pauseMs`. */
  onUnreachable(failure: AppError, pauseMs: number): void;
}

/** What NetBox was seen to have. */
export interface Arrival {
  readonly entities: number;
  readonly arrived: number;
  /** Different or missing, by file. */
  readonly open: readonly SelectedFile[];
  /** The first of them. */
  readonly examples: readonly Judged[];
  /** Entities of which NetBox has several objects, one of them as it was sent. */
  readonly doubled: readonly Judged[];
}

/** Of what has not arrived. */
const MOST_EXAMPLES = 1000;
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

export class Confirmation {
  readonly #netbox: OpenedNetBox;
  readonly #job: ConfirmJob;
  /** Some entity of this push was seen in NetBox: Diode is at work. */
  #hasArrived = false;

  private constructor(job: ConfirmJob) {
    this.#job = job;
    this.#netbox = openOnline({ ...job.netbox, signal: job.signal });
  }

  /** @throws AppError "remote" when NetBox does not answer, or the token may not view what has to be seen. */
  static async open(job: ConfirmJob): Promise<Confirmation> {
    const { netbox, signal, steps } = job;
    const { status, types } = await netboxAccess({ ...netbox, signal, types: steps });
    const hidden = types.filter(({ may }) => may !== "view");
    if (hidden.length === 0) {
      job.watch.onOpened(status);
      return new Confirmation(job);
    }
    const list = hidden.map(({ plural, permission }) => `${plural} (${permission})`).join(", ");
    throw new AppError(
      "remote",
      `Cannot confirm: the token may not view ${list} in NetBox at ${netbox.url}`,
      { hint: "Grant these permissions to the user of the token, or push without --confirm" },
    );
  }

  /**
   * Returns when all has arrived, or when what is left does not arrive. `awaited`: for the progress.
   * @throws AppError "remote" when NetBox cannot be reached for so long, "interrupted".
   */
  async untilArrived(files: readonly SelectedFile[], awaited: string): Promise<Arrival> {
    const { watch, resend } = this.#job;
    const patience = new Patience(this.#job);
    let whole: Arrival | undefined;
    let pending = files;
    let isSettled = !this.#job.isDoubtful;
    for (;;) {
      const started = performance.now();
      const looked = await this.#attempt(() => this.#look(pending));
      const lookMs = performance.now() - started;
      let failure = looked instanceof AppError ? looked : undefined;
      if (looked instanceof AppError) {
        if (patience.isOver) throw looked;
      } else {
        const seen = pending === files ? looked : withKnown(looked, whole ?? looked);
        const open = seen.entities - seen.arrived;
        watch.onLooked(seen, awaited);
        this.#hasArrived ||= seen.arrived > 0;
        patience.see(open);
        if (pending === files) whole = seen;
        if (open === 0) {
          if (pending === files) {
            if (isSettled) return seen;
            isSettled = true;
            await this.#wait(this.#job.resendAfterMs);
            continue;
          }
          // What had arrived may have changed since: all of it is looked at again.
          pending = files;
          continue;
        }
        pending = seen.open;
        if (patience.isOver || isHopeless(seen)) return seen;
        if (patience.isSentAgain && isWithin(seen.open, this.#job.known)) return seen;
        if (patience.isFruitless && this.#hasArrived) return seen;
        if (patience.isResendDue) {
          patience.resend();
          watch.onResend(open);
          const sent = await this.#attempt(() => resend(seen.open));
          failure = sent instanceof AppError ? sent : undefined;
        }
      }
      await this.#pause(lookMs, failure);
    }
  }

  /** A look costs NetBox time that it needs to apply entities. */
  async #pause(lookMs: number, failure: AppError | undefined): Promise<void> {
    const { resendAfterMs, watch } = this.#job;
    const shortestMs = Math.min(SHORTEST_PAUSE_MS, resendAfterMs / 2);
    const pauseMs = Math.min(Math.max(2 * lookMs, shortestMs), LONGEST_PAUSE_MS);
    if (failure !== undefined) watch.onUnreachable(failure, pauseMs);
    await this.#wait(pauseMs);
  }

  async #wait(pauseMs: number): Promise<void> {
    await wait(pauseMs, undefined, { signal: this.#job.signal }).catch(() => undefined);
    this.#throwIfAborted();
  }

  async close(): Promise<void> {
    await this.#netbox.close();
  }

  /** Returns a failure of the network: it may pass. */
  async #attempt<Result>(work: () => Promise<Result>): Promise<Result | AppError> {
    try {
      return await work();
    } catch (error) {
      this.#throwIfAborted();
      if (error instanceof AppError && error.kind === "remote") return error;
      throw error;
    }
  }

  async #look(files: readonly SelectedFile[]): Promise<Arrival> {
    const { place, netbox: { concurrency }, signal } = this.#job;
    const judgements = judgeFiles(files, { place, opened: this.#netbox, concurrency, signal });
    const open = new Map<SelectedFile["file"], number[]>();
    const examples: Judged[] = [];
    const doubled: Judged[] = [];
    let entities = 0;
    let arrived = 0;
    for await (const judged of judgements) {
      entities += 1;
      if (judged.doubled?.isOneEqual) doubled.push(judged);
      if (hasArrived(judged)) {
        arrived += 1;
        continue;
      }
      open.set(judged.file, [...open.get(judged.file) ?? [], judged.index]);
      if (examples.length < MOST_EXAMPLES) examples.push(judged);
    }
    return {
      entities,
      arrived,
      open: [...open].map(([file, only]) => ({ file, only })),
      examples,
      doubled,
    };
  }

  #throwIfAborted(): void {
    if (!this.#job.signal.aborted) return;
    throw new AppError("interrupted", "Interrupted before NetBox was seen to have everything", {
      hint: "Run push --confirm again: it looks for what was acknowledged and not yet confirmed",
    });
  }
}

/** When to send again what has not arrived, and when to give up. */
class Patience {
  readonly #timeoutMs: number;
  readonly #resendAfterMs: number;
  #fewest = Infinity;
  /** How many times all had arrived, until some of it was changed again. */
  #relapses = 0;
  /** Since the last progress. */
  #resends = 0;
  #progressAt = performance.now();
  #resendAt: number;

  constructor({ timeoutMs, resendAfterMs }: ConfirmOptions) {
    this.#timeoutMs = timeoutMs;
    this.#resendAfterMs = resendAfterMs;
    this.#resendAt = this.#progressAt + resendAfterMs;
  }

  /** `open`: how many entities have not arrived. */
  see(open: number): void {
    if (open >= this.#fewest) return;
    if (open === 0) this.#relapses += 1;
    this.#fewest = open === 0 ? Infinity : open;
    this.#resends = 0;
    this.#progressAt = performance.now();
    this.#resendAt = this.#progressAt + this.#resendAfterMs;
  }

  get isOver(): boolean {
    return performance.now() - this.#progressAt >= this.#timeoutMs;
  }

  get isResendDue(): boolean {
    return performance.now() >= this.#resendAt;
  }

  /** It was sent again and again, with pauses that add up to ten minutes by default; or it is set to and fro. */
  get isFruitless(): boolean {
    return (this.#resends >= MOST_RESENDS && this.isResendDue) || this.#relapses >= MOST_RELAPSES;
  }

  /** It was sent again, and a pause has passed since. */
  get isSentAgain(): boolean {
    return this.#resends > 0 && this.isResendDue;
  }

  resend(): void {
    this.#resends += 1;
    const pauseMs = Math.min(this.#resendAfterMs * 2 ** this.#resends, MAX_RESEND_PAUSE_MS);
    this.#resendAt = performance.now() + pauseMs;
  }
}

const MOST_RESENDS = 6;
const MOST_RELAPSES = 5;
const MAX_RESEND_PAUSE_MS = 5 * 60_000;

/** TABLE: why an entity, or a field of it, cannot be judged → is it taken for arrived? */
const ARRIVED_UNJUDGED: Readonly<Record<UnjudgedReason, boolean>> = {
  // It names an object that is doubled, or is doubled itself: then one of the objects decides.
  "ambiguous": true,
  "no-field": true,
  "unknown-field": true,
  "no-custom-field": false,
  "denied": false,
  "refused": false,
};

function hasArrived({ verdict, unjudged, doubled }: Judged): boolean {
  if (verdict === "different" || verdict === "missing") return false;
  return (doubled?.isOneEqual ?? true) && unjudged.every(({ reason }) => ARRIVED_UNJUDGED[reason]);
}

/** NetBox never changes the type of a custom field. Source: NetBox, extras/models/customfields.py, clean(). */
function isHopeless({ entities, arrived, examples }: Arrival): boolean {
  return examples.length === entities - arrived &&
    examples.every(({ step, differences }) =>
      step === "custom-field" && differences.some(({ field }) => field === "type")
    );
}

function isWithin(open: readonly SelectedFile[], known: readonly SelectedFile[]): boolean {
  const indices = new Map(known.map(({ file, only }) => [file.path, new Set(only)]));
  return open.every(({ file, only = [] }) =>
    only.every((index) => indices.get(file.path)?.has(index) === true)
  );
}

/** Adds what was seen earlier, in a look at everything, of the entities that were not looked at again. */
function withKnown(seen: Arrival, whole: Arrival): Arrival {
  const { entities, doubled } = whole;
  return { ...seen, entities, arrived: entities - seen.entities + seen.arrived, doubled };
}
