/** cluster.json → the rows of its three lists; a list or a row that cannot be read is a record. */
import type { Reason } from "../../entities/left-out.ts";
import { hiddenDetail, type Incomplete } from "../../snapshot/incomplete.ts";
import { PATHS } from "../../snapshot/paths.ts";
import { asRows, listOf } from "../../snapshot/reading.ts";
import { type ClusterStatusRow, type NodeRow, RESOURCE_KEYS } from "../../snapshot/rows.ts";
import type { AnswersFile } from "../../snapshot/schema.ts";
import { text } from "../../snapshot/scalar.ts";
import type { Ledger, Subject } from "./ledger.ts";
import type { Found } from "./sources.ts";

type Row = Readonly<Record<string, unknown>>;

export interface ClusterRows {
  /** Absent on a node that stands alone. */
  readonly clusterStatus: ClusterStatusRow | undefined;
  readonly statusByNode: ReadonlyMap<string, ClusterStatusRow>;
  readonly rowByNode: ReadonlyMap<string, NodeRow>;
  /** Was a list of the nodes read? If not, nobody knows which of them the cluster has. */
  readonly areNodesListed: boolean;
  readonly resources: readonly Row[];
  /** Why a guest that has a config may be listed nowhere: nobody lists it, or nobody read the list. */
  readonly unlisted: { readonly reason: Reason; readonly detail: string };
}

/** Where an answer of cluster.json stands, under a name. */
type SubjectOf = (what: string, path: string) => Subject;

export function readClusterRows(
  answers: AnswersFile,
  { ledger, subjectOf, hidden }: {
    readonly ledger: Ledger;
    readonly subjectOf: SubjectOf;
    /** Why guests may be missing from the listing; undefined: none are. */
    readonly hidden: Incomplete | undefined;
  },
): ClusterRows {
  /** `what` is what the record of a list that was not read is called. */
  const rowsAt = (what: string, path: string, found: Found<readonly unknown[]>): Row[] => {
    if ("value" in found) return asRows(found.value);
    ledger.leave(subjectOf(what, path), found.reason, { detail: found.detail });
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
  const { clusterStatus: statusPath, nodes: nodesPath, resources: resourcesPath } = PATHS;
  const nodeList = listOf(answers.get(nodesPath));
  const status = rowsAt("cluster/status", statusPath, listOf(answers.get(statusPath)));
  const nodes = rowsAt("cluster/nodes", nodesPath, nodeList);
  const listing = listOf(answers.get(resourcesPath, RESOURCE_KEYS));
  // A listing that was not read at all has its record in `rowsAt`.
  if (hidden !== undefined && "value" in listing) {
    const detail = hiddenDetail(hidden, resourcesPath);
    ledger.leave(subjectOf("cluster/resources", resourcesPath), "denied", { detail });
  }
  const statusNodes = status.filter((row) => row["type"] === "node");
  return {
    clusterStatus: status.find((row) => row["type"] === "cluster"),
    statusByNode: byNode(statusPath, "name", statusNodes),
    areNodesListed: "value" in nodeList || statusNodes.length > 0,
    rowByNode: byNode(nodesPath, "node", nodes),
    resources: rowsAt("cluster/resources", resourcesPath, listing),
    unlisted: "value" in listing
      ? { reason: "no-name", detail: "it is not listed" }
      : { reason: listing.reason, detail: "the listing of the guests was not read" },
  };
}
