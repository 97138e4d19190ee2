/** tidy <run>: prints the plan of a run folder, does it, or takes it back. */
import { AppError, inputError, isAbort, usageError } from "../../base/errors.ts";
import { settingReader } from "../../base/setting.ts";
import { TOOL } from "../../base/tool.ts";
import { type NetBox, openNetBox, Refusal, refusalText } from "../../netbox/rest/client.ts";
import { openEditor } from "../../netbox/rest/editor.ts";
import type { NetBoxObject } from "../../netbox/types/object-type.ts";
import { openEntities, type TransformedSet } from "../../run-folder/entity-set.ts";
import { openTargetFolder } from "../../run-folder/target-files.ts";
import {
  type Action,
  ACTIONS,
  PLAN_FILE,
  PLAN_FORMAT,
  type PlanItem,
} from "../../run-folder/tidy-plan.ts";
import { planOf } from "../../transform/command/plan.ts";
import { openElsewhere } from "../../transform/command/transform.ts";
import { createTidyRecord } from "../../run-folder/tidy-record.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { type Format, markdownFormat, terminalFormat } from "../../terminal/document.ts";
import { type NetBoxConnection, netboxConnection } from "../../terminal/netbox.ts";
import { optionReader } from "../../terminal/options.ts";
import { interruptible } from "../../terminal/process.ts";
import { openProgress } from "../../terminal/progress.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { checkPermissions, checkRemovals, permissionsFor } from "../access.ts";
import { applyPlan, movedBy } from "../apply.ts";
import { assess, type AssessContext, deletes, netboxType } from "../assess.ts";
import { TIDY_SETTINGS } from "../settings.ts";
import { type ReportedItem, tidyJson, type TidyReport, tidyText } from "./report.ts";
import { runUndo } from "./undo.ts";

const MARKDOWN = markdownFormat({ mostChars: 10_000, isFolded: true });
const ACTION_NAMES = Object.keys(ACTIONS) as Action[];

/** Returns how many changes NetBox has made. */
export async function runTidy(session: Session): Promise<number> {
  checkOptions(session);
  const file = session.option("undo");
  if (file !== undefined) {
    await runUndo(session, file, (text) => print(session, text));
    return 0;
  }
  const store = await openRunFolder(session);
  const set = await openEntities(store);
  const head = { plan: await planIn(session, store, set) };
  const only = optionReader(session).listOf("only", ACTION_NAMES, parseAction);
  const items = head.plan.items.filter(({ action }) => only?.includes(action) ?? true);
  const task: Task = { ...head, store, set, items };
  if (session.isOn("apply")) return await applyTask(session, task);
  const isChecked = session.option("netbox") !== undefined;
  const reported = isChecked
    ? await checkItems(session, task)
    : items.map((item) => ({ item, state: "planned" as const }));
  printReport(session, task, {
    mode: isChecked ? "check" : "plan",
    items: reported,
    isComplete: true,
  });
  const isAny = reported.some(({ state }) => state === "planned" || state === "todo");
  if (isAny && session.isOn("exit-code")) session.exitWith("differences");
  return 0;
}

function checkOptions(session: Session): void {
  const both = (a: string, b: string): boolean =>
    [a, b].every((name) => session.isOn(name) || (session.option(name) ?? "false") !== "false");
  for (const [a, b] of [["json", "markdown"], ["apply", "undo"], ["undo", "only"]] as const) {
    if (both(a, b)) throw usageError(`--${a} and --${b} exclude each other`);
  }
  if (session.option("undo") !== undefined && session.operands.length > 0) {
    throw usageError("--undo takes no run folder", {
      hint: "It takes the file that tidy --apply wrote, below tidy/ of the run folder",
    });
  }
}

function parseAction(text: string): Action | undefined {
  return ACTION_NAMES.find((name) => name === text);
}

interface Task {
  readonly store: Store;
  readonly set: TransformedSet;
  readonly plan: TidyReport["plan"];
  /** Those that --only selects. */
  readonly items: readonly PlanItem[];
}

/** The plan that `transform` wrote, or one with --target. @throws AppError "input" when the run has none. */
async function planIn(session: Session, store: Store, set: TransformedSet): Promise<Task["plan"]> {
  const target = session.option("target");
  const since = session.option("since");
  if (target !== undefined) {
    const folder = await openTargetFolder(await session.openStore(target));
    const earlier = since === undefined
      ? undefined
      : await openEntities(await session.openStore(since));
    const elsewhere = await openElsewhere(session);
    return { format: PLAN_FORMAT, ...await planOf(store, { folder, since: earlier, elsewhere }) };
  }
  const unused = ["since", "elsewhere"].find((name) => session.option(name) !== undefined);
  if (unused !== undefined) {
    throw usageError(`--${unused} requires --target`, {
      hint: `Without it, the plan is the one that transform wrote: with its --${unused}`,
    });
  }
  const plan = await set.readPlan();
  if (plan !== undefined) return plan;
  throw inputError(`Found no plan in ${set.place}: it has no ${PLAN_FILE}`, {
    hint: `Make one with what NetBox holds: ${TOOL.name} survey --netbox URL --out DIR, then ` +
      `${TOOL.name} transform RUN --target DIR [--since EARLIER_RUN]`,
  });
}

