/** push <run>: sends the entity files of a run folder to Diode. */
import { basename, dirname } from "node:path";
import { durationText } from "../../base/duration.ts";
import { usageError } from "../../base/errors.ts";
import { parseStep, STEP_NAMES } from "../../netbox/types/steps.ts";
import {
  dryRunKeys,
  type EntitySet,
  openDryRun,
  openEntities,
  type TransformedSet,
} from "../../run-folder/entity-set.ts";
import { pushJournalKey, type PushJournalPlace } from "../../run-folder/push-journal.ts";
import { shownPlace, type Store } from "../../run-folder/store/store.ts";
import { countIdentityChanges } from "../../run-folder/tidy-record.ts";
import { netboxConnection, netboxSession } from "../../terminal/netbox.ts";
import { interruptible } from "../../terminal/process.ts";
import { openProgress, type Progress, type ProgressView } from "../../terminal/progress.ts";
import type { Session } from "../../terminal/session.ts";
import { environmentProxy, readNamedFile, readSettings } from "../../terminal/settings.ts";
import { counted, groupDigits } from "../../terminal/tables.ts";
import { optionReader } from "../../terminal/options.ts";
import {
  AWAITED_FIELDS,
  AWAITED_NAMES,
  push,
  type PushChoices,
  type PushInput,
  type PushWatch,
  type Since,
} from "../push.ts";
import { parsePushOptions, PUSH_SETTINGS, type Target } from "../settings.ts";
import { PushRecord } from "./record.ts";
import { printPushed, writeReports } from "./report.ts";

export async function runPush(session: Session): Promise<void> {
  const options = parsePushOptions(await readSettings(session.context, PUSH_SETTINGS));
  // One run folder, or files of a Diode SDK.
  const runs = session.operands;
  const { target, certFile } = options;
  const choices: PushChoices = {
    steps: optionReader(session).listOf("only", STEP_NAMES, parseStep) ?? [],
    isAgain: session.isOn("again"),
    isDryRun: session.isOn("dry-run"),
    isSure: session.isOn("yes"),
  };
  if (session.isOn("confirm") && choices.isDryRun) {
    throw usageError("--confirm and --dry-run exclude each other", {
      hint: "A dry run sends nothing that could be confirmed",
    });
  }
  const certificates = certFile && await readNamedFile(certFile, "DIODE_CERT_FILE");
  if (options.isUnverified) {
    session.log.warn(
      "TLS verification is off (DIODE_SKIP_TLS_VERIFY): the client secret may reach an impostor",
    );
  }
  const { isDryRun } = choices;
  const record = new PushRecord({
    target: target?.name,
    place: runs.map(shownPlace).join(", "),
    isDryRun,
    isConfirming: session.isOn("confirm"),
  });
  try {
    const input = await openInput(session, runs);
    if (session.isOn("confirm") && input.run === undefined) {
      throw usageError("--confirm requires a run folder to push", {
        hint: "Files of an SDK cannot be compared with NetBox",
      });
    }
    await pushInput(session, record, {
      set: input.set,
      options,
      choices,
      journalPlace: target && await journalPlaceOf(session, target, input.store),
      since: await openSince(session, input, target),
      certificates: certificates || undefined,
      proxy: target && environmentProxy(session.io.env, target.baseUrl),
    });
  } catch (error) {
    record.fail(error);
    throw error;
  } finally {
    await writeReports(session, record);
  }
  printPushed(session, record);
  if (record.errors.length > 0 || record.isUnconfirmed) session.exitWith("rejected");
}

async function pushInput(
  session: Session,
  record: PushRecord,
  input: Omit<PushInput, "signal" | "watch" | "confirm">,
): Promise<void> {
  const progress = openProgress(session);
  try {
    const watch = watchOf(session, record, progress);
    const confirm = session.isOn("confirm")
      ? await confirmOptions(session, record, { progress, options: input.options })
      : undefined;
    record.confirmed = await interruptible(
      session.io,
      (signal) => push({ ...input, signal, watch, confirm }),
    );
  } finally {
    progress.end();
  }
}

async function openSince(
  session: Session,
  input: OpenedInput,
  target: Target | undefined,
): Promise<Since | undefined> {
  const run = session.option("since");
  const sentSince = optionReader(session).list("sent-since") ?? [];
  if (run === undefined) {
    if (sentSince.length === 0) return undefined;
    throw usageError("Option --sent-since requires --since", {
      hint: "Without --since, all is sent",
    });
  }
  if (input.run === undefined) {
    throw usageError("Option --since requires a run folder to push", {
      hint: "Dry-run files of an SDK cannot be compared with an earlier run",
    });
  }
  const open = async (place: string) => {
    const store = await session.openStore(place);
    return { set: await openEntities(store), journalPlace: target && journalIn(store, target) };
  };
  return { ...await open(run), sentSince: await Promise.all(sentSince.map(open)) };
}

