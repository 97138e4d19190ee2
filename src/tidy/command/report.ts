/** What `tidy` prints of a plan: its items, and what became of them, as text, Markdown or JSON. */
import { printableJson } from "../../base/log.ts";
import { type Action, ACTIONS, type PlanItem, type TidyPlan } from "../../run-folder/tidy-plan.ts";
import type { Format, Line, Section, SectionItem } from "../../terminal/document.ts";
import { counted } from "../../terminal/tables.ts";
import type { Applied } from "../apply.ts";
import type { Assessment } from "../assess.ts";

/** plan: nothing was asked of NetBox; check: it was read only; apply: it was changed. */
export type TidyMode = "plan" | "check" | "apply";

type State = Applied["state"] | Assessment["state"] | "planned";

/** An item, and what is known of it. */
export interface ReportedItem {
  readonly item: PlanItem;
  readonly state: State;
  readonly because?: string;
}

export interface TidyReport {
  readonly mode: TidyMode;
  /** The run folder, as the user named it. */
  readonly place: string;
  readonly plan: TidyPlan;
  /** Those that --only selects, in their order. */
  readonly items: readonly ReportedItem[];
  /** With --apply: the file with all changes; undefined when nothing was changed. */
  readonly record?: string | undefined;
  /** false: the work ended early, and the rest of the items is as planned. */
  readonly isComplete: boolean;
}

/** TABLE: state → heading of its section, and column of the counts. */
const STATES: Readonly<Record<State, string>> = {
  planned: "Planned",
  todo: "To do",
  done: "Done",
  already: "Done before",
  stale: "Stale",
  kept: "Kept",
  refused: "Refused",
  diode: "Through Diode",
};

const STALE_HINT = "survey and transform again: the plan no longer fits";

/** Findings of each kind that are shown; --json has all. */
const MOST_SHOWN = 50;

export function tidyText(report: TidyReport, format: Format): string {
  const { items } = report;
  const counts = countsOf(items);
  const states = (Object.keys(STATES) as State[]).filter((state) =>
    items.some((each) => each.state === state)
  );
  const table = counts.map(({ action, type, ...numbers }) => [
    action,
    type,
    ...states.map((state) => numbers[state] ?? 0),
  ]);
  return [
    format.heading(titleOf(report, format.quote)),
    format.paragraph(headlineOf(report)),
    ...(counts.length === 0
      ? []
      : [format.table(["Action", "Type", ...states.map((state) => STATES[state])], table)]),
    ...sectionsOf(report, format).map(format.section),
    ...noteOf(report, format),
  ].filter((part) => part !== "").join("\n\n");
}

function titleOf({ place, plan: { target } }: TidyReport, quote: Format["quote"]): string {
  return `Plan of ${quote(place)} for NetBox at ${target.url}, surveyed ${target.surveyed_at}`;
}

function headlineOf({ mode, items, plan, isComplete }: TidyReport): string {
  const kept = plan.kept.length === 0 ? "" : `; ${counted(plan.kept.length, "object")} kept`;
  if (items.length === 0) return `Nothing to do${kept}`;
  if (mode === "plan") {
    const parts = (Object.keys(ACTIONS) as Action[]).flatMap((action) => {
      const count = items.filter(({ item }) => item.action === action).length;
      return count === 0 ? [] : [`${count} ${action}`];
    });
    return `${parts.join(", ")}${kept}`;
  }
  const states = (Object.keys(STATES) as State[]).flatMap((state) => {
    const count = items.filter((each) => each.state === state).length;
    return count === 0 ? [] : [`${count} ${STATES[state].toLowerCase()}`];
  });
  return `${states.join(", ")}${isComplete ? "" : "; ended early"}`;
}

interface Count extends Partial<Readonly<Record<State, number>>> {
  readonly action: Action;
  readonly type: string;
}

