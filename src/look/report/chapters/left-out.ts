/** What is left out of NetBox and why, and the notes about what is mapped differently. */
import { type LeftOut, type Note, NOTES, REASONS } from "../../../run-folder/left-out.ts";
import { counted } from "../../../terminal/tables.ts";
import { lookUp } from "../../../transform/mapping/values.ts";
import type { RunInventory } from "../../inventory.ts";
import { barsHtml, columnBars } from "../page/charts.ts";
import { markup } from "../page/markup.ts";
import { type Chapter, type Column, type ReportList, reportList } from "../page/page.ts";

export function leftOutChapter({ leftOut, notes }: RunInventory): Chapter {
  const records = recordList(leftOut);
  return {
    id: "left-out",
    title: "Left out",
    lead: leftOut.length === 0
      ? "Nothing is left out."
      : `${counted(leftOut.length, "record")} about objects in Proxmox VE that are not sent to ` +
        "NetBox, each with the reason and the answer that it was read from.",
    body: [
      leftOut.length > 0 &&
      barsHtml(columnBars(records, "Reason", { notes: REASONS }), { isNoted: true }),
      records,
      notes.length > 0 && markup`<h3>Notes</h3>
<p>These objects are in NetBox, but differ from Proxmox VE.</p>`,
      noteList(notes),
    ],
  };
}

function recordList(records: readonly LeftOut[]): ReportList {
  const heading = "All left-out records";
  return reportList({ id: "left-out-records", heading, things: "records" }, records, [
    ...subjectColumns(records),
    { title: "Reason", isFilter: true, cell: ({ reason }) => reason },
    { title: "Why", cell: ({ sentence }) => sentence },
    { title: "Read from", kind: "code", cell: ({ answer }) => answer.path },
  ]);
}

function noteList(notes: readonly Note[]): ReportList {
  return reportList({ id: "note-rows", things: "notes" }, notes, [
    ...subjectColumns(notes),
    { title: "Note", isFilter: true, cell: ({ code }) => code },
    { title: "Meaning", cell: ({ code }) => lookUp(NOTES, code) },
    { title: "How", cell: ({ sentence }) => sentence },
    { title: "Read from", kind: "code", cell: ({ answer }) => answer.path },
  ]);
}

/** With a column for the snapshot if several were transformed together. */
export function subjectColumns(
  records: readonly (LeftOut | Note)[],
): (Column<LeftOut | Note> | false)[] {
  const isOfSeveral = records.some(({ answer }) => answer.snapshot !== undefined);
  return [
    isOfSeveral &&
    { title: "Snapshot", isFilter: true, cell: ({ answer }) => answer.snapshot },
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
