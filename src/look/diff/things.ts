/** The cluster, nodes, guests and interfaces of a snapshot, with the answers about each as comparable fields. */
import { parseAddress, splitCidr } from "../../base/ip-address.ts";
import { nicsOf, parseMac } from "../../proxmox/nics.ts";
import {
  agentResultOf,
  type Answer,
  asRows,
  containerListOf,
  hiddenRows,
  type NotRead,
  objectOf,
  type Reading,
  rowsOf,
  shapedAs,
  thenRead,
} from "../../proxmox/answers.ts";
import { answerName, PATHS } from "../../proxmox/endpoints.ts";
import {
  type AddressedGuest,
  addressedGuests,
  type ClusterListing,
  readListing,
} from "../../proxmox/listing.ts";
import { Rights } from "../../proxmox/rights.ts";
import { type DataRow, record, records, text } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { type DiffSubject, type Fields, fieldsOf, type Parts } from "./differences.ts";
import { fieldsIn, INVENTORY, inventoryOf } from "./inventory.ts";
import { type Listing, readSdnThings, type RowThing, type SdnListings } from "./sdn-things.ts";

/** A node or guest. */
export interface Thing {
  readonly subject: DiffSubject;
  /** The node whose file has its answers. */
  readonly node: string;
  partsOf(answers: NodeAnswers): Parts;
  /** Of a node: things of their own, since some tokens cannot see bridges. */
  interfacesOf?(answers: NodeAnswers): Reading<Listing<RowThing>>;
}

/** The answers about a node and the guests on it. */
export interface NodeAnswers {
  read<Value>(path: string, read: (answer: Answer | undefined) => Reading<Value>): Reading<Value>;
  /** Why rows may be missing from the answer to `path`. */
  gapIn(path: string): NotRead | undefined;
}

export interface ClusterThings {
  /** undefined: a node outside a cluster, or it was not read. */
  readonly name: string | undefined;
  readonly parts: Parts;
  readonly nodes: Listing<Thing>;
  /** By "qemu/101". */
  readonly guests: Listing<Thing>;
  /** undefined: not captured. */
  readonly sdn: SdnListings | undefined;
}

/** @throws AppError "input". */
export async function readThings(snapshot: Snapshot): Promise<ClusterThings> {
  const answers = await snapshot.cluster();
  const listing = readListing(answers, ["type", "vmid", ...INVENTORY.resources.inventory]);
  const { cluster = {}, notRead, resources } = listing;
  const nodes = [...listing.nodes.keys(), ...snapshot.nodes];
  const noPool = poolGap(answers);
  const guests = resources.flatMap((row) =>
    addressedGuests([row]).map((guest) =>
      [`${guest.kind}/${guest.vmid}`, guestThing(guest, row, noPool)] as const
    )
  );
  return {
    name: text(cluster.name),
    parts: new Map([[
      "status",
      notRead.clusterStatus ?? { value: fieldsOf(cluster, (key) => key === "name") },
    ]]),
    nodes: {
      things: new Map(nodes.map((node) => [node, nodeThing(node, listing)])),
      gap: notRead.nodes,
    },
    guests: {
      things: new Map(guests),
      gap: notRead.resources ?? hiddenRows(snapshot.manifest, PATHS.resources),
    },
    sdn: readSdnThings(answers, snapshot.manifest),
  };
}

function nodeThing(node: string, listing: ClusterListing): Thing {
  const interfacesOf = (answers: NodeAnswers) => readInterfaces(node, answers);
  return {
    subject: { what: `node/${node}` },
    node,
    interfacesOf,
    partsOf: (answers) =>
      new Map([
        ...listedNodeParts(node, listing),
        ["status", fieldsIn(answers.read(PATHS.nodeStatus(node), objectOf), "nodeStatus")],
        // Only why it was not read: its interfaces are compared one by one.
        ["network", thenRead(interfacesOf(answers), () => ({ value: new Map() }))],
      ]),
  };
}

/** What a row of /nodes lacks when the node is off, or when the token may not read it. */
const FIGURES = ["maxcpu", "maxmem", "level", "host-arch"];

function listedNodeParts(node: string, { nodes, members }: ClusterListing): Parts {
  const parts = new Map<string, Reading<Fields>>();
  const row = nodes.get(node);
  if (row !== undefined) {
    const fields = inventoryOf(row, "nodes");
    const isOff = row.status !== "online";
    parts.set("listing", { value: without(fields, FIGURES) });
    parts.set(
      "figures",
      fields.has("maxcpu") || fields.has("maxmem")
        ? { value: only(fields, FIGURES) }
        : isOff
        ? { reason: "unreachable", detail: `the node is ${text(row.status) ?? "unknown"}` }
        : { reason: "denied", detail: "the node list has no CPU and memory values" },
    );
  }
  // A /cluster/status that was not read is reported once, for the cluster.
  const member = members.get(node);
  if (member !== undefined) parts.set("member", { value: inventoryOf(member, "clusterStatus") });
  return parts;
}

function readInterfaces(node: string, answers: NodeAnswers): Reading<Listing<RowThing>> {
  const path = PATHS.network(node);
  return thenRead(answers.read(path, rowsOf), (rows) => {
    const things = rows.flatMap((row): [string, RowThing][] => {
      const name = text(row["iface"]);
      if (name === undefined) return [];
      const subject = { what: `node/${node}/${name}` };
      return [[name, { subject, fields: inventoryOf(row, "network") }]];
    });
    return { value: { things: new Map(things), gap: answers.gapIn(path) } };
  });
}

