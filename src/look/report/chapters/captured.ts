/** What was captured, and what was not. */
import { CAUSES, outcomeOf } from "../../../proxmox/answers.ts";
import { ENDPOINT_NAMES, endpointOf, ENDPOINTS, nodeOfPath } from "../../../proxmox/endpoints.ts";
import { filesOf, type Snapshot } from "../../../run-folder/snapshot.ts";
import { listHtml, type ReportList } from "../page/list.ts";
import { counted, grouped, type Html, lookUp, markup } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import { barsHtml } from "../page/charts.ts";

type Gap = Snapshot["manifest"]["incomplete"][number];

export async function capturedChapter(snapshot: Snapshot): Promise<Chapter> {
  const { counts, incomplete, scope } = snapshot.manifest;
  const gaps = gapList(incomplete);
  const total = counted(counts.answers, "answer");
  return {
    id: "captured",
    title: "What was captured",
    lead: incomplete.length === 0
      ? `Every question that was due was answered: ${total}.`
      : `Of ${total}, ${
        grouped(incomplete.length)
      } are missing. What they would have told is not ` +
        "known; it is not gone, and NetBox keeps what it has.",
    body: markup`${
      scope.nodes.join() !== "*" &&
      markup`<p>Only these nodes were asked: ${scope.nodes.join(", ")}.</p>`
    }${questionsHtml(await tallyAnswers(snapshot))}
${incomplete.length > 0 && markup`<h3>Missing answers</h3>${listHtml(gaps)}`}`,
    lists: incomplete.length > 0 ? [gaps] : [],
  };
}

function questionsHtml(tallies: readonly AnswerTally[]): Html {
  const bars = tallies.map(({ title, answered, notDue, missing }) => {
    const total = answered + notDue + missing;
    const parts = [
      { mark: "answered", value: answered / total, tip: `${grouped(answered)} answered` },
      { mark: "not-due", value: notDue / total, tip: `${grouped(notDue)} not due` },
      { mark: "missing", value: missing / total, tip: `${grouped(missing)} missing` },
    ];
    const told = missing === 0 ? [] : [`${grouped(missing)} missing`];
    if (notDue > 0) told.push(`${grouped(notDue)} not due`);
    return {
      label: title,
      parts,
      figure: [`${grouped(answered)} answered`, ...told].join(", "),
    };
  });
  return markup`<ul class="legend"><li><i data-mark="answered"></i>answered</li>
<li><i data-mark="not-due"></i>not due: a guest that is stopped, a template, or without an agent that runs</li>
<li><i data-mark="missing"></i>missing</li></ul>
${barsHtml(bars, { full: 1 })}`;
}

function gapList(incomplete: readonly Gap[]): ReportList<Gap> {
  return {
    id: "gaps",
    things: "missing answers",
    rows: incomplete,
    columns: [
      { title: "Question", kind: "code", cell: ({ path }) => path },
      { title: "Node", isFilter: true, cell: ({ path }) => nodeOfPath(path) },
      {
        title: "Cause",
        isFilter: true,
        cell: ({ cause = "failed" }) => lookUp(CAUSES, cause) ?? cause,
      },
      { title: "What was heard", kind: "code", cell: ({ reason }) => reason },
    ],
  };
}

const OTHER_TITLE = "Other answers";
const TITLES = new Set([...ENDPOINT_NAMES.map((name) => ENDPOINTS[name].title), OTHER_TITLE]);

export interface AnswerTally {
  readonly title: string;
  readonly answered: number;
  /** There was nothing to ask: the guest is stopped, is a template, or has no agent that runs. */
  readonly notDue: number;
  readonly missing: number;
}

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function tallyAnswers(snapshot: Snapshot): Promise<AnswerTally[]> {
  const tallies = [...TITLES].map((title) => ({ title, answered: 0, notDue: 0, missing: 0 }));
  const byTitle = new Map(tallies.map((tally) => [tally.title, tally]));
  const listed = new Set(snapshot.manifest.incomplete.map(({ path }) => path));
  for await (const file of filesOf(snapshot)) {
    for (const path of file.paths()) {
      const tally = byTitle.get(endpointOf(path)?.title ?? OTHER_TITLE);
      const answer = file.get(path, []);
      if (tally === undefined || answer === undefined) continue;
      const outcome = listed.has(path) ? "missing" : outcomeOf(path, answer);
      tally[outcome === "not-due" ? "notDue" : outcome] += 1;
    }
  }
  return tallies.filter(({ answered, notDue, missing }) => answered + notDue + missing > 0);
}