async function applyTask(session: Session, task: Task): Promise<number> {
  const connection = await netboxConnection(session);
  refuseOtherNetBox(task, connection);
  const texts = await readSettings(session.context, TIDY_SETTINGS);
  const limit = settingReader(TIDY_SETTINGS, texts).optional("TIDY_MAX_REMOVED");
  checkRemovals(task.items, { ours: task.plan.ours, limit });
  const record = createTidyRecord(task.store, {
    netbox: connection.url,
    entities: task.set.sha256,
    started_at: new Date().toISOString(),
  });
  let isChanged = false;
  let changes = 0;
  const done: ReportedItem[] = [];
  const failure = await withNetBox(session, connection, async (context, { show, signal }) => {
    await checkPermissions(permissionsFor(task.items), context);
    await applyPlan({
      ...context,
      items: task.items,
      record: {
        key: record.key,
        async add(line) {
          await record.add(line);
          isChanged = true;
          if (line.kind === "done") changes += 1;
        },
      },
      signal,
      onItem(applied) {
        done.push(applied);
        show(done.length, task.items.length);
      },
    });
  }).then(() => undefined, (error: unknown) => error);
  const left = task.items.slice(done.length).map((item) => ({ item, state: "planned" as const }));
  if (failure === undefined || isChanged || done.length > 0) {
    printReport(session, task, {
      mode: "apply",
      items: [...done, ...left],
      record: isChanged ? `${task.set.place.replace(/\/+$/, "")}/${record.key}` : undefined,
      isComplete: failure === undefined,
    });
  }
  if (failure !== undefined) throw failure;
  if (done.some(({ state }) => state === "refused")) session.exitWith("rejected");
  return changes;
}

/** Ids mean something in one NetBox only. */
function refuseOtherNetBox({ plan: { target }, set }: Task, { url }: { readonly url: string }) {
  if (target.url === url) return;
  throw usageError(`The plan in ${set.place} is for NetBox at ${target.url}, not ${url}`, {
    hint: "Set NETBOX_URL (--netbox) to the URL that was surveyed, or survey and transform again",
  });
}

/** Reads the objects of all items; changes nothing. */
async function checkItems(session: Session, task: Task): Promise<readonly ReportedItem[]> {
  const connection = await netboxConnection(session);
  refuseOtherNetBox(task, connection);
  const { items } = task;
  const leaving = new Set(
    items.filter(deletes).map(({ type, id }) => `${netboxType(type).path} ${id}`),
  );
  const found: ReportedItem[] = [];
  await withNetBox(session, connection, async (context, { show, signal }) => {
    for (const item of items) {
      signal.throwIfAborted();
      const isMoved = movedBy(item);
      const assessment = await assess(item, {
        ...context,
        isLeaving: (each) => isMoved(each) || leaving.has(`${each.path} ${each.object.id}`),
      });
      found.push({ item, ...assessment });
      show(found.length, items.length);
    }
  });
  return found;
}

interface Work {
  readonly signal: AbortSignal;
  show(done: number, total: number): void;
}

async function withNetBox(
  session: Session,
  connection: NetBoxConnection,
  work: (context: AssessContext, work: Work) => Promise<void>,
): Promise<void> {
  const progress = openProgress(session);
  const show: Work["show"] = (done, total) =>
    progress.show({ parts: [{ name: "items", done, total }] });
  try {
    await interruptible(session.io, async (signal) => {
      const netbox = openNetBox({
        ...connection,
        signal,
        onRetry: (failure, ms) => progress.beside(() => connection.onRetry?.(failure, ms)),
      });
      try {
        await netbox.status();
        const { url, concurrency } = connection;
        const customFields = await readCustomFields(netbox);
        const editor = openEditor(netbox);
        await work({ netbox, editor, url, concurrency, customFields }, { signal, show });
      } finally {
        await netbox.close();
      }
    });
  } catch (error) {
    throw isAbort(error)
      ? new AppError("interrupted", "Interrupted", {
        hint: "Run the same command again: what is done already counts as done",
      })
      : error;
  } finally {
    progress.end();
  }
}

/** @throws AppError "remote" unless the token may view them: what names an object would not be known. */
async function readCustomFields(netbox: NetBox): Promise<readonly NetBoxObject[]> {
  const type = netboxType("custom-field");
  const found: NetBoxObject[] = [];
  try {
    for await (const fields of netbox.list(type.path, [])) found.push(...fields);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new AppError("remote", `Cannot tidy: ${refusalText(type, error)}`, {
      hint: "Grant the permission to the user of the token in NetBox under Admin > Permissions",
    });
  }
  return found;
}

function printReport(
  session: Session,
  { plan, set }: Task,
  facts: Omit<TidyReport, "plan" | "place">,
): void {
  const report = { ...facts, plan, place: set.place };
  if (session.isJson) session.print(tidyJson(report));
  else print(session, (format) => tidyText(report, format));
}

function print(session: Session, text: (format: Format) => string): void {
  if (session.isOn("markdown")) session.data(text(MARKDOWN));
  else session.print(`\n${text(terminalFormat())}\n`);
}
