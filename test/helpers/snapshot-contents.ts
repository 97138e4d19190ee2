/**
 * The contents of the answers of a snapshot, counted from the raw JSON. It shares no code with
 * src/transform, so that each can check the other.
 */
import type { Site } from "./snapshot-builder.ts";

type Raw = Readonly<Record<string, unknown>>;

/** A part of a guest or a node. */
export interface Part {
  /** Possible names of its record in left-out.json. */
  readonly whats: readonly string[];
  /** Possible names of its entity, the most likely first. */
  readonly names: readonly string[];
}

export interface AddressPart {
  /** Possible spellings in its record. */
  readonly texts: readonly string[];
  /** The NICs or interfaces that may have it: "vm/101/net0", "node/pve1/vmbr0". */
  readonly holders: readonly string[];
  /** Its place when none of the holders is an entity: "vm/101/agent/docker0". */
  readonly fallback?: string;
  /** The place of its record, if not that of its holder: "vm/101/ipconfig0". */
  readonly recordedAt?: string;
  /** Possible addresses of its entity: "2001:db8::5/64". Empty when the text is not an address. */
  readonly addresses: readonly string[];
}

/** A row of the listing. */
export interface GuestContents {
  readonly what: string;
  readonly vmid: string;
  readonly nics: readonly Part[];
  readonly disks: readonly Part[];
  readonly addresses: readonly AddressPart[];
}

export interface NodeContents {
  readonly what: string;
  readonly node: string;
  /** False: only guests name it, and no answer contains it; it needs no record. */
  readonly isInAnswers: boolean;
  readonly interfaces: readonly Part[];
  readonly addresses: readonly AddressPart[];
}

export interface SnapshotContents {
  readonly guests: readonly GuestContents[];
  readonly nodes: readonly NodeContents[];
}

export interface Reading {
  /** Whether the live addresses of containers count. */
  readonly isLive?: boolean;
  /** Whether the addresses that cloud-init is to set count. */
  readonly isCloudInit?: boolean;
}

const VOLUMES = {
  qemu: /^(scsi|virtio|ide|sata|efidisk|tpmstate|unused)[0-9]+$/,
  lxc: /^(rootfs|mp[0-9]+|unused[0-9]+)$/,
} as const;

export function contentsOf(site: Site, reading: Reading = {}): SnapshotContents {
  const rows = rowsAt(site.cluster, "/cluster/resources?type=vm");
  const inAnswers = new Set([
    ...rowsAt(site.cluster, "/nodes").map((row) => written(row["node"])),
    ...rowsAt(site.cluster, "/cluster/status").filter((row) => row["type"] === "node")
      .map((row) => written(row["name"])),
    ...Object.keys(site.nodes).filter((node) =>
      Array.isArray(dataAt(site.nodes[node], networkPath(node)))
    ),
  ]);
  const nodes = new Set([
    ...inAnswers,
    ...rows.map((row) => written(row["node"])),
    ...Object.keys(site.nodes),
  ]);
  return {
    guests: rows.map((row) => guestOf(site, row, reading)),
    nodes: [...nodes].filter((node) => node !== "")
      .map((node) => ({ ...nodeOf(site, node), isInAnswers: inAnswers.has(node) })),
  };
}

