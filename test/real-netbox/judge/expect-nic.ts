/** NICs of a guest's config, and their addresses. */
import { type Address, parseCidr } from "./address.ts";
import type { Guest } from "./guest.ts";
import { byNumber, isRaw, pairsOf, type Raw, text } from "./raw.ts";

export interface Nic {
  /** "net0" */
  readonly key: string;
  /** Its name in NetBox. */
  readonly name: string;
  readonly pairs: ReadonlyMap<string, string>;
  readonly mac: string | undefined;
}

const MODEL = /^(?:e1000|virtio|rtl8139|vmxnet3|ne2k|pcnet|i82)/;
const MAC = /^(?!00:00:00:00:00:00)[0-9A-F]{2}(?::[0-9A-F]{2}){5}$/;

/** In the order of their keys. */
export function nicsOf({ config, kind }: Guest): Nic[] {
  const keys = Object.keys(config ?? {}).filter((key) => /^net\d+$/.test(key)).sort(byNumber);
  const names = new Set<string>();
  return keys.flatMap((key) => {
    const pairs = pairsOf(config?.[key]);
    const model = [...pairs.keys()].find((word) => MODEL.test(word));
    const isNic = kind === "lxc"
      ? ["name", "hwaddr", "bridge"].some((word) => pairs.has(word))
      : model !== undefined || pairs.has("model") || MODEL.test(pairs.get("") ?? "");
    if (!isNic) return [];
    const given = kind === "lxc" ? pairs.get("name") || key : key;
    const name = names.has(given) ? key : given;
    names.add(name);
    const written = kind === "lxc" ? "hwaddr" : pairs.has("macaddr") ? "macaddr" : model ?? "";
    const mac = pairs.get(written)?.toUpperCase() ?? "";
    return [{ key, name, pairs, mac: MAC.test(mac) ? mac : undefined }];
  });
}

export interface Found {
  /** By NIC in the order of the config, then in the order of the answer. */
  readonly addresses: readonly { readonly address: Address; readonly nic: Nic | undefined }[];
  /** False when further addresses of the family may exist that were not read. */
  isAll(family: 4 | 6): boolean;
}

export function addressesOf(guest: Guest, nics: readonly Nic[]): Found {
  const { kind, config, plan, ask } = guest;
  if (kind === "qemu") {
    const answer = ask("agent/network-get-interfaces");
    const rows = isRaw(answer) ? answer["result"] : undefined;
    return { addresses: ordered(liveOf(rows, nics), nics), isAll: () => Array.isArray(rows) };
  }
  const written = nics.flatMap((nic) =>
    ["ip", "ip6"].flatMap((key) => {
      const address = parseCidr(nic.pairs.get(key) ?? "");
      return address ? [{ address, nic }] : [];
    })
  );
  // A container configures a NIC itself when the config has no address, or when Proxmox VE does not manage it.
  const isStatic = (family: 4 | 6): boolean =>
    nics.every(({ pairs }) => {
      const value = pairs.get(family === 4 ? "ip" : "ip6");
      if (value === undefined) {
        return (pairs.has("ip") || pairs.has("ip6")) && config?.["ostype"] !== "unmanaged";
      }
      return !/^(?:dhcp|auto|manual)$/.test(value);
    });
  const isRead = config !== undefined;
  if (!plan.isOn("LXC_LIVE_ADDRESSES")) {
    return { addresses: written, isAll: (family) => isRead && isStatic(family) };
  }
  const live = ask("interfaces");
  const isAll = (family: 4 | 6): boolean => isRead && (Array.isArray(live) || isStatic(family));
  return { addresses: ordered([...written, ...liveOf(live, nics)], nics), isAll };
}

/** Matched by MAC address in any case; `lo` and `docker0` are ignored. */
function liveOf(rows: unknown, nics: readonly Nic[]): Found["addresses"][number][] {
  const list = Array.isArray(rows) ? rows.filter(isRaw) : [];
  return list.filter(({ name }) => name !== "lo" && name !== "docker0").flatMap((row) => {
    const mac = (text(row["hardware-address"]) ?? text(row["hwaddr"]) ?? "").toUpperCase();
    const nic = nics.find((one) => one.mac !== undefined && one.mac === mac);
    const entries = Array.isArray(row["ip-addresses"]) ? row["ip-addresses"].filter(isRaw) : [];
    const texts = [
      ...entries.map((entry: Raw) => `${text(entry["ip-address"])}/${text(entry["prefix"])}`),
      ...[row["inet"], row["inet6"]].flatMap((one) => text(one) ?? []),
    ];
    return texts.flatMap((one) => {
      const address = parseCidr(one);
      return address ? [{ address, nic }] : [];
    });
  });
}

function ordered(found: Found["addresses"][number][], nics: readonly Nic[]): Found["addresses"] {
  const place = ({ nic }: { readonly nic: Nic | undefined }): number =>
    nic === undefined ? nics.length : nics.indexOf(nic);
  return found.sort((a, b) => place(a) - place(b));
}
