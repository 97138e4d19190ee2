/** inspect <folder>: what a run contains, as a summary or as lists, and what a target contains, as a summary. */
import { usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import { permissionOf } from "../../netbox/types/object-type.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import { SURVEYED } from "../../netbox/types/surveyed.ts";
import type { Store } from "../../run-folder/store/store.ts";
import {
  isTargetFolder,
  openTargetFolder,
  typeOfTargetFile,
} from "../../run-folder/target-files.ts";
import type { TargetManifest } from "../../run-folder/target.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import {
  groupDigits,
  printJsonObject,
  printTable,
  renderFacts,
  renderTable,
} from "../../terminal/tables.ts";
import { itemSource, openRun, requiredItems } from "../run.ts";
import { FILTERS, parseFilter } from "./filter.ts";
import { bytesOf, inspect } from "./inspect.ts";
import {
  entityList,
  FAILED,
  GUESTS,
  leftOutList,
  type List,
  type ListSource,
  listSource,
} from "./lists.ts";
import { inspectionText, sizeOf } from "./text.ts";

export async function runInspect(session: Session): Promise<void> {
  const store = await openRunFolder(session);
  if (await isTargetFolder(store)) return await printTarget(session, store);
  const run = await openRun(store);
  const lists = selectedLists(session);
  const items = lists.length === 0 ? itemSource(run) : requiredItems(run, "list");
  const source = items && listSource(run, items, parseFilter(filterTexts(session)));
  if (session.isJson) {
    const rows = source && lists.map((list) => [list.name, list.rows(source)]);
    await printJsonObject(session, await inspect(run, items), Object.fromEntries(rows ?? []));
  } else if (source === undefined || lists.length === 0) {
    session.data(`\n${inspectionText(await inspect(run, items))}\n`);
  } else {
    for (const list of lists) await printList(session, list, source);
  }
}

/** A filter alone lists guests. */
function selectedLists(session: Session): readonly List[] {
  const step = session.option("step") as StepName | undefined;
  const leftOut = session.option("left-out");
  const lists = [
    ...(session.isOn("guests") ? [GUESTS] : []),
    ...(leftOut === undefined || leftOut === "false" ? [] : [leftOutList(leftOut)]),
    ...(step === undefined ? [] : [entityList(step)]),
    ...(session.isOn("failed") ? [FAILED] : []),
  ];
  const isFiltered = Object.keys(filterTexts(session)).length > 0;
  return lists.length === 0 && isFiltered ? [GUESTS] : lists;
}

function filterTexts(session: Session): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(FILTERS)) {
    const text = session.option(name);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

async function printList(session: Session, list: List, source: ListSource): Promise<void> {
  session.data("");
  const count = await printTable(session, list.rows(source), list);
  session.data(count === 0 ? "No matches\n" : "");
}

const RUN_OPTIONS = ["guests", "left-out", "step", "failed", ...Object.keys(FILTERS)];

async function printTarget(session: Session, store: Store): Promise<void> {
  const [option] = RUN_OPTIONS.filter((name) => (session.option(name) ?? "false") !== "false");
  if (option !== undefined) {
    throw usageError(`Cannot use --${option} with ${store.place}: it is a target, not a run`, {
      hint: `Leave out --${option}, or name a run folder, such as snapshots/example`,
    });
  }
  const { manifest } = await openTargetFolder(store);
  const inspection = inspectTarget(store.place, manifest);
  session.data(session.isJson ? printableJson(inspection, 2) : `\n${targetText(inspection)}\n`);
}

/** As --json prints it. */
function inspectTarget(folder: string, manifest: TargetManifest) {
  const { netbox, tool, surveyed_at, scope, outcome, counts, missing, unread, files } = manifest;
  const withPermission = (gap: TargetManifest["missing"][0]) => {
    const surveyed = SURVEYED.find(({ name }) => name === gap.type);
    return { ...gap, ...(surveyed && { permission: permissionOf(surveyed.type) }) };
  };
  return {
    folder,
    target: {
      ...netbox,
      surveyed_at,
      tool: `${tool.name} ${tool.version}`,
      /** Absent if everything was read. */
      ...(scope && { scope }),
      outcome,
      objects: Object.values(counts).reduce((sum, count) => sum + count, 0),
      files: files.length,
      bytes: bytesOf(files),
      types: SURVEYED.filter(({ name }) => Object.hasOwn(counts, name)).map(({ name }) => {
        const own = files.filter(({ path }) => typeOfTargetFile(path) === name);
        return { type: name, objects: counts[name] ?? 0, files: own.length, bytes: bytesOf(own) };
      }),
      missing: missing.map(withPermission),
      /** Types that only some runs need. */
      ...(unread && { unread: unread.map(withPermission) }),
    },
  };
}

function targetText({ target }: ReturnType<typeof inspectTarget>): string {
  const { url, version, plugin, outcome, objects, files, bytes, types, missing, unread = [] } =
    target;
  const plugged = plugin === undefined ? "" : `, Diode plugin ${plugin}`;
  const some = `${outcome}: ${missing.length} types could not be read, which does not mean empty`;
  const facts = [
    ["NetBox", `${url}, version ${version}${plugged}`],
    ["Surveyed", `${target.surveyed_at} by ${target.tool}`],
    ...("scope" in target ? [["Scope", "only what one run needs (--for)"] as const] : []),
    ["Objects", `${groupDigits(objects)} in ${sizeOf({ files, bytes })}`],
    ["Outcome", missing.length === 0 ? outcome : some],
  ] as const;
  const rows = types.map((row) => [row.type, row.objects, row.files, row.bytes]);
  const gaps = [...missing, ...unread].map((
    { type, cause, permission = "", reason },
  ) => [type, cause, permission, reason]);
  return [
    "Target",
    renderFacts(facts),
    renderTable(["Type", "Objects", "Files", "Bytes"], rows),
    ...(gaps.length === 0
      ? []
      : ["Missing", renderTable(["Type", "Cause", "Permission", "Reason"], gaps)]),
  ].join("\n\n");
}
