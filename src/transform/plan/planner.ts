/**
 * Makes plan.json: what Diode cannot do. It watches a transform, and compares what that found in NetBox, and what
 * an earlier run wrote, with what the new one has. One module for each action.
 */
import type { NetBoxObject } from "../../netbox/types/object-type.ts";
import type { SurveyedName } from "../../netbox/types/surveyed.ts";
import type { EarlierSet, ReadableSet } from "../../run-folder/earlier-set.ts";
import type { LeftOut } from "../../run-folder/left-out.ts";
import type { TargetFolder } from "../../run-folder/target-files.ts";
import type { TargetSource } from "../../run-folder/target.ts";
import type {
  Action,
  Carried,
  KeptItem,
  MadePlan,
  PlanEvidence,
  PlanItem,
} from "../../run-folder/tidy-plan.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import type { SnapshotCluster } from "../cluster.ts";
import type { RunState } from "../context.ts";
import { clusterAnswer, Ledger } from "../ledger.ts";
import { type Batch, batchOf } from "../made.ts";
import type { Slugs } from "../slugs.ts";
import { type NetBoxTarget, tagNames } from "../target/target.ts";
import { Observations } from "./collect.ts";
import { carriedGuest, WrittenEntities } from "./written.ts";
import { GoneMachines } from "./gone.ts";
import { planAssignments } from "./assign.ts";
import { planJoins } from "./join.ts";
import { type ItemDraft, OwnObjects } from "./objects.ts";
import { planReleases } from "./release.ts";
import { planRemovals } from "./remove.ts";
import { planRenames } from "./rename.ts";
import { whereaboutsOf } from "./whereabouts.ts";
import {
  retire,
  retiredAddresses,
  type RetiredGuest,
  retiredMachines,
  retireItems,
  withMachines,
} from "./retire.ts";

export interface PlanOptions {
  /** What the target was read from. */
  readonly source: TargetSource;
  /** An earlier run that NetBox has. */
  readonly since?: EarlierSet | undefined;
  /** Runs of other clusters, in which guests that are gone are looked for. */
  readonly elsewhere?: readonly ReadableSet[] | undefined;
  /** Finds the lines of objects. */
  readonly locate: TargetFolder["locate"];
}

/** What is known once the clusters are read. */
interface Begun {
  readonly clusters: readonly SnapshotCluster[];
  readonly run: RunState;
  readonly own: OwnObjects;
  readonly gone: GoneMachines | undefined;
  readonly retired: readonly RetiredGuest[];
}

export class Planner {
  readonly #observations = new Observations();
  readonly #target: NetBoxTarget;
  readonly #options: PlanOptions;
  readonly #earlier: WrittenEntities | undefined;
  #begun: Begun | undefined;
  /** Only with an earlier run. */
  readonly #leftOut: LeftOut[] = [];
  /** Machine → the tags that the run gives to it. */
  readonly #tags = new Map<NetBoxObject, ReadonlySet<string>>();

  private constructor(
    target: NetBoxTarget,
    options: PlanOptions,
    earlier: WrittenEntities | undefined,
  ) {
    this.#target = target;
    this.#options = options;
    this.#earlier = earlier;
  }

  /** @throws AppError "input" when the earlier run cannot be read. */
  static async open(target: NetBoxTarget, options: PlanOptions): Promise<Planner> {
    const earlier = options.since && await WrittenEntities.read(options.since);
    return new Planner(target, options, earlier);
  }

