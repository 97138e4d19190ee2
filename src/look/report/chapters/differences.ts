/** Changes since an earlier run. */
import { groupDigits } from "../../../terminal/tables.ts";
import type { RunDifferences } from "../../diff/differences.ts";
import { listHtml, type ReportList } from "../page/list.ts";
import { type Html, markup } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";

/** Of the inventory in Proxmox VE, or of the entities for NetBox. */
export interface HalfDifferences {
  readonly title: string;
  readonly differences: RunDifferences;
}

export interface EarlierRun {
  /** As given by the user. */
  readonly place: string;
  readonly halves: readonly HalfDifferences[];
}

interface Row {
  readonly half: string;
  readonly change: string;
  readonly what: string;
  readonly name: string | undefined;
  readonly field?: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export function differencesChapter({ place, halves }: EarlierRun): Chapter {
  const rows = halves.flatMap(({ title, differences }) => rowsOf(title, differences));
  const list = rowList(rows, halves);
  return {
    id: "differences",
    title: "Changes",
    lead: rows.length === 0
      ? `No changes since ${place}.`
      : `Compared with the earlier run ${place}. Things that could not be read are not gone.`,
    body: markup`${halves.map(countsHtml)}${rows.length > 0 && listHtml(list)}`,
    lists: rows.length === 0 ? [] : [list],
  };
}

function countsHtml({ title, differences }: HalfDifferences): Html {
  const { added, changed, gone, unread, unreadBefore } = differences;
  const figures = [
    ["added", "added", added.length],
    ["changed", "changed", changed.length],
    ["gone", "gone", gone.length],
    ["unread", "not readable now", unread.length],
    ["unread", "not readable before", unreadBefore.length],
  ] as const;
  return markup`<h3>${title}</h3><dl class="figures">${
    figures.map(([mark, word, count]) =>
      markup`<div data-mark="${count === 0 ? "none" : mark}"><dt>${word}</dt><dd>${
        groupDigits(count)
      }</dd></div>`
    )
  }</dl>`;
}

function rowsOf(half: string, differences: RunDifferences): Row[] {
  const { added, changed, gone, unread, unreadBefore } = differences;
  return [
    ...added.map(({ what, name }) => ({ half, change: "added", what, name })),
    ...gone.map(({ what, name }) => ({ half, change: "gone", what, name })),
    ...changed.flatMap(({ what, name, renamed, moved, fields }) => [
      ...(renamed ? [{ half, change: "renamed", what, name, field: "name", ...renamed }] : []),
      ...(moved ? [{ half, change: "moved", what, name, field: "node", ...moved }] : []),
      ...fields.map((field) => ({ half, change: "changed", what, name, ...field })),
    ]),
    ...unread.map(({ what, name, parts, reason, detail }) => ({
      half,
      change: "not readable now",
      what,
      name,
      field: parts.join(", "),
      after: [reason, detail].filter(Boolean).join(", "),
    })),
    ...unreadBefore.map(({ what, name, parts, reason, detail }) => ({
      half,
      change: "not readable before",
      what,
      name,
      field: parts.join(", "),
      before: [reason, detail].filter(Boolean).join(", "),
    })),
  ];
}

function rowList(rows: readonly Row[], halves: EarlierRun["halves"]): ReportList<Row> {
  return {
    id: "difference-rows",
    things: "findings",
    rows,
    columns: [
      { title: "Change", kind: "status", isFilter: true, cell: ({ change }) => change },
      ...(halves.length > 1
        ? [{ title: "In", isFilter: true, cell: ({ half }: Row) => half }]
        : []),
      { title: "What", kind: "code", cell: ({ what }) => what },
      { title: "Name", cell: ({ name }) => name },
      { title: "Field", kind: "code", isFilter: true, cell: ({ field }) => field },
      { title: "Before", kind: "code", cell: ({ before }) => before },
      { title: "Now", kind: "code", cell: ({ after }) => after },
    ],
  };
}
