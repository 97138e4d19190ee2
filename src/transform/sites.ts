/**
 * Which NetBox site a thing stands in. NetBox refuses a VM whose site differs from its cluster's, and
 * an interface whose untagged VLAN is of another site than its VM or device.
 * Source: netbox virtualization/models/virtualmachines.py, dcim/models/device_components.py (clean).
 */
import type { Policy } from "./settings.ts";

/** The site of a device, its interfaces' VLANs and its prefixes. */
export function nodeSite(policy: Policy, node: string): string {
  return policy.nodeSites.get(node) ?? policy.siteName;
}

/** The cluster's scope, from all of its nodes, in scope or not; undefined: it gets none. */
export function clusterSite(policy: Policy, nodes: readonly string[]): string | undefined {
  if (policy.clusterScope === "none") return undefined;
  if (policy.clusterScope === "site") return policy.siteName;
  const sites = new Set(nodes.map((node) => nodeSite(policy, node)));
  if (sites.size > 1) return undefined;
  return [...sites][0] ?? policy.siteName;
}

/** The site of a virtual machine and of its interfaces' VLANs. */
export function guestSite(cluster: { readonly site: string | undefined }, site: string): string {
  return cluster.site ?? site;
}
