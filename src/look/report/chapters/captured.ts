/** What was captured, and what was not. */
import { CAUSES } from "../../../snapshot/incomplete.ts";
import type { Snapshot } from "../../../snapshot/schema.ts";
import { type QuestionTally, tallyQuestions } from "../model/questions.ts";
import { type Html, markup } from "../page/markup.ts";
import { type List, listHtml } from "../page/list.ts";
import { lookUp } from "../page/look-up.ts";
import { counted, grouped } from "../page/numbers.ts";
import type { Chapter } from "../page/page.ts";
import { barsHtml } from "../pictures/bars.ts";

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
    }${questionsHtml(await tallyQuestions(snapshot))}
${incomplete.length > 0 && markup`<h3>Missing answers</h3>${listHtml(gaps)}`}`,
    lists: incomplete.length > 0 ? [gaps] : [],
  };
}

function questionsHtml(tallies: readonly QuestionTally[]): Html {
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

function gapList(incomplete: readonly Gap[]): List<Gap> {
  return {
    id: "gaps",
    things: "missing answers",
    rows: incomplete,
    columns: [
      { title: "Question", kind: "code", cell: ({ path }) => path },
      { title: "Node", isFilter: true, cell: ({ path }) => /^\/nodes\/([^/]+)/.exec(path)?.[1] },
      {
        title: "Cause",
        isFilter: true,
        cell: ({ cause = "failed" }) => lookUp(CAUSES, cause) ?? cause,
      },
      { title: "What was heard", kind: "code", cell: ({ reason }) => reason },
    ],
  };
}
