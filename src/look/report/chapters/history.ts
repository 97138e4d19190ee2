/** The run among those before it in its history: changes and durations. */
import { durationText } from "../../../base/duration.ts";
import type { RunRecord } from "../../../run-folder/run-record.ts";
import { groupDigits } from "../../../terminal/tables.ts";
import { type Bar, barsHtml } from "../page/charts.ts";
import { legendHtml, markup } from "../page/markup.ts";
import { type Chapter, reportList } from "../page/page.ts";

/** Runs in the chapter, with the one of the report. */
export const MOST_RUNS = 30;

export interface HistoryRun {
  readonly run: string;
  /** Absent: it has none that can be read. */
  readonly record?: RunRecord;
}

/** `runs`: oldest first, up to the one of the report. */
export function historyChapter(runs: readonly HistoryRun[]): Chapter {
  const recorded = runs.flatMap(({ record }) => record ?? []);
  return {
    id: "history",
    title: "History",
    lead: runs.length === 1
      ? "This is the first run of the history."
      : `This run and the ${groupDigits(runs.length - 1)} before it, oldest first.`,
    body: [
      markup`<h3>Changes since the run before, in entities</h3>`,
      legendHtml(CHANGES),
      barsHtml(recorded.map(changesBar)),
      markup`<h3>Duration</h3>`,
      barsHtml(recorded.map(durationBar)),
      reportList({ id: "history-runs", heading: "Runs", things: "runs" }, runs, [
        { title: "Run", kind: "code", cell: ({ run }) => run },
        {
          title: "Capture",
          isFilter: true,
          cell: ({ record }) => record === undefined ? "no record" : record.capture?.outcome,
        },
        recorded.some((record) => missingText(record) !== "") &&
        { title: "Missing", cell: ({ record }) => record && missingText(record) },
        { title: "Guests", kind: "number", cell: ({ record }) => record?.capture?.guests },
        { title: "Added", kind: "number", cell: ({ record }) => record?.changes?.added },
        { title: "Changed", kind: "number", cell: ({ record }) => record?.changes?.changed },
        { title: "Gone", kind: "number", cell: ({ record }) => record?.changes?.gone },
        { title: "Sent", kind: "number", cell: ({ record }) => record?.push?.sent },
        {
          title: "Push",
          isFilter: true,
          cell: ({ record }) => record && (record.push?.state ?? "not pushed"),
        },
        { title: "Seconds", kind: "number", cell: ({ record }) => record && msOf(record) / 1000 },
        recorded.some(({ error }) => error !== undefined) &&
        { title: "Error", cell: ({ record }) => record?.error },
      ]),
    ],
  };
}

/** TABLE: the parts of a bar. */
const CHANGES = { added: "added", changed: "changed", gone: "gone" } as const;

function changesBar({ run, capture, changes }: RunRecord): Bar {
  if (changes === undefined) {
    const figure = capture === undefined ? "no capture" : "nothing to compare with";
    return { label: run, parts: [], figure };
  }
  const parts = (Object.keys(CHANGES) as (keyof typeof CHANGES)[]).map((mark) => ({
    mark,
    value: changes[mark],
    tip: `${groupDigits(changes[mark])} ${CHANGES[mark]}`,
  }));
  const texts = parts.filter(({ value }) => value > 0).map(({ tip }) => tip);
  return { label: run, parts, figure: texts.join(", ") || "none" };
}

function durationBar(record: RunRecord): Bar {
  const ms = msOf(record);
  const stages = Object.entries(record.stages).map(([stage, seconds]) =>
    `${stage} ${durationText(seconds * 1000)}`
  );
  return {
    label: record.run,
    parts: [{ mark: "plain", value: ms, tip: stages.join(", ") }],
    figure: durationText(ms),
  };
}

function msOf({ started_at, ended_at }: RunRecord): number {
  return Math.max(Date.parse(ended_at) - Date.parse(started_at), 0);
}

function missingText({ capture }: RunRecord): string {
  const causes = Object.entries(capture?.missing ?? {});
  return causes.map(([cause, count]) => `${cause} ${groupDigits(count)}`).join(", ");
}
