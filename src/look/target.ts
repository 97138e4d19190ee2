/** --target, --since and --elsewhere: what `transform` was given when it made the entities of a run. */
import { inputError, usageError } from "../base/errors.ts";
import { type EarlierSet, earlierSet, type ReadableSet } from "../run-folder/earlier-set.ts";
import { type EntityManifest, openEntities } from "../run-folder/entity-set.ts";
import { openTargetFolder, type TargetFolder, targetSource } from "../run-folder/target-files.ts";
import type { TargetSource } from "../run-folder/target.ts";
import type { Session } from "../terminal/session.ts";
import { openElsewhere, targetOf } from "../transform/command/transform.ts";
import { elsewhereFacts } from "../transform/plan/planner.ts";
import type { TransformOptions } from "../transform/transform.ts";

/** A target, and the runs that were given with it. */
export interface GivenTarget extends TargetFolder {
  readonly since?: EarlierSet | undefined;
  readonly elsewhere?: readonly ReadableSet[];
}

type MadeWith = Pick<EntityManifest, "target" | "since" | "elsewhere">;

/** undefined without --target. `made`: the manifest of the entities. */
export type OpenTarget = (made: MadeWith | undefined) => Promise<GivenTarget | undefined>;

/** @throws AppError "usage" if the entities were made with others; "input" if they were changed. */
export function targetOption(session: Session): OpenTarget {
  return async (made) => {
    const place = session.option("target");
    const unused = ["since", "elsewhere"].find((name) => session.option(name) !== undefined);
    if (place === undefined && unused !== undefined) {
      throw usageError(`--${unused} requires --target`, {
        hint: "Name with --target the target that transform was given with it",
      });
    }
    if (place === undefined) return undefined;
    const folder = await openTargetFolder(await session.openStore(place));
    const source = made?.target;
    if (source === undefined || source.sha256 === folder.sha256) {
      const since = await openSince(session, made);
      return { ...folder, since, elsewhere: await openOthers(session, made) };
    }
    throw usageError(
      `Cannot use the target ${place} (${targetText(targetSource(folder))}): the entities were ` +
        `made with another one (${targetText(source)})`,
      { hint: "Name with --target the target that transform was given, or run transform again" },
    );
  };
}

async function openSince(
  session: Session,
  made: MadeWith | undefined,
): Promise<EarlierSet | undefined> {
  const place = session.option("since");
  if (place === undefined) return undefined;
  const set = await openEntities(await session.openStore(place));
  if (made === undefined || made.since === set.sha256) return earlierSet(set);
  throw inputError(
    `Cannot use the earlier run ${place}: the entities were made ${
      made.since === undefined ? "without one" : "with another one"
    }`,
    { hint: "Name with --since the run that transform was given, or run transform again" },
  );
}

async function openOthers(
  session: Session,
  made: MadeWith | undefined,
): Promise<readonly ReadableSet[]> {
  const sets = await openElsewhere(session);
  const { elsewhere: given = [] } = elsewhereFacts({ elsewhere: sets });
  const wanted = made?.elsewhere ?? [];
  if (made === undefined || given.length === 0 || given.join() === wanted.join()) return sets;
  throw inputError(
    `Cannot use the runs of other clusters: the entities were made ${
      wanted.length === 0 ? "without any" : `with ${wanted.length}, and not these`
    }`,
    { hint: "Name with --elsewhere the runs that transform was given, or run transform again" },
  );
}

/** What `transform` was given, to do it again. @throws AppError "input" if a file was changed. */
export async function givenOptions(
  target: GivenTarget | undefined,
): Promise<Pick<TransformOptions, "target" | "plan">> {
  if (target === undefined) return {};
  const { since, elsewhere, locate } = target;
  const plan = { source: targetSource(target), since, elsewhere, locate };
  return { target: await targetOf(target), plan };
}

/** "https://netbox.example.net, surveyed 2026-10-05T09:00:00Z" */
export function targetText({ url, surveyed_at }: TargetSource): string {
  return `${url}, surveyed ${surveyed_at}`;
}
