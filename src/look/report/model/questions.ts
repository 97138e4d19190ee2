/** TABLE: what capture asks, and how much of it was answered. */
import { incompleteOf } from "../../../snapshot/incomplete.ts";
import type { AnswersFile, Snapshot } from "../../../snapshot/schema.ts";

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

export interface QuestionTally {
  readonly title: string;
  readonly answered: number;
  /** There was nothing to ask: the guest is stopped, is a template, or has no agent that runs. */
  readonly notDue: number;
  readonly missing: number;
}

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function tallyQuestions(snapshot: Snapshot): Promise<QuestionTally[]> {
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