function guestOf(
  site: Site,
  row: Raw,
  { isLive = false, isCloudInit = false }: Reading,
): GuestContents {
  const kind = row["type"];
  const vmid = /^[0-9]+$/.test(written(row["vmid"])) ? written(row["vmid"]) : "";
  if ((kind !== "qemu" && kind !== "lxc") || vmid === "") {
    return {
      what: `resource/${written(row["id"])}`,
      vmid: "",
      nics: [],
      disks: [],
      addresses: [],
    };
  }
  const what = `vm/${vmid}`;
  const answers = site.nodes[written(row["node"])];
  const path = `/nodes/${written(row["node"])}/${kind}/${vmid}`;
  const config = dataAt(answers, `${path}/config?current=1`) ?? dataAt(answers, `${path}/config`);
  const keys = Object.keys(isRaw(config) ? config : {});
  const nics = keys.filter((key) => /^net[0-9]+$/.test(key)).map((key) => {
    const pairs = pairsOf(isRaw(config) ? config[key] : "");
    const given = kind === "lxc" ? pairs.get("name") : undefined;
    const isUnmanaged = isRaw(config) && config["ostype"] === "unmanaged";
    return { key, pairs, isUnmanaged, what: `${what}/${key}`, names: namesOf(key, given) };
  });
  nics.sort((a, b) => Number(a.key.slice(3)) - Number(b.key.slice(3)));
  const live = kind === "lxc"
    ? isLive ? rowsAt(answers, `${path}/interfaces`) : []
    : rowsAt(answers, `${path}/agent/network-get-interfaces`);
  const words = kind === "lxc" ? ["ip", "ip6"] : [];
  return {
    what,
    vmid,
    nics: nics.map((nic) => ({ whats: [nic.what], names: nic.names })),
    disks: keys.filter((key) => VOLUMES[kind].test(key))
      .map((key) => ({ whats: [`${what}/${key}`], names: [key] })),
    addresses: [
      // A text that does not describe a NIC is listed as a whole.
      ...nics.filter(({ pairs }) => ["name", "hwaddr", "bridge"].some((key) => pairs.has(key)))
        .flatMap((nic) => words.flatMap((word) => writtenText(nic, word))),
      ...live.flatMap((line) => liveAddresses(line, { what, kind, nics })),
      ...(isCloudInit && kind === "qemu" && isRaw(config) ? intendedAddresses(what, config) : []),
    ],
  };
}

/** NICs with the same name, or with the key of another NIC as name, fall back to their own key. */
function namesOf(key: string, given: string | undefined): string[] {
  return given ? [given, key, `${given} (${key})`] : [key, `${key} (${key})`];
}

function writtenText(
  nic: {
    readonly what: string;
    readonly pairs: ReadonlyMap<string, string>;
    readonly isUnmanaged: boolean;
  },
  word: string,
): AddressPart[] {
  const value = nic.pairs.get(word);
  if (!value) {
    // The container configures the NIC when its config has no address, or when Proxmox VE does not manage it.
    const isLeftOpen = nic.isUnmanaged || (!nic.pairs.get("ip") && !nic.pairs.get("ip6"));
    return isLeftOpen ? [{ texts: [word], holders: [nic.what], addresses: [] }] : [];
  }
  return [{ texts: [value, `${word}=${value}`], holders: [nic.what], addresses: canonical(value) }];
}

function intendedAddresses(what: string, config: Raw): AddressPart[] {
  return Object.entries(config).flatMap(([key, value]): AddressPart[] => {
    const number = /^ipconfig([0-9]+)$/.exec(key)?.[1];
    if (number === undefined) return [];
    const pairs = pairsOf(value);
    const [ip, ip6] = [pairs.get("ip") ?? "", pairs.get("ip6") ?? ""];
    const isLeftOpen = ip === "" && ip6 === "";
    const holders = [`${what}/net${number}`];
    if (pairs.has("") || (isLeftOpen && (pairs.has("gw") || pairs.has("gw6")))) {
      return [{ texts: [key], holders, fallback: what, recordedAt: what, addresses: [] }];
    }
    const recordedAt = `${what}/${key}`;
    const given = isLeftOpen ? [["ip", "dhcp"], ["ip6", "dhcp"]] : [["ip", ip], ["ip6", ip6]];
    return given.filter(([, text]) => text !== "").map(([family, text = ""]) => ({
      texts: [text, `${family}=${text}`],
      holders,
      fallback: recordedAt,
      recordedAt,
      addresses: canonical(text),
    }));
  });
}

