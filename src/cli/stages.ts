/** The stages of a run and their order. Each has the options of one command; results and times are collected. */
import { runCapture } from "../capture/command/capture.ts";
import type { CaptureOptions } from "../capture/settings.ts";
import type { CaptureSummary } from "../capture/summary.ts";
import { runPush } from "../push/command/push.ts";
import type { RemoteOptions } from "../push/settings.ts";
import type { EntitySummary } from "../run-folder/entity-writer.ts";
import { runSurvey } from "../survey/command/survey.ts";
import { netboxSession } from "../terminal/netbox.ts";
import type { Session } from "../terminal/session.ts";
import { runTidy } from "../tidy/command/tidy.ts";
import { runTransform } from "../transform/command/transform.ts";

/** What the stages return. */
interface Results {
  readonly survey: void;
  readonly capture: CaptureSummary | undefined;
  readonly transform: EntitySummary;
  /** Changes that NetBox has made. */
  readonly tidy: number;
  readonly push: void;
}
export type Stage = keyof Results;

type StageTable = {
  readonly [Name in Stage]: (session: Session, run: RunPlace) => Promise<Results[Name]>;
};

const STAGES: StageTable = {
  survey: runSurvey,
  capture: (session, { startedAt }) => runCapture(session, startedAt),
  transform: runTransform,
  tidy: runTidy,
  push: runPush,
};

export interface RunPlace {
  readonly folder: string;
  /** Where `capture` writes; default: the same. */
  readonly captureFolder?: string | undefined;
  /** Time that the snapshot gets as its `captured_at`; default: now. */
  readonly startedAt?: string;
  /** Does `capture` continue an interrupted one? Default: with --resume. */
  readonly isResumed?: boolean;
  /** Called before each stage. @throws AppError to stop. */
  readonly onStage?: () => Promise<void>;
}

/** What the settings of the stages say about the run. */
export interface RunSettings {
  readonly defaultFolder: string;
  /** undefined: the static entities alone, with BOOTSTRAP. */
  readonly capture: CaptureOptions | undefined;
  /** NETBOX_URL is set: pushes are confirmed. */
  readonly isNetBoxNamed: boolean;
  readonly push: RemoteOptions;
}

/** What a stage gets besides the options of the command. */
export interface StageOptions {
  /** Key in the JSON result; default: the name of the stage. */
  readonly key?: string;
  readonly options?: Readonly<Record<string, string | undefined>>;
  readonly switches?: Readonly<Record<string, boolean>>;
}

type End = Parameters<Session["exitWith"]>[0];

export class Stages {
  readonly #session: Session;
  readonly #run: RunPlace;
  readonly #results: Partial<Results> = {};
  /** As --json prints them. */
  readonly #printed: Record<string, unknown> = {};
  /** Stage → how its last run ended, unless with 0. */
  readonly #ends = new Map<Stage, End>();
  readonly #seconds: Partial<Record<Stage, number>> = {};
  #tidied: number | undefined;

  constructor(session: Session, run: RunPlace) {
    this.#session = session;
    this.#run = run;
  }

