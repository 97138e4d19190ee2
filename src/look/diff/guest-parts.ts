/** The answers about one guest in its node's file → parts that can be compared. */
import { PATHS } from "../../snapshot/paths.ts";
import type { Answer } from "../../snapshot/schema.ts";
import { agentResultOf, objectOf } from "../../snapshot/reading.ts";
import type { Fields } from "./fields.ts";
import {
  containerRowsOf,
  type Found,
  isRow,
  listed,
  mapFound,
  MISSHAPEN,
  type Parts,
} from "./part.ts";
import { type ListedGuest, wanted } from "./overview.ts";

type Row = Readonly<Record<string, unknown>>;

/** `answerOf` looks into the file of the guest's node. */
export function guestParts(
  guest: ListedGuest,
  answerOf: (path: string) => Found<Answer | undefined>,
): Parts {
  const at = <Value>(path: string, read: (answer: Answer | undefined) => Found<Value>) =>
    mapFound(answerOf(path), read);
  const config = at(PATHS.config(guest), objectOf);
  const addresses = (rows: Found<readonly Row[]>, answer: "agentInterfaces" | "lxcInterfaces") =>
    mapFound(
      config,
      (known) =>
        mapFound(rows, (value) => ({ value: addressFields(value, macsOf(known), answer) })),
    );
  const parts = new Map([
    ...guest.parts,
    ["config", mapFound(config, (data) => ({ value: wanted(data, "config") }))] as const,
    ["tags", tagsOf(guest, config)] as const,
  ]);
  if (guest.kind === "lxc") {
    const rows = at(PATHS.lxcInterfaces(guest), containerRowsOf);
    return parts.set("interfaces", addresses(rows, "lxcInterfaces"));
  }
  const osinfo = at(PATHS.osinfo(guest), agentResultOf);
  const rows = mapFound(at(PATHS.agentInterfaces(guest), agentResultOf), listed);
  return parts
    .set(
      "agent/get-osinfo",
      mapFound(
        osinfo,
        (data) => isRow(data) ? { value: prefixed("osinfo.", wanted(data, "osinfo")) } : MISSHAPEN,
      ),
    )
    .set("agent/network-get-interfaces", addresses(rows, "agentInterfaces"));
}

/** Up to Proxmox VE 7.2 the listing has none; without the config nobody knows whether there are any. */
function tagsOf({ tags }: ListedGuest, config: Found<Row>): Found<Fields> {
  if (tags.size > 0) return { value: tags };
  return mapFound(config, (data) => ({ value: wanted({ tags: data["tags"] }, "resources") }));
}

const MAC_REGEXP = /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/i;

/** Of the NICs that the config gives the guest, in lower case. */
function macsOf(config: Row): ReadonlySet<string> {
  const nics = Object.entries(config).filter(([key]) => /^net\d+$/.test(key));
  return new Set(
    nics.flatMap(([, value]) => MAC_REGEXP.exec(String(value))?.[0].toLowerCase() ?? []),
  );
}

/** Nobody sets them. Source: RFC 3927, RFC 4291. */
const LINK_LOCAL_REGEXP = /^(?:169\.254\.|fe[89ab][0-9a-f]:)/i;

/**
 * "interfaces.eth0" → "10.0.0.5/24, …". Only what stands on a NIC of the config: a guest's own bridges,
 * containers and tunnels come and go.
 */
function addressFields(
  rows: readonly Row[],
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

/** inet and inet6 hold one address each and are all that a container has before Proxmox VE 8.4. */
function addressesOf(row: Row, answer: "agentInterfaces" | "lxcInterfaces"): string[] {
  const list = row["ip-addresses"];
  const rows = Array.isArray(list) ? list.filter(isRow) : [];
  const texts = rows.map((each) => `${String(each["ip-address"])}/${String(each["prefix"])}`);
  const single = answer === "lxcInterfaces" ? [row["inet"], row["inet6"]] : [];
  return [...texts, ...single.filter((text) => typeof text === "string")];
}

function prefixed(prefix: string, fields: Fields): Fields {
  return new Map([...fields].map(([key, value]) => [prefix + key, value]));
}
