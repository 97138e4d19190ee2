/** run: [survey,] capture, transform and push, one after the other, with the same options and files. */
import { usageError } from "../base/errors.ts";
import { defaultFolder, runCapture } from "../capture/command/capture.ts";
import { CAPTURE_SETTINGS, isBootstrap, parseCaptureOptions } from "../capture/settings.ts";
import { runPush } from "../push/command/push.ts";
import { parsePushOptions, PUSH_SETTINGS, requireRemote } from "../push/settings.ts";
import { NETBOX_SETTINGS, parseNetBoxSettings } from "../netbox/rest/settings.ts";
import { runSurvey } from "../survey/command/survey.ts";
import type { Session } from "../terminal/session.ts";
import { readSettings } from "../terminal/settings.ts";
import { DEFAULT_BOOTSTRAP_FOLDER, runTransform } from "../transform/command/transform.ts";
import { parsePolicy, SETTINGS } from "../transform/settings.ts";

type Stage = "survey" | "capture" | "transform" | "push";

const STAGES: Readonly<Record<Stage, (session: Session) => Promise<void>>> = {
  survey: runSurvey,
  capture: runCapture,
  transform: runTransform,
  push: runPush,
};

/** The other stages have connections of their own, whose options have the same names. */
const SURVEY_OPTIONS = ["netbox", "netbox-token-file", "config", "quiet", "verbose"];

export async function runPipeline(session: Session): Promise<void> {
  const isSurveyed = session.isOn("survey");
  const folder = await checkAll(session);
  const target = `${folder.replace(/\/+$/, "")}-netbox`;
  const results: Record<string, unknown> = {};
  let isIncomplete = false;
  for (const [name, run] of Object.entries(STAGES) as [Stage, typeof runPush][]) {
    if (name === "survey" && !isSurveyed) continue;
    if (!session.isJson) session.log.info(`Stage ${name}`);
    const own = name === "survey" ? surveySession(session) : session;
    await run({
      ...own,
      operands: name === "survey" ? [] : [folder],
      option(option) {
        if (option === "out") return name === "survey" ? target : folder;
        // To push, it is the Diode target.
        if (option === "target" && name === "transform") return isSurveyed ? target : undefined;
        return own.option(option);
      },
      print(text) {
        if (session.isJson) results[name] = JSON.parse(text);
        else session.print(text);
      },
      exitWith(kind) {
        isIncomplete ||= kind === "incomplete";
        session.exitWith(kind);
      },
    });
    if (isIncomplete && name === "survey") {
      session.log.error(
        "Stopped before the capture: what the survey could not read must not look as if NetBox had none",
      );
      break;
    }
    if (isIncomplete && session.isOn("require-complete")) {
      session.log.error("Stopped by --require-complete: the capture is incomplete");
      break;
    }
  }
  if (session.isJson) session.print(JSON.stringify(results, null, 2));
}

function surveySession(session: Session): Session {
  const { context } = session;
  const options = new Map([...context.options].filter(([name]) => SURVEY_OPTIONS.includes(name)));
  return {
    ...session,
    context: { ...context, options },
    option: (name) => options.get(name),
    // A new survey each time: an old one does not show what people changed since.
    isOn: (name) => name !== "resume" && session.isOn(name),
  };
}

/** Checks the settings of all stages before the first one starts. */
async function checkAll(session: Session): Promise<string> {
  const { context, option } = session;
  if (session.isOn("survey")) {
    parseNetBoxSettings(await readSettings(surveySession(session).context, NETBOX_SETTINGS));
  }
  const captured = await readSettings(context, CAPTURE_SETTINGS);
  if (isBootstrap(captured) && session.isOn("survey")) {
    throw usageError("BOOTSTRAP (--bootstrap) and --survey exclude each other", {
      hint: "Leave out BOOTSTRAP: the entities of a run include the static ones",
    });
  }
  const policy = await readSettings(context, SETTINGS);
  const { maxChanged } = requireRemote(
    parsePushOptions(await readSettings(context, PUSH_SETTINGS)),
  );
  if (maxChanged !== undefined) {
    throw usageError(
      "PUSH_MAX_CHANGED (--max-changed) requires --since, which run does not have",
      { hint: "Run capture, transform and push --since one by one" },
    );
  }
  if (isBootstrap(captured)) return option("out") ?? DEFAULT_BOOTSTRAP_FOLDER;
  const options = parseCaptureOptions(captured);
  parsePolicy(policy);
  return option("out") ?? defaultFolder(options);
}
