/** Applies entities as Diode's reconciler does, in one of two modes. */
import { numbersFrom } from "../../helpers/shuffled.ts";
import type { NetBox } from "../server/netbox.ts";
import type { SentEntity } from "./entity-files.ts";
import {
  applyChangeSet,
  bulkPlanApply,
  type BulkResult,
  type ChangeSet,
  type Complaint,
  complaintsIn,
  generateDiff,
} from "./plugin.ts";
import { Queue } from "../../helpers/diode-queue.ts";

export type { Complaint } from "./plugin.ts";

/**
 * "bulk": batches of 50 in any order inside, each one request, as the newest servers do.
 * "single": entity by entity in the order of arrival, as older servers do with one worker.
 */
export const MODES = ["bulk", "single"] as const;
export type Mode = (typeof MODES)[number];

export type Verdict = "no-change" | "applied" | "failed";

export interface Reconciled {
  readonly sent: SentEntity;
  readonly verdict: Verdict;
  /** Objects of NetBox that it made or changed: "create virtualization.virtualmachine". */
  readonly changes: readonly string[];
  /** Errors of NetBox, by object type and field. */
  readonly complaints: readonly Complaint[];
  /** Warnings of the plugin about values that it ignored. */
  readonly warnings: readonly Complaint[];
}

export interface Reconciler {
  /**
   * Results in the order of application. A failed entity is not retried until it is sent again.
   * Never throws for errors of NetBox.
   */
  reconcile(entities: readonly SentEntity[]): Promise<Reconciled[]>;
}

export interface ReconcilerOptions {
  readonly mode: Mode;
  /** Seed of the order within a batch. */
  readonly seed: number;
}

/** Starts with an empty queue, independent of earlier reconcilers. */
export function startReconciler(netbox: NetBox, { mode, seed }: ReconcilerOptions): Reconciler {
  if (mode === "single") return { reconcile: (entities) => oneByOne(netbox, entities) };
  const queue = new Queue<SentEntity>(numbersFrom(seed));
  return { reconcile: (entities) => inBatches(netbox, queue.claim(entities)) };
}

async function inBatches(
  netbox: NetBox,
  batches: readonly (readonly SentEntity[])[],
): Promise<Reconciled[]> {
  const results: Reconciled[] = [];
  for (const batch of batches) {
    const answers = await bulkPlanApply(netbox, batch);
    results.push(...batch.map((sent, i) => reconciledOf(sent, answers[i] as BulkResult)));
  }
  return results;
}

function reconciledOf(sent: SentEntity, result: BulkResult): Reconciled {
  const { change_set: plan, errors, warnings } = result;
  return outcomeOf(sent, {
    plan,
    complaints: [...complaintsIn(errors?.plan), ...complaintsIn(errors?.apply)],
    warnings: [...complaintsIn(plan?.warnings), ...complaintsIn(warnings)],
  });
}

async function oneByOne(
  netbox: NetBox,
  entities: readonly SentEntity[],
): Promise<Reconciled[]> {
  const results: Reconciled[] = [];
  for (const sent of entities) results.push(await reconcileOne(netbox, sent));
  return results;
}

async function reconcileOne(netbox: NetBox, sent: SentEntity): Promise<Reconciled> {
  const planned = await generateDiff(netbox, sent);
  const plan = planned.change_set;
  const complaints = complaintsIn(planned.errors);
  const warnings = [...complaintsIn(planned.warnings), ...complaintsIn(plan?.warnings)];
  if (complaints.length > 0 || !plan || plan.changes.length === 0) {
    return outcomeOf(sent, { plan, complaints, warnings });
  }
  const applied = await applyChangeSet(netbox, plan);
  return outcomeOf(sent, {
    plan,
    complaints: complaintsIn(applied.errors),
    warnings: [...warnings, ...complaintsIn(applied.warnings)],
  });
}

function outcomeOf(
  sent: SentEntity,
  { plan, complaints, warnings }:
    & Pick<Reconciled, "complaints" | "warnings">
    & { readonly plan: ChangeSet | null | undefined },
): Reconciled {
  const planned = plan?.changes ?? [];
  const changes = planned.filter(({ change_type: type }) => type !== "noop")
    .map(({ change_type: type, object_type: on }) => `${type} ${on}`);
  const verdict = complaints.length > 0 ? "failed" : planned.length > 0 ? "applied" : "no-change";
  return { sent, verdict, changes, complaints, warnings };
}
