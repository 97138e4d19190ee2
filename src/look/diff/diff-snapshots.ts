/**
 * Compares the inventory of two snapshots. Memory holds both listings, the answers of one node on each side,
 * and the differences.
 */
import { compareNatural } from "../../base/natural-order.ts";
import {
  agentResultOf,
  type Answer,
  asRows,
  containerListOf,
  narrow,
  NO_ANSWER,
  type NotRead,
  objectOf,
  type Reading,
  rowsOf,
  thenRead,
} from "../../proxmox/answers.ts";
import { answerName, PATHS } from "../../proxmox/endpoints.ts";
import { type DataRow, record, records } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import {
  type ClusterContents,
  type GuestOverview,
  hiddenPart,
  inventoryOf,
  readClusterContents,
} from "./cluster-contents.ts";
import {
  addChanged,
  compareFields,
  compareParts,
  DifferenceCollector,
  type DiffSubject,
  type RunDifferences,
} from "./differences.ts";
import type { Fields, Parts } from "./fields.ts";

const GUEST_IDENTITY = { name: "name", place: "node" };

/** @throws AppError "input". */
export async function diffSnapshots(a: Snapshot, b: Snapshot): Promise<RunDifferences> {
  const [before, after] = [await readClusterContents(a), await readClusterContents(b)];
  const findings = new DifferenceCollector();
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
  readonly before: ClusterContents;
  readonly after: ClusterContents;
  readonly findings: DifferenceCollector;
}

/** A comparison that needs the answers of one node on each side. */
interface Job {
  readonly nodes: { readonly a: string; readonly b: string };
  readonly compare: (files: { readonly a: NodeFiles; readonly b: NodeFiles }) => void;
}

/** Sorted so that each pair of nodes is opened once. */
function jobs(comparison: Comparison): Job[] {
  return [...nodeJobs(comparison), ...guestJobs(comparison)].sort((x, y) =>
    compareNatural(x.nodes.a, y.nodes.a) || compareNatural(x.nodes.b, y.nodes.b)
  );
}

