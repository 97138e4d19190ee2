/** run: [survey,] capture, transform[, tidy], push[, tidy]: one after the other, with the same options and files. */
import { usageError } from "../base/errors.ts";
import { defaultFolder, runCapture } from "../capture/command/capture.ts";
import { CAPTURE_SETTINGS, isBootstrap, parseCaptureOptions } from "../capture/settings.ts";
import { runPush } from "../push/command/push.ts";
import { parsePushOptions, PUSH_SETTINGS, requireRemote } from "../push/settings.ts";
import { NETBOX_SETTINGS, parseNetBoxSettings } from "../netbox/rest/settings.ts";
import { runSurvey } from "../survey/command/survey.ts";
import { netboxSession } from "../terminal/netbox.ts";
import type { Session } from "../terminal/session.ts";
import { readSettings } from "../terminal/settings.ts";
import { runTidy } from "../tidy/command/tidy.ts";
import { DEFAULT_BOOTSTRAP_FOLDER, runTransform } from "../transform/command/transform.ts";
import { parsePolicy, SETTINGS } from "../transform/settings.ts";

type Stage = "survey" | "capture" | "transform" | "tidy" | "push";

const STAGES: Readonly<Record<Stage, (session: Session) => Promise<unknown>>> = {
  survey: runSurvey,
  capture: runCapture,
  transform: runTransform,
  tidy: runTidy,
  push: runPush,
};

/** What a stage gets besides the options of the command. */
interface StageOptions {
  /** Key in the JSON result; default: the name of the stage. */
  readonly key?: string;
  readonly options?: Readonly<Record<string, string | undefined>>;
  readonly switches?: Readonly<Record<string, boolean>>;
}

export async function runPipeline(session: Session): Promise<void> {
  const folder = await checkAll(session);
  const target = `${folder.replace(/\/+$/, "")}-netbox`;
  const isTidied = session.isOn("tidy");
  const isSurveyed = isTidied || session.isOn("survey");
  const stages = new Stages(session, folder);
  const surveyed = { options: { out: target } };
  const transformed = {
    // To push, --target is that of Diode; without a survey, --since is for the push alone.
    options: {
      target: isSurveyed ? target : undefined,
      since: isSurveyed ? session.option("since") : undefined,
    },
  };
  const pushed = { switches: { confirm: await isNetBoxNamed(session) } };
  const runAll = async (): Promise<void> => {
    if (isSurveyed) await stages.run("survey", surveyed);
    if (stages.isIncomplete) {
      session.log.error(
        "Stopped before the capture: what the survey could not read must not look as if NetBox had none",
      );
      return;
    }
    await stages.run("capture");
    if (stages.isIncomplete && session.isOn("require-complete")) {
      session.log.error("Stopped by --require-complete: the capture is incomplete");
      return;
    }
    await stages.run("transform", transformed);
    if (isTidied && await stages.tidy("tidy_before_push", { only: "release,rename" }) > 0) {
      // Entities name objects as NetBox had them.
      await stages.run("survey", surveyed);
      await stages.run("transform", transformed);
    }
    await stages.run("push", pushed);
    if (!isTidied) return;
    // The push may have doubled objects.
    await stages.run("survey", surveyed);
    const after = { only: "remove,untag,join", target };
    const done = await stages.tidy("tidy_after_push", after);
    if (done > 0 && stages.isRejected) await stages.run("push", pushed);
  };
  await runAll();
  stages.end();
}

/** Runs stages with the options of one command, and collects their results. */
class Stages {
  readonly #session: Session;
  readonly #folder: string;
  readonly #results: Record<string, unknown> = {};
  /** Stage → how its last run ended, unless with 0. */
  readonly #ends = new Map<Stage, Parameters<Session["exitWith"]>[0]>();

  constructor(session: Session, folder: string) {
    this.#session = session;
    this.#folder = folder;
  }

