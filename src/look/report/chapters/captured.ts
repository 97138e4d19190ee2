/** Which answers were captured, and which are missing. */
import { CAUSES, outcomeOf } from "../../../proxmox/answers.ts";
import { ENDPOINT_NAMES, endpointOf, ENDPOINTS, nodeOfPath } from "../../../proxmox/endpoints.ts";
import { filesOf, type Snapshot } from "../../../run-folder/snapshot.ts";
import { counted, groupDigits } from "../../../terminal/tables.ts";
import { lookUp } from "../../../transform/mapping/values.ts";
import { type Bar, barsHtml } from "../page/charts.ts";
import { legendHtml, markup } from "../page/markup.ts";
import { type Chapter, reportList } from "../page/page.ts";

export async function capturedChapter(snapshot: Snapshot): Promise<Chapter> {
  const { counts, incomplete, scope } = snapshot.manifest;
  const total = counted(counts.answers, "answer");
  return {
    id: "captured",
    title: "Captured answers",
    lead: incomplete.length === 0
      ? `All requested answers were read: ${total}.`
      : `Of ${total}, ${groupDigits(incomplete.length)} are missing. Things without an answer ` +
        "are not gone: NetBox keeps what it has.",
    body: [
      scope.nodes.join() !== "*" && markup`<p>Nodes in scope: ${scope.nodes.join(", ")}.</p>`,
      LEGEND,
      barsHtml((await tallyAnswers(snapshot)).map(tallyBar), { full: 1 }),
      reportList(
        { id: "gaps", heading: "Missing answers", things: "missing answers" },
        incomplete,
        [
          { title: "API path", kind: "code", cell: ({ path }) => path },
          { title: "Node", isFilter: true, cell: ({ path }) => nodeOfPath(path) },
          {
            title: "Cause",
            isFilter: true,
            cell: ({ cause = "failed" }) => lookUp(CAUSES, cause) ?? cause,
          },
          { title: "Error", kind: "code", cell: ({ reason }) => reason },
        ],
      ),
    ],
  };
}

/** TABLE: what became of an answer. */
const OUTCOMES = { answered: "answered", "not-due": "not requested", missing: "missing" } as const;

type Outcome = keyof typeof OUTCOMES;

const LEGEND = legendHtml({
  ...OUTCOMES,
  "not-due": "not requested: the guest is stopped, a template, or has no running agent",
});

export type AnswerTally = { readonly title: string } & Record<Outcome, number>;

function tallyBar({ title, ...counts }: AnswerTally): Bar {
  const total = counts.answered + counts["not-due"] + counts.missing;
  const parts = (Object.keys(OUTCOMES) as Outcome[]).map((mark) => ({
    mark,
    value: counts[mark] / total,
    tip: `${groupDigits(counts[mark])} ${OUTCOMES[mark]}`,
  }));
  const told = parts.filter(({ mark, value }) => mark === "answered" || value > 0);
  return { label: title, parts, figure: told.map(({ tip }) => tip).join(", ") };
}

const OTHER_TITLE = "Other answers";
const TITLES = new Set([...ENDPOINT_NAMES.map((name) => ENDPOINTS[name].title), OTHER_TITLE]);

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function tallyAnswers(snapshot: Snapshot): Promise<AnswerTally[]> {
  const tallies = [...TITLES].map((title) => ({ title, answered: 0, "not-due": 0, missing: 0 }));
  const byTitle = new Map(tallies.map((tally) => [tally.title, tally]));
  const listed = new Set(snapshot.manifest.incomplete.map(({ path }) => path));
  for await (const file of filesOf(snapshot)) {
    for (const path of file.paths()) {
      const tally = byTitle.get(endpointOf(path)?.title ?? OTHER_TITLE);
      const answer = file.get(path, []);
      if (tally === undefined || answer === undefined) continue;
      tally[listed.has(path) ? "missing" : outcomeOf(path, answer)] += 1;
    }
  }
  return tallies.filter((tally) => Object.keys(OUTCOMES).some((key) => tally[key as Outcome] > 0));
}
