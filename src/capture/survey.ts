/** The cluster-wide questions, and what their answers come to. */
import type { Answer } from "../snapshot/schema.ts";
import type { Desk } from "./desk.ts";
import { clusterQuestion } from "./endpoints.ts";
import type { Journal } from "./journal.ts";
import type { CaptureOptions } from "./options.ts";
import { CLUSTER_ENDPOINTS, type ClusterAnswers, type Overview, readOverview } from "./overview.ts";

export interface Survey {
  readonly answers: ClusterAnswers;
  readonly overview: Overview;
}

export async function survey(desk: Desk, options: CaptureOptions): Promise<Survey> {
  const answers = await answersOf((endpoint) => desk.ask(clusterQuestion(endpoint)));
  return { answers, overview: readOverview(answers, options) };
}

/** Rights may have been granted since: what they bear upon is to be asked again. */
export async function forgetFiltered(journal: Journal, options: CaptureOptions): Promise<void> {
  const unread: Answer = { failed: "reset" };
  const answers = await answersOf(async (endpoint) =>
    await journal.answer(clusterQuestion(endpoint).path) ?? unread
  );
  const { filtered } = readOverview(answers, options);
  for (const path of [clusterQuestion("permissions").path, ...filtered]) journal.forget(path);
}

type ClusterEndpoint = keyof ClusterAnswers;

async function answersOf(
  answer: (endpoint: ClusterEndpoint) => Promise<Answer>,
): Promise<ClusterAnswers> {
  const answers = await Promise.all(
    CLUSTER_ENDPOINTS.map(async (endpoint) => [endpoint, await answer(endpoint)] as const),
  );
  return Object.fromEntries(answers) as Record<ClusterEndpoint, Answer>;
}
