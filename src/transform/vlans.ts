/** The VLANs of an interface: each becomes an entity, and with NETWORK_DEPTH=full the interface names it. */
import type { VLANRef } from "../netbox/types/vlan.ts";
import { vlanIdOf } from "../proxmox/node-interfaces.ts";
import type { NetworkRow } from "../proxmox/rows.ts";
import { type PortVlans, vlansOfNic, vlansOfPort } from "../proxmox/vlans.ts";
import type { GuestContext, NodeContext } from "./context.ts";
import type { NicSource, Origin, SentVlans } from "./sources.ts";

/** What a NIC has beside its own VLAN; its bridge is in the answer about the node's network. */
export function seeVlansOfNic(
  { net, vlan, origin }: Pick<NicSource, "net" | "vlan"> & {
    readonly origin: Origin<"config">;
  },
  { node, site }: GuestContext,
): Pick<NicSource, "network" | "places" | "vlans"> {
  const { places } = origin;
  if (node.source.policy.networkDepth !== "full") return { places, vlans: undefined };
  const network = net.bridge === undefined ? undefined : node.interfaces.get(net.bridge);
  const vlans = vlansOfNic(net, network);
  if (vlans !== undefined && !vlans.isWhole) {
    const { what, answer } = origin.subject;
    node.ledger.leave({ what: `${what}/trunks`, answer }, "unparsable", { detail: net.trunks });
  }
  return {
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