/** By action, then in the order of the items. */
function countsOf(items: readonly ReportedItem[]): readonly Count[] {
  const groups = Map.groupBy(items, ({ item: { action, type } }) => `${action} ${type}`);
  return [...groups.values()].map((same) => {
    const states = Map.groupBy(same, ({ state }) => state);
    const numbers = Object.fromEntries([...states].map(([state, each]) => [state, each.length]));
    const { action, type } = (same[0] as ReportedItem).item;
    return { ...numbers, action, type };
  });
}

function sectionsOf(report: TidyReport, format: Format): readonly Section[] {
  const { mode, items, plan } = report;
  const isFull = mode === "plan";
  const groups = isFull
    ? Map.groupBy(items, ({ item }) => `${item.action}: ${ACTIONS[item.action]}`)
    : Map.groupBy(items, ({ state }) => STATES[state]);
  const order = isFull ? [...groups.keys()] : Object.values(STATES);
  const sections = order.flatMap((title): Section[] => {
    const same = groups.get(title);
    return same === undefined ? [] : [section(title, same.map((each) => shownItem(each, format)))];
  });
  const kept = plan.kept.map(({ action, type, name, url, because }): SectionItem => ({
    text: `${action} ${type} ${format.quote(name)}`,
    lines: [[2, format.quote(because)], [2, url]],
  }));
  return [...sections, section("Kept by the plan", kept)];
}

function section(title: string, items: readonly SectionItem[]): Section {
  return { title, items: items.slice(0, MOST_SHOWN), more: Math.max(items.length - MOST_SHOWN, 0) };
}

function shownItem({ item, state, because }: ReportedItem, format: Format): SectionItem {
  const { action, type, name, url, why, changes, evidence } = item;
  const { quote } = format;
  const said = because === undefined
    ? []
    : [quote(state === "stale" ? `${because}; ${STALE_HINT}` : because)];
  const isBrief = state === "done" || state === "already";
  const lines: Line[] = [
    ...changes.map((change): Line => [
      2,
      `${change.field}${change.id === item.id ? "" : ` of ${change.type} ${change.id}`}: ${
        value(change.from, quote)
      } → ${value(change.to, quote)}`,
    ]),
    ...said.map((text): Line => [2, text]),
    ...(isBrief ? [] : [[2, quote(why)] as const]),
    ...(isBrief ? [] : evidence.map((each): Line => [2, evidenceText(each, quote)])),
    [2, url],
  ];
  return { text: `${action} ${type} ${quote(name)}`, lines };
}

function value(plain: PlanItem["changes"][number]["from"], quote: Format["quote"]): string {
  return plain === null ? "nothing" : quote(String(plain));
}

function evidenceText(
  { file, path, line, snapshot }: PlanItem["evidence"][number],
  quote: Format["quote"],
): string {
  const place = quote(line === undefined ? file : `${file}:${line}`);
  const of = snapshot === undefined ? "" : ` of ${quote(snapshot)}`;
  return `source: ${place}${path === undefined ? "" : ` ${quote(path)}`}${of}`;
}

function noteOf({ mode, record, items }: TidyReport, format: Format): readonly string[] {
  if (mode === "apply") {
    return record === undefined ? [] : [
      format.paragraph(`All changes are in ${format.quote(record)}: tidy --undo takes them back`),
    ];
  }
  return items.some(({ state }) => state === "planned" || state === "todo")
    ? [format.paragraph("Nothing was changed: tidy --apply does it")]
    : [];
}

export function tidyJson({ mode, place, plan, items, record, isComplete }: TidyReport): string {
  const { target, since, ours, kept } = plan;
  return printableJson({
    run: place,
    mode,
    netbox: target.url,
    surveyed_at: target.surveyed_at,
    since,
    ours,
    complete: isComplete,
    record,
    counts: countsOf(items),
    items: items.map(({ item, state, because }) => {
      const { seen: _seen, ...shown } = item;
      return { ...shown, state, because };
    }),
    kept,
  }, 2);
}
