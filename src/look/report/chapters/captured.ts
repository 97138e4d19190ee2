/** What was captured, and what was not. */
import { CAUSES, incompleteOf } from "../../../proxmox/answers.ts";
import type { AnswersFile, Snapshot } from "../../../run-folder/snapshot.ts";
import { type List, listHtml } from "../page/list.ts";
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

/** TABLE: what capture asks, and how much of it was answered. */

interface Row {
  readonly title: string;
  readonly path: RegExp;
}

const QUESTIONS: readonly Row[] = [
  { title: "Cluster, nodes and the listing of guests", path: /^\/(?!nodes\/)/ },
  { title: "Status of nodes", path: /^\/nodes\/[^/]+\/status$/ },
  { title: "Networks of nodes", path: /^\/nodes\/[^/]+\/network$/ },
  { title: "Configs of guests", path: /\/(?:qemu|lxc)\/\d+\/config(?:\?current=1)?$/ },
  { title: "Operating systems, asked of guest agents", path: /\/agent\/get-osinfo$/ },
  { title: "Addresses of VMs, asked of guest agents", path: /\/agent\/network-get-interfaces$/ },
  { title: "Addresses of containers", path: /\/lxc\/\d+\/interfaces$/ },
  { title: "Other answers", path: /^/ },
];

export interface AnswerTally {
  readonly title: string;
  readonly answered: number;
  /** There was nothing to ask: the guest is stopped, is a template, or has no agent that runs. */
  readonly notDue: number;
  readonly missing: number;
}

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function tallyAnswers(snapshot: Snapshot): Promise<AnswerTally[]> {
  const tallies = QUESTIONS.map(({ title }) => ({ title, answered: 0, notDue: 0, missing: 0 }));
  const listed = new Set(snapshot.manifest.incomplete.map(({ path }) => path));
  for await (const file of filesOf(snapshot)) {
    for (const path of file.paths()) {
      const tally = tallies[QUESTIONS.findIndex((row) => row.path.test(path))];
      const answer = file.get(path, []);
      if (tally === undefined || answer === undefined) continue;
      if (listed.has(path) || incompleteOf(path, answer) !== undefined) tally.missing += 1;
      else if ("skipped" in answer || ("status" in answer && answer.status !== 200)) {
        tally.notDue += 1;
      } else tally.answered += 1;
    }
  }
  return tallies.filter(({ answered, notDue, missing }) => answered + notDue + missing > 0);
}

async function* filesOf(snapshot: Snapshot): AsyncGenerator<AnswersFile> {
  yield await snapshot.cluster();
  for (const node of snapshot.nodes) {
    const file = await snapshot.node(node);
    if (file !== undefined) yield file;
  }
}
