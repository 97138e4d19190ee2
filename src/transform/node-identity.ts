/** Site, tenant, device type and role of nodes, of the cluster and of guests, by settings and rules. */
import { parseAddress } from "../base/ip-address.ts";
import type { Found } from "../netbox/objects.ts";
import type { DevicePolicy } from "../netbox/types/device.ts";
import type { ClusterListing } from "../proxmox/listing.ts";
import { text } from "../proxmox/values.ts";
import { decideNode } from "./machine-rules.ts";
import type { MachineDecision } from "./rules/match.ts";
import type { Policy } from "./policy.ts";
import type { NodeIdentity } from "./target/clusters.ts";
import { siteOf } from "./target/machines.ts";
import { foundName } from "./target/names.ts";
import { nameOf, type NetBoxTarget } from "./target/target.ts";

/** A node as it is looked up in NetBox, and what the rules say about it. */
export function identifyNode(
  node: string,
  { listing, policy, target }: {
    readonly listing: Pick<ClusterListing, "members" | "nodes">;
    readonly policy: Policy;
    readonly target: NetBoxTarget;
  },
): NodeIdentity & { readonly plainSite: string; readonly ruled: MachineDecision | undefined } {
  const address = text(listing.members.get(node)?.ip);
  const parsed = parseAddress(address, address?.includes(":") ? "128" : "32");
  const facts = {
    node,
    site: siteIn(target, nodeSite(policy, node)),
    row: listing.nodes.get(node),
  };
  const parts = [{ key: node, facts: {}, found: [{ address: parsed }] }];
  const ruled = decideNode(facts, policy, parts)?.machine;
  const { site, tenant } = ruled?.values ?? {};
  return {
    node,
    site: site === undefined ? facts.site : siteIn(target, site.value),
    /** Without rules: NetBox may have the device there. */
    plainSite: facts.site,
    address,
    device: policy.nodeDevices.get(node),
    tenant: tenant?.value ?? policy.tenantName,
    ruled,
  };
}

export function nodePolicy(policy: Policy, ruled: MachineDecision | undefined): DevicePolicy {
  const { tenant, device_type, manufacturer, role } = ruled?.values ?? {};
  return {
    tenantName: tenant?.value ?? policy.tenantName,
    nodeDeviceType: device_type?.value ?? policy.nodeDeviceType,
    nodeManufacturer: manufacturer?.value ?? policy.nodeManufacturer,
    nodeDeviceRole: role?.value ?? policy.nodeDeviceRole,
  };
}

/*
 * The NetBox site of a thing. NetBox refuses a VM whose site differs from its cluster's, and an
 * interface whose untagged VLAN is of another site than its VM or device.
 * Source: netbox virtualization/models/virtualmachines.py, dcim/models/device_components.py (clean).
 */

/** The site of a device, its interfaces' VLANs and its prefixes. */
function nodeSite(policy: Policy, node: string): string {
  return policy.nodeSites.get(node) ?? policy.siteName;
}

/** As NetBox calls it. */
export function siteIn(target: NetBoxTarget, site: string): string {
  const object = foundName(target, "site", site);
  return object === undefined ? site : nameOf(object);
}

/** The cluster's scope, from all of its nodes, in scope or not; undefined: it gets none. */
export function clusterSite(
  policy: Policy,
  nodes: readonly { readonly site: string }[],
  target: NetBoxTarget,
): string | undefined {
  if (policy.clusterScope === "none") return undefined;
  const siteName = siteIn(target, policy.siteName);
  if (policy.clusterScope === "site") return siteName;
  const sites = new Set(nodes.map(({ site }) => site));
  if (sites.size > 1) return undefined;
  return [...sites][0] ?? siteName;
}

/** Where a guest is without rules: at the site of its machine in NetBox, if it has one. */
export function siteWithoutRules(
  { found }: { readonly found?: Found | undefined },
  { source, entry }: {
    readonly source: { readonly site: string | undefined };
    readonly entry: { readonly site: string };
  },
): string {
  return (found && siteOf(found.object)) ?? guestSite(source, entry.site);
}

/** The site of a virtual machine and of its interfaces' VLANs. */
export function guestSite(cluster: { readonly site: string | undefined }, site: string): string {
  return cluster.site ?? site;
}
