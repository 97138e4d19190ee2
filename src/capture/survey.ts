/** The cluster-wide questions, and what their answers come to. */
import type { Answer } from "../snapshot/schema.ts";
import type { Connection } from "./connect.ts";
import { clusterQuestion, type Question } from "./endpoints.ts";
import type { Journal } from "./journal.ts";
import type { CaptureOptions } from "./options.ts";
import { CLUSTER_ENDPOINTS, type ClusterAnswers, type Overview, readOverview } from "./overview.ts";

export interface Survey {
  readonly answers: ClusterAnswers;
  readonly overview: Overview;
}

export async function survey(
  ask: (question: Question) => Promise<Answer>,
  options: Pick<CaptureOptions, "nodes">,
): Promise<Survey> {
  const pairs = CLUSTER_ENDPOINTS.map(async (endpoint) =>
    [endpoint, await ask(clusterQuestion(endpoint))] as const
  );
  const answers = Object.fromEntries(await Promise.all(pairs)) as ClusterAnswers;
  return { answers, overview: readOverview(answers, options) };
}

/** Without a journal: for those that only look. */
export async function surveyOnce(
  { client, version }: Connection,
  options: Pick<CaptureOptions, "nodes">,
): Promise<Survey> {
  return await survey(
    async ({ endpoint, path }) =>
      endpoint === "version" ? version.answer : (await client.get(path)).answer,
    options,
  );
}

/** Rights may have been granted since: what they bear upon is to be asked again. */
export async function forgetFiltered(journal: Journal, options: CaptureOptions): Promise<void> {
  const unread: Answer = { failed: "reset" };
  const { overview } = await survey(
    async ({ path }) => await journal.answer(path) ?? unread,
    options,
  );
  journal.forget(clusterQuestion("permissions").path);
  for (const path of overview.filtered) journal.forget(path);
}
