/** log <history>: its runs, one line each; log <history> <thing>: what changed on a thing, run by run. */
import { usageError } from "../../base/errors.ts";
import { printable, printableJson } from "../../base/log.ts";
import { REASONS } from "../../run-folder/left-out.ts";
import { isDay, runNameOf } from "../../run-folder/history.ts";
import type { Store } from "../../run-folder/store/store.ts";
import {
  type Format,
  markdownFormat,
  markdownText,
  type SectionItem,
  terminalFormat,
} from "../../terminal/document.ts";
import { optionReader } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";
import { type Cell, printJsonObject, printTable } from "../../terminal/tables.ts";
import { loggedRuns, RUN_TABLE, runNames, type RunSelection } from "./runs.ts";
import { type LoggedChange, logOfThing, type ThingLog } from "./thing.ts";

/** Of one run. */
const MARKDOWN = markdownFormat({ mostChars: 7000, isFolded: false });

export async function runLog(session: Session): Promise<void> {
  const [place, thing] = session.operands;
  if (place === undefined) {
    throw usageError("Missing argument: a history", {
      hint: "Name a folder to which `run --history` writes, such as snapshots/history",
    });
  }
  if (session.isJson && session.isOn("markdown")) {
    throw usageError("--json and --markdown exclude each other", { hint: "Give one of them" });
  }
  const selection = readSelection(session);
  const history = await session.openStore(place);
  if (thing === undefined) await printRuns(session, history, selection);
  else await printThing(session, { history, thing, selection });
}

function readSelection(session: Session): RunSelection {
  const options = optionReader(session);
  return {
    last: options.read("last", "a whole number from 1", positive),
    since: options.read(
      "since",
      "a date or a time in UTC: 2026-11-28, 2026-11-28T06:00:00Z",
      parseTime,
    ),
  };
}

