/** run: the three stages in one go, each as it runs alone, with their files kept. */
import { usageError } from "../base/errors.ts";
import { defaultFolder, runCapture } from "../capture/command/capture.ts";
import { CAPTURE_SETTINGS, isBootstrap, parseCaptureOptions } from "../capture/settings.ts";
import { runPush } from "../push/command/push.ts";
import { parsePushOptions, PUSH_SETTINGS, requireRemote } from "../push/settings.ts";
import type { Session } from "../terminal/session.ts";
import { readSettings } from "../terminal/settings.ts";
import { DEFAULT_BOOTSTRAP_FOLDER, runTransform } from "../transform/command/transform.ts";
import { parsePolicy, SETTINGS } from "../transform/settings.ts";

const STAGES = { capture: runCapture, transform: runTransform, push: runPush };

export async function runPipeline(session: Session): Promise<void> {
  const folder = await checkAll(session);
  const results: Record<string, unknown> = {};
  let isIncomplete = false;
  for (const [name, run] of Object.entries(STAGES)) {
    if (!session.isJson) session.log.info(`Stage ${name}`);
    await run({
      ...session,
      operands: [folder],
      option: (option) => option === "out" ? folder : session.option(option),
      print(text) {
        if (session.isJson) results[name] = JSON.parse(text);
        else session.print(text);
      },
      exitWith(kind) {
        isIncomplete ||= kind === "incomplete";
        session.exitWith(kind);
      },
    });
    if (isIncomplete && session.isOn("require-complete")) {
      session.log.error("The capture is incomplete, and --require-complete ends the run here");
      break;
    }
  }
  if (session.isJson) session.print(JSON.stringify(results, null, 2));
}

/** What is wrong with the last stage shall be known before the first one asks anybody. */
async function checkAll({ context, option }: Session): Promise<string> {
  const captured = await readSettings(context, CAPTURE_SETTINGS);
  const policy = await readSettings(context, SETTINGS);
  const { maxChanged } = requireRemote(
    parsePushOptions(await readSettings(context, PUSH_SETTINGS)),
  );
  if (maxChanged !== undefined) {
    throw usageError(
      "Setting PUSH_MAX_CHANGED is given, and run has no earlier run to hold against",
      {
        hint: "Run capture, transform and push one by one: push has --since",
      },
    );
  }
  if (isBootstrap(captured)) return option("out") ?? DEFAULT_BOOTSTRAP_FOLDER;
  const options = parseCaptureOptions(captured);
  parsePolicy(policy);
  return option("out") ?? defaultFolder(options);
}
