/**
 * Compares the inventory of two snapshots. Memory holds both listings, the answers of one node on each side,
 * and the differences.
 */
import { compareNatural } from "../../base/natural-order.ts";
import {
  type Answer,
  hiddenRows,
  NO_ANSWER,
  type NotRead,
  type Reading,
  valueOf,
} from "../../proxmox/answers.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import {
  compareFields,
  DifferenceCollector,
  type DiffSubject,
  type RunDifferences,
} from "./differences.ts";
import type { Listing, RowThing } from "./sdn-things.ts";
import { type NodeAnswers, readThings, type Thing } from "./things.ts";

const GUEST_IDENTITY = { name: "name", place: "node" };

/** @throws AppError "input". */
export async function diffSnapshots(a: Snapshot, b: Snapshot): Promise<RunDifferences> {
  const [before, after] = [await readThings(a), await readThings(b)];
  const files = { before: new NodeFiles(a), after: new NodeFiles(b) };
  const findings = new DifferenceCollector();
  const cluster = { subject: { what: "cluster" }, before: before.parts, after: after.parts };
  findings.compareParts(cluster);
  // VMIDs and node names are unique only within a cluster.
  const isSame = (before.name ?? after.name) === (after.name ?? before.name);
  const pairs = [
    ...pairUp({ before: before.nodes, after: after.nodes, isSame }, findings),
    ...pairUp({ before: before.guests, after: after.guests, isSame }, findings),
  ];
  // In this order each pair of nodes is opened once.
  pairs.sort((x, y) =>
    compareNatural(x.before.node, y.before.node) || compareNatural(x.after.node, y.after.node)
  );
  for (const pair of pairs) {
    await files.before.open(pair.before.node);
    await files.after.open(pair.after.node);
    comparePair(pair, files, findings);
  }
  const [old, now] = [before.sdn, after.sdn];
  if (old !== undefined && now !== undefined) {
    for (const kind of ["sdnZones", "sdnVnets", "sdnSubnets"] as const) {
      compareRows({ before: old[kind], after: now[kind], isSame }, findings);
    }
  }
  return findings.sorted();
}

interface BothSides<Item> {
  readonly before: Item;
  readonly after: Item;
}

/** What is in both listings. What is in one of them is gone or added, unless the other is incomplete. */
function pairUp<Item extends { readonly subject: DiffSubject }>(
  { before, after, isSame }: BothSides<Listing<Item>> & { readonly isSame: boolean },
  findings: DifferenceCollector,
): BothSides<Item>[] {
  const pairs: BothSides<Item>[] = [];
  for (const [key, thing] of before.things) {
    const now = isSame ? after.things.get(key) : undefined;
    if (now === undefined) findings.addAlone("before", thing.subject, after.gap);
    else pairs.push({ before: thing, after: now });
  }
  for (const [key, { subject }] of after.things) {
    if (!isSame || !before.things.has(key)) findings.addAlone("after", subject, before.gap);
  }
  return pairs;
}

function comparePair(
  { before, after }: BothSides<Thing>,
  answers: BothSides<NodeAnswers>,
  findings: DifferenceCollector,
): void {
  findings.compareParts(
    {
      // A guest whose node is off has no name.
      subject: { ...before.subject, ...after.subject },
      before: before.partsOf(answers.before),
      after: after.partsOf(answers.after),
    },
    GUEST_IDENTITY,
  );
  const old = valueOf(before.interfacesOf?.(answers.before));
  const now = valueOf(after.interfacesOf?.(answers.after));
  if (old === undefined || now === undefined) return;
  compareRows({ before: old, after: now, isSame: true }, findings);
}

function compareRows(
  sides: BothSides<Listing<RowThing>> & { readonly isSame: boolean },
  findings: DifferenceCollector,
): void {
  for (const pair of pairUp(sides, findings)) {
    const fields = compareFields(pair.before.fields, pair.after.fields);
    findings.addChanged(pair.after.subject, fields);
  }
}

/** The answers of a snapshot, of one node at a time. */
class NodeFiles implements NodeAnswers {
  readonly #snapshot: Snapshot;
  #node = "";
  #file: AnswersFile | undefined;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  async open(node: string): Promise<void> {
    if (node === this.#node) return;
    this.#file = undefined;
    this.#file = await this.#snapshot.node(node);
    this.#node = node;
  }

  read<Value>(path: string, read: (answer: Answer | undefined) => Reading<Value>): Reading<Value> {
    if (this.#file !== undefined) return read(this.#file.get(path));
    const { nodes } = this.#snapshot.manifest.scope;
    const isInScope = nodes.includes("*") || nodes.includes(this.#node);
    return isInScope ? NO_ANSWER : { reason: "out-of-scope", detail: "" };
  }

  gapIn(path: string): NotRead | undefined {
    return hiddenRows(this.#snapshot.manifest, path);
  }
}
