/**
 * Which VLANs pass a NIC of a guest or an interface of a node: lists of VLAN IDs, VLAN-aware bridges, Open vSwitch.
 * Source: pve-common, PVE/Network.pm (bridge_add_interface, ovs_bridge_add_port), PVE/Network/Interfaces.pm.
 */
import type { Net } from "./nics.ts";
import { vlanIdOf } from "./node-interfaces.ts";
import type { NetworkRow } from "./rows.ts";
import { flag, isBlank, MAX_VLAN_ID, parseVlanId, text, writtenText } from "./values.ts";

export interface VlanList {
  /** Ascending, each once. */
  readonly vids: readonly number[];
  /** Parts that are no VLAN ID and no range of VLAN IDs; the whole list where it is only separators. */
  readonly unparsable: readonly string[];
}

/** What a port without `tag=` and `trunks=` passes, and a VLAN-aware bridge by default: "2-4094". */
const ALL_VLANS = { first: 2, last: MAX_VLAN_ID } as const;

/** "2;5-7;30" of a NIC, "2-4094" or "2 4 100-200" of a bridge, "[10,20]" of Open vSwitch. */
export function parseVlanList(written: string): VlanList {
  const isListed = new Uint8Array(ALL_VLANS.last + 1);
  const unparsable: string[] = [];
  for (const part of written.split(/[;,\s[\]]+/)) {
    if (part === "") continue;
    const [, start, end = start] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const [first, last] = [parseVlanId(start), parseVlanId(end)];
    if (first === undefined || last === undefined || first > last) unparsable.push(part);
    else isListed.fill(1, first, last + 1);
  }
  const vids: number[] = [];
  for (let vid = 1; vid <= ALL_VLANS.last; vid += 1) if (isListed[vid] === 1) vids.push(vid);
  const isOnlySeparators = vids.length === 0 && unparsable.length === 0 && !isBlank(written);
  if (isOnlySeparators) unparsable.push(written);
  return { vids, unparsable };
}

/** VLAN 1 does not count: Proxmox VE passes it untagged, or as the tag says. */
function isEveryVlan(tagged: readonly number[], untagged: number | undefined): boolean {
  const others = tagged.length - (tagged[0] === 1 ? 1 : 0);
  const own = untagged === undefined || untagged < ALL_VLANS.first ? 0 : 1;
  return others + own === ALL_VLANS.last - ALL_VLANS.first + 1;
}

/** As NetBox distinguishes them. Source: netbox dcim/choices.py, InterfaceModeChoices. */
export interface PortVlans {
  readonly mode: "access" | "tagged" | "tagged-all";
  readonly untagged: number | undefined;
  /** With mode tagged. */
  readonly tagged: readonly number[];
  /** Can all of the list be parsed? */
  readonly isWhole: boolean;
}

const TAGGED_ALL: PortVlans = {
  mode: "tagged-all",
  untagged: undefined,
  tagged: [],
  isWhole: true,
};

/** Without the untagged VLAN, which the bridge sends without a tag. */
function trunkOf({ vids, unparsable }: VlanList, untagged: number | undefined): PortVlans {
  const isWhole = unparsable.length === 0;
  const tagged = vids.filter((vid) => vid !== untagged);
  if (isWhole && isEveryVlan(tagged, untagged)) return { ...TAGGED_ALL, untagged };
  const isAccess = isWhole && tagged.length === 0 && untagged !== undefined;
  return { mode: isAccess ? "access" : "tagged", untagged, tagged, isWhole };
}

/**
 * A NIC without `tag=` and `trunks=` gets all VLANs of a VLAN-aware bridge, whatever `bridge_vids` lists: that limits
 * the bridge's own ports. undefined: without VLANs, or its bridge is not known.
 */
export function vlansOfNic(
  { vlanId, trunks, unparsable }: Net,
  bridge: NetworkRow | undefined,
): PortVlans | undefined {
  if (trunks !== undefined) return trunkOf(parseVlanList(trunks), vlanId);
  if (vlanId !== undefined) return access(vlanId);
  const isPassed = bridge !== undefined && !unparsable.includes("tag") && isVlanAware(bridge);
  return isPassed ? TAGGED_ALL : undefined;
}

function access(untagged: number): PortVlans {
  return { mode: "access", untagged, tagged: [], isWhole: true };
}

/** An Open vSwitch bridge always is. */
function isVlanAware(row: NetworkRow): boolean {
  return text(row.type) === "OVSBridge" || flag(row.bridge_vlan_aware) === true;
}

/** VLANs that are written, and that the interface does not pass or that cannot be parsed. */
export interface RefusedVlans {
  readonly key: "bridge_vlan_aware" | "bridge_vids" | "ovs_tag" | "ovs_options";
  readonly written: string;
  readonly reason: "unparsable" | "unused-vlans" | "vlan-mode";
}

