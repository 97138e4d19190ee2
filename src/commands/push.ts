/** push <run>: the entity files of a run folder → Diode. */
import { openEntities } from "../entities/read.ts";
import { durationText } from "../kernel/duration.ts";
import { usageError } from "../kernel/errors.ts";
import { openStore } from "../kernel/store.ts";
import { parsePushOptions } from "../push/options.ts";
import { push, type PushChoices, type PushWatch } from "../push/push.ts";
import { PUSH_SETTINGS, type PushTexts } from "../push/settings.ts";
import { interruptible } from "./interrupt.ts";
import { createProgress, type Progress } from "./progress.ts";
import { journalIn, type OpenedInput, openInput, readSteps } from "./push-input.ts";
import { PushRecord } from "./push-record.ts";
import { printPushed, writeReports } from "./push-report.ts";
import type { Session } from "./session.ts";
import { environmentProxy, readNamedFile, readSettings, storeCredentials } from "./settings.ts";

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
  const input = await openInput(runs);
  const { isDryRun } = choices;
  const record = new PushRecord({ target: target?.name, place: input.set.place, isDryRun });
  const watch = watchOf(session, record);
  const stores = new Set([input.store]);
  try {
    const journalPlace = target && await journalIn(target, input.store, session.option("journal"));
    if (journalPlace !== undefined) stores.add(journalPlace.store);
    const earlier = await openEarlier(session.option("since"), input);
    if (earlier !== undefined) stores.add(earlier.store);
    await interruptible(async (signal) =>
      await push({
        set: input.set,
        options,
        choices,
        journalPlace,
        since: earlier && {
          set: earlier.set,
          journalPlace: target && await journalIn(target, earlier.store),
        },
        certificates: certificates || undefined,
        proxy: target && environmentProxy(target.baseUrl),
        signal,
        watch,
      })
    );
  } catch (error) {
    record.fail(error);
    throw error;
  } finally {
    watch.clear();
    await writeReports(session, record);
    for (const store of stores) await store.close();
  }
  printPushed(session, record);
  if (record.errors.length > 0) session.exitWith("rejected");
}

function readChoices(session: Session): PushChoices {
  return {
    steps: readSteps(session.option("only")),
    isAgain: session.isOn("again"),
    isDryRun: session.isOn("dry-run"),
    isSure: session.isOn("yes"),
  };
}

async function openEarlier(run: string | undefined, input: OpenedInput) {
  if (run === undefined) return undefined;
  if (input.run === undefined) {
    throw usageError("Option --since is given, and what is pushed is no run folder", {
      hint: "Dry-run files of an SDK have no earlier run to be held against",
    });
  }
  const store = await openStore(run, storeCredentials());
  return { store, set: await openEntities(store) };
}

/** Says what goes on, and keeps what the reports are made of. */
function watchOf(session: Session, record: PushRecord): PushWatch & { clear(): void } {
  let progress: Progress | undefined;
  let sentEntities = 0;
  const say = (level: "info" | "warn", text: string): void => {
    progress?.clear();
    session.log[level](text);
  };
  return {
    clear: () => progress?.clear(),
    onPlanned(planned) {
      record.planned = planned;
      if (record.subject.isDryRun) return;
      progress = createProgress(session, record.plannedTotals.entities, "entities");
    },
    onSent(sent) {
      record.sent.push(sent);
      sentEntities += sent.entities;
      progress?.update(sentEntities, sent.file.path);
    },
    onRetry(failure, pauseMs) {
      say("warn", `${failure.message}; trying again in ${durationText(pauseMs)}`);
    },
    onPause({ ms, isBootstrap }) {
      const why = isBootstrap
        ? "for Diode to apply the custom fields: NetBox refuses values of fields that it does not " +
          "know (PUSH_BOOTSTRAP_WAIT)"
        : "before the next step (PUSH_STEP_PAUSE)";
      say("info", `Waiting ${durationText(ms)} ${why}`);
    },
  };
}