function liveAddresses(
  row: Raw,
  guest: {
    readonly what: string;
    readonly kind: "qemu" | "lxc";
    readonly nics: readonly {
      readonly what: string;
      readonly pairs: ReadonlyMap<string, string>;
    }[];
  },
): AddressPart[] {
  const macs = [row["hardware-address"], row["hwaddr"]].map((mac) => written(mac).toLowerCase())
    .filter((mac) => /^(?!00:00:00:00:00:00)[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(mac));
  const holders = guest.nics.filter(({ pairs }) =>
    [...pairs.values()].some((value) => macs.includes(value.toLowerCase()))
  ).map(({ what }) => what);
  const place = guest.kind === "lxc" ? "live" : "agent";
  const fallback = `${guest.what}/${place}/${written(row["name"]) || "?"}`;
  const listed = list(row["ip-addresses"]).filter(isRaw).map((entry) => {
    const length = written(entry["prefix"]);
    return written(entry["ip-address"]) + (length === "" ? "" : `/${length}`);
  }).filter((text) => text !== "" && !text.startsWith("/"));
  const last = [row["inet"], row["inet6"]].map(writtenOrOdd)
    .filter((text) => text !== "" && !listed.includes(text));
  return [...listed, ...last].map((text) => (
    { texts: [text], holders, fallback, addresses: canonical(text) }
  ));
}

function nodeOf(site: Site, node: string): Omit<NodeContents, "isInAnswers"> {
  const what = `node/${node}`;
  const rows = rowsAt(site.nodes[node], networkPath(node));
  return {
    what,
    node,
    interfaces: rows.map((row) => {
      const iface = written(row["iface"]);
      return { whats: [`${what}/${iface || "?"}`], names: [iface] };
    }),
    addresses: rows.filter((row) => written(row["iface"]) !== "").flatMap((row) =>
      ["", "6"].flatMap((family) => {
        const cidr = writtenOrOdd(row[`cidr${family}`]);
        const host = writtenOrOdd(row[`address${family}`]);
        if (cidr === "" && host === "") return [];
        const holder = `${what}/${written(row["iface"])}`;
        const length = maskLength(written(row[`netmask${family}`]));
        return [{
          texts: [cidr, host].filter((text) => text !== ""),
          holders: [holder],
          fallback: holder,
          addresses: [...canonical(cidr), ...canonical(`${host}/${length}`)],
        }];
      })
    ),
  };
}

/** "a=1,b" → { a: "1", "": "b" }; the first of two values of one key. */
function pairsOf(text: unknown): Map<string, string> {
  const pairs = written(text).split(",").map((part): [string, string] => {
    const [key = "", ...rest] = part.trim().split("=");
    return rest.length === 0 ? ["", key] : [key.trim(), rest.join("=").trim()];
  });
  return new Map(pairs.toReversed());
}

/** The runtime's own spelling: "10.0.0.5/24" as it is, "2001:DB8:0::5%eth0/64" → "2001:db8::5/64". */
function canonical(text: string): string[] {
  const [host = "", length] = text.split("/");
  const bare = host.split("%")[0]?.trim() ?? "";
  if (length === undefined || !/^(?:\d+(?:\.\d+){3}|.*:.*)$/.test(bare)) return [];
  try {
    const { hostname } = new URL(`http://${bare.includes(":") ? `[${bare}]` : bare}/`);
    return [`${hostname.replace(/^\[|\]$/g, "")}/${length}`];
  } catch {
    return [];
  }
}

/** "24" and "255.255.255.0" → "24". */
function maskLength(mask: string): string {
  if (!mask.includes(".")) return mask;
  const bits = mask.split(".").map((byte) => Number(byte).toString(2).padStart(8, "0")).join("");
  return String(bits.lastIndexOf("1") + 1);
}

function networkPath(node: string): string {
  return `/nodes/${node}/network`;
}

/** The rows of an answer, also those below `result`. */
function rowsAt(answers: Raw | undefined, path: string): Raw[] {
  const data = dataAt(answers, path);
  return list(isRaw(data) ? data["result"] : data).filter(isRaw);
}

function dataAt(answers: Raw | undefined, path: string): unknown {
  const answer = answers?.[path];
  return isRaw(answer) && answer["status"] === 200 ? answer["data"] : undefined;
}

function written(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}

/** A value that is neither text nor number becomes "?". */
function writtenOrOdd(value: unknown): string {
  const isOdd = value !== null && (typeof value === "object" || typeof value === "boolean");
  return isOdd ? "?" : written(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRaw(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
