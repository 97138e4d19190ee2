/** cluster.json → the cluster, and which nodes and guests it lists. */
import { hiddenRows, type NotRead, type Reading } from "../../proxmox/answers.ts";
import { type GuestAddress, PATHS } from "../../proxmox/endpoints.ts";
import {
  type AddressedGuest,
  addressedGuests,
  type ClusterListing,
  readListing,
} from "../../proxmox/listing.ts";
import { Rights } from "../../proxmox/rights.ts";
import type { AnswerName } from "../../proxmox/rows.ts";
import { type DataRow, text } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { type Fields, fieldsOf, type Parts } from "./fields.ts";
import { INVENTORY, isInventory } from "./inventory.ts";

export interface ClusterContents {
  readonly snapshot: Snapshot;
  /** undefined: a node outside a cluster, or it was not read. */
  readonly clusterName: string | undefined;
  readonly cluster: Parts;
  /** Node → its rows in the listings. */
  readonly nodes: ReadonlyMap<string, Parts>;
  /** By "qemu/101". */
  readonly guests: ReadonlyMap<string, GuestOverview>;
  /** Why a node or guest that is not listed may exist. */
  readonly unlisted: { readonly node: NotRead | undefined; readonly guest: NotRead | undefined };
}

export interface GuestOverview extends GuestAddress {
  readonly name: string | undefined;
  readonly parts: Parts;
  /** Of the listing. */
  readonly tags: Fields;
}

/** @throws AppError "input". */
export async function readClusterContents(snapshot: Snapshot): Promise<ClusterContents> {
  const answers = await snapshot.cluster();
  const listing = readListing(answers, ["type", "vmid", ...INVENTORY.resources.inventory]);
  const { cluster, notRead } = listing;
  return {
    snapshot,
    clusterName: text(cluster?.name),
    cluster: new Map([[
      "status",
      notRead.clusterStatus ?? { value: fieldsOf(cluster ?? {}, (key) => key === "name") },
    ]]),
    nodes: new Map(
      [...listing.nodes.keys(), ...snapshot.nodes].map((node) => [node, nodeParts(node, listing)]),
    ),
    guests: readGuests(listing, poolGap(answers)),
    unlisted: {
      node: notRead.nodes,
      guest: notRead.resources ?? hiddenPart(snapshot, PATHS.resources),
    },
  };
}

/** Why rows may be missing from the answer to `path`. */
export function hiddenPart({ manifest }: Snapshot, path: string): NotRead | undefined {
  const hidden = hiddenRows(manifest, path);
  return hidden && { reason: hidden.reason, detail: hidden.detail };
}

/** What a row of /nodes lacks when the node is off, or when the token may not read it. */
const FIGURES = ["maxcpu", "maxmem", "level", "host-arch"];

function nodeParts(node: string, { nodes, members }: ClusterListing): Parts {
  const parts = new Map<string, Reading<Fields>>();
  const row = nodes.get(node);
  if (row !== undefined) {
    const [listing, figures] = splitRow(row, "nodes", FIGURES);
    const isOff = row.status !== "online";
    parts.set("listing", { value: listing });
    parts.set(
      "figures",
      figures.has("maxcpu") || figures.has("maxmem")
        ? { value: figures }
        : isOff
        ? { reason: "unreachable", detail: `the node is ${String(row.status)}` }
        : { reason: "denied", detail: "the listing of the nodes is without figures" },
    );
  }
  // A /cluster/status that was not read is reported once, for the cluster.
  const member = members.get(node);
  if (member !== undefined) parts.set("member", { value: inventoryOf(member, "clusterStatus") });
  return parts;
}

/** From the status daemon of the guest's node; missing while that is silent. */
const LIVE_KEYS = ["name", "status", "template", "maxcpu", "maxmem"];

/** A guest's pool is shown to those who may see it. Source: PVE/API2/Cluster.pm, resources. */
function poolGap(answers: AnswersFile): NotRead | undefined {
  const permissions = answers.get(PATHS.permissions);
  if (permissions === undefined) return undefined;
  const rights = Rights.of(permissions, answers.get(PATHS.acl));
  if (rights === undefined) return { reason: "denied", detail: "the token's rights were not read" };
  if (rights.hasEverywhere(["Pool.Audit"], "/pool")) return undefined;
  return { reason: "denied", detail: "the token lacks Pool.Audit on /pool" };
}

function readGuests(
  { resources }: ClusterListing,
  noPool: NotRead | undefined,
): Map<string, GuestOverview> {
  return new Map(
    resources.flatMap((row) =>
      addressedGuests([row]).map((guest) => [
        `${guest.kind}/${guest.vmid}`,
        guestOverview(guest, row, noPool),
      ])
    ),
  );
}

function guestOverview(
  { node, kind, vmid, name }: AddressedGuest,
  row: DataRow,
  noPool: NotRead | undefined,
): GuestOverview {
  const [known, live] = splitRow(row, "resources", LIVE_KEYS);
  const { pool = [], tags = [], listing = [] } = Object.groupBy(
    known,
    ([key]) => key === "pool" || key === "tags" ? key : "listing",
  );
  const detail = "its node has reported nothing about it";
  return {
    node,
    kind,
    vmid,
    name,
    parts: new Map<string, Reading<Fields>>([
      ["listing", { value: new Map(listing) }],
      ["pool", pool.length > 0 || noPool === undefined ? { value: new Map(pool) } : noPool],
      ["status", name === undefined ? { reason: "unreachable", detail } : { value: live }],
    ]),
    tags: new Map(tags),
  };
}

function splitRow(row: object, answer: "nodes" | "resources", apart: readonly string[]) {
  const all = [...inventoryOf(row, answer)];
  return [
    new Map(all.filter(([key]) => !apart.includes(key))),
    new Map(all.filter(([key]) => apart.includes(key))),
  ] as const;
}

export function inventoryOf(row: object, answer: AnswerName): Fields {
  return fieldsOf(row, (key) => isInventory(answer, key));
}