  get isIncomplete(): boolean {
    return [...this.#ends.values()].includes("incomplete");
  }

  /** The last push was not confirmed, or Diode rejected entities. */
  get isRejected(): boolean {
    return this.#ends.get("push") === "rejected";
  }

  async run(name: Stage, { key = name, options = {}, switches = {} }: StageOptions = {}) {
    const session = this.#session;
    if (!session.isJson) session.log.info(`Stage ${name}`);
    const isOfNetBox = name === "survey" || name === "tidy";
    const own = isOfNetBox ? netboxSession(session) : session;
    this.#ends.delete(name);
    return await STAGES[name]({
      ...own,
      // A new survey each time: an old one does not show what people changed since.
      isOn: (option) =>
        switches[option] ?? (option === "resume" && isOfNetBox ? false : own.isOn(option)),
      operands: name === "survey" ? [] : [this.#folder],
      option: (option) =>
        option in options ? options[option] : option === "out" ? this.#folder : own.option(option),
      print: (text) => {
        if (session.isJson) this.#results[key] = JSON.parse(text);
        else session.print(text);
      },
      exitWith: (kind) => void this.#ends.set(name, kind),
    });
  }

  /** Returns how many changes NetBox has made. */
  async tidy(
    key: string,
    { only, target }: { readonly only: string; readonly target?: string },
  ): Promise<number> {
    const session = this.#session;
    const options = {
      only,
      target,
      since: target === undefined ? undefined : session.option("since"),
      elsewhere: target === undefined ? undefined : session.option("elsewhere"),
      "max-removed": session.option("max-removed"),
    };
    const done = await this.run("tidy", { key, options, switches: { apply: true } });
    return done as number;
  }

  /** Prints the results; the exit code is that of the last stage that did not end with 0. */
  end(): void {
    for (const kind of this.#ends.values()) this.#session.exitWith(kind);
    if (this.#session.isJson) this.#session.print(JSON.stringify(this.#results, null, 2));
  }
}

/** Then push waits until NetBox has what was sent. */
async function isNetBoxNamed(session: Session): Promise<boolean> {
  const { NETBOX_URL } = await readSettings(netboxSession(session).context, NETBOX_SETTINGS);
  return NETBOX_URL !== undefined;
}

/** Checks the settings of all stages before the first one starts. */
async function checkAll(session: Session): Promise<string> {
  const { context, option } = session;
  const isSurveyed = session.isOn("survey") || session.isOn("tidy");
  if (isSurveyed || await isNetBoxNamed(session)) {
    parseNetBoxSettings(await readSettings(netboxSession(session).context, NETBOX_SETTINGS));
  }
  const captured = await readSettings(context, CAPTURE_SETTINGS);
  if (isBootstrap(captured) && isSurveyed) {
    throw usageError("BOOTSTRAP (--bootstrap) excludes --survey and --tidy", {
      hint: "Leave out BOOTSTRAP: the entities of a run include the static ones",
    });
  }
  const policy = await readSettings(context, SETTINGS);
  const { maxChanged } = requireRemote(
    parsePushOptions(await readSettings(context, PUSH_SETTINGS)),
  );
  const isSince = option("since") !== undefined;
  if (maxChanged !== undefined && !isSince) {
    throw usageError("PUSH_MAX_CHANGED (--max-changed) requires --since", {
      hint: "Name the earlier run with --since",
    });
  }
  if (option("elsewhere") !== undefined && !(isSince && isSurveyed)) {
    throw usageError("--elsewhere requires --survey and --since", {
      hint: "Name an earlier run with --since: only guests that it has can have moved",
    });
  }
  if (isBootstrap(captured)) return option("out") ?? DEFAULT_BOOTSTRAP_FOLDER;
  const options = parseCaptureOptions(captured);
  if (!["keep", undefined].includes(policy.GONE_STATUS) && !(isSince && isSurveyed)) {
    throw usageError("GONE_STATUS (--gone-status) requires --survey and --since", {
      hint: "Name an earlier run with --since: a guest is gone if that run has it",
    });
  }
  parsePolicy(policy);
  return option("out") ?? defaultFolder(options);
}
