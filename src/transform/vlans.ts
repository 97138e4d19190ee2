/** The VLANs of an interface: each becomes an entity, and with NETWORK_DEPTH=full the interface names it. */
import type { VLANRef } from "../netbox/types/vlan.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { vlanIdOf } from "../proxmox/node-interfaces.ts";
import type { NetworkRow } from "../proxmox/rows.ts";
import { type PortVlans, vlansOfNic, vlansOfPort } from "../proxmox/vlans.ts";
import type { GuestContext, NodeContext } from "./context.ts";
import type { NicSource, Origin, SentVlans } from "./sources.ts";

/** What a NIC has beside its own VLAN; its bridge is in the answer about the node's network. */
export function seeVlansOfNic(
  { net, origin }: Pick<NicSource, "net"> & { readonly origin: Origin<"config"> },
  { node, site }: GuestContext,
): Pick<NicSource, "network" | "places" | "vlan" | "vlans" | "isVlanKnown"> {
  const { places } = origin;
  const { ledger, run, source: cluster } = node;
  const vlan = net.vlanId === undefined
    ? undefined
    : run.shared.seeVlan(net.vlanId, site, { cluster, origin, ledger });
  // A VLAN that cannot be sent is in the ledger; it is not empty.
  const isKnown = net.vlanId === undefined && !net.unparsable.includes("tag");
  if (cluster.policy.networkDepth !== "full") {
    return { places, vlan, vlans: undefined, isVlanKnown: isKnown };
  }
  const network = net.bridge === undefined ? undefined : node.interfaces.get(net.bridge);
  const vlans = vlansOfNic(net, network);
  if (vlans !== undefined && !vlans.isWhole) {
    const { what, answer } = origin.subject;
    ledger.leave({ what: `${what}/trunks`, answer }, "unparsable", { detail: net.trunks });
  }
  return {
    vlan,
    isVlanKnown: isKnown && (network !== undefined || !isPerhapsVnet(net, node)),
    ...(network === undefined
      ? { places }
      : { places: { ...places, network: node.networkSubject("").answer }, network }),
    vlans: vlans && {
      mode: vlans.mode,
      untagged: vlan,
      tagged: seeTagged(vlans, { node, site, origin }),
    },
  };
}

/** Is its bridge, which the node does not list, a VNet that was not read, or one of an unknown zone? */
function isPerhapsVnet(
  { bridge = "" }: NicSource["net"],
  { cluster: { sdn } }: NodeContext,
): boolean {
  if (sdn === undefined || sdn.sdn.gaps.has(PATHS.sdnVnets)) return true;
  const vnet = sdn.sdn.vnets.get(bridge);
  return vnet !== undefined && vnet.kind !== "simple";
}

/**
 * Of an interface of a node, sent or not. What cannot be sent is in the ledger. When the mode changes, the plugin
 * clears the tagged VLANs that it does not allow. Source: diode-netbox-plugin, api/field_policy.py.
 */
export function seeVlansOfPort(
  row: NetworkRow,
  origin: Origin<"network">,
  node: NodeContext,
): SentVlans | undefined {
  const { ledger, entry: { site }, source: cluster, run } = node;
  const { what, answer } = origin.subject;
  const see = (vid: number): VLANRef | undefined =>
    run.shared.seeVlan(vid, site, { cluster, origin, ledger });
  const own = row.type === "vlan" ? vlanIdOf(row) : undefined;
  if (row.type === "vlan" && own === undefined) {
    ledger.leave({ what: `${what}/vlan`, answer }, "unparsable");
  }
  if (cluster.policy.networkDepth !== "full") {
    if (own !== undefined) see(own);
    return undefined;
  }
  const { vlans, refused } = vlansOfPort(row);
  for (const { key, written, reason } of refused) {
    ledger.leave({ what: `${what}/${key}`, answer }, reason, { detail: written });
  }
  if (vlans === undefined) return undefined;
  const { mode } = vlans;
  const untagged = vlans.untagged === undefined ? undefined : see(vlans.untagged);
  return { mode, untagged, tagged: seeTagged(vlans, { node, site, origin }) };
}

function seeTagged(
  { tagged, isWhole }: PortVlans,
  { node, site, origin }: {
    readonly node: NodeContext;
    readonly site: string;
    readonly origin: Origin;
  },
): readonly VLANRef[] | undefined {
  const { ledger, source: cluster, run } = node;
  const refs = tagged.flatMap((vid) => {
    const part = `tagged/${vid}`;
    return run.shared.seeVlan(vid, site, { cluster, origin, ledger, part }) ?? [];
  });
  return isWhole && refs.length === tagged.length ? refs : undefined;
}