async function confirmOptions(
  session: Session,
  record: PushRecord,
  { progress, options }: { readonly progress: Progress; readonly options: PushInput["options"] },
): Promise<PushInput["confirm"]> {
  const netbox = await netboxConnection(netboxSession(session));
  const { log } = session;
  return {
    netbox: {
      ...netbox,
      onRetry: (failure, pauseMs) => progress.beside(() => netbox.onRetry?.(failure, pauseMs)),
    },
    timeoutMs: options.confirmTimeoutMs,
    resendAfterMs: options.resendAfterMs,
    watch: {
      onOpened: ({ version }) => void (record.netbox = { url: netbox.url, version }),
      onLooked({ arrived, entities }, awaited) {
        progress.show({
          parts: [
            ...viewOf(record).parts,
            { name: `${awaited} arrived`, done: arrived, total: entities },
          ],
          remark: `${groupDigits(entities - arrived)} missing or different in NetBox`,
          // Diode may have a queue of other producers first: a rate says nothing.
          isWaiting: arrived === 0 || awaited === AWAITED_FIELDS || awaited === AWAITED_NAMES,
        });
      },
      onResend(entities) {
        record.sentAgain += entities;
        progress.beside(() =>
          log.info(`Sending ${groupDigits(entities)} entities again: they did not arrive in NetBox`)
        );
      },
      onUnreachable: ({ message }, pauseMs) =>
        progress.beside(() => log.warn(`${message}; trying again in ${durationText(pauseMs)}`)),
    },
  };
}

/** Shows progress, and records what the reports contain. */
function watchOf(session: Session, record: PushRecord, progress: Progress): PushWatch {
  return {
    onPlanned(planned) {
      record.planned = planned;
      if (planned.base?.state === "acknowledged") {
        session.log.warn(
          "The earlier run is acknowledged, not confirmed: what Diode lost of it is not sent now. " +
            "With NETBOX_URL, push --confirm and run look what NetBox has",
        );
      }
      if (planned.refusal !== undefined) {
        session.log.warn(`A push would be refused: ${planned.refusal}`);
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
        ? "for Diode to apply the custom fields: NetBox refuses values of unknown fields " +
          "(PUSH_BOOTSTRAP_WAIT)"
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

interface OpenedInput {
  readonly store: Store;
  readonly set: EntitySet;
  /** The same set, if `transform` wrote it. */
  readonly run: TransformedSet | undefined;
}

/** One run folder; or a folder of dry-run files of an SDK; or such files. */
async function openInput(
  session: Session,
  operands: readonly string[],
): Promise<OpenedInput> {
  const [first, ...others] = operands;
  if (first === undefined) {
    throw usageError("Missing argument: a run folder", {
      hint: "Give a folder that transform or bootstrap wrote, for example: snapshots/example",
    });
  }
  if (operands.every((operand) => operand.endsWith(".json"))) {
    return await openFiles(session, operands);
  }
  if (others.length > 0) {
    throw usageError("Too many arguments: push takes one run folder", {
      hint: "Push one after the other, or transform them together: transform a b --out both",
    });
  }
  const store = await session.openStore(first);
  const dryRun = dryRunKeys(await store.keys());
  if (dryRun.length > 0) return { store, set: await openDryRun(store, dryRun), run: undefined };
  const run = await openEntities(store);
  const changes = await countIdentityChanges(store, run.sha256);
  if (changes > 0) {
    throw usageError(
      `Cannot push ${run.place}: tidy has given other names, tenants or VRFs to objects in NetBox since ` +
        `(${counted(changes, "change")}): Diode would make these objects again as they were`,
      { hint: "Survey NetBox and transform the run with --target again" },
    );
  }
  return { store, set: run, run };
}

async function openFiles(session: Session, files: readonly string[]): Promise<OpenedInput> {
  const places = files.map(splitPath);
  const folders = new Set(places.map(({ folder }) => folder));
  if (folders.size > 1) {
    throw usageError("The dry-run files are in several folders", {
      hint: "Push the files of one folder at a time: the journal is written next to them",
    });
  }
  const store = await session.openStore([...folders].join());
  return { store, set: await openDryRun(store, places.map(({ key }) => key)), run: undefined };
}

/** In the run folder, unless --journal names a file: a pipeline starts with a new checkout each time. */
async function journalPlaceOf(
  session: Session,
  target: Target,
  run: Store,
): Promise<PushJournalPlace> {
  const file = session.option("journal");
  if (file === undefined) return journalIn(run, target);
  const { folder, key } = splitPath(file);
  return { store: await session.openStore(folder), key, target };
}

/** The default place. */
function journalIn(run: Store, target: Target): PushJournalPlace {
  return { store: run, key: pushJournalKey(target.name), target };
}

/** Of a path or a URI. */
function splitPath(path: string): { readonly folder: string; readonly key: string } {
  if (!path.includes("://")) return { folder: dirname(path), key: basename(path) };
  const slash = path.lastIndexOf("/");
  return { folder: path.slice(0, slash), key: path.slice(slash + 1) };
}
