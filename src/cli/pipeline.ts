/** run: capture, transform and push, one after the other, with the same options and files. */
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
      session.log.error("Stopped by --require-complete: the capture is incomplete");
      break;
    }
  }
  if (session.isJson) session.print(JSON.stringify(results, null, 2));
}

/** Checks the settings of all stages before the first one starts. */
async function checkAll({ context, option }: Session): Promise<string> {
  const captured = await readSettings(context, CAPTURE_SETTINGS);
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
