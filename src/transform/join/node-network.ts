/** A node's network answer → its interfaces, addresses, VLANs and networks. */
import type { DeviceRef } from "../../entities/schema.ts";
import type { NetworkRow } from "../../snapshot/rows.ts";
import { type Address, type AddressReason, isReadable, networkOf } from "../parse/address.ts";
import { macOf } from "../parse/node-interface.ts";
import { vlanIdOf } from "../../snapshot/node-interface.ts";
import { number, text } from "../../snapshot/scalar.ts";
import { nodeAddressRef } from "../stubs.ts";
import { linksOf } from "./links.ts";
import { leaveMisfits } from "./misfits.ts";
import { isLoopback, isMissing, isOpen, type Port, readPorts } from "./ports.ts";
import { markPrimary, primaryOf } from "./primary.ts";
import type { NodeScene } from "./scene.ts";
import type { AddressSource, InterfaceSource, Primary } from "./sources.ts";

/** What a node's network holds for NetBox. */
export interface NodeNetwork {
  /** In natural order of their names. */
  readonly interfaces: readonly InterfaceSource[];
  readonly addresses: readonly AddressSource[];
  /** An address that is not in the interfaces file is told by no answer. */
  readonly primary: Primary;
  /** All things that the answer holds, left out or not. */
  readonly things: { readonly interfaces: number; readonly addresses: number };
}

export function readNetwork(
  rows: readonly Readonly<Record<string, unknown>>[],
  device: DeviceRef,
  scene: NodeScene,
): NodeNetwork {
  const ports = readPorts(rows, device, scene);
  const { allInterfaces } = scene.cluster.policy;
  const isSent = (port: Port): boolean => !isLoopback(port) && !isMissing(port);
  const links = allInterfaces ? linksOf(ports.filter(isSent)) : undefined;
  const interfaces: InterfaceSource[] = [];
  const addresses: (AddressSource & { readonly port: Port })[] = [];
  for (const port of ports) {
    seeVlan(port, scene);
    const { subject } = port.origin;
    if (isLoopback(port)) scene.ledger.leave(subject, "loopback");
    else if (!allInterfaces && !port.found.some(({ address }) => isReadable(address))) {
      scene.ledger.leave(subject, "no-address");
    } else if (isMissing(port)) scene.ledger.leave(subject, "missing-device");
    else {
      leaveMisfits(port.origin, scene.ledger);
      interfaces.push(interfaceSource(port, device, { scene, links: links?.get(port.iface) }));
    }
    for (const { text, address, network } of port.found) {
      if (network !== undefined && !isLoopback(port)) seeNetwork(network, port.origin, scene);
      const source = keepAddress(port, isLoopback(port) ? "loopback" : address, { text, scene });
      if (source !== undefined) addresses.push({ ...source, port });
    }
  }
  const byPriority = addresses.toSorted((a, b) => priorityOf(a.port.row) - priorityOf(b.port.row));
  // What could not be read, or was kept back, may be the very address that NetBox has.
  const isRead = scene.isNetworkWhole && rows.every(({ iface }) => text(iface) !== undefined) &&
    ports.every(({ found }) => found.every(({ address }) => isReadable(address)));
  const primary: Primary = scene.isNetworkFiltered
    ? { 4: undefined, 6: undefined }
    : primaryOf(byPriority, (family) => isRead && !ports.some((port) => isOpen(port, family)));
  return {
    interfaces,
    addresses: markPrimary(addresses, primary),
    primary,
    things: {
      interfaces: ports.length,
      addresses: ports.reduce((sum, { found }) => sum + found.length, 0),
    },
  };
}

function interfaceSource(
  port: Port,
  device: DeviceRef,
  { scene, links }: {
    readonly scene: NodeScene;
    readonly links: ReturnType<ReturnType<typeof linksOf>["get"]>;
  },
): InterfaceSource {
  return {
    ...port.origin,
    cluster: scene.cluster,
    name: port.name,
    type: port.type,
    device,
    ref: port.ref,
    lag: links?.lag,
    bridge: links?.bridge,
    parent: links?.parent,
    mac: scene.cluster.policy.allInterfaces ? seeMac(port, scene) : undefined,
  };
}

function seeMac(port: Port, scene: NodeScene): string | undefined {
  const { mac, refused } = macOf(port.row);
  if (refused !== undefined) {
    const subject = scene.subject(`${port.origin.subject.what}/mac`);
    scene.ledger.leave(subject, refused.reason, { detail: refused.written });
  }
  if (mac !== undefined) scene.macs.see(mac, macHolder(port, scene));
  return mac;
}

function macHolder({ name }: Pick<Port, "name">, scene: NodeScene): string {
  return scene.labelled(`${scene.what}/${name}`);
}

/** The same interfaces, once the MAC addresses of all others are known; one that two have is none. */
export function withOwnMacs(
  interfaces: readonly InterfaceSource[],
  scene: NodeScene,
): InterfaceSource[] {
  return interfaces.map((source) => {
    const { mac } = source;
    const other = mac === undefined ? undefined : scene.macs.other(mac, macHolder(source, scene));
    if (other === undefined) return source;
    const subject = scene.subject(`${source.subject.what}/mac`);
    scene.ledger.leave(subject, "duplicate-mac", { detail: `${mac} of ${other}` });
    return { ...source, mac: undefined };
  });
}

function keepAddress(
  port: Port,
  address: Address | AddressReason,
  { text, scene }: { readonly text: string; readonly scene: NodeScene },
): AddressSource | undefined {
  const holder = port.origin.subject.what;
  const subject = scene.subject(`${holder}/${text}`);
  if (typeof address === "string") {
    scene.ledger.leave(subject, address);
    return undefined;
  }
  seePrefix(address, { text, origin: port.origin }, scene);
  const first = scene.claims.claim(address.host, scene.labelled(holder));
  if (first !== undefined) {
    scene.ledger.leave(subject, "duplicate-address", { detail: first });
    return undefined;
  }
  return {
    ...port.origin,
    subject,
    cluster: scene.cluster,
    address,
    ref: nodeAddressRef(address.cidr, port.ref),
    isPrimary: false,
  };
}

function seePrefix(
  { host, prefixLength, family }: Address,
  { text, origin }: { readonly text: string; readonly origin: Port["origin"] },
  scene: NodeScene,
): void {
  if (prefixLength === (family === 4 ? 32 : 128)) {
    scene.ledger.leave(scene.subject(`${origin.subject.what}/prefix/${text}`), "host-route");
    return;
  }
  const network = networkOf(host, prefixLength);
  if (network !== undefined) seeNetwork(network, origin, scene);
}

function seeNetwork(network: string, origin: Port["origin"], scene: NodeScene): void {
  const { site, cluster, shared } = scene;
  const { answer } = origin.subject;
  shared.prefixes.see(`${network} ${site}`, { cluster, origin }, () => ({ network, site, answer }));
}

function seeVlan({ row, origin }: Port, { site, cluster, shared, ...scene }: NodeScene): void {
  if (row.type !== "vlan") return;
  const vid = vlanIdOf(row);
  if (vid === undefined) {
    scene.ledger.leave(scene.subject(`${origin.subject.what}/vlan`), "unparsable");
  } else shared.seeVlan(vid, site, { cluster, origin });
}

/** Interfaces that are not in /etc/network/interfaces have none, and come last. */
function priorityOf(row: NetworkRow): number {
  return number(row.priority) ?? Number.MAX_SAFE_INTEGER;
}