function positive(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/** The beginning of the names of runs. */
function parseTime(text: string): string | undefined {
  const [, day = "", time] = /^(\d{4}-\d\d-\d\d)(T\d\d[:-]\d\d[:-]\d\dZ)?$/.exec(text) ?? [];
  return isDay(day) ? runNameOf(day + (time ?? "")) : undefined;
}

/** The newest is the last line, which is next to the prompt. */
async function printRuns(
  session: Session,
  history: Store,
  selection: RunSelection,
): Promise<void> {
  const names = await runNames(history, selection);
  const runs = loggedRuns(history, names);
  if (session.isJson) {
    await printJsonObject(session, { history: history.place }, { runs });
  } else if (session.isOn("markdown")) {
    const rows: Cell[][] = [];
    for await (const run of runs) rows.push(RUN_TABLE.cells(run).map(markdownCell));
    session.data(rows.length === 0 ? NO_RUN : MARKDOWN.table(RUN_TABLE.head, rows));
  } else {
    session.data("");
    const count = await printTable(session, runs, RUN_TABLE);
    session.data(count === 0 ? `${NO_RUN}\n` : "");
  }
}

const NO_RUN = "No run since then";

function markdownCell(cell: Cell): Cell {
  return typeof cell === "number" ? cell : markdownText(cell);
}

async function printThing(
  session: Session,
  { history, thing, selection }: {
    readonly history: Store;
    readonly thing: string;
    readonly selection: RunSelection;
  },
): Promise<void> {
  const all = await runNames(history);
  const { things, unreadable } = await logOfThing(history, all, thing);
  for (const [why, same] of Map.groupBy(unreadable, (each) => each.why)) {
    const runs = same.map(({ run }) => run).join(", ");
    session.log.warn(`What changed is not known completely in ${runs}: ${printable(why)}`);
  }
  const chosen = new Set((await runNames(history, selection)).selected);
  const found = things.map((each) => ({
    ...each,
    changes: each.changes.filter(({ run }) => chosen.has(run)),
  }));
  if (session.isJson) {
    session.data(printableJson({ history: history.place, thing, found, unreadable }, 2));
  } else if (session.isOn("markdown")) session.data(thingsText(found, MARKDOWN));
  else session.data(`\n${thingsText(found, terminalFormat())}\n`);
}

function thingsText(things: readonly ThingLog[], format: Format): string {
  return things.flatMap((thing) => thingBlocks(thing, format)).join("\n\n");
}

function thingBlocks({ what, cluster, entity, changes }: ThingLog, format: Format): string[] {
  const { quote } = format;
  const where = cluster === undefined ? "" : ` in the cluster ${quote(cluster)}`;
  const heading = format.heading(`${quote(what)}${where}: ${quote(entity)}`, 2);
  if (changes.length === 0) return [heading, format.paragraph("No recorded change in these runs")];
  const byRun = Map.groupBy(changes, ({ run }) => run);
  const sections = [...byRun].map(([run, same]) =>
    format.section({
      title: same.every(({ kept }) => kept) ? run : `${run} (folder removed)`,
      items: same.map((change) => changeItem(change, format)),
    })
  );
  return [heading, ...sections];
}

/** "virtual-machine web-02: renamed from web-01, moved from pve1 to pve2" with a line for each other field. */
function changeItem(change: LoggedChange, format: Format): SectionItem {
  const { quote } = format;
  const side = (value: string | undefined): string => value === undefined ? "(none)" : quote(value);
  if (change.change !== "changed") return { text: eventLine(change, quote) };
  const fields = change.fields ?? [];
  const isMachine = change.entity.startsWith("virtual-machine ");
  const [name, node] = ["name", "node"].map((own) =>
    isMachine ? fields.find(({ field }) => field === own) : undefined
  );
  const texts = [
    name && `renamed from ${side(name.from)} to ${side(name.to)}`,
    node && `moved from ${side(node.from)} to ${side(node.to)}`,
  ].filter((text) => text !== undefined);
  const others = fields.filter((field) => field !== name && field !== node);
  return {
    text: `${quote(change.entity)}: ${texts.join(", ") || "changed"}`,
    lines: others.flatMap(({ field, from, to }) =>
      format.change(quote(field), side(from), side(to))
    ),
  };
}

/** "virtual-machine web-01 on pve1: added (net0, scsi0)", "virtual-machine web-01: net0/10.0.0.5/24 no longer readable" */
function eventLine(change: LoggedChange, quote: Format["quote"]): string {
  const { entity, node, fields = [] } = change;
  const parts = partsText(change, quote);
  const event = eventText(change, quote);
  // A guest that is meant as a whole has its node.
  const isOfParts = fields.length > 0 ||
    (entity.startsWith("virtual-machine ") && node === undefined);
  if (isOfParts && parts !== "") return `${quote(entity)}: ${parts} ${event}`;
  const where = node === undefined ? "" : ` on ${quote(node)}`;
  return `${quote(entity)}${where}: ${event}${parts === "" ? "" : ` (${parts})`}`;
}

function eventText(
  { change, gone_since: goneSince, reason }: LoggedChange,
  quote: Format["quote"],
): string {
  const why = reason === undefined ? "" : `: ${reasonText(reason, quote)}`;
  switch (change) {
    case "present":
      return "there when the history began";
    case "added":
      return goneSince === undefined ? "added" : `returned; gone since ${goneSince}`;
    case "unread":
      return `no longer readable${why}`;
    case "read":
      return "readable again";
    case "first-read":
      return `readable for the first time, so it is not known whether it is new; before${why}`;
    default:
      return change;
  }
}

/** A newer version may know more of them. */
function reasonText(reason: string, quote: Format["quote"]): string {
  const texts: Readonly<Record<string, string>> = REASONS;
  const text = Object.hasOwn(texts, reason) ? texts[reason] : undefined;
  return text === undefined ? quote(reason) : text.charAt(0).toLowerCase() + text.slice(1);
}

const MOST_PARTS = 20;

/** "net0, net0/10.0.0.5/24, scsi0" */
function partsText({ parts = [], fields = [] }: LoggedChange, quote: Format["quote"]): string {
  const names = [...parts, ...fields.map(({ field }) => field)];
  if (names.length === 0) return "";
  const more = names.length - MOST_PARTS;
  const listed = names.slice(0, MOST_PARTS).map(quote).join(", ");
  return more > 0 ? `${listed} and ${more} more` : listed;
}
