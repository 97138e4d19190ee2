/** run: [survey,] capture, transform[, tidy], push[, tidy]: one after the other, with the same options and files. */
import { usageError } from "../base/errors.ts";
import { flagOf } from "../base/setting.ts";
import { defaultFolder } from "../capture/command/capture.ts";
import { CAPTURE_SETTINGS, isBootstrap, parseCaptureOptions } from "../capture/settings.ts";
import { HISTORY_SETTINGS } from "../history/settings.ts";
import { NETBOX_SETTINGS, parseNetBoxSettings } from "../netbox/rest/settings.ts";
import { parsePushOptions, PUSH_SETTINGS, requireRemote } from "../push/settings.ts";
import { surveyFolderOf } from "../run-folder/history.ts";
import { netboxSession } from "../terminal/netbox.ts";
import type { Session } from "../terminal/session.ts";
import { readSettings } from "../terminal/settings.ts";
import { DEFAULT_BOOTSTRAP_FOLDER } from "../transform/command/transform.ts";
import { parsePolicy } from "../transform/policy.ts";
import { SETTINGS } from "../transform/settings.ts";
import { runInHistory } from "./history-run.ts";
import { type RunSettings, runStages, Stages } from "./stages.ts";

export async function runPipeline(session: Session): Promise<void> {
  const settings = await checkAll(session);
  const place = session.option("history");
  if (place !== undefined) return await runInHistory(session, place, settings);
  const folder = session.option("out") ?? settings.defaultFolder;
  const stages = new Stages(session, { folder });
  const since = session.option("since");
  await runStages(stages, session, {
    target: surveyFolderOf(folder),
    since,
    isConfirmed: settings.isNetBoxNamed,
    pushOptions: () => Promise.resolve({ options: { since } }),
  });
  stages.finish();
}

async function isNetBoxNamed(session: Session): Promise<boolean> {
  const { NETBOX_URL } = await readSettings(netboxSession(session).context, NETBOX_SETTINGS);
  return NETBOX_URL !== undefined;
}

/** Checks the settings of all stages before the first one starts. */
async function checkAll(session: Session): Promise<RunSettings> {
  const { context, option } = session;
  const isInHistory = option("history") !== undefined;
  refuseOptions(session, isInHistory);
  const isSurveyed = session.isOn("survey") || session.isOn("tidy");
  const isNamed = await isNetBoxNamed(session);
  if (isSurveyed || isNamed) {
    parseNetBoxSettings(await readSettings(netboxSession(session).context, NETBOX_SETTINGS));
  }
  const captured = await readSettings(context, CAPTURE_SETTINGS);
  const isStatic = isBootstrap(captured);
  if (isStatic && (isSurveyed || isInHistory)) {
    throw usageError("BOOTSTRAP (--bootstrap) excludes --survey, --tidy and --history", {
      hint: "Leave out BOOTSTRAP: the entities of a run include the static ones",
    });
  }
  const policy = await readSettings(context, SETTINGS);
  const push = requireRemote(parsePushOptions(await readSettings(context, PUSH_SETTINGS)));
  // A history has its own earlier runs.
  const isSince = isInHistory || option("since") !== undefined;
  if (push.maxChanged !== undefined && !isSince) {
    throw usageError("PUSH_MAX_CHANGED (--max-changed) requires --since", {
      hint: "Name the earlier run with --since",
    });
  }
  if (option("elsewhere") !== undefined && !(isSince && isSurveyed)) {
    throw usageError("--elsewhere requires --survey, and --since or --history", {
      hint: "Name an earlier run with --since: only guests that it has can have moved",
    });
  }
  if (isStatic) {
    return {
      defaultFolder: DEFAULT_BOOTSTRAP_FOLDER,
      capture: undefined,
      isNetBoxNamed: isNamed,
      push,
    };
  }
  const options = parseCaptureOptions(captured);
  if (!["keep", undefined].includes(policy.GONE_STATUS) && !(isSince && isSurveyed)) {
    throw usageError("GONE_STATUS (--gone-status) requires --survey, and --since or --history", {
      hint: "Name an earlier run with --since: a guest is gone if that run has it",
    });
  }
  parsePolicy(policy);
  return {
    defaultFolder: defaultFolder(options),
    capture: options,
    isNetBoxNamed: isNamed,
    push,
  };
}

/** TABLE: options that a run in a history does not have → what there is instead. */
const WITHOUT_HISTORY: Readonly<Record<string, string>> = {
  out: "A history names the folder of each run by its time",
  since: "A history chooses the earlier run itself",
  resume: "An interrupted run of a history is continued by itself within an hour",
};
const ONLY_IN_HISTORY = [
  "accept-identity-change",
  "metrics",
  ...Object.entries(HISTORY_SETTINGS).map(([name, row]) => flagOf(name, row)),
];

function refuseOptions({ option }: Session, isInHistory: boolean): void {
  const isGiven = (name: string): boolean => option(name) !== undefined;
  for (const [name, hint] of Object.entries(WITHOUT_HISTORY)) {
    if (!isInHistory || !isGiven(name)) continue;
    throw usageError(`--history and --${name} exclude each other`, { hint });
  }
  const lost = ONLY_IN_HISTORY.find((name) => !isInHistory && isGiven(name));
  if (lost !== undefined) {
    throw usageError(`--${lost} requires --history`, {
      hint: "Name the folder with the runs of this cluster with --history",
    });
  }
}
