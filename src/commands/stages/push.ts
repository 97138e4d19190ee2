/** push <run>: the entity files of a run folder → Diode. */
import { openEntities } from "../../entities/read.ts";
import { durationText } from "../../kernel/duration.ts";
import { usageError } from "../../kernel/errors.ts";
import { parsePushOptions } from "../../push/options.ts";
import {
  push,
  type PushChoices,
  type PushInput,
  type PushWatch,
  type Since,
} from "../../push/push.ts";
import { PUSH_SETTINGS, type PushTexts } from "../../push/settings.ts";
import type { Target } from "../../push/target.ts";
import { interruptible } from "../interrupt.ts";
import { openProgress, type Progress, type ProgressView } from "../text/progress.ts";
import { journalIn, journalPlaceOf, type OpenedInput, openInput } from "./push-input.ts";
import { PushRecord } from "./push-record.ts";
import { printPushed, writeReports } from "./push-report.ts";
import type { Session } from "../session.ts";
import { environmentProxy, readNamedFile, readSettings } from "../settings.ts";
import { readSteps } from "../steps.ts";

export async function runPush(session: Session): Promise<void> {
  await pushRun(session, await readSettings(session.context, PUSH_SETTINGS), session.operands);
}

/** `runs`: one run folder, or files of a Diode SDK. */
export async function pushRun(
  session: Session,
  texts: PushTexts,
  runs: readonly string[],
): Promise<void> {
  const options = parsePushOptions(texts);
  const { target, certFile } = options;
  const choices = readChoices(session);
  const certificates = certFile && await readNamedFile(certFile, "DIODE_CERT_FILE");
  if (options.isUnverified) {
    session.log.warn("DIODE_SKIP_TLS_VERIFY is on: whoever answers is trusted with the secret");
  }
  const { isDryRun } = choices;
  const record = new PushRecord({ target: target?.name, place: runs.join(", "), isDryRun });
  try {
    const input = await openInput(session, runs);
    await pushInput(session, record, {
      set: input.set,
      options,
      choices,
      journalPlace: target && await journalPlaceOf(session, target, input.store),
      since: await openSince(session, input, target),
      certificates: certificates || undefined,
      proxy: target && environmentProxy(target.baseUrl),
    });
  } catch (error) {
    record.fail(error);
    throw error;
  } finally {
    await writeReports(session, record);
  }
  printPushed(session, record);
  if (record.errors.length > 0) session.exitWith("rejected");
}

async function pushInput(
  session: Session,
  record: PushRecord,
  input: Omit<PushInput, "signal" | "watch">,
): Promise<void> {
  const progress = openProgress(session);
  try {
    const watch = watchOf(session, record, progress);
    await interruptible((signal) => push({ ...input, signal, watch }));
  } finally {
    progress.end();
  }
}

function readChoices(session: Session): PushChoices {
  return {
    steps: readSteps(session.option("only")),
    isAgain: session.isOn("again"),
    isDryRun: session.isOn("dry-run"),
    isSure: session.isOn("yes"),
  };
}

async function openSince(
  session: Session,
  input: OpenedInput,
  target: Target | undefined,
): Promise<Since | undefined> {
  const run = session.option("since");
  if (run === undefined) return undefined;
  if (input.run === undefined) {
    throw usageError("Option --since is given, and what is pushed is no run folder", {
      hint: "Dry-run files of an SDK have no earlier run to be held against",
    });
  }
  const store = await session.openStore(run);
  return { set: await openEntities(store), journalPlace: target && journalIn(store, target) };
}

/** Says what goes on, and keeps what the reports are made of. */
function watchOf(session: Session, record: PushRecord, progress: Progress): PushWatch {
  return {
    onPlanned(planned) {
      record.planned = planned;
      if (planned.refusal !== undefined) {
        session.log.warn(`It would not be sent: ${planned.refusal}`);
      }
    },
    onSent(sent) {
      record.add(sent);
      progress.show(viewOf(record));
    },
    onRetry(failure, pauseMs) {
      progress.beside(() =>
        session.log.warn(`${failure.message}; trying again in ${durationText(pauseMs)}`)
      );
    },
    onPause({ ms, isBootstrap }) {
      const why = isBootstrap
        ? "for Diode to apply the custom fields: NetBox refuses values of fields that it does not " +
          "know (PUSH_BOOTSTRAP_WAIT)"
        : "before the next step (PUSH_STEP_PAUSE)";
      progress.show({ ...viewOf(record), isWaiting: true });
      progress.beside(() => session.log.info(`Waiting ${durationText(ms)} ${why}`));
    },
    onResume: () => progress.show(viewOf(record)),
  };
}

function viewOf({ plannedTotals: planned, sentTotals: sent }: PushRecord): ProgressView {
  return {
    parts: [
      { name: "requests", done: sent.files, total: planned.files },
      { name: "entities", done: sent.entities, total: planned.entities },
    ],
  };
}
