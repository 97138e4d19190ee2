/** report <run>: writes an HTML page about a run folder, and about the changes since an earlier one. */
import { basename, dirname } from "node:path";
import { AppError, reasonOf, usageError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { historyOf } from "../../run-folder/history.ts";
import { readRunRecord, recordedRuns } from "../../run-folder/run-record.ts";
import { parseSelector } from "../../run-folder/selector.ts";
import { shownPlace, type Store } from "../../run-folder/store/store.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { counted, groupDigits } from "../../terminal/tables.ts";
import { compareHalves } from "../diff/command.ts";
import { openRun } from "../run.ts";
import type { EarlierRun } from "./chapters/differences.ts";
import { type HistoryRun, MOST_RUNS } from "./chapters/history.ts";
import { REPORT_MARK } from "./page/page.ts";
import { renderReport } from "./report.ts";

const DEFAULT_NAME = "report.html";

export async function runReport(session: Session): Promise<void> {
  const store = await openRunFolder(session);
  const target = await chooseTarget(session, store);
  await checkOverwrite(target);
  const run = await openRun(store);
  const earlier = await compareEarlier(session, store);
  const { page, counts } = await renderReport(run, earlier, await readHistory(session, store));
  const bytes = encodeUtf8(page);
  await target.store.write(target.name, bytes);
  if (session.isJson) {
    session.print(JSON.stringify({ file: target.shown, bytes: bytes.length, ...counts }, null, 2));
    return;
  }
  const { nodes, guests, left_out: leftOut, incomplete } = counts;
  session.print(
    `Wrote ${printable(target.shown)}: ${counted(nodes, "node")}, ${counted(guests, "guest")}, ` +
      `${groupDigits(leftOut)} left out, ${counted(incomplete, "missing answer")}; ` +
      `${groupDigits(bytes.length)} bytes`,
  );
}

/** `shown`: for messages. */
async function chooseTarget(session: Session, run: Store) {
  const out = session.option("out");
  const shown = out === undefined
    ? `${run.place.replace(/\/+$/, "")}/${DEFAULT_NAME}`
    : shownPlace(out);
  const store = out === undefined ? run : await session.openTarget(dirname(out));
  return { store, name: basename(shown), shown };
}

type Target = Awaited<ReturnType<typeof chooseTarget>>;

/** Only an earlier report is overwritten. */
async function checkOverwrite({ store, name, shown }: Target): Promise<void> {
  const found = await store.read(name).catch((cause: unknown) => {
    throw usageError(`Cannot write to ${shown}: ${reasonOf(cause)}`, { cause });
  });
  if (found === undefined) return;
  const start = new TextDecoder().decode(found.subarray(0, REPORT_MARK.length));
  if (start === REPORT_MARK) return;
  throw usageError(`Cannot overwrite ${shown}: it is not a report of this program`, {
    hint: "Give another file with --out, or move the existing one",
  });
}

async function compareEarlier(session: Session, store: Store): Promise<EarlierRun | undefined> {
  const place = session.option("against");
  if (place === undefined) return undefined;
  const earlier = await session.openStore(place);
  return { place: shownPlace(place), halves: await compareHalves(session, [earlier, store]) };
}

/** undefined: the run has no record beside it. */
async function readHistory(session: Session, store: Store): Promise<HistoryRun[] | undefined> {
  const found = historyOf(store.place);
  if (found === undefined) return undefined;
  // The place of a store has no password.
  const [named = ""] = session.operands;
  const place = parseSelector(named)?.history ?? historyOf(named)?.history ?? found.history;
  const history = await session.openStore(place);
  const read = async (run: string): Promise<HistoryRun> => {
    const record = await readRunRecord(history, run).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      session.log.warn(`The page lacks a run of the history: ${printable(error.message)}`);
      return undefined;
    });
    return { run, ...(record && { record }) };
  };
  const runs = await recordedRuns(history);
  if (!runs.includes(found.run)) return undefined;
  return await Promise.all(runs.filter((run) => run <= found.run).slice(-MOST_RUNS).map(read));
}
