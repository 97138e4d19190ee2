/** The snapshot that is served: its answers, nodes and guests, and how disturbances change it. */
import { usageError } from "../../base/errors.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { type Answer, objectOf, valueOf } from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import {
  type AddressedGuest,
  addressedGuests,
  nodeNames,
  readListing,
  versionOf,
} from "../../proxmox/listing.ts";
import { record } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { type Dialect, dialectOf, parseVersion } from "./replies.ts";
import { type Denial, type GrantedPrivileges, TokenRights } from "./rights.ts";

export interface ServedCluster {
  readonly dialect: Dialect;
  /** In natural order. */
  readonly nodes: readonly string[];
  /** By VMID. */
  readonly guests: ReadonlyMap<number, AddressedGuest>;
  /** undefined: not in the snapshot. */
  readonly permissions: GrantedPrivileges | undefined;
  /** The recorded answer of a path in the file of `node`, or in the cluster file. @throws AppError "input". */
  answer(path: string, node?: string): Answer | undefined;
}

/** @throws AppError "input" when a file differs from the manifest. */
export async function openCluster(snapshot: Snapshot): Promise<ServedCluster> {
  const clusterWide = await snapshot.cluster();
  const files = new Map<string, AnswersFile>();
  for (const node of snapshot.nodes) {
    const file = await snapshot.node(node);
    if (file !== undefined) files.set(node, file);
  }
  const listing = readListing(clusterWide);
  const version = versionOf(clusterWide.get(PATHS.version)) ?? snapshot.manifest.source.version;
  const guests = addressedGuests(listing.resources);
  const nodes = new Set([
    ...snapshot.nodes,
    ...nodeNames(listing),
    ...guests.map(({ node }) => node),
  ]);
  return {
    dialect: dialectOf(parseVersion(version ?? "")),
    nodes: [...nodes].sort(compareNatural),
    guests: new Map(guests.map((guest) => [guest.vmid, guest])),
    permissions: permissionsIn(clusterWide.get(PATHS.permissions)),
    answer: (path, node) => (node === undefined ? clusterWide : files.get(node))?.get(path),
  };
}

/** undefined for any other shape. */
function permissionsIn(answer: Answer | undefined): GrantedPrivileges | undefined {
  const listing = valueOf(objectOf(answer));
  const isListing = listing !== undefined &&
    Object.values(listing).every((rights) => record(rights) !== undefined);
  return isListing ? listing as GrantedPrivileges : undefined;
}

/** The cluster with its changes. */
export interface World {
  readonly cluster: ServedCluster;
  /** The token of the client: "user@realm!name". */
  readonly token: string;
  readonly rights: TokenRights;
  readonly moves: Moves;
  /** Names of nodes. */
  readonly offline: ReadonlySet<string>;
}

/** A guest that moves to another node after the listing was read; without `node` it is removed. */
interface Move {
  readonly vmid: number;
  readonly node?: string;
}

/** "101:pve2", or "101" for a removed guest. @throws AppError "usage". */
export function parseMove(text: string): Move {
  const [, vmid, node] = /^(\d{3,9})(?::([A-Za-z0-9.-]+))?$/.exec(text) ?? [];
  if (vmid === undefined) {
    throw usageError(`Cannot move "${text}"`, { hint: 'Write a VMID and a node: "101:pve2"' });
  }
  return { vmid: Number(vmid), ...(node === undefined ? {} : { node }) };
}

class Moves {
  readonly #moves: ReadonlyMap<number, Move>;
  #isDone = false;

  constructor(moves: readonly Move[]) {
    this.#moves = new Map(moves.map((move) => [move.vmid, move]));
  }

  /** Moves the guests; called once the listing was sent. */
  finish(): void {
    this.#isDone = true;
  }

  /** The node of a guest that was captured on `home`; undefined: it was removed. */
  nodeOf(vmid: number, home: string): string | undefined {
    const move = this.#isDone ? this.#moves.get(vmid) : undefined;
    return move === undefined ? home : move.node;
  }
}

/** Most nodes that a hint lists. */
const MAX_NAMED = 12;

/** What is different from the snapshot. */
export interface ClusterChanges {
  /** Nodes that have been offline for a long time: listed as such, and 595 for all of their paths. */
  readonly offline?: readonly string[] | undefined;
  /** Guests that move, or are removed, after the listing was read. */
  readonly moves?: readonly Move[] | undefined;
  /** Privileges that the token lacks. */
  readonly denials?: readonly Denial[] | undefined;
}

/** @throws AppError "usage" for a node, a guest or a privilege that the snapshot does not have. */
export function changed(
  cluster: ServedCluster,
  token: string,
  { offline = [], moves = [], denials = [] }: ClusterChanges,
): World {
  const rights = new TokenRights(cluster.permissions, denials);
  const nodes = [...offline, ...moves.flatMap(({ node }) => node ?? [])];
  const unknown = [
    ...nodes.filter((node) => !cluster.nodes.includes(node)),
    ...moves.filter(({ vmid }) => !cluster.guests.has(vmid)).map(({ vmid }) => vmid),
    ...denials.filter(({ privilege }) => !rights.had(privilege)).map(({ privilege }) => privilege),
  ];
  if (unknown.length > 0) {
    throw usageError(`Not in the snapshot: ${unknown.join(", ")}`, {
      hint:
        `Its nodes are ${cluster.nodes.slice(0, MAX_NAMED).join(", ")}; VMIDs and privileges of ` +
        "the token have to be in the snapshot, too",
    });
  }
  return { cluster, token, rights, moves: new Moves(moves), offline: new Set(offline) };
}
