/**
 * STAGE 2: snapshots → entities, node by node. Pure: what varies comes in as an argument, and memory
 * is bounded by the largest node, the listing of the guests and the tables that nodes share.
 */
import { inputError } from "../kernel/errors.ts";
import { compareCodeUnits, compareNatural } from "../kernel/natural-order.ts";
import { CLUSTER_FILE, PATHS } from "../snapshot/paths.ts";
import type { Snapshot } from "../snapshot/schema.ts";
import { Claims } from "./join/claims.ts";
import { type Cluster, readCluster } from "./join/cluster.ts";
import { Ledger } from "./join/ledger.ts";
import { type NodeParts, readNode } from "./join/node.ts";
import { SharedTables } from "./join/scene.ts";
import { type SurveyedNode, surveyNodes } from "./join/survey.ts";
import { type Batch, type Made, make } from "./made.ts";
import type { Policy } from "./policy.ts";
import { fit } from "./fit.ts";
import { makeShared, unscopedPrefixes } from "./shared-entities.ts";

export interface TransformInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
}

/**
 * Batches of entities: within each step, all batches together are in the order of the step.
 * @throws AppError "input" when a file was changed, or one cluster comes twice.
 */
export async function* transform(inputs: readonly TransformInput[]): AsyncGenerator<Batch> {
  const clusters = await readClusters(inputs);
  const claims = new Claims();
  const shared = new SharedTables();
  for (const { ledger } of clusters) yield batchOf([], ledger);
  for (const surveyed of await surveyNodes(clusters, { claims, shared })) {
    const parts = await readNode(surveyed);
    const { ledger } = surveyed.scene;
    yield batchOf(makeNode(surveyed, parts).map((made) => fit(made, ledger)), ledger);
  }
  const made = makeShared(clusters.map(({ source }) => source), shared);
  yield batchOf(made, notedPrefixes(shared));
}

async function readClusters(inputs: readonly TransformInput[]): Promise<Cluster[]> {
  const clusters: Cluster[] = [];
  for (const { snapshot, policy } of inputs) {
    const label = inputs.length > 1 ? snapshot.name : undefined;
    clusters.push(await readCluster({ snapshot, policy, label }));
  }
  clusters.sort((a, b) =>
    compareNatural(a.source.name, b.source.name) ||
    compareCodeUnits(a.snapshot.sha256, b.snapshot.sha256)
  );
  clusters.forEach((cluster, i) => {
    const other = clusters[i - 1];
    if (other?.source.name !== cluster.source.name) return;
    throw inputError(
      `Cannot transform "${other.snapshot.name}" and "${cluster.snapshot.name}" together: both are the cluster "${cluster.source.name}"`,
      { hint: "Transform them one by one, each into a folder of its own" },
    );
  });
  return clusters;
}

/** Everything of one node, in no order of steps. */
function makeNode({ cluster, network }: SurveyedNode, { device, guests }: NodeParts): Made[] {
  const { capturedAt, policy } = cluster.source;
  const options = { capturedAt, clearEmpty: policy.clearEmpty };
  const made: Made[] = [];
  for (const source of network?.interfaces ?? []) made.push(make("interface", source, options));
  for (const source of network?.addresses ?? []) made.push(make("ip-address", source, options));
  for (const { guest, nics, disks, addresses } of guests) {
    for (const source of nics) made.push(make("vm-interface", source, options));
    for (const source of addresses) made.push(make("ip-address", source, options));
    made.push(make("virtual-machine", guest, options));
    for (const source of disks) made.push(make("virtual-disk", source, options));
  }
  if (device !== undefined) made.push(make("device", device, options));
  return made;
}

function notedPrefixes(shared: SharedTables): Ledger {
  const ledger = new Ledger();
  for (const network of unscopedPrefixes(shared)) {
    ledger.note(
      { what: `prefix/${network}`, answer: { file: CLUSTER_FILE, path: PATHS.nodes } },
      "unscoped",
    );
  }
  return ledger;
}

function batchOf(made: readonly Made[], { leftOut, notes }: Ledger): Batch {
  return { made, leftOut, notes };
}
