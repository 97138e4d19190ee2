/** tidy --undo FILE: takes back what a record of `tidy --apply` says, and prints what became of it. */
import { basename, dirname } from "node:path";
import { AppError, isAbort, usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import { openNetBox } from "../../netbox/rest/client.ts";
import { openEditor } from "../../netbox/rest/editor.ts";
import { otherNewIds, readTidyRecord } from "../../run-folder/tidy-record.ts";
import type { Format, SectionItem } from "../../terminal/document.ts";
import { netboxConnection } from "../../terminal/netbox.ts";
import { interruptible } from "../../terminal/process.ts";
import { openProgress } from "../../terminal/progress.ts";
import type { Session } from "../../terminal/session.ts";
import { counted } from "../../terminal/tables.ts";
import { checkPermissions, permissionsToUndo } from "../access.ts";
import { undo, type Undone, undoOrder } from "../undo.ts";

/** `print`: shows the result as text or Markdown. */
export async function runUndo(
  session: Session,
  file: string,
  print: (text: (format: Format) => string) => void,
): Promise<void> {
  const connection = await netboxConnection(session);
  const store = await session.openStore(dirname(file));
  const record = await readTidyRecord(store, basename(file));
  if (record.head.netbox !== connection.url) {
    throw usageError(
      `Cannot undo "${file}": it is about NetBox at ${record.head.netbox}, not ${connection.url}`,
      { hint: "Set NETBOX_URL (--netbox) to the NetBox that was changed" },
    );
  }
  const ids = await otherNewIds(store, basename(file), connection.url);
  const results: Undone[] = [];
  const total = undoOrder(record).length;
  const progress = openProgress(session);
  const failure = await interruptible(session.io, async (signal) => {
    const netbox = openNetBox({
      ...connection,
      signal,
      onRetry: (failed, ms) => progress.beside(() => connection.onRetry?.(failed, ms)),
    });
    const editor = openEditor(netbox);
    try {
      await netbox.status();
      const access = { ...connection, netbox, editor };
      await checkPermissions(permissionsToUndo(record.lines), access);
      await undo({
        netbox,
        editor,
        record,
        ids,
        signal,
        onLine(undone) {
          results.push(undone);
          progress.show({ parts: [{ name: "changes", done: results.length, total }] });
        },
      });
    } finally {
      await netbox.close();
    }
  }).then(() => undefined, (error: unknown) => error).finally(progress.end);
  if (failure === undefined || results.length > 0) {
    if (session.isJson) session.print(undoneJson(file, connection.url, results));
    else print((format) => undoneText(connection.url, results, format));
  }
  if (failure !== undefined) {
    throw isAbort(failure) ? new AppError("interrupted", "Interrupted", AGAIN) : failure;
  }
  if (results.some(({ state }) => state === "refused")) session.exitWith("rejected");
}

const AGAIN = { hint: "Run the same command again: it continues" };

/** TABLE: state → heading. */
const STATES: Readonly<Record<Undone["state"], string>> = {
  done: "Taken back",
  already: "Nothing to take back",
  skipped: "Skipped: changed since",
  refused: "Refused by NetBox",
};

function undoneText(url: string, results: readonly Undone[], format: Format): string {
  const groups = Map.groupBy(results, ({ state }) => state);
  const states = Object.keys(STATES) as Undone["state"][];
  return [
    format.heading(`Undo in NetBox at ${url}: ${counted(results.length, "change")}`),
    ...states.map((state) =>
      format.section({
        title: STATES[state],
        items: (groups.get(state) ?? []).map((each) => shownUndone(each, format)),
      })
    ),
  ].filter((part) => part !== "").join("\n\n");
}

function shownUndone({ line, because, ids }: Undone, { quote }: Format): SectionItem {
  const what = line.kind === "remove"
    ? `${line.type} ${quote(line.name)}`
    : `${line.type} ${quote(line.name)}: ${line.change.field}`;
  return {
    text: what,
    lines: [
      ...(because === undefined ? [] : [[2, quote(because)] as const]),
      ...ids.map(({ path, old, new: created }) =>
        [2, `${path}: ${old} has the id ${created} now`] as const
      ),
    ],
  };
}

function undoneJson(file: string, netbox: string, results: readonly Undone[]): string {
  const changes = results.map(({ line, state, because, ids }) => ({
    number: line.number,
    kind: line.kind,
    type: line.type,
    id: line.before.id,
    name: line.name,
    ...(line.kind === "change" ? { change: line.change } : {}),
    state,
    because,
    ids,
  }));
  return printableJson({ record: file, netbox, changes }, 2);
}
