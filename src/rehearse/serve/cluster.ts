/** A snapshot, whole and in memory: every answer, and the nodes and guests that its listings name. */
import { compareNatural } from "../../base/natural-order.ts";
import { type GuestKind, PATHS } from "../../proxmox/endpoints.ts";
import type { Answer, AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { type Dialect, dialectOf, parseVersion } from "./dialect.ts";
import type { Listing } from "./rights.ts";
import { asRow, type Row, rowsOf } from "./rows.ts";

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
  const dataAt = (path: string): unknown => {
    const answer = clusterWide.get(path);
    return answer !== undefined && "data" in answer ? answer.data : undefined;
  };
  const version = asRow(dataAt(PATHS.version))?.["version"] ?? snapshot.manifest.source.version;
  const guests = guestsOf(rowsOf(dataAt(PATHS.resources)));
  const nodes = new Set([
    ...snapshot.nodes,
    ...rowsOf(dataAt(PATHS.nodes)).map(({ node }) => String(node)),
    ...rowsOf(dataAt(PATHS.clusterStatus)).filter(({ type }) => type === "node")
      .map(({ name }) => String(name)),
    ...[...guests.values()].map(({ node }) => node),
  ]);
  return {
    dialect: dialectOf(parseVersion(String(version))),
    nodes: [...nodes].sort(compareNatural),
    guests,
    permissions: listingOf(dataAt(PATHS.permissions)),
    answer: (path, node) => (node === undefined ? clusterWide : files.get(node))?.get(path),
  };
}

function guestsOf(rows: readonly Row[]): Map<number, ListedGuest> {
  return new Map(rows.flatMap(({ type, vmid, node, status }): [number, ListedGuest][] => {
    const isGuest = (type === "qemu" || type === "lxc") && typeof node === "string";
    if (!isGuest || !(Number(vmid) > 0)) return [];
    return [[Number(vmid), { kind: type, node, status: String(status) }]];
  }));
}

/** A snapshot may hold anything: what is no listing is none. */
function listingOf(data: unknown): Listing | undefined {
  const listing = asRow(data);
  const isListing = listing !== undefined &&
    Object.values(listing).every((rights) => asRow(rights) !== undefined);
  return isListing ? listing as Listing : undefined;
}
