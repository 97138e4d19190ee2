/** What is left out of NetBox and why, and the notes about what is mapped differently. */
import { counted, groupDigits } from "../../../terminal/tables.ts";
import { type LeftOut, type Note, NOTES, REASONS } from "../../../run-folder/left-out.ts";
import type { RunInventory } from "../../inventory.ts";
import { type Column, listHtml, type ReportList } from "../page/list.ts";
import { type Html, lookUp, markup } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import { barsHtml } from "../page/charts.ts";

export function leftOutChapter({ leftOut, notes }: RunInventory): Chapter {
  const records = recordList(leftOut);
  const noted = noteList(notes);
  return {
    id: "left-out",
    title: "Left out",
    lead: leftOut.length === 0
      ? "Nothing is left out."
      : `${
        counted(leftOut.length, "record")
      } about objects in Proxmox VE that are not sent to NetBox, ` +
        "each with the reason and the answer that it was read from.",
    body: markup`${
      leftOut.length > 0 && markup`${reasonsHtml(leftOut, records.id)}
<h3>All left-out records</h3>${listHtml(records)}`
    }${
      notes.length > 0 && markup`<h3>Notes</h3>
<p>These objects are in NetBox, but differ from Proxmox VE.</p>${listHtml(noted)}`
    }`,
    lists: [...(leftOut.length > 0 ? [records] : []), ...(notes.length > 0 ? [noted] : [])],
  };
}

function reasonsHtml(records: readonly LeftOut[], id: string): Html {
  const groups = [...Map.groupBy(records, ({ reason }) => reason)]
    .sort(([, a], [, b]) => b.length - a.length);
  const bars = groups.map(([reason, { length }]) => ({
    label:
      markup`<a href="#list-${id}" data-list="${id}" data-column="Reason" data-value="${reason}">${reason}</a>`,
    parts: [{ mark: "plain", value: length }],
    figure: groupDigits(length),
    note: lookUp(REASONS, reason),
  }));
  return barsHtml(bars, { isNoted: true });
}

function recordList(records: readonly LeftOut[]): ReportList<LeftOut> {
  return {
    id: "left-out-records",
    things: "records",
    rows: records,
    columns: [
      ...subjectColumns(records),
      { title: "Reason", isFilter: true, cell: ({ reason }) => reason },
      { title: "Why", cell: ({ sentence }) => sentence },
      { title: "Read from", kind: "code", cell: ({ answer }) => answer.path },
    ],
  };
}

function noteList(notes: readonly Note[]): ReportList<Note> {
  return {
    id: "note-rows",
    things: "notes",
    rows: notes,
    columns: [
      ...subjectColumns(notes),
      { title: "Note", isFilter: true, cell: ({ code }) => code },
      { title: "Meaning", cell: ({ code }) => lookUp(NOTES, code) },
      { title: "How", cell: ({ sentence }) => sentence },
      { title: "Read from", kind: "code", cell: ({ answer }) => answer.path },
    ],
  };
}

/** With a column for the snapshot if several were transformed together. */
function subjectColumns(records: readonly (LeftOut | Note)[]): Column<LeftOut | Note>[] {
  const isOfSeveral = records.some(({ answer }) => answer.snapshot !== undefined);
  return [
    ...(isOfSeveral
      ? [{
        title: "Snapshot",
        isFilter: true,
        cell: ({ answer }: LeftOut | Note) => answer.snapshot,
      }]
      : []),
    { title: "What", kind: "code", cell: ({ what }) => what },
    { title: "Kind", isFilter: true, cell: ({ what }) => kindOf(what) },
  ];
}

/** TABLE: the first word of `what`. */
const KINDS: Readonly<Record<string, string>> = { vm: "guest", node: "node", cluster: "cluster" };

function kindOf(what: string): string {
  const [word = ""] = what.split("/", 1);
  return lookUp(KINDS, word) ?? word;
}