function guestThing(guest: AddressedGuest, row: DataRow, noPool: NotRead | undefined): Thing {
  const { node, vmid, name } = guest;
  return {
    subject: { what: `vm/${vmid}`, ...(name === undefined ? {} : { name }), node },
    node,
    partsOf(answers) {
      const listed = inventoryOf(row, "resources");
      const config = answers.read(PATHS.config(guest), objectOf);
      return new Map([
        ...listedGuestParts(guest, listed, noPool),
        ["config", fieldsIn(config, "config")],
        ["tags", tagsOf(listed, config)],
        ...agentParts(guest, config, answers),
      ]);
    },
  };
}

/** A guest's pool is shown to those who may see it. Source: PVE/API2/Cluster.pm, resources. */
function poolGap(answers: AnswersFile): NotRead | undefined {
  const permissions = answers.get(PATHS.permissions);
  if (permissions === undefined) return undefined;
  const reading = objectOf(permissions);
  if ("reason" in reading) return { ...reading, detail: "the token's rights were not read" };
  const rights = Rights.of(permissions, answers.get(PATHS.acl));
  if (rights?.hasEverywhere(["Pool.Audit"], "/pool") === true) return undefined;
  return { reason: "denied", detail: "the token lacks Pool.Audit on /pool" };
}

/** From the status daemon of the guest's node; missing while that is silent. */
const LIVE_KEYS = ["name", "status", "template", "maxcpu", "maxmem"];

function listedGuestParts(
  { name }: AddressedGuest,
  listed: Fields,
  noPool: NotRead | undefined,
): Parts {
  const pool = only(listed, ["pool"]);
  const isSilent = name === undefined;
  const detail = "its node has reported nothing about it";
  return new Map<string, Reading<Fields>>([
    ["listing", { value: without(listed, [...LIVE_KEYS, "pool", "tags"]) }],
    ["pool", pool.size > 0 || noPool === undefined ? { value: pool } : noPool],
    [
      "status",
      isSilent ? { reason: "unreachable", detail } : { value: only(listed, LIVE_KEYS) },
    ],
  ]);
}

/** Before Proxmox VE 7.2 the listing has no tags, so they come from the config. */
function tagsOf(listed: Fields, config: Reading<DataRow>): Reading<Fields> {
  if (listed.has("tags")) return { value: only(listed, ["tags"]) };
  return thenRead(config, (data) => ({ value: inventoryOf({ tags: data["tags"] }, "resources") }));
}

/** What the guest agent, or the container itself, answers. */
function agentParts(guest: AddressedGuest, config: Reading<DataRow>, answers: NodeAnswers): Parts {
  const addresses = (rows: Reading<readonly DataRow[]>): Reading<Fields> =>
    thenRead(config, (known) => {
      const macs = new Set(nicsOf(guest.kind, known).map(({ net }) => net.mac));
      return thenRead(rows, (value) => ({ value: addressFields(value, macs) }));
    });
  if (guest.kind === "lxc") {
    const rows = shapedAs(answers.read(PATHS.lxcInterfaces(guest), containerListOf), asRows);
    return new Map([["interfaces", addresses(rows)]]);
  }
  const osinfo = shapedAs(answers.read(PATHS.osinfo(guest), agentResultOf), record);
  const rows = shapedAs(answers.read(PATHS.agentInterfaces(guest), agentResultOf), asRows);
  return new Map([
    [
      answerName("osinfo"),
      thenRead(fieldsIn(osinfo, "osinfo"), (fields) => ({
        value: new Map([...fields].map(([key, value]) => [`osinfo.${key}`, value])),
      })),
    ],
    [answerName("agentInterfaces"), addresses(rows)],
  ]);
}

/**
 * "interfaces.eth0" → "10.0.0.5/24, …". Only for NICs of the config: bridges, containers and tunnels inside
 * a guest change often. Link-local addresses are assigned automatically, and `statistics` are measured.
 */
function addressFields(
  rows: readonly DataRow[],
  macs: ReadonlySet<string | undefined>,
): Fields {
  const known = rows.filter((row) => {
    const mac = parseMac(row["hardware-address"] ?? row["hwaddr"]);
    return mac !== undefined && macs.has(mac);
  });
  const byName = Map.groupBy(known, ({ name }) => String(name));
  return new Map([...byName].flatMap(([name, same]): [string, string][] => {
    const addresses = [...new Set(same.flatMap(addressesOf))]
      .filter((each) => parseAddress(...splitCidr(each)) !== "link-local").sort();
    return addresses.length === 0 ? [] : [[`interfaces.${name}`, addresses.join(", ")]];
  }));
}

/** Before Proxmox VE 8.4 a container has only inet and inet6, with one address each. */
function addressesOf(row: DataRow): string[] {
  const listed = records(row["ip-addresses"]).flatMap((each) => {
    const [host, prefix] = [text(each["ip-address"]), text(each["prefix"])];
    return host === undefined ? [] : [prefix === undefined ? host : `${host}/${prefix}`];
  });
  return [...listed, ...[row["inet"], row["inet6"]].flatMap((cidr) => text(cidr) ?? [])];
}

function only(fields: Fields, keys: readonly string[]): Fields {
  return new Map([...fields].filter(([key]) => keys.includes(key)));
}

function without(fields: Fields, keys: readonly string[]): Fields {
  return new Map([...fields].filter(([key]) => !keys.includes(key)));
}
