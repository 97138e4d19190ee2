/** --target and --since: what `transform` was given when it made the entities of a run. */
import { inputError, usageError } from "../base/errors.ts";
import { type EarlierSet, earlierSet } from "../run-folder/earlier-set.ts";
import { type EntityManifest, openEntities } from "../run-folder/entity-set.ts";
import { openTargetFolder, type TargetFolder, targetSource } from "../run-folder/target-files.ts";
import type { TargetSource } from "../run-folder/target.ts";
import type { Session } from "../terminal/session.ts";
import { targetOf } from "../transform/command/transform.ts";
import type { TransformOptions } from "../transform/transform.ts";

/** A target, and the earlier run that was given with it. */
export interface GivenTarget extends TargetFolder {
  readonly since?: EarlierSet | undefined;
}

type MadeWith = Pick<EntityManifest, "target" | "since">;

/** undefined without --target. `made`: the manifest of the entities. */
export type OpenTarget = (made: MadeWith | undefined) => Promise<GivenTarget | undefined>;

/** @throws AppError "usage" if the entities were made with others; "input" if they were changed. */
export function targetOption(session: Session): OpenTarget {
  return async (made) => {
    const place = session.option("target");
    if (place === undefined && session.option("since") !== undefined) {
      throw usageError("--since requires --target", {
        hint: "Name with --target the target that transform was given with it",
      });
    }
    if (place === undefined) return undefined;
    const folder = await openTargetFolder(await session.openStore(place));
    const source = made?.target;
    if (source === undefined || source.sha256 === folder.sha256) {
      return { ...folder, since: await openSince(session, made) };
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

/** What `transform` was given, to do it again. @throws AppError "input" if a file was changed. */
export async function givenOptions(
  target: GivenTarget | undefined,
): Promise<Pick<TransformOptions, "target" | "plan">> {
  if (target === undefined) return {};
  const { since, locate } = target;
  const plan = { source: targetSource(target), since, locate };
  return { target: await targetOf(target), plan };
}

/** "https://netbox.example.net, surveyed 2026-10-05T09:00:00Z" */
export function targetText({ url, surveyed_at }: TargetSource): string {
  return `${url}, surveyed ${surveyed_at}`;
}
