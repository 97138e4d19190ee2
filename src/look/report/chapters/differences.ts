/** Changes since an earlier run. */
import type { RunDifferences, UnreadSubject } from "../../diff/differences.ts";
import { figuresHtml, type Html, markup } from "../page/markup.ts";
import { type Chapter, reportList } from "../page/page.ts";

/** Of the inventory in Proxmox VE, or of the entities for NetBox. */
interface HalfDifferences {
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
  readonly name?: string | undefined;
  readonly field?: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export function differencesChapter({ place, halves }: EarlierRun): Chapter {
  const rows = halves.flatMap(rowsOf);
  return {
    id: "differences",
    title: "Changes",
    lead: rows.length === 0
      ? `No changes since ${place}.`
      : `Compared with the earlier run ${place}. Things that could not be read are not gone.`,
    body: [
      ...halves.map(countsHtml),
      reportList({ id: "difference-rows", things: "findings" }, rows, [
        { title: "Change", kind: "status", isFilter: true, cell: ({ change }) => change },
        halves.length > 1 && { title: "In", isFilter: true, cell: ({ half }) => half },
        { title: "What", kind: "code", cell: ({ what }) => what },
        { title: "Name", cell: ({ name }) => name },
        { title: "Field", kind: "code", isFilter: true, cell: ({ field }) => field },
        { title: "Before", kind: "code", cell: ({ before }) => before },
        { title: "Now", kind: "code", cell: ({ after }) => after },
      ]),
    ],
  };
}

const UNREAD = "not readable now";
const UNREAD_BEFORE = "not readable before";

function countsHtml({ title, differences }: HalfDifferences): Html {
  const { added, changed, gone, unread, unreadBefore } = differences;
  const figures = Object.entries({
    added,
    changed,
    gone,
    [UNREAD]: unread,
    [UNREAD_BEFORE]: unreadBefore,
  }).map(([word, { length }]) => ({ word, figure: length, mark: length === 0 ? "none" : word }));
  return markup`<h3>${title}</h3>${figuresHtml(figures)}`;
}

function rowsOf({ title: half, differences }: HalfDifferences): Row[] {
  const { added, changed, gone, unread, unreadBefore } = differences;
  const gapOf = ({ what, name, parts, reason, detail }: UnreadSubject) => ({
    row: { half, what, name, field: parts.join(", ") },
    why: [reason, detail].filter(Boolean).join(", "),
  });
  return [
    ...added.map((subject) => ({ half, change: "added", ...subject })),
    ...gone.map((subject) => ({ half, change: "gone", ...subject })),
    ...changed.flatMap(({ what, name, renamed, moved, fields }) => [
      ...(renamed ? [{ half, change: "renamed", what, name, field: "name", ...renamed }] : []),
      ...(moved ? [{ half, change: "moved", what, name, field: "node", ...moved }] : []),
      ...fields.map((field) => ({ half, change: "changed", what, name, ...field })),
    ]),
    ...unread.map(gapOf).map(({ row, why }) => ({ ...row, change: UNREAD, after: why })),
    ...unreadBefore.map(gapOf)
      .map(({ row, why }) => ({ ...row, change: UNREAD_BEFORE, before: why })),
  ];
}