  get isIncomplete(): boolean {
    return [...this.#ends.values()].includes("incomplete");
  }

  /** The last push was not confirmed, or Diode rejected entities. */
  get isRejected(): boolean {
    return this.#ends.get("push") === "rejected";
  }

  /** How the last stage ended that did not end with 0. */
  get end(): End | undefined {
    return [...this.#ends.values()].at(-1);
  }

  /** Seconds that each stage took, all of its runs together; also of one that failed. */
  get seconds(): Readonly<Partial<Record<Stage, number>>> {
    return this.#seconds;
  }

  /** Changes that NetBox has made for `tidy`; undefined: it was not run. */
  get tidied(): number | undefined {
    return this.#tidied;
  }

  /** What the last run of each stage returned, if it has ended. */
  get results(): Readonly<Partial<Results>> {
    return this.#results;
  }

  async run<Name extends Stage>(
    name: Name,
    { key = name, options = {}, switches = {} }: StageOptions = {},
  ) {
    const session = this.#session;
    await this.#run.onStage?.();
    if (!session.isJson) session.log.info(`Stage ${name}`);
    const isOfNetBox = name === "survey" || name === "tidy";
    const own = isOfNetBox ? netboxSession(session) : session;
    this.#ends.delete(name);
    const isResumed = this.#run.isResumed ?? own.isOn("resume");
    const { captureFolder = this.#run.folder } = this.#run;
    const folder = name === "capture" ? captureFolder : this.#run.folder;
    const started = performance.now();
    try {
      this.#results[name] = await STAGES[name]({
        ...own,
        // A new survey each time: an old one does not show what people changed since.
        isOn: (option) =>
          switches[option] ?? (option === "resume" ? !isOfNetBox && isResumed : own.isOn(option)),
        operands: name === "survey" ? [] : [folder],
        option: (option) =>
          option in options ? options[option] : option === "out" ? folder : own.option(option),
        print: (text) => {
          if (session.isJson) this.#printed[key] = JSON.parse(text);
          else session.print(text);
        },
        exitWith: (kind) => void this.#ends.set(name, kind),
      }, this.#run);
    } finally {
      const seconds = (performance.now() - started) / 1000;
      this.#seconds[name] = (this.#seconds[name] ?? 0) + seconds;
    }
  }

  /** Returns how many changes NetBox has made. */
  async tidy(
    key: string,
    options: Readonly<Record<string, string | undefined>>,
  ): Promise<number> {
    const maxRemoved = this.#session.option("max-removed");
    const none = { target: undefined, since: undefined, elsewhere: undefined };
    await this.run("tidy", {
      key,
      options: { ...none, "max-removed": maxRemoved, ...options },
      switches: { apply: true },
    });
    const { tidy: done = 0 } = this.#results;
    this.#tidied = (this.#tidied ?? 0) + done;
    return done;
  }

  /** Adds to the JSON result. */
  note(key: string, value: unknown): void {
    this.#printed[key] = value;
  }

  /** Prints the results; the exit code is that of the last stage that did not end with 0. */
  finish(): void {
    if (this.end !== undefined) this.#session.exitWith(this.end);
    if (this.#session.isJson) this.#session.print(JSON.stringify(this.#printed, null, 2));
  }
}

/** How the stages depend on each other and on earlier runs. */
interface Course {
  /** Folder of the survey. */
  readonly target: string;
  /** The run before, of which the plan knows what is gone. */
  readonly since: string | undefined;
  /** `push` waits until NetBox has what was sent. */
  readonly isConfirmed: boolean;
  /** Called when `capture` has ended. */
  readonly onCaptured?: () => Promise<void>;
  /** Called when the entities are known, before anything changes NetBox. @throws AppError to stop. */
  readonly pushOptions: () => Promise<StageOptions>;
}

/** Returns why it ended early: a survey is incomplete, or the capture is and must not be. */
export async function runStages(
  stages: Stages,
  session: Session,
  { target, since, isConfirmed, onCaptured, pushOptions }: Course,
): Promise<string | undefined> {
  const stop = (why: string): string => {
    session.log.error(why);
    return why;
  };
  const isTidied = session.isOn("tidy");
  const isSurveyed = isTidied || session.isOn("survey");
  const surveyOptions = { options: { out: target } };
  const elsewhere = since === undefined ? undefined : session.option("elsewhere");
  const planned = { target, since, elsewhere };
  // To push, --target is that of Diode; without a survey, --since is for the push alone.
  const none = { target: undefined, since: undefined, elsewhere: undefined };
  const transformOptions = { options: isSurveyed ? planned : none };
  if (isSurveyed) await stages.run("survey", surveyOptions);
  if (stages.isIncomplete) {
    return stop(
      "Stopped before the capture: what the survey could not read must not look as if NetBox had none",
    );
  }
  await stages.run("capture");
  await onCaptured?.();
  if (stages.isIncomplete && session.isOn("require-complete")) {
    return stop("Stopped by --require-complete: the capture is incomplete");
  }
  await stages.run("transform", transformOptions);
  const { options = {}, switches = {} } = await pushOptions();
  const pushed = { options, switches: { ...switches, confirm: isConfirmed } };
  if (isTidied && await stages.tidy("tidy_before_push", { only: "release,rename,assign" }) > 0) {
    // Entities name objects as NetBox had them.
    await stages.run("survey", surveyOptions);
    await stages.run("transform", transformOptions);
  }
  await stages.run("push", pushed);
  if (!isTidied) return undefined;
  // The push may have doubled objects.
  await stages.run("survey", surveyOptions);
  const done = await stages.tidy("tidy_after_push", { only: "remove,untag,join", ...planned });
  if (done > 0 && stages.isRejected) await stages.run("push", pushed);
  return undefined;
}
