/**
 * A Diode on the loopback interface that acknowledges at once and applies later, as its reconciler does: batches from
 * a queue, by one worker or several. What `apply` does with a batch decides the rest: a NetBox in memory, or a real one.
 */
import { setTimeout as wait } from "node:timers/promises";
import { stepCalled, STEPS } from "../../src/netbox/types/steps.ts";
import { requestJson } from "../../src/rehearse/receive/ingester.ts";
import { receive, type Receiver } from "../../src/rehearse/receive/receive.ts";
import { type LogState, Queue, type QueuedEntity } from "./diode-queue.ts";
import { numbersFrom } from "./shuffled.ts";

export interface BackgroundOptions {
  /** Of the order inside batches. */
  readonly seed?: number | undefined;
  /** Batches that are under way at once; default 1. */
  readonly workers?: number | undefined;
  /** What another producer sent before. */
  readonly foreign?: readonly QueuedEntity[] | undefined;
  /** Which batches, counted from 0, are posted a second time while the first post is under way. */
  readonly isPostedTwice?: ((batch: number) => boolean) | undefined;
  /** Applies nothing, ever. */
  readonly isIdle?: boolean | undefined;
  /** Called with each request; its answer waits. */
  readonly onRequest?: (() => Promise<void> | void) | undefined;
  /** For each entity, whether NetBox took it. `worker`: from 0; the second post of a batch has the next number. */
  readonly apply: (batch: readonly QueuedEntity[], worker: number) => Promise<readonly boolean[]>;
}

export interface BackgroundDiode {
  readonly receiver: Receiver;
  /** Entities by the state of their logs. */
  entitiesIn(...states: readonly LogState[]): readonly QueuedEntity[];
  /** Resolves when nothing is queued or under way. @throws what `apply` threw. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Between two looks into an empty queue. */
const POLL_MS = 2;

export async function startBackgroundDiode(options: BackgroundOptions): Promise<BackgroundDiode> {
  const { seed = 1, workers = 1, foreign = [], isIdle = false } = options;
  const { apply, isPostedTwice = () => false } = options;
  const queue = new Queue(numbersFrom(seed));
  queue.add(foreign);
  const receiver = await receive({
    async onRequest(_, bytes) {
      await options.onRequest?.();
      queue.add(requestJson(bytes).entities.flatMap(queuedOf));
    },
  });
  const stop = new AbortController();
  let batches = 0;
  const work = async (worker: number): Promise<void> => {
    while (!stop.signal.aborted) {
      const batch = isIdle ? [] : queue.take();
      if (batch.length === 0) {
        await wait(POLL_MS);
        continue;
      }
      const posts = [apply(batch, worker)];
      if (isPostedTwice(batches)) posts.push(apply(batch, worker + 1));
      batches += 1;
      const results = await Promise.all(posts);
      batch.forEach((sent, i) =>
        queue.settle(sent, results.some((result) => result[i]) ? "applied" : "failed")
      );
    }
  };
  let failure: unknown;
  const ends = Array.from({ length: workers }, async (_, worker) => {
    try {
      await work(worker);
    } catch (error) {
      failure ??= error;
    }
  });
  return {
    receiver,
    entitiesIn: (...states) => queue.in(...states),
    async settled() {
      while (queue.in("queued", "claimed").length > 0) {
        if (failure !== undefined) throw failure;
        await wait(POLL_MS);
      }
    },
    async close() {
      stop.abort();
      await Promise.all([...ends, receiver.close()]);
      if (failure !== undefined) throw failure;
    },
  };
}

/** { timestamp: "…", vm_interface: { … } }. Types of no step, which files of an SDK may have, are not applied. */
function queuedOf(sent: Readonly<Record<string, unknown>>): QueuedEntity[] {
  const step = STEPS.find(({ field }) => field in sent);
  return step === undefined ? [] : [{ step, entity: sent[step.field] as QueuedEntity["entity"] }];
}

/** The tags of somebody else: enough of them keep Diode busy. */
export function foreignTags(count: number): readonly QueuedEntity[] {
  return Array.from({ length: count }, (_, i) => ({
    step: stepCalled("tag"),
    entity: { name: `switch-${i + 1}`, slug: `switch-${i + 1}`, color: "607d8b" },
  }));
}
