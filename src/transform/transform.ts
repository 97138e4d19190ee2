/**
 * Makes the entities of snapshots, node by node. Pure: what varies comes in as an argument, and memory
 * is bounded by the largest node, the listing of the guests and the tables that nodes share.
 */
import { inputError } from "../base/errors.ts";
import { compareCodeUnits, compareNatural } from "../base/natural-order.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import type { Snapshot } from "../run-folder/snapshot.ts";
import { isIdentified, openGuest, readCluster, type SnapshotCluster } from "./cluster.ts";
import { decideGuest, readGuestReading } from "./guest-answers.ts";
import { NodeContext, RunState } from "./context.ts";
import { type NamedNode, readNodes, withAnswers } from "./first-pass.ts";
import { clusterAnswer, Ledger } from "./ledger.ts";
import { type Batch, batchOf, type Made } from "./made.ts";
import { makeBootstrap, makeShared, unscopedPrefixes } from "./make-shared.ts";
import { makeNode } from "./node.ts";
import { Planner, type PlanOptions } from "./plan/planner.ts";
import type { Policy } from "./policy.ts";
import { seeSdn } from "./sdn-objects.ts";
import type { SharedObjects } from "./shared-objects.ts";
import type { Slugs } from "./slugs.ts";
import type { Origin } from "./sources.ts";
import { NetBoxTarget } from "./target/target.ts";

export type { Batch, Made, Origin };

export interface TransformOptions {
  /** Keep what each shared object was seen on, which takes the memory of the whole snapshot. */
  readonly keepOrigins?: boolean;
  /** What NetBox holds. */
  readonly target?: NetBoxTarget;
  /** Make the plan, too; it requires a target. */
  readonly plan?: PlanOptions | undefined;
}

export interface TransformInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
}

/**
 * Batches of entities: within each step, all batches together are in the order of the step.
 * @throws AppError "input" when a file was changed, or two snapshots are of one cluster.
 */
export async function* transform(
  inputs: readonly TransformInput[],
  { keepOrigins = false, target = NetBoxTarget.NONE, plan }: TransformOptions = {},
): AsyncGenerator<Batch> {
  const planner = plan && await Planner.open(target, plan);
  const run = new RunState({ keepsOrigins: keepOrigins, target, ...planner?.runOptions });
  const clusters = await readClusters(inputs, run);
  await planner?.begin(clusters, run);
  for (const { ledger } of clusters) yield batchOf([], ledger);
  yield batchOf([], notedNodes(clusters));
  const nodes = await readNodes(clusters, run);
  const slugs = run.names.slugs(target);
  const batches = makeNodes(nodes, run, slugs);
  yield* planner === undefined ? batches : planner.watched(batches, slugs);
  for (const cluster of clusters) seeSdn(cluster, run);
  for (const { ledger } of clusters) yield batchOf([], ledger);
  const ledger = notedPrefixes(run.shared);
  const made = makeShared(clusters.map(({ source }) => source), run, { slugs, ledger });
  yield batchOf(made, ledger);
  if (planner !== undefined) yield { made: [], leftOut: [], notes: [], plan: await planner.plan() };
}

async function* makeNodes(
  nodes: readonly NamedNode[],
  run: RunState,
  slugs: Slugs,
): AsyncGenerator<Batch> {
  for await (const { node, answers } of withAnswers(nodes)) {
    yield* makeNode(node, new NodeContext({ ...node, answers }, run, node.ledger), slugs);
  }
}

/** The guests that become virtual machines, or that a rule leaves out. */
export async function* matchedGuests(
  { snapshot, policy }: TransformInput,
  target = NetBoxTarget.NONE,
): AsyncGenerator<{ readonly what: string; readonly name: string; readonly isMatched: boolean }> {
  const run = new RunState({ target });
  const cluster = await readCluster({ snapshot, policy, label: undefined }, run);
  const nodes = cluster.nodes.map((entry) => ({ cluster, entry }));
  for await (const { node: { entry }, answers } of withAnswers(nodes)) {
    const node = new NodeContext({ cluster, entry, answers }, run);
    for (const listed of entry.guests) {
      const guest = openGuest(listed.row);
      if (!("name" in listed) || !isIdentified(guest)) continue;
      const ruled = decideGuest(readGuestReading(guest, node), listed);
      const { what } = guest;
      yield { what, name: listed.name, isMatched: ruled?.machine.isMatched ?? false };
    }
  }
}

/** The static entities alone, from no snapshot: the mapping document's bootstrap mode. */
export function* bootstrap(capturedAt: string): Generator<Batch> {
  yield { made: makeBootstrap(capturedAt), leftOut: [], notes: [] };
}

async function readClusters(
  inputs: readonly TransformInput[],
  run: RunState,
): Promise<SnapshotCluster[]> {
  const clusters: SnapshotCluster[] = [];
  // In an order of their own: the first one gets what several could have in NetBox.
  const sorted = inputs.toSorted((a, b) =>
    compareNatural(a.policy.host, b.policy.host) ||
    compareCodeUnits(a.snapshot.sha256, b.snapshot.sha256)
  );
  for (const { snapshot, policy } of sorted) {
    const label = inputs.length > 1 ? snapshot.name : undefined;
    clusters.push(await readCluster({ snapshot, policy, label }, run));
  }
  clusters.sort((a, b) =>
    compareNatural(a.source.name, b.source.name) ||
    compareCodeUnits(a.snapshot.sha256, b.snapshot.sha256)
  );
  clusters.forEach(({ source, snapshot }, i) => {
    const other = clusters.slice(0, i).find(({ source: { name, called, hostTag, found } }) =>
      // People may have given two clusters one name.
      (name === source.name && (found === undefined || source.found === undefined)) ||
      (called === source.called && hostTag === source.hostTag)
    );
    if (other === undefined) return;
    throw inputError(
      `Cannot transform "${other.snapshot.name}" and "${snapshot.name}" together: both are of the cluster "${source.called}"`,
      { hint: "Transform them one by one, each into a folder of its own" },
    );
  });
  return clusters;
}

/** Nodes that a setting names and no cluster lists: perhaps a typing error, but no reason to stop. */
function notedNodes(clusters: readonly SnapshotCluster[]): Ledger {
  const ledger = new Ledger();
  const known = new Set(clusters.flatMap(({ nodes }) => nodes.map(({ node }) => node)));
  for (const setting of ["NODE_SITE_MAP", "NODE_DEVICE_MAP", "nodes"] as const) {
    const noted = new Set(known);
    for (const { source: { policy }, label } of clusters) {
      const named = {
        NODE_SITE_MAP: policy.nodeSites.keys(),
        NODE_DEVICE_MAP: policy.nodeDevices.keys(),
        nodes: policy.nodes ?? [],
      }[setting];
      for (const node of named) {
        if (noted.has(node)) continue;
        noted.add(node);
        const subject = { what: `node/${node}`, answer: clusterAnswer(PATHS.nodes, label) };
        ledger.note(subject, "unknown-node", `${setting} names "${node}"`);
      }
    }
  }
  return ledger;
}

function notedPrefixes(shared: SharedObjects): Ledger {
  const ledger = new Ledger();
  for (const { network, sites, answer } of unscopedPrefixes(shared)) {
    ledger.note({ what: `prefix/${network}`, answer }, "unscoped", sites.join(", "));
  }
  return ledger;
}
