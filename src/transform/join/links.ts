/** Which interface of a node belongs to which: bond, bridge and device below (ALL_INTERFACES). */
import type { InterfaceRef } from "../../entities/schema.ts";
import { parentOf, portsOf } from "../../snapshot/node-interface.ts";
import { text } from "../../snapshot/scalar.ts";
import type { Port } from "./ports.ts";

export interface Links {
  lag?: InterfaceRef;
  bridge?: InterfaceRef;
  parent?: InterfaceRef;
}

/**
 * Interface → its links. NetBox takes a parent only on a virtual interface and a LAG on all others.
 * Source: netbox dcim/models/device_components.py, Interface.clean.
 */
export function linksOf(ports: readonly Port[]): ReadonlyMap<string, Links> {
  const byName = new Map(ports.map((port) => [port.iface, port]));
  const links = new Map<string, Links>(ports.map((port) => [port.iface, {}]));
  const link = (member: string, as: keyof Links, target: Port | undefined): void => {
    const port = byName.get(member);
    if (port === undefined || target === undefined || port === target) return;
    if (as === "lag" && port.type === "virtual") return;
    const own = links.get(member);
    if (own !== undefined) own[as] = target.ref;
  };
  for (const port of ports) {
    for (const member of [...portsOf(port.row.slaves), ...portsOf(port.row.ovs_bonds)]) {
      link(member, "lag", port);
    }
    for (const member of [...portsOf(port.row.bridge_ports), ...portsOf(port.row.ovs_ports)]) {
      link(member, "bridge", port);
    }
  }
  // What an interface says of itself comes last, and holds.
  for (const port of ports) {
    const bridge = text(port.row.ovs_bridge);
    if (bridge !== undefined) link(port.iface, "bridge", byName.get(bridge));
    const parent = port.type === "virtual" ? parentOf(port.row) : undefined;
    if (parent !== undefined) link(port.iface, "parent", byName.get(parent));
  }
  return links;
}
