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
import { type DataRow, record } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import type { GrantedPrivileges, Rights, Token } from "./token.ts";

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

/** Drops rows for which `change` returns undefined. Other values than lists and rows stay. */
export function mapRows(data: unknown, change: (row: DataRow) => DataRow | undefined): unknown {
  if (!Array.isArray(data)) return data;
  return data.map((item: unknown) => {
    const row = record(item);
    return row === undefined ? item : change(row);
  }).filter((item) => item !== undefined);
}

/** A row with only these keys. */
export function picked(row: DataRow, keys: readonly string[]): DataRow {
  return Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));
}

/** major, minor, patch. */
type Version = readonly [number, number, number];

export interface Dialect {
  readonly major: number;
  /** The body has the error text, too, as `message`. Since libpve-http-server-perl 5.2.0. */
  readonly hasMessage: boolean;
  /** Errors of the HTTP server have their text as the body. Since libpve-http-server-perl 5.2.0. */
  readonly hasPlainErrors: boolean;
  /** Since libpve-http-server-perl 5.1.0. */
  readonly hasDeflate: boolean;
  /** One text for all faults of a token. Since pve-manager 8.4.17 and 9.1.5. */
  readonly foldsUnauthorized: boolean;
  /** Bridges need SDN.Audit or SDN.Use. Source: PVE/API2/Network.pm, index. */
  readonly hidesBridges: boolean;
  /** Has /nodes/{node}/lxc/{vmid}/interfaces. Since pve-container 5.0.6. */
  readonly hasLxcInterfaces: boolean;
}

/** Assumed for a snapshot without a version. */
const NEWEST: Version = [9, 2, 0];

export function dialectOf(version: Version = NEWEST): Dialect {
  const since = (...other: Version): boolean => compare(version, other) >= 0;
  return {
    major: version[0],
    hasMessage: since(8, 4, 0),
    hasPlainErrors: since(8, 4, 0),
    hasDeflate: since(8, 2, 0),
    foldsUnauthorized: since(9, 1, 5) || (since(8, 4, 17) && !since(9, 0, 0)),
    hidesBridges: since(8, 0, 0),
    hasLxcInterfaces: since(8, 1, 0),
  };
}

/** "9.1.4", or "7.4-16" up to PVE 7. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:[.-](\d+))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch ?? 0)];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** The cluster with its disturbances. */
export interface World {
  readonly cluster: ServedCluster;
  /** The token of the client. */
  readonly token: Token;
  readonly rights: Rights;
  readonly moves: Moves;
  /** Names of nodes. */
  readonly offline: ReadonlySet<string>;
}

/** A guest that moves to another node after the listing was read; without `node` it is removed. */
export interface Move {
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

export class Moves {
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
