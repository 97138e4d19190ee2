/** --target: the target that `transform` was given when it made the entities of a run. */
import { usageError } from "../base/errors.ts";
import type { EntityManifest } from "../run-folder/entity-set.ts";
import { openTargetFolder, type TargetFolder, targetSource } from "../run-folder/target-files.ts";
import type { TargetSource } from "../run-folder/target.ts";
import type { Session } from "../terminal/session.ts";

/** undefined without --target. `source`: what the manifest of the entities says of their target. */
export type OpenTarget = (source: EntityManifest["target"]) => Promise<TargetFolder | undefined>;

/** @throws AppError "usage" if the entities were made with another target; "input" if it was changed. */
export function targetOption(session: Session): OpenTarget {
  return async (source) => {
    const place = session.option("target");
    if (place === undefined) return undefined;
    const folder = await openTargetFolder(await session.openStore(place));
    if (source === undefined || source.sha256 === folder.sha256) return folder;
    throw usageError(
      `Cannot use the target ${place} (${targetText(targetSource(folder))}): the entities were ` +
        `made with another one (${targetText(source)})`,
      { hint: "Name with --target the target that transform was given, or run transform again" },
    );
  };
}

/** "https://netbox.example.net, surveyed 2026-10-05T09:00:00Z" */
export function targetText({ url, surveyed_at }: TargetSource): string {
  return `${url}, surveyed ${surveyed_at}`;
}
