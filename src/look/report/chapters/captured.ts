/** Which answers were captured, and which are missing. */
import { counted, groupDigits } from "../../../terminal/tables.ts";
import { CAUSES, outcomeOf } from "../../../proxmox/answers.ts";
import { ENDPOINT_NAMES, endpointOf, ENDPOINTS, nodeOfPath } from "../../../proxmox/endpoints.ts";
import { filesOf, type Snapshot } from "../../../run-folder/snapshot.ts";
import { listHtml, type ReportList } from "../page/list.ts";
import { type Html, lookUp, markup } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import { barsHtml } from "../page/charts.ts";

type Gap = Snapshot["manifest"]["incomplete"][number];

export async function capturedChapter(snapshot: Snapshot): Promise<Chapter> {
  const { counts, incomplete, scope } = snapshot.manifest;
  const gaps = gapList(incomplete);
  const total = counted(counts.answers, "answer");
  return {
    id: "captured",
    title: "Captured answers",
    lead: incomplete.length === 0
      ? `All requested answers were read: ${total}.`
      : `Of ${total}, ${
        groupDigits(incomplete.length)
      } are missing. Things without an answer are not ` +
        "gone: NetBox keeps what it has.",
    body: markup`${
      scope.nodes.join() !== "*" &&
      markup`<p>Nodes in scope: ${scope.nodes.join(", ")}.</p>`
    }${talliesHtml(await tallyAnswers(snapshot))}
${incomplete.length > 0 && markup`<h3>Missing answers</h3>${listHtml(gaps)}`}`,
    lists: incomplete.length > 0 ? [gaps] : [],
  };
}

function talliesHtml(tallies: readonly AnswerTally[]): Html {
  const bars = tallies.map(({ title, answered, notDue, missing }) => {
    const total = answered + notDue + missing;
    const parts = [
      { mark: "answered", value: answered / total, tip: `${groupDigits(answered)} answered` },
      { mark: "not-due", value: notDue / total, tip: `${groupDigits(notDue)} not requested` },
      { mark: "missing", value: missing / total, tip: `${groupDigits(missing)} missing` },
    ];
    const others = missing === 0 ? [] : [`${groupDigits(missing)} missing`];
    if (notDue > 0) others.push(`${groupDigits(notDue)} not requested`);
    return {
      label: title,
      parts,
      figure: [`${groupDigits(answered)} answered`, ...others].join(", "),
    };
  });
  return markup`<ul class="legend"><li><i data-mark="answered"></i>answered</li>
<li><i data-mark="not-due"></i>not requested: the guest is stopped, a template, or has no running agent</li>
<li><i data-mark="missing"></i>missing</li></ul>
${barsHtml(bars, { full: 1 })}`;
}

function gapList(incomplete: readonly Gap[]): ReportList<Gap> {
  return {
    id: "gaps",
    things: "missing answers",
    rows: incomplete,
    columns: [
      { title: "API path", kind: "code", cell: ({ path }) => path },
      { title: "Node", isFilter: true, cell: ({ path }) => nodeOfPath(path) },
      {
        title: "Cause",
        isFilter: true,
        cell: ({ cause = "failed" }) => lookUp(CAUSES, cause) ?? cause,
      },
      { title: "Error", kind: "code", cell: ({ reason }) => reason },
    ],
  };
}

const OTHER_TITLE = "Other answers";
const TITLES = new Set([...ENDPOINT_NAMES.map((name) => ENDPOINTS[name].title), OTHER_TITLE]);

export interface AnswerTally {
  readonly title: string;
  readonly answered: number;
  /** Not requested: the guest is stopped, is a template, or has no running agent. */
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