  get runOptions() {
    return { observations: this.#observations, deprecated: this.#earlier?.facts.deprecated };
  }

  /**
   * The names of all guests are known: NetBox's machines that have none are of guests that are gone.
   * @throws AppError "input" when a run of another cluster cannot be read.
   */
  async begin(clusters: readonly SnapshotCluster[], run: RunState): Promise<void> {
    const hostTags = new Set(clusters.flatMap((cluster) => [...cluster.hostTags]));
    const own = new OwnObjects(this.#target, hostTags);
    const gone = this.#earlier && new GoneMachines(clusters, this.#earlier, own);
    if (this.#earlier !== undefined && gone !== undefined) {
      const { elsewhere = [] } = this.#options;
      const options = { elsewhere, clusters, earlier: this.#earlier, own };
      gone.locate(await whereaboutsOf(gone.guests, options));
      noteMoved(gone);
    }
    const retired = gone === undefined ? [] : retire(gone, this.#target);
    for (const { ledger } of clusters) this.#leftOut.push(...ledger.records);
    this.#begun = { clusters, run, own, gone, retired };
  }

  /** The batches of all nodes, with the machines that are retired; notes what the plan is made of. */
  async *watched(batches: AsyncIterable<Batch>, slugs: Slugs): AsyncGenerator<Batch> {
    const { retired, own, run } = this.#known();
    const making = { target: this.#target, slugs };
    for await (const batch of withMachines(batches, retiredMachines(retired, making))) {
      this.#see(batch);
      yield batch;
    }
    if (this.#earlier === undefined || retired.length === 0) return;
    const ledger = new Ledger();
    const isInUse = (host: string): boolean => run.addresses.has(host);
    const options = { ...making, own, earlier: this.#earlier, isInUse, ledger };
    const last = batchOf(retiredAddresses(retired, options), ledger);
    this.#see(last);
    yield last;
  }

  #see({ made, leftOut }: Batch): void {
    if (this.#earlier === undefined) return;
    this.#leftOut.push(...leftOut);
    for (const { step, entity, found } of made) {
      this.#earlier.see(step, entity);
      if (step !== "virtual-machine" || found === undefined) continue;
      this.#tags.set(found.object, new Set(entity.tags.map(({ name }) => name)));
    }
  }

  /** @throws AppError "input" when a file of the target or of the earlier run was changed. */
  async plan(): Promise<MadePlan> {
    const { own, gone, retired } = this.#known();
    const observations = this.#observations;
    const releases = planReleases({ observations, own, gone });
    const removals = await this.#removals(releases.drafts);
    const joins = planJoins(own);
    const untags = this.#untags();
    const stillGone = gone?.toCarry(new Set(retired.map(({ object }) => object))) ?? [];
    // In the order in which they are done.
    const drafts: Readonly<Record<Action, readonly ItemDraft[]>> = {
      release: releases.drafts,
      rename: planRenames(observations.otherNames, own),
      assign: planAssignments(observations.otherValues, own),
      retire: retireItems(retired, own),
      remove: removals.drafts,
      untag: untags.drafts,
      join: joins.drafts,
    };
    return {
      target: this.#options.source,
      ...(this.#earlier && { since: this.#earlier.sha256 }),
      ...elsewhereFacts(this.#options),
      ours: own.count(),
      items: await located(Object.values(drafts).flat(), this.#options.locate),
      kept: [...releases.kept, ...removals.kept, ...joins.kept],
      ...(this.#earlier && {
        carried: {
          entities: [...removals.carried],
          tags: [...untags.carried],
          ...(stillGone.length > 0 && { gone: stillGone }),
        },
      }),
    };
  }

  async #removals(releases: readonly ItemDraft[]): Promise<{
    readonly drafts: readonly ItemDraft[];
    readonly kept: readonly KeptItem[];
    readonly carried: Carried["entities"];
  }> {
    const { own, gone, clusters, run, retired } = this.#known();
    const observations = this.#observations;
    const earlier = this.#earlier;
    if (earlier === undefined || gone === undefined) return { drafts: [], kept: [], carried: [] };
    const released = new Set(
      releases.flatMap(({ objects }) => objects.map(({ object }) => object)),
    );
    const isInUse = (host: string): boolean => run.addresses.has(host);
    return planRemovals({
      missing: await earlier.missing(this.#leftOut),
      observations,
      own,
      gone,
      earlier,
      mentioned: new Set(this.#leftOut.map(({ what }) => what)),
      retired: new Set(retired.map(({ object }) => object)),
      isInUse,
      isMoving: (object) => released.has(object) || this.#target.isClaimed(object),
      nodes: clusters.flatMap(({ source, nodes }) =>
        [source, ...nodes].map(({ policy }) => ({
          deviceType: policy.nodeDeviceType,
          role: policy.nodeDeviceRole,
        }))
      ),
    });
  }

  /** Tags that the earlier run gave to a machine, and that its guest no longer has: Diode only adds tags. */
  #untags(): { readonly drafts: readonly ItemDraft[]; readonly carried: Carried["tags"] } {
    const { own, gone } = this.#known();
    const drafts: ItemDraft[] = [];
    const carried: Carried["tags"] = [];
    for (const guest of this.#earlier?.facts.guests ?? []) {
      const object = guest.tags.length === 0 ? undefined : gone?.machineOf(guest);
      const seen = object && this.#observations.machines.get(object);
      const tags = object && this.#tags.get(object);
      if (object === undefined) continue;
      const inNetBox = tagNames(object);
      for (const tag of guest.tags) {
        if (tags?.has(tag) || !inNetBox.includes(tag) || own.isWritten(tag)) continue;
        carried.push({ guest: carriedGuest(guest), tag });
        if (seen?.isTagsRead !== true || tags === undefined) continue;
        const type = "virtual-machine";
        drafts.push(own.draft("untag", { type, object }, {
          changes: [{ type, id: object.id, field: "tags", from: tag, to: null }],
          why:
            `${seen.subject.what} no longer has the tag "${tag}", which an earlier run gave to it`,
          answers: [seen.subject.answer],
          earlier: [guest.at],
        }));
      }
    }
    return { drafts: drafts.sort((a, b) => a.item.id - b.item.id), carried };
  }

  #known(): Begun {
    if (this.#begun === undefined) throw new Error("The plan was not begun");
    return this.#begun;
  }
}

function noteMoved(gone: GoneMachines): void {
  for (const each of gone.guests) {
    const { guest: { vmid }, cluster: { ledger, label } } = each;
    const { isMoved, because } = gone.whereaboutsOf(each) ?? {};
    const subject = { what: `vm/${vmid}`, answer: clusterAnswer(PATHS.resources, label) };
    if (isMoved) ledger.note(subject, "moved", because);
  }
}

/** For manifest and plan: hashes of the sets of other clusters, in an order of their own. */
export function elsewhereFacts(
  { elsewhere = [] }: Pick<PlanOptions, "elsewhere">,
): { readonly elsewhere?: string[] } {
  return elsewhere.length === 0 ? {} : { elsewhere: elsewhere.map(({ sha256 }) => sha256).sort() };
}

/** The drafts, with the lines of their objects. Each file of the target is read once. */
async function located(
  drafts: readonly ItemDraft[],
  locate: PlanOptions["locate"],
): Promise<PlanItem[]> {
  const ids = new Map<SurveyedName, Set<number>>();
  for (const { type, object } of drafts.flatMap(({ objects }) => objects)) {
    ids.set(type, (ids.get(type) ?? new Set()).add(object.id));
  }
  const lines = new Map<SurveyedName, Awaited<ReturnType<PlanOptions["locate"]>>>();
  for (const [type, own] of ids) lines.set(type, await locate(type, own));
  return drafts.map(({ item, answers, objects, earlier }) => {
    const evidence: PlanEvidence[] = [
      ...answers.map((answer) => ({ of: "answer" as const, ...answer })),
      ...objects.flatMap(({ type, object }) => {
        const place = lines.get(type)?.get(object.id);
        return place === undefined ? [] : [{ of: "target" as const, ...place }];
      }),
      ...earlier.map((place) => ({ of: "earlier" as const, ...place })),
    ];
    const { seen, ...facts } = item;
    return { ...facts, evidence, seen };
  });
}
