/**
 * With NETWORK_DEPTH=full: each zone, VNet and subnet of SDN is an entity, or a record that names it; and so is each
 * gateway, DHCP range and SNAT. It shares no code with src/transform.
 */
import type { Outcome } from "./in-memory.ts";
import type { Site } from "./snapshot-builder.ts";

type Raw = Readonly<Record<string, unknown>>;

/** One sentence for each thing that is lost, or both sent and left out. */
export function sdnErrors(site: Site, outcome: Outcome): string[] {
  const records = outcome.leftOut.map(({ what }) => what);
  const vids = new Set(outcome.of("vlan").map(({ vid }) => Number(vid)));
  const vrfs = outcome.of("vrf").map(({ name }) => name);
  const l2vpns = outcome.of("l2vpn").map(({ name }) => name);
  const prefixes = new Set(outcome.of("prefix").map(({ prefix }) => prefix));
  const zones = rowsAt(site, /^\/cluster\/sdn\/zones(?:\?|$)/);
  const isCalled = (names: readonly string[], name: unknown): boolean =>
    names.some((each) => each === name || each.startsWith(`${String(name)} (`));
  const zoneOf = (name: unknown): Raw | undefined => zones.find(({ zone }) => zone === name);
  return [
    ...zones.map((zone) => ({
      what: `sdn-zone/${nameIn(zone["zone"])}`,
      isEntity: zone["type"] === "evpn"
        ? isCalled(vrfs, zone["zone"])
        : zone["type"] === "qinq" && vids.has(Number(zone["tag"])),
    })),
    ...rowsAt(site, /^\/cluster\/sdn\/vnets(?:\?|$)/).map((vnet) => ({
      what: `sdn-vnet/${nameIn(vnet["vnet"])}`,
      isEntity: isCalled(l2vpns, vnet["vnet"]) ||
        vids.has(Number(vnet["tag"] ?? zoneOf(vnet["zone"])?.["tag"])),
    })),
    ...rowsAt(site, /^\/cluster\/sdn\/vnets\/[^/]+\/subnets/).flatMap((subnet) => {
      const what = `sdn-subnet/${nameIn(subnet["subnet"])}`;
      const cidr = String(subnet["cidr"]);
      const isEntity = prefixes.has(cidr);
      const ranges = Array.isArray(subnet["dhcp-range"]) ? subnet["dhcp-range"] : [];
      const isRow = records.every((each) => each !== what) && isEntity;
      const parts = [
        ...(subnet["gateway"] === undefined ? [] : ["gateway"]),
        ...(Number(subnet["snat"] ?? 0) === 1 ? ["snat"] : []),
        ...ranges.map((_, i) => `dhcp-range/${i}`),
      ];
      return [
        { what, isEntity },
        ...(isRow ? parts.map((part) => ({ what: `${what}/${part}`, isEntity: false })) : []),
      ];
    }),
  ].flatMap(({ what, isEntity }) => {
    return isEntity || records.includes(what) ? [] : [`${what} is neither an entity nor a record`];
  });
}

function rowsAt({ cluster }: Site, path: RegExp): Raw[] {
  return Object.entries(cluster).flatMap(([key, answer]) => {
    const data: unknown = "data" in answer && path.test(key) ? answer.data : undefined;
    return Array.isArray(data)
      ? data.filter((row): row is Raw =>
        typeof row === "object" && row !== null && !Array.isArray(row)
      )
      : [];
  });
}

function nameIn(value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return text === "" ? "?" : text;
}
