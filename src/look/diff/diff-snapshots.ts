/**
 * Two snapshots → what differs in their inventory. Memory holds both listings, the answers of one node on
 * each side, and what differs.
 */
import { compareNatural } from "../../kernel/natural-order.ts";
import { PATHS } from "../../snapshot/paths.ts";
import { NO_ANSWER, objectOf } from "../../snapshot/reading.ts";
import type { Answer, AnswersFile, Snapshot } from "../../snapshot/schema.ts";
import { compareParts } from "./compare-parts.ts";
import { type Differences, Findings, type Subject } from "./differences.ts";
import { guestParts } from "./guest-parts.ts";
import { compareNetworks, interfacesOf, type Network } from "./networks.ts";
import { hiddenPart, type ListedGuest, type Overview, readOverview, wanted } from "./overview.ts";
import { type Found, type Gap, mapFound, type Parts } from "./part.ts";

const GUEST_IDENTITY = { name: "name", place: "node" };

/** @throws AppError "input". */
export async function diffSnapshots(a: Snapshot, b: Snapshot): Promise<Differences> {
  const [before, after] = [await readOverview(a), await readOverview(b)];
  const findings = new Findings();
  const cluster = { subject: { what: "cluster" }, before: before.cluster, after: after.cluster };
  compareParts(cluster, findings);
  const files = { a: new NodeFiles(a), b: new NodeFiles(b) };
  for (const work of jobs({ before, after, findings })) {
    await files.a.open(work.nodes.a);
    await files.b.open(work.nodes.b);
    work.compare(files);
  }
  return findings.sorted();
}

interface Comparison {
  readonly before: Overview;
  readonly after: Overview;
  readonly findings: Findings;
}

/** What needs the answers of one node on each side; of a guest that moved, those of two nodes. */
interface Job {
  readonly nodes: { readonly a: string; readonly b: string };
  readonly compare: (files: { readonly a: NodeFiles; readonly b: NodeFiles }) => void;
}

/** In an order in which each pair of nodes comes once. */
function jobs(comparison: Comparison): Job[] {
  return [...nodeJobs(comparison), ...guestJobs(comparison)].sort((x, y) =>
    compareNatural(x.nodes.a, y.nodes.a) || compareNatural(x.nodes.b, y.nodes.b)
  );
}

function nodeJobs({ before, after, findings }: Comparison): Job[] {
  const sides = { before: before.nodes, after: after.nodes };
  const gaps = { before: before.unlisted.node, after: after.unlisted.node };
  return both({ sides, gaps, isSame: isSameCluster(before, after) }, findings, {
    subjectOf: (node) => ({ what: `node/${node}` }),
    job: (node, pair) => ({
      nodes: { a: node, b: node },
      compare({ a, b }) {
        const networks = { before: readNetwork(node, a), after: readNetwork(node, b) };
        compareParts({
          subject: { what: `node/${node}` },
          before: withAnswers(node, pair.before, { files: a, network: networks.before }),
          after: withAnswers(node, pair.after, { files: b, network: networks.after }),
        }, findings);
        compareNetworks(node, networks, findings);
      },
    }),
  });
}

function guestJobs({ before, after, findings }: Comparison): Job[] {
  const sides = { before: before.guests, after: after.guests };
  const gaps = { before: before.unlisted.guest, after: after.unlisted.guest };
  return both({ sides, gaps, isSame: isSameCluster(before, after) }, findings, {
    subjectOf: (_, guest) => guestSubject(guest),
    job: (_, pair) => ({
      nodes: { a: pair.before.node, b: pair.after.node },
      compare({ a, b }) {
        compareParts(
          {
            subject: guestSubject({ ...pair.after, name: pair.after.name ?? pair.before.name }),
            before: guestParts(pair.before, a.answerOf),
            after: guestParts(pair.after, b.answerOf),
          },
          findings,
          GUEST_IDENTITY,
        );
      },
    }),
  });
}

interface Sides<Listed> {
  readonly sides: {
    readonly before: ReadonlyMap<string, Listed>;
    readonly after: ReadonlyMap<string, Listed>;
  };
  /** Why what a side does not list may be there. */
  readonly gaps: { readonly before: Gap | undefined; readonly after: Gap | undefined };
  readonly isSame: boolean;
}

/** What both list is a job; what one lists is gone or added, unless the other's list says too little. */
function both<Listed>(
  { sides: { before, after }, gaps, isSame }: Sides<Listed>,
  { added, gone, unread, unreadBefore }: Findings,
  make: {
    readonly subjectOf: (key: string, listed: Listed) => Subject;
    readonly job: (key: string, pair: { before: Listed; after: Listed }) => Job;
  },
): Job[] {
  const found: Job[] = [];
  for (const [key, listed] of before) {
    const now = isSame ? after.get(key) : undefined;
    const subject = make.subjectOf(key, listed);
    if (now !== undefined) found.push(make.job(key, { before: listed, after: now }));
    else if (gaps.after !== undefined) unread.push({ ...subject, parts: [], ...gaps.after });
    else gone.push(subject);
  }
  for (const [key, listed] of after) {
    if (isSame && before.has(key)) continue;
    const subject = make.subjectOf(key, listed);
    if (gaps.before === undefined) added.push(subject);
    else unreadBefore.push({ ...subject, parts: [], ...gaps.before });
  }
  return found;
}

/** VMIDs and node names tell things apart within a cluster only. */
function isSameCluster({ clusterName: a }: Overview, { clusterName: b }: Overview): boolean {
  return a === undefined || b === undefined || a === b;
}

function guestSubject({ vmid, name, node }: ListedGuest): Subject {
  return { what: `vm/${vmid}`, ...(name === undefined ? {} : { name }), node };
}

function withAnswers(
  node: string,
  parts: Parts,
  { files, network }: { readonly files: NodeFiles; readonly network: Network },
): Parts {
  const status = mapFound(files.answerOf(PATHS.nodeStatus(node)), objectOf);
  return new Map([
    ...parts,
    ["status", mapFound(status, (data) => ({ value: wanted(data, "nodeStatus") }))],
    // Its interfaces are things of their own.
    ["network", mapFound(network.interfaces, () => ({ value: new Map() }))],
  ]);
}

function readNetwork(node: string, files: NodeFiles): Network {
  const path = PATHS.network(node);
  const interfaces = mapFound(files.answerOf(path), interfacesOf);
  return { interfaces, hidden: hiddenPart(files.snapshot, path) };
}

/** The answers of one node at a time. */
class NodeFiles {
  readonly snapshot: Snapshot;
  #node: string | undefined;
  #file: AnswersFile | undefined;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  async open(node: string): Promise<void> {
    if (node === this.#node) return;
    this.#file = undefined;
    this.#file = await this.snapshot.node(node);
    this.#node = node;
  }

  readonly answerOf = (path: string): Found<Answer | undefined> => {
    if (this.#file !== undefined) return { value: this.#file.get(path) };
    const { nodes } = this.snapshot.manifest.scope;
    const isInScope = nodes.includes("*") || nodes.includes(this.#node ?? "");
    return isInScope ? NO_ANSWER : { reason: "out-of-scope", detail: "" };
  };
}
