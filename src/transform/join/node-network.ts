/** A node's network answer → its interfaces, addresses, VLANs and networks. */
import type {
  DeviceRef,
  InterfaceRef,
  InterfaceType,
  IPAddressRef,
} from "../../entities/schema.ts";
import { compareNatural } from "../../kernel/natural-order.ts";
import type { NetworkRow } from "../../snapshot/rows.ts";
import { type Address, parseAddress, splitCidr } from "../parse/address.ts";
import { cutName, MAX_NAME } from "../parse/name.ts";
import { vlanIdOf } from "../parse/node-interface.ts";
import { number, text } from "../parse/scalar.ts";
import { interfaceRef, nodeAddressRef } from "../stubs.ts";
import { interfaceType } from "../values.ts";
import { linksOf } from "./links.ts";
import type { NodeScene } from "./scene.ts";
import type { AddressSource, InterfaceSource } from "./sources.ts";

/** What a node's network holds for NetBox. */
export interface NodeNetwork {
  /** In natural order of their names. */
  readonly interfaces: readonly InterfaceSource[];
  readonly addresses: readonly AddressSource[];
  /** null: read, and there is none. */
  readonly primary4: IPAddressRef | null;
  readonly primary6: IPAddressRef | null;
  /** All things that the answer holds, left out or not. */
  readonly things: { readonly interfaces: number; readonly addresses: number };
}

/** An interface of the answer, before it is known whether NetBox gets it. */
interface Port {
  readonly row: NetworkRow;
  readonly iface: string;
  readonly name: string;
  readonly type: InterfaceType;
  readonly ref: InterfaceRef;
}

const FAMILIES = [
  { cidr: "cidr", address: "address", netmask: "netmask" },
  { cidr: "cidr6", address: "address6", netmask: "netmask6" },
] as const;

export function readNetwork(
  rows: readonly Readonly<Record<string, unknown>>[],
  device: DeviceRef,
  scene: NodeScene,
): NodeNetwork {
  const ports = rows.flatMap((row) => portOf(row, device, scene))
    .sort((a, b) => compareNatural(a.iface, b.iface));
  const links = scene.cluster.policy.allInterfaces ? linksOf(ports) : undefined;
  const interfaces: InterfaceSource[] = [];
  const addresses: (AddressSource & { readonly port: Port })[] = [];
  let count = 0;
  for (const port of ports) {
    seeVlan(port, scene);
    const found = addressesOf(port);
    count += found.length;
    const isLoopback = port.iface === "lo" || found.some(({ address }) => address === "loopback");
    const isResolvable = found.some(({ address }) =>
      address !== "unparsable" && address !== "bad-prefix"
    );
    const what = scene.subject(`${scene.what}/${port.iface}`);
    if (isLoopback) scene.ledger.leave(what, "loopback");
    else if (!isResolvable && !scene.cluster.policy.allInterfaces) {
      scene.ledger.leave(what, "no-address");
    } else interfaces.push(interfaceSource(port, device, { scene, links: links?.get(port.iface) }));
    for (const { text, address } of found) {
      const source = keepAddress(port, isLoopback ? "loopback" : address, { text, scene });
      if (source !== undefined) addresses.push({ ...source, port });
    }
  }
  const byPriority = addresses.toSorted((a, b) => priorityOf(a.port.row) - priorityOf(b.port.row));
  const primary = (family: 4 | 6): IPAddressRef | null =>
    byPriority.find(({ address }) => address.family === family)?.ref ?? null;
  return {
    interfaces,
    addresses,
    primary4: primary(4),
    primary6: primary(6),
    things: { interfaces: ports.length, addresses: count },
  };
}

function portOf(row: NetworkRow, device: DeviceRef, scene: NodeScene): Port[] {
  const iface = text(row.iface);
  if (iface === undefined) {
    scene.ledger.leave(scene.subject(`${scene.what}/?`), "no-name");
    return [];
  }
  const name = cutName(iface, MAX_NAME);
  if (name !== iface) scene.ledger.note(scene.subject(`${scene.what}/${iface}`), "cut");
  const type = interfaceType(text(row.type) ?? "");
  return [{ row, iface, name, type, ref: interfaceRef(device, name, type) }];
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
    cluster: scene.cluster,
    network: port.row,
    name: port.name,
    type: port.type,
    device,
    ref: port.ref,
    lag: links?.lag,
    bridge: links?.bridge,
    parent: links?.parent,
  };
}

/** One address per family, as Proxmox keeps no more: `cidr` first, else `address` + `netmask`. */
function addressesOf({ row }: Port): { text: string; address: ReturnType<typeof parseAddress> }[] {
  return FAMILIES.flatMap((keys) => {
    const cidr = text(row[keys.cidr]);
    const parsed = cidr === undefined ? undefined : parseAddress(...splitCidr(cidr));
    if (cidr !== undefined && parsed !== undefined && parsed !== "unparsable") {
      return [{ text: cidr, address: parsed }];
    }
    const host = text(row[keys.address]);
    if (host !== undefined) {
      return [{ text: host, address: parseAddress(host, text(row[keys.netmask])) }];
    }
    return cidr === undefined || parsed === undefined ? [] : [{ text: cidr, address: parsed }];
  });
}

function keepAddress(
  port: Port,
  address: ReturnType<typeof parseAddress>,
  { text, scene }: { readonly text: string; readonly scene: NodeScene },
): AddressSource | undefined {
  const holder = `${scene.what}/${port.iface}`;
  const subject = scene.subject(`${holder}/${text}`);
  if (typeof address === "string") {
    scene.ledger.leave(subject, address);
    return undefined;
  }
  seePrefix(address, `${holder}/prefix/${text}`, scene);
  const first = scene.claims.claim(address.host, scene.labelled(holder));
  if (first !== undefined) {
    scene.ledger.leave(subject, "duplicate-address", { detail: first });
    return undefined;
  }
  return {
    cluster: scene.cluster,
    network: port.row,
    address,
    ref: nodeAddressRef(address.cidr, port.ref),
  };
}

function seePrefix(address: Address, what: string, scene: NodeScene): void {
  const { network, prefixLength, family } = address;
  if (prefixLength === (family === 4 ? 32 : 128)) {
    scene.ledger.leave(scene.subject(what), "host-route");
    return;
  }
  const { site } = scene;
  scene.shared.prefixes.see(`${network} ${site}`, scene.cluster, () => ({ network, site }));
}

function seeVlan({ row, iface }: Port, scene: NodeScene): void {
  if (row.type !== "vlan") return;
  const vid = vlanIdOf(row);
  if (vid === undefined) {
    scene.ledger.leave(scene.subject(`${scene.what}/${iface}/vlan`), "unparsable");
  } else scene.shared.seeVlan(vid, scene.site, scene.cluster);
}

/** Interfaces that are not in /etc/network/interfaces have none, and come last. */
function priorityOf(row: NetworkRow): number {
  return number(row.priority) ?? Number.MAX_SAFE_INTEGER;
}
