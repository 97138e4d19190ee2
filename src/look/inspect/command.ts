/** inspect <run>: what a run folder contains, as a summary or as lists. */
import type { StepName } from "../../netbox/types/steps.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { printJsonObject, printTable } from "../../terminal/tables.ts";
import { itemSource, openRun, requiredItems } from "../run.ts";
import { FILTERS, parseFilter } from "./filter.ts";
import { inspect } from "./inspect.ts";
import {
  entityList,
  FAILED,
  GUESTS,
  leftOutList,
  type List,
  type ListSource,
  listSource,
} from "./lists.ts";
import { inspectionText } from "./text.ts";

export async function runInspect(session: Session): Promise<void> {
  const store = await openRunFolder(session);
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