function nodeJobs({ before, after, findings }: Comparison): Job[] {
  const sides = { before: before.nodes, after: after.nodes };
  const gaps = { before: before.unlisted.node, after: after.unlisted.node };
  return pairUp({ sides, gaps, isSame: isSameCluster(before, after) }, findings, {
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
  return pairUp({ sides, gaps, isSame: isSameCluster(before, after) }, findings, {
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
  /** Why a thing that is not listed may exist. */
  readonly gaps: { readonly before: NotRead | undefined; readonly after: NotRead | undefined };
  readonly isSame: boolean;
}

/** A job for each thing in both listings. A thing in one of them is gone or added, unless the other is incomplete. */
function pairUp<Listed>(
  { sides: { before, after }, gaps, isSame }: Sides<Listed>,
  { added, gone, unread, unreadBefore }: DifferenceCollector,
  make: {
    readonly subjectOf: (key: string, listed: Listed) => DiffSubject;
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

/** VMIDs and node names are unique only within a cluster. */
function isSameCluster(
  { clusterName: a }: ClusterContents,
  { clusterName: b }: ClusterContents,
): boolean {
  return a === undefined || b === undefined || a === b;
}

function guestSubject({ vmid, name, node }: GuestOverview): DiffSubject {
  return { what: `vm/${vmid}`, ...(name === undefined ? {} : { name }), node };
}

function withAnswers(
  node: string,
  parts: Parts,
  { files, network }: { readonly files: NodeFiles; readonly network: NodeInterfaces },
): Parts {
  const status = thenRead(files.answerOf(PATHS.nodeStatus(node)), objectOf);
  return new Map([
    ...parts,
    ["status", thenRead(status, (data) => ({ value: inventoryOf(data, "nodeStatus") }))],
    // Interfaces are compared as things of their own.
    ["network", thenRead(network.interfaces, () => ({ value: new Map() }))],
  ]);
}

function readNetwork(node: string, files: NodeFiles): NodeInterfaces {
  const path = PATHS.network(node);
  const interfaces = thenRead(files.answerOf(path), interfacesOf);
  return { interfaces, hidden: hiddenPart(files.snapshot, path) };
}

/** Holds the answers of one node at a time. */
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

  readonly answerOf = (path: string): Reading<Answer | undefined> => {
    if (this.#file !== undefined) return { value: this.#file.get(path) };
    const { nodes } = this.snapshot.manifest.scope;
    const isInScope = nodes.includes("*") || nodes.includes(this.#node ?? "");
    return isInScope ? NO_ANSWER : { reason: "out-of-scope", detail: "" };
  };
}

type Interfaces = ReadonlyMap<string, Fields>;

export interface NodeInterfaces {
  readonly interfaces: Reading<Interfaces>;
  /** Why an interface that is not listed may exist: some tokens cannot see bridges. */
  readonly hidden: NotRead | undefined;
}

/** Finds nothing if one side was not read. */
export function compareNetworks(
  node: string,
  { before, after }: { readonly before: NodeInterfaces; readonly after: NodeInterfaces },
  findings: DifferenceCollector,
): void {
  if ("reason" in before.interfaces || "reason" in after.interfaces) return;
  const [old, now] = [before.interfaces.value, after.interfaces.value];
  const { added, gone, unread, unreadBefore } = findings;
  const nameOf = (iface: string): DiffSubject => ({ what: `node/${node}/${iface}` });
  for (const [iface, fields] of old) {
    const subject = nameOf(iface);
    const found = now.get(iface);
    if (found !== undefined) {
      addChanged(findings, { subject, fields: compareFields(fields, found) });
    } else if (after.hidden === undefined) gone.push(subject);
    else unread.push({ ...subject, parts: [], ...after.hidden });
  }
  for (const iface of now.keys()) {
    if (old.has(iface)) continue;
    if (before.hidden === undefined) added.push(nameOf(iface));
    else unreadBefore.push({ ...nameOf(iface), parts: [], ...before.hidden });
  }
}

export function interfacesOf(answer: Answer | undefined): Reading<Interfaces> {
  return thenRead(rowsOf(answer), (rows) => ({
    value: new Map(rows.map((row) => [String(row["iface"]), inventoryOf(row, "network")])),
  }));
}

/** The answers about a guest, read from the file of its node. */
export function guestParts(
  guest: GuestOverview,
  answerOf: (path: string) => Reading<Answer | undefined>,
): Parts {
  const at = <Value>(path: string, read: (answer: Answer | undefined) => Reading<Value>) =>
    thenRead(answerOf(path), read);
  const config = at(PATHS.config(guest), objectOf);
  const addresses = (
    rows: Reading<readonly DataRow[]>,
    answer: "agentInterfaces" | "lxcInterfaces",
  ) =>
    thenRead(
      config,
      (known) =>
        thenRead(rows, (value) => ({ value: addressFields(value, macsOf(known), answer) })),
    );
  const parts = new Map([
    ...guest.parts,
    ["config", thenRead(config, (data) => ({ value: inventoryOf(data, "config") }))] as const,
    ["tags", tagsOf(guest, config)] as const,
  ]);
  if (guest.kind === "lxc") {
    const rows = narrow(at(PATHS.lxcInterfaces(guest), containerListOf), asRows);
    return parts.set("interfaces", addresses(rows, "lxcInterfaces"));
  }
  const osinfo = narrow(at(PATHS.osinfo(guest), agentResultOf), record);
  const rows = narrow(at(PATHS.agentInterfaces(guest), agentResultOf), asRows);
  return parts
    .set(
      answerName("osinfo"),
      thenRead(
        osinfo,
        (data) => ({ value: prefixed("osinfo.", inventoryOf(data, "osinfo")) }),
      ),
    )
    .set(answerName("agentInterfaces"), addresses(rows, "agentInterfaces"));
}

/** Before Proxmox VE 7.2 the listing has no tags, so they come from the config. */
function tagsOf({ tags }: GuestOverview, config: Reading<DataRow>): Reading<Fields> {
  if (tags.size > 0) return { value: tags };
  return thenRead(config, (data) => ({ value: inventoryOf({ tags: data["tags"] }, "resources") }));
}

const MAC_REGEXP = /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/i;

/** MAC addresses of the NICs in the config, in lower case. */
function macsOf(config: DataRow): ReadonlySet<string> {
  const nics = Object.entries(config).filter(([key]) => /^net\d+$/.test(key));
  return new Set(
    nics.flatMap(([, value]) => MAC_REGEXP.exec(String(value))?.[0].toLowerCase() ?? []),
  );
}

/** Assigned automatically. Source: RFC 3927, RFC 4291. */
const LINK_LOCAL_REGEXP = /^(?:169\.254\.|fe[89ab][0-9a-f]:)/i;

/**
 * "interfaces.eth0" → "10.0.0.5/24, …". Only for NICs of the config: bridges, containers and tunnels inside
 * a guest change often.
 */
function addressFields(
  rows: readonly DataRow[],
  macs: ReadonlySet<string>,
  answer: "agentInterfaces" | "lxcInterfaces",
): Fields {
  const byName = Map.groupBy(
    rows.filter((row) => macs.has(String(row["hardware-address"] ?? row["hwaddr"]).toLowerCase())),
    ({ name }) => String(name),
  );
  return new Map([...byName].flatMap(([name, same]): [string, string][] => {
    const texts = same.flatMap((row) => addressesOf(row, answer));
    const addresses = [...new Set(texts)].filter((text) => !LINK_LOCAL_REGEXP.test(text)).sort();
    return addresses.length === 0 ? [] : [[`interfaces.${name}`, addresses.join(", ")]];
  }));
}

/** Before Proxmox VE 8.4 a container has only inet and inet6, with one address each. */
function addressesOf(row: DataRow, answer: "agentInterfaces" | "lxcInterfaces"): string[] {
  const list = row["ip-addresses"];
  const rows = records(list);
  const texts = rows.map((each) => `${String(each["ip-address"])}/${String(each["prefix"])}`);
  const single = answer === "lxcInterfaces" ? [row["inet"], row["inet6"]] : [];
  return [...texts, ...single.filter((text) => typeof text === "string")];
}

function prefixed(prefix: string, fields: Fields): Fields {
  return new Map([...fields].map(([key, value]) => [prefix + key, value]));
}
