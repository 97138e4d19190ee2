/**
 * A Diode and its NetBox in this process, with what happens to them at work: batches in any order, posted twice or
 * beside each other, a NetBox that is away, a queue full of somebody else's entities, refusals.
 *
 *   const { receiver, netbox, settled } = await startDiodeAndNetBox({ outage: { afterApplied: 40, forMs: 200 } });
 *   await pushInto(receiver, set);
 *   await settled();
 *   const { judged } = await compareWith(netbox, set);
 *
 * Source: what a real Diode server and NetBox 4.7.3 did to the same entities.
 */
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { SurveyedName } from "../../src/netbox/types/surveyed.ts";
import { serveNetBox } from "../../src/rehearse/netbox/server.ts";
import { ModelNetBox } from "./applied.ts";
import {
  type BackgroundDiode,
  type BackgroundOptions,
  startBackgroundDiode,
} from "./background-diode.ts";
import type { QueuedEntity } from "./diode-queue.ts";
import { restObjects } from "./model-rest.ts";
import { numbersFrom } from "./shuffled.ts";

export interface Outage {
  /** Starts when this many entities were applied, those of other producers included. */
  readonly afterApplied: number;
  readonly forMs: number;
  /** What NetBox's address answers meanwhile; default: connections are closed. */
  readonly answer?: 502 | 503;
}

export interface Disturbances extends Omit<BackgroundOptions, "apply"> {
  /** Of a batch, besides the work; default 5. */
  readonly batchMs?: number;
  /** Of a batch while NetBox is away; default 2. */
  readonly failedBatchMs?: number;
  readonly outage?: Outage;
  /** Why NetBox refuses such an object, in whichever entity it is. */
  readonly refuses?: ModelNetBox["refuses"];
  /** Default: an empty one. */
  readonly model?: ModelNetBox;
}

export interface DiodeAndNetBox
  extends Pick<BackgroundDiode, "receiver" | "settled" | "entitiesIn"> {
  /** Its REST API. */
  readonly netbox: { readonly url: string; readonly asked: number };
  readonly model: ModelNetBox;
  /** NetBox goes away now. */
  goAway(forMs: number, answer?: Outage["answer"]): void;
  readonly isAway: boolean;
  /** Has the outage begun, and is it over? */
  readonly wasAway: boolean;
}

/** Turns of the event loop between the plan and the end of a transaction. */
const MAX_TURNS = 3;

export async function startDiodeAndNetBox(
  disturbances: Disturbances = {},
): Promise<DiodeAndNetBox & { close(): Promise<void> }> {
  const { batchMs = 5, failedBatchMs = 2, outage, seed = 1, refuses } = disturbances;
  const model = disturbances.model ?? new ModelNetBox(refuses && { refuses });
  const random = numbersFrom(seed);
  let applied = 0;
  let away: { readonly until: number; readonly answer: Outage["answer"] } | undefined;
  const isAway = (): boolean => away !== undefined && performance.now() < away.until;
  const goAway: DiodeAndNetBox["goAway"] = (forMs, answer) => {
    away = { until: performance.now() + forMs, answer };
  };
  /** One transaction: what others finish between its plan and its end is not seen. */
  const applyOne = async ({ step, entity }: QueuedEntity): Promise<boolean> => {
    const plannedAt = model.nextId;
    for (let turn = Math.floor(random() * MAX_TURNS); turn >= 0; turn -= 1) await nextTurn();
    if (isAway()) return false;
    try {
      const reason = model.applyOne({ step: step.name, entity: entity as never }, plannedAt);
      if (reason !== undefined) return false;
    } catch (error) {
      // Another program may send what lacks a part of its key: the plugin refuses it.
      if (error instanceof TypeError) return false;
      throw error;
    }
    applied += 1;
    if (outage !== undefined && away === undefined && applied >= outage.afterApplied) {
      goAway(outage.forMs, outage.answer);
    }
    return true;
  };
  const apply = async (batch: readonly QueuedEntity[]): Promise<readonly boolean[]> => {
    const ms = isAway() ? failedBatchMs : batchMs;
    // Without a pause, two posts of a batch are planned at the same time.
    if (ms > 0) await wait(ms);
    const results: boolean[] = [];
    for (const each of batch) results.push(await applyOne(each));
    return results;
  };
  const diode = await startBackgroundDiode({ ...disturbances, apply });
  const netbox = await serveNetBox({
    objects: restObjects(model),
    isWritable: true,
    faultOf() {
      if (!isAway()) return undefined;
      return away?.answer === undefined ? { wire: "drop" } : { status: away.answer };
    },
  });
  const { receiver, entitiesIn } = diode;
  return {
    receiver,
    async settled() {
      await diode.settled();
      while (isAway()) await wait(failedBatchMs);
    },
    entitiesIn,
    netbox,
    model,
    goAway,
    get isAway() {
      return isAway();
    },
    get wasAway() {
      return away !== undefined && !isAway();
    },
    async close() {
      await Promise.all([diode.close(), netbox.close()]);
    },
  };
}

/** What exists twice: "vlan 10: 2 objects". */
export function doubledIn(model: ModelNetBox): readonly string[] {
  return Object.entries(KEYS).flatMap(([type, keys]) => {
    const rows = Map.groupBy(
      model.all(type as SurveyedName),
      (row) => keys.map((key) => JSON.stringify(row[key] ?? null)).join(" "),
    );
    return [...rows].filter(([, { length }]) => length > 1)
      .map(([key, { length }]) => `${type} ${key}: ${length} objects`);
  });
}

/** TABLE: types that NetBox may have twice → what tells two objects apart. */
const KEYS: Partial<Record<SurveyedName, readonly string[]>> = {
  "vlan": ["vid", "site", "group"],
  "prefix": ["prefix", "vrf", "scope"],
  "ip-address": ["address", "vrf"],
};