export interface VlansOfPort {
  /** undefined: none is known. */
  readonly vlans?: PortVlans;
  readonly refused: readonly RefusedVlans[];
}

/** Of an interface of a node. */
export function vlansOfPort(row: NetworkRow): VlansOfPort {
  switch (text(row.type)) {
    case "vlan": {
      const vid = vlanIdOf(row);
      const refused = refusedList("bridge_vids", writtenText(row.bridge_vids), "unused-vlans");
      // One that cannot be parsed has a record of its own.
      return vid === undefined ? { refused } : { vlans: access(vid), refused };
    }
    case "OVSBridge":
      return { vlans: TAGGED_ALL, refused: [] };
    case "OVSPort":
    case "OVSIntPort":
    case "OVSBond":
      return ovsVlans(row);
    default:
      return bridgeVlans(row);
  }
}

/**
 * Proxmox VE writes `bridge-vids 2-4094` into the interfaces file where a VLAN-aware bridge has none. On a port of a
 * bridge they are the VLANs of that port.
 */
function bridgeVlans(row: NetworkRow): VlansOfPort {
  const written = writtenText(row.bridge_vids);
  const isAware = isVlanAware(row);
  if (!isBlank(row.bridge_vlan_aware) && flag(row.bridge_vlan_aware) === undefined) {
    const refused = refusedList("bridge_vids", written, "unused-vlans");
    return {
      refused: [{ key: "bridge_vlan_aware", written: "?", reason: "unparsable" }, ...refused],
    };
  }
  if (written === undefined) return isAware ? { vlans: TAGGED_ALL, refused: [] } : { refused: [] };
  if (!isAware && text(row.type) === "bridge") {
    return { refused: refusedList("bridge_vids", written, "unused-vlans") };
  }
  const list = parseVlanList(written);
  return {
    vlans: trunkOf(list, undefined),
    refused: refusedList("bridge_vids", list.unparsable.join(" "), "unparsable"),
  };
}

function refusedList(
  key: RefusedVlans["key"],
  written: string | undefined,
  reason: RefusedVlans["reason"],
): readonly RefusedVlans[] {
  return written === undefined || written === "" ? [] : [{ key, written, reason }];
}

/**
 * `ovs_tag` is the option `tag`, which Proxmox VE takes out of the options. Without a mode, a tag makes an access port,
 * and everything else a trunk. Source: Open vSwitch, ovs-vswitchd.conf.db(5), table Port.
 */
function ovsVlans(row: NetworkRow): VlansOfPort {
  const options = ovsOptions(row.ovs_options);
  const tagText = writtenText(row.ovs_tag) ?? options.get("tag");
  const tag = parseVlanId(tagText);
  const trunks = options.get("trunks");
  const list = trunks === undefined ? undefined : parseVlanList(trunks);
  const isOdd = writtenText(row.ovs_options) === "?";
  const mode = isOdd
    ? "unknown"
    : options.get("vlan_mode") ?? (tagText === undefined ? "trunk" : "access");
  const refuseTag = (reason: RefusedVlans["reason"]): readonly RefusedVlans[] =>
    refusedList("ovs_tag", tagText, tag === undefined ? "unparsable" : reason);
  const refuseList = (reason: RefusedVlans["reason"]): readonly RefusedVlans[] =>
    refusedList("ovs_options", trunks, reason);
  const unparsable = list?.unparsable.length ? refuseList("unparsable") : [];
  const trunk = (untagged: number | undefined): PortVlans =>
    list === undefined ? { ...TAGGED_ALL, untagged } : trunkOf(list, untagged);
  switch (mode) {
    case "access": {
      const refused = refuseList("unused-vlans");
      return tag === undefined
        ? { refused: [...refuseTag("unparsable"), ...refused] }
        : { vlans: access(tag), refused };
    }
    case "trunk":
      return { vlans: trunk(undefined), refused: [...refuseTag("unused-vlans"), ...unparsable] };
    case "native-tagged":
    case "native-untagged":
      return {
        vlans: trunk(tag),
        refused: [...(tag === undefined ? refuseTag("unparsable") : []), ...unparsable],
      };
    default:
      return {
        refused: [
          ...refuseTag("vlan-mode"),
          ...refusedList(
            "ovs_options",
            writtenText(row.ovs_options),
            isOdd ? "unparsable" : "vlan-mode",
          ),
        ],
      };
  }
}

/** "trunks=10,20 vlan_mode=trunk other_config:x=y". Source: PVE/Network/Interfaces.pm, parse_ovs_option. */
function ovsOptions(value: unknown): ReadonlyMap<string, string> {
  const pairs = (text(value) ?? "").split(/\s+/).map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    return [pair.slice(0, Math.max(equals, 0)), pair.slice(equals + 1)];
  });
  return new Map(pairs.filter(([key, written]) => key !== "" && !isBlank(written)));
}
