/** The plan of a run with another target than the one that it was transformed with. Writes nothing. */
import { inputError } from "../../base/errors.ts";
import { earlierSet, type ReadableSet } from "../../run-folder/earlier-set.ts";
import { openEntities, type TransformedSet } from "../../run-folder/entity-set.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Store } from "../../run-folder/store/store.ts";
import {
  refuseOtherScope,
  type TargetFolder,
  targetSource,
} from "../../run-folder/target-files.ts";
import type { MadePlan } from "../../run-folder/tidy-plan.ts";
import { parsePolicy } from "../policy.ts";
import { transform } from "../transform.ts";
import { targetOf } from "./transform.ts";

/**
 * With the settings that the run was transformed with. `since`: an earlier run; without one, nothing is removed.
 * `elsewhere`: runs of other clusters.
 * @throws AppError "input" when a folder cannot be read, or the run is made of several snapshots.
 */
export async function planOf(
  run: Store,
  { folder, since, elsewhere }: {
    readonly folder: TargetFolder;
    readonly since: TransformedSet | undefined;
    readonly elsewhere: readonly ReadableSet[];
  },
): Promise<MadePlan> {
  const { manifest: { snapshots } } = await openEntities(run);
  const [source, ...others] = snapshots;
  if (source === undefined || others.length > 0) {
    throw inputError(
      `Cannot plan ${run.place} again: it was made of ${snapshots.length} snapshots`,
      {
        hint: "Transform them again with --target, and tidy without --target",
      },
    );
  }
  const snapshot = await openSnapshot(run);
  refuseOtherScope(folder, [snapshot.sha256]);
  const target = await targetOf(folder);
  const batches = transform([{ snapshot, policy: parsePolicy(source.policy) }], {
    target,
    plan: {
      source: targetSource(folder),
      locate: folder.locate,
      since: since && earlierSet(since),
      elsewhere,
    },
  });
  for await (const { plan } of batches) if (plan !== undefined) return plan;
  throw new Error("The transform made no plan");
}
