/** cluster.json → the rows of its three lists; a list or a row that cannot be read is a record. */
import type { Reason } from "../../entities/left-out.ts";
import { PATHS } from "../../snapshot/paths.ts";
import { type ClusterStatusRow, type NodeRow, RESOURCE_KEYS } from "../../snapshot/rows.ts";
import type { AnswersFile } from "../../snapshot/schema.ts";
import { text } from "../../snapshot/scalar.ts";
import { listOf, rowsOf } from "./answer.ts";
import type { Ledger, Subject } from "./ledger.ts";
import type { Found } from "./sources.ts";

type Row = Readonly<Record<string, unknown>>;

/** What the records of a list that was not read are called. */
const NAMES: Readonly<Record<string, string>> = {
  [PATHS.clusterStatus]: "cluster/status",
  [PATHS.nodes]: "cluster/nodes",
  [PATHS.resources]: "cluster/resources",
};

export interface ClusterRows {
  /** Absent on a node that stands alone. */
  readonly clusterStatus: ClusterStatusRow | undefined;
  readonly statusByNode: ReadonlyMap<string, ClusterStatusRow>;
  readonly rowByNode: ReadonlyMap<string, NodeRow>;
  readonly resources: readonly Row[];
  /** Why a guest that has a config may be listed nowhere: nobody lists it, or nobody read the list. */
  readonly unlisted: { readonly reason: Reason; readonly detail: string };
}

/** Where an answer of cluster.json stands, under a name. */
type SubjectOf = (what: string, path: string) => Subject;

export function readClusterRows(
  answers: AnswersFile,
  { ledger, subjectOf }: { readonly ledger: Ledger; readonly subjectOf: SubjectOf },
): ClusterRows {
  const rowsAt = (path: string, found: Found<readonly unknown[]>): Row[] => {
    if ("value" in found) return rowsOf(found.value);
    ledger.leave(subjectOf(NAMES[path] ?? path, path), found.reason, { detail: found.detail });
    return [];
  };
  const byNode = (path: string, key: string, rows: readonly Row[]): Map<string, Row> => {
    const named = new Map<string, Row>();
    for (const row of rows) {
      const name = text(row[key]);
      if (name !== undefined) named.set(name, row);
      else ledger.leave(subjectOf("node/?", path), "no-name");
    }
    return named;
  };
  const status = rowsAt(PATHS.clusterStatus, listOf(answers.get(PATHS.clusterStatus)));
  const nodes = rowsAt(PATHS.nodes, listOf(answers.get(PATHS.nodes)));
  const listing = listOf(answers.get(PATHS.resources, RESOURCE_KEYS));
  const statusNodes = status.filter((row) => row["type"] === "node");
  return {
    clusterStatus: status.find((row) => row["type"] === "cluster"),
    statusByNode: byNode(PATHS.clusterStatus, "name", statusNodes),
    rowByNode: byNode(PATHS.nodes, "node", nodes),
    resources: rowsAt(PATHS.resources, listing),
    unlisted: "value" in listing
      ? { reason: "no-name", detail: "it is not listed" }
      : { reason: listing.reason, detail: "the listing of the guests was not read" },
  };
}
