/** cluster.json → the cluster, and which nodes and guests it lists. */
import { type GuestAddress, type GuestKind, PATHS } from "../../proxmox/endpoints.ts";
import { hiddenDetail, hiddenRows } from "../../proxmox/answers.ts";
import { Rights } from "../../proxmox/rights.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { INVENTORY, isInventory } from "./inventory.ts";
import { type Found, type Gap, isRow, mapFound, type Parts, rowsOf } from "./part.ts";

type Row = Readonly<Record<string, unknown>>;

export interface Overview {
  readonly snapshot: Snapshot;
  /** undefined: a node that stands alone, or nobody read it. */
  readonly clusterName: string | undefined;
  readonly cluster: Parts;
  /** Node → what the cluster says of it. */
  readonly nodes: ReadonlyMap<string, Parts>;
  /** "qemu/101" → what the cluster says of the guest. */
  readonly guests: ReadonlyMap<string, ListedGuest>;
  /** Why a node or guest that is not listed may be there all the same. */
  readonly unlisted: { readonly node: Gap | undefined; readonly guest: Gap | undefined };
}

export interface ListedGuest extends GuestAddress {
  readonly name: string | undefined;
  readonly parts: Parts;
  /** Those that the listing has. */
  readonly tags: Fields;
}

/** @throws AppError "input". */
export async function readOverview(snapshot: Snapshot): Promise<Overview> {
  const answers = await snapshot.cluster();
  const status = rowsOf(answers.get(PATHS.clusterStatus));
  const nodes = rowsOf(answers.get(PATHS.nodes));
  const guests = readGuests(answers);
  const cluster = "value" in status
    ? status.value.find(({ type }) => type === "cluster")
    : undefined;
  return {
    snapshot,
    clusterName: nameField(cluster).get("name"),
    cluster: new Map([[
      "status",
      mapFound(status, () => ({ value: nameField(cluster) })),
    ]]),
    nodes: new Map(
      [...new Set([...namesOf(nodes, "node"), ...snapshot.nodes])].map((node) => [
        node,
        nodeParts({ node, nodes, status }),
      ]),
    ),
    guests: "value" in guests ? guests.value : new Map(),
    unlisted: {
      node: "reason" in nodes ? nodes : undefined,
      guest: "reason" in guests ? guests : hiddenPart(snapshot, PATHS.resources),
    },
  };
}

export function hiddenPart({ manifest }: Snapshot, path: string): Gap | undefined {
  const entry = hiddenRows(manifest, path);
  if (entry === undefined) return undefined;
  return { reason: "denied", detail: hiddenDetail(entry, path) };
}

function nameField(row: Row | undefined): Fields {
  return row === undefined ? new Map() : fieldsOf(row, (key) => key === "name");
}

function namesOf(rows: Found<readonly Row[]>, key: string): string[] {
  if ("reason" in rows) return [];
  return rows.value.map((row) => row[key]).filter((name) => typeof name === "string");
}

/** What a row of /nodes lacks when the node is off, or when the token may not read it. */
const FIGURES = ["maxcpu", "maxmem", "level", "host-arch"];

interface NodeSource {
  readonly node: string;
  readonly nodes: Found<readonly Row[]>;
  readonly status: Found<readonly Row[]>;
}

function nodeParts({ node, nodes, status }: NodeSource): Parts {
  const parts = new Map<string, Found<Fields>>();
  const row = "value" in nodes ? nodes.value.find((each) => each["node"] === node) : undefined;
  if (row !== undefined) {
    const [listing, figures] = splitRow(row, "nodes", FIGURES);
    const isOff = row["status"] !== "online";
    parts.set("listing", { value: listing });
    parts.set(
      "figures",
      figures.has("maxcpu") || figures.has("maxmem")
        ? { value: figures }
        : isOff
        ? { reason: "unreachable", detail: `the node is ${String(row["status"])}` }
        : { reason: "denied", detail: "the listing of the nodes is without figures" },
    );
  }
  // That /cluster/status was not read is told once, of the cluster.
  const member = "value" in status
    ? status.value.find((each) => each["type"] === "node" && each["name"] === node)
    : undefined;
  if (member !== undefined) parts.set("member", { value: wanted(member, "clusterStatus") });
  return parts;
}

/** What comes from the status daemon of the guest's node, and is missing once that was silent. */
const LIVE_KEYS = ["name", "status", "template", "maxcpu", "maxmem"];

/** A guest's pool is shown to those who may see it. Source: PVE/API2/Cluster.pm, resources. */
function poolGap(answers: AnswersFile): Gap | undefined {
  const permissions = answers.get(PATHS.permissions);
  if (permissions === undefined) return undefined;
  const rights = Rights.of(permissions, answers.get(PATHS.acl));
  if (rights === undefined) return { reason: "denied", detail: "the token's rights were not read" };
  if (rights.reaches(["Pool.Audit"], "/pool")) return undefined;
  return { reason: "denied", detail: "the token lacks Pool.Audit on /pool" };
}

function readGuests(answers: AnswersFile): Found<ReadonlyMap<string, ListedGuest>> {
  const noPool = poolGap(answers);
  const keys = ["type", "vmid", ...INVENTORY.resources.inventory];
  return mapFound(rowsOf(answers.get(PATHS.resources, keys)), (rows) => {
    const guests = rows.flatMap((row): [string, ListedGuest][] => {
      const guest = readGuest(row, noPool);
      return guest === undefined ? [] : [[`${guest.kind}/${guest.vmid}`, guest]];
    });
    return { value: new Map(guests) };
  });
}

function readGuest(row: Row, noPool: Gap | undefined): ListedGuest | undefined {
  const { type, vmid, node } = row;
  const isGuest = (type === "qemu" || type === "lxc") && /^\d{1,12}$/.test(String(vmid));
  if (!isGuest || typeof node !== "string") return undefined;
  const [known, live] = splitRow(row, "resources", LIVE_KEYS);
  const { pool = [], tags = [], listing = [] } = Object.groupBy(
    known,
    ([key]) => key === "pool" || key === "tags" ? key : "listing",
  );
  const name = live.get("name");
  const detail = "its node has told the cluster nothing of it";
  return {
    node,
    kind: type satisfies GuestKind,
    vmid: Number(vmid),
    name,
    parts: new Map<string, Found<Fields>>([
      ["listing", { value: new Map(listing) }],
      ["pool", pool.length > 0 || noPool === undefined ? { value: new Map(pool) } : noPool],
      ["status", name === undefined ? { reason: "unreachable", detail } : { value: live }],
    ]),
    tags: new Map(tags),
  };
}

function splitRow(row: Row, answer: "nodes" | "resources", apart: readonly string[]) {
  const all = [...wanted(row, answer)];
  return [
    new Map(all.filter(([key]) => !apart.includes(key))),
    new Map(all.filter(([key]) => apart.includes(key))),
  ] as const;
}

export function wanted(row: unknown, answer: keyof typeof INVENTORY): Fields {
  return fieldsOf(isRow(row) ? row : {}, (key) => isInventory(answer, key));
}
