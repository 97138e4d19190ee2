/** The cluster-wide questions, and what their answers come to. */
import type { Answer } from "../snapshot/schema.ts";
import type { Connection } from "./connect.ts";
import { clusterQuestion, type Question } from "./endpoints.ts";
import type { Journal } from "./journal.ts";
import type { CaptureOptions } from "./options.ts";
import { CLUSTER_ENDPOINTS, type ClusterAnswers, type Overview, readOverview } from "./overview.ts";

type Scope = Pick<CaptureOptions, "nodes" | "token">;

export async function survey(
  ask: (question: Question) => Promise<Answer>,
  scope: Scope,
): Promise<Overview> {
  const pairs = CLUSTER_ENDPOINTS.map(async (endpoint) =>
    [endpoint, await ask(clusterQuestion(endpoint))] as const
  );
  return readOverview(Object.fromEntries(await Promise.all(pairs)) as ClusterAnswers, scope);
}

/** Without a journal: for those that only look. */
export async function surveyOnce(
  { client, version }: Connection,
  scope: Scope,
): Promise<Overview> {
  return await survey(
    async ({ endpoint, path }) =>
      endpoint === "version" ? version.answer : (await client.get(path)).answer,
    scope,
  );
}

/** Rights may have been granted since: what they bear upon is to be asked again. */
export async function forgetFiltered(journal: Journal, scope: Scope): Promise<void> {
  const unread: Answer = { failed: "reset" };
  const { filtered } = await survey(
    async ({ path }) => await journal.answer(path) ?? unread,
    scope,
  );
  journal.forget(clusterQuestion("permissions").path);
  for (const path of filtered) journal.forget(path);
}
