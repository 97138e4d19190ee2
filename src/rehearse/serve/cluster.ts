/** A snapshot, whole and in memory: every answer, and the nodes and guests that its listings name. */
import { compareNatural } from "../../kernel/natural-order.ts";
import { type GuestKind, PATHS } from "../../snapshot/paths.ts";
import type { Answer, AnswersFile, Snapshot } from "../../snapshot/schema.ts";
import { type Dialect, dialectOf, versionOf } from "./dialect.ts";
import type { Listing } from "./rights.ts";

export interface ListedGuest {
  readonly kind: GuestKind;
  readonly node: string;
  readonly status: string;
}

export interface Cluster {
  readonly dialect: Dialect;
  /** In natural order. */
  readonly nodes: readonly string[];
  /** By VMID. */
  readonly guests: ReadonlyMap<number, ListedGuest>;
  /** Undefined when the snapshot does not hold it. */
  readonly permissions: Listing | undefined;
  /** What was recorded for a path; `node` names the file it stands in. @throws AppError "input". */
  answer(path: string, node?: string): Answer | undefined;
}

/** @throws AppError "input" when a file is not what the manifest lists. */
export async function openCluster(snapshot: Snapshot): Promise<Cluster> {
  const clusterWide = await snapshot.cluster();
  const files = new Map<string, AnswersFile>();
  for (const node of snapshot.nodes) {
    const file = await snapshot.node(node);
    if (file !== undefined) files.set(node, file);
  }
  const guests = guestsOf(rowsOf(clusterWide.get(PATHS.resources)));
  const named = [PATHS.nodes, PATHS.clusterStatus].flatMap((path) =>
    rowsOf(clusterWide.get(path)).filter(({ type }) => type === "node")
      .map((row) => String(row["node"] ?? row["name"]))
  );
  const nodes = new Set([...named, ...snapshot.nodes, ...[...guests.values()].map((g) => g.node)]);
  return {
    dialect: dialectOf(versionOf(clusterWide.get(PATHS.version))),
    nodes: [...nodes].sort(compareNatural),
    guests,
    permissions: listingOf(clusterWide.get(PATHS.permissions)),
    answer: (path, node) => (node === undefined ? clusterWide : files.get(node))?.get(path),
  };
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(answer: Answer | undefined): Row[] {
  const data = answer !== undefined && "data" in answer ? answer.data : [];
  return Array.isArray(data) ? data.filter((row) => typeof row === "object" && row !== null) : [];
}

function guestsOf(rows: readonly Row[]): Map<number, ListedGuest> {
  return new Map(rows.flatMap(({ type, vmid, node, status }): [number, ListedGuest][] => {
    const isGuest = (type === "qemu" || type === "lxc") && typeof node === "string";
    if (!isGuest || !Number.isInteger(Number(vmid ?? ""))) return [];
    return [[Number(vmid), { kind: type, node, status: String(status) }]];
  }));
}

function listingOf(answer: Answer | undefined): Listing | undefined {
  const data = answer !== undefined && "data" in answer ? answer.data : undefined;
  const isListing = typeof data === "object" && data !== null && !Array.isArray(data);
  return isListing ? data as Listing : undefined;
}
