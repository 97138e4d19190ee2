/** survey: reads what NetBox holds into a target folder. */
import { printable, shellWord } from "../../base/log.ts";
import { TOOL } from "../../base/tool.ts";
import { permissionOf } from "../../netbox/types/object-type.ts";
import { SURVEYED } from "../../netbox/types/surveyed.ts";
import { openEntities, type TransformedSet } from "../../run-folder/entity-set.ts";
import { shownPlace } from "../../run-folder/store/store.ts";
import type { TargetManifest, TargetScope } from "../../run-folder/target.ts";
import { netboxConnection } from "../../terminal/netbox.ts";
import { interruptible } from "../../terminal/process.ts";
import { openProgress } from "../../terminal/progress.ts";
import type { Session } from "../../terminal/session.ts";
import { counted, renderTable } from "../../terminal/tables.ts";
import { openDraft } from "../draft.ts";
import { readRunKeys } from "../run-keys.ts";
import { survey } from "../survey.ts";

export const DEFAULT_TARGET_FOLDER = "snapshots/netbox";

export async function runSurvey(session: Session): Promise<void> {
  const connection = await netboxConnection(session);
  const folder = session.option("out") ?? DEFAULT_TARGET_FOLDER;
  const run = session.option("for");
  const set = run === undefined ? undefined : await openEntities(await session.openStore(run));
  const head = {
    ...(set && { scope: scopeOf(set) }),
    url: connection.url,
    started_at: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  };
  const store = await session.openTarget(folder);
  const draft = await openDraft(store, head, {
    isResumed: session.isOn("resume"),
    onWarning: (sentence) => session.log.warn(sentence),
  });
  const forRun = run === undefined ? "" : ` --for ${shellWord(shownPlace(run))}`;
  const netbox = session.option("netbox");
  const from = netbox === undefined ? "" : ` --netbox ${shellWord(netbox)}`;
  const resumeCommand = `${TOOL.name} survey --resume --out ${
    shellWord(store.place)
  }${forRun}${from}`;
  const scope = set && await readRunKeys(set);
  const progress = openProgress(session);
  const manifest = await interruptible(session.io, (signal) =>
    survey({
      ...connection,
      signal,
      draft,
      scope,
      resumeCommand,
      onRetry: (failure, pauseMs) => progress.beside(() => connection.onRetry?.(failure, pauseMs)),
      onProgress: (done, total) => progress.show({ parts: [{ name: "objects", done, total }] }),
    })).finally(progress.end);
  for (const { type, reason } of manifest.unread ?? []) {
    session.log.info(`Not read: ${type}, which only runs with L2VPNs need: ${reason}`);
  }
  printSurvey(session, manifest, { folder: store.place, resumeCommand });
  if (manifest.missing.length > 0) session.exitWith("incomplete");
}

function scopeOf({ sha256: entities, manifest }: TransformedSet): TargetScope {
  return { entities, snapshots: manifest.snapshots.map(({ sha256 }) => sha256) };
}

function printSurvey(
  session: Session,
  manifest: TargetManifest,
  { folder, resumeCommand }: { readonly folder: string; readonly resumeCommand: string },
): void {
  const { netbox, outcome, counts, missing, unread } = manifest;
  if (session.isJson) {
    const listed = (gaps: typeof missing) =>
      gaps.map((each) => ({ ...each, permission: permissionFor(each.type) }));
    const optional = unread && { unread: listed(unread) };
    const document = { folder, netbox, outcome, counts, missing: listed(missing), ...optional };
    session.print(JSON.stringify(document, null, 2));
    return;
  }
  const objects = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const place = printable(folder.replace(/\/+$/, ""));
  const scope = manifest.scope === undefined ? "" : " (only what one run can meet)";
  const sentence = `Surveyed NetBox ${printable(netbox.version)} at ${netbox.url}: ${
    counted(objects, "object")
  }${scope} in ${place}, ${outcome}`;
  session.print(
    missing.length === 0 ? sentence : `\n${sentence}\n\n${missingText(missing, resumeCommand)}\n`,
  );
}

function missingText(missing: TargetManifest["missing"], resumeCommand: string): string {
  const rows = missing.map(({ type, cause, reason }) => [
    type,
    cause,
    cause === "denied" ? permissionFor(type) : reason,
  ]);
  const grant =
    "Grant the permissions to the user of the token in NetBox under Admin > Permissions, then\n\n" +
    `    ${printable(resumeCommand)}`;
  return [
    `Not read, ${counted(missing.length, "type")}:`,
    renderTable(["Type", "Cause", "Permission or reason"], rows),
    ...(missing.some(({ cause }) => cause === "denied") ? [grant] : []),
  ].join("\n\n");
}

function permissionFor(name: string): string {
  const surveyed = SURVEYED.find((each) => each.name === name);
  return surveyed === undefined ? "" : permissionOf(surveyed.type);
}
