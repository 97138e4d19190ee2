/** What the readers work with: a node and its answers, a guest of it, and what the whole run shares. */
import type { Found } from "../netbox/objects.ts";
import { compareNatural } from "../base/natural-order.ts";
import type { VirtualMachineRef } from "../netbox/types/virtual-machine.ts";
import type { VLANRef } from "../netbox/types/vlan.ts";
import { type GuestKind, nodeFile, NODES_FOLDER, PATHS } from "../proxmox/endpoints.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import { type Answer, rowsOf, valueOf } from "../proxmox/answers.ts";
import type { NetworkRow } from "../proxmox/rows.ts";
import { text } from "../proxmox/values.ts";
import type { AnswersFile } from "../run-folder/snapshot.ts";
import type { NodeEntry, SnapshotCluster } from "./cluster.ts";
import type { RuledMachine } from "./machine-rules.ts";
import type { Observations } from "./plan/collect.ts";
import { answerIn, clusterAnswer, Ledger } from "./ledger.ts";
import { SharedObjects } from "./shared-objects.ts";
import { SdnNames } from "./sdn.ts";
import { SlugNames } from "./slugs.ts";
import type { ClusterSource, Subject } from "./sources.ts";
import { type AddressedMachine, type KnownPrimary, primaryIn } from "./target/network.ts";
import { NetBoxTarget } from "./target/target.ts";

export interface RunOptions {
  readonly keepsOrigins?: boolean;
  readonly target?: NetBoxTarget;
  readonly observations?: Observations | undefined;
  readonly deprecated?: ReadonlySet<string> | undefined;
}

/** What a transform collects from node to node. */
export class RunState {
  readonly addresses = new AddressClaims();
  /** Host, in the VRF of its zone → the interface that really has it. Only with CLOUD_INIT_ADDRESSES; complete after the first pass. */
  readonly realAddresses = new Map<string, string>();
  readonly macs = new MacHolders();
  /** Of all that becomes an entity: complete after the first pass. */
  readonly names = new SlugNames();
  readonly shared: SharedObjects;
  /** Of VRFs and L2VPNs that are made of SDN. */
  readonly sdnNames = new SdnNames();
  /** The VLAN of a VNet at a site, as the first NIC on it has it. */
  readonly vnetVlans = new Map<string, VLANRef | undefined>();
  /** What NetBox holds. */
  readonly target: NetBoxTarget;
  /** undefined: no plan is made. */
  readonly observations: Observations | undefined;
  /** Natural keys of addresses that the earlier run set to deprecated. */
  readonly deprecated: ReadonlySet<string>;

  constructor(
    { keepsOrigins = false, target = NetBoxTarget.NONE, observations, deprecated }: RunOptions = {},
  ) {
    this.deprecated = deprecated ?? new Set();
    this.shared = new SharedObjects(keepsOrigins, target);
    this.target = target;
    this.observations = observations;
  }
}

/**
 * Which interface has an address. NetBox knows it by its host part and its routing table: the first
 * interface keeps it.
 */
class AddressClaims {
  readonly #holders = new Map<string, string>();
  /** Those that rules put into routing tables. */
  readonly #inVrf = new Set<string>();

  /** undefined: `holder` has it from now on; else which interface has it already. `vrf`: a rule names it. */
  claim(host: string, holder: string, vrf?: string): string | undefined {
    if (vrf !== undefined) this.#inVrf.add(host);
    const key = hostIn(host, vrf);
    const first = this.#holders.get(key);
    if (first === undefined) this.#holders.set(key, holder);
    return first;
  }

  /** In any routing table. */
  has(host: string): boolean {
    return this.#holders.has(host) || this.#inVrf.has(host);
  }
}

/** As addresses are told apart. */
export function hostIn(host: string, vrf: string | undefined): string {
  return vrf === undefined ? host : `${host} ${vrf}`;
}

/**
 * Which interfaces have a MAC address. NetBox's plugin for Diode looks an interface up by its MAC
 * address before its name, so two interfaces with one MAC address could become one.
 * Source: diode-netbox-plugin, docs/matching-criteria-documentation.md, dcim.interface.
 */
class MacHolders {
  readonly #holders = new Map<string, string[]>();

  see(mac: string, holder: string): void {
    const holders = this.#holders.get(mac);
    if (holders === undefined) this.#holders.set(mac, [holder]);
    else if (!holders.includes(holder)) holders.push(holder);
  }

  /** The first in natural order that has it besides `holder`. */
  other(mac: string, holder: string): string | undefined {
    return this.#holders.get(mac)?.filter((each) => each !== holder).sort(compareNatural)[0];
  }
}

export interface NodeInput {
  readonly cluster: SnapshotCluster;
  readonly entry: NodeEntry;
  /** undefined: the snapshot holds no file of the node. */
  readonly answers: AnswersFile | undefined;
}

/** A node of a cluster, with its answers. */
export class NodeContext implements NodeInput {
  readonly cluster: SnapshotCluster;
  readonly entry: NodeEntry;
  readonly answers: AnswersFile | undefined;
  /** What is left out or noted of the node and its guests. */
  readonly ledger: Ledger;
  readonly run: RunState;
  /** Where the listing of all guests is. */
  readonly listing: AnswerRef;
  readonly #file: string;
  #interfaces: ReadonlyMap<string, NetworkRow> | undefined;

  constructor({ cluster, entry, answers }: NodeInput, run: RunState, ledger = new Ledger()) {
    this.cluster = cluster;
    this.entry = entry;
    this.answers = answers;
    this.ledger = ledger;
    this.run = run;
    this.listing = clusterAnswer(PATHS.resources, cluster.label);
    this.#file = nodeFile(entry.node) ?? `${NODES_FOLDER}${entry.node}.json`;
  }

  /** To count what is left out with a node or guest: the same node; all that is found but MAC addresses is dropped. */
  forCounting(): NodeContext {
    const { macs } = this.run;
    return new NodeContext(this, Object.assign(new RunState(), { macs }));
  }

  get source(): ClusterSource {
    return this.cluster.source;
  }

  /** "node/pve1". */
  get what(): string {
    return `node/${this.entry.node}`;
  }

  /** An answer of this node or of its guests. */
  get(path: string): Answer | undefined {
    return this.answers?.get(path);
  }

  /** Where that answer is. */
  at(path: string): AnswerRef {
    return answerIn(this.#file, this.answers?.pathOf(path) ?? path, this.cluster.label);
  }

  /** Interface → its row in the answer about the node's network. */
  get interfaces(): ReadonlyMap<string, NetworkRow> {
    this.#interfaces ??= new Map(
      valueOf(rowsOf(this.get(PATHS.network(this.entry.node))))
        ?.map((row: NetworkRow) => [text(row.iface) ?? "", row]),
    );
    return this.#interfaces;
  }

  /** A thing in the answer about the node's network. */
  networkSubject(what: string): Subject {
    return { what, answer: this.at(PATHS.network(this.entry.node)) };
  }

  /** The primary address that NetBox has of a machine. */
  primaryIn(machine: AddressedMachine): (family: 4 | 6) => KnownPrimary | undefined {
    const { hostTags } = this.cluster;
    return (family) => primaryIn(this.run.target, machine, { family, hostTags });
  }

  /** "vm/101/net0", and of which snapshot when there are several. */
  labelled(what: string): string {
    const { label } = this.cluster;
    return label === undefined ? what : `${what} of ${label}`;
  }
}

/** A guest whose answers are looked up. */
export interface GuestInput {
  readonly node: NodeContext;
  readonly vmid: number;
  readonly kind: GuestKind;
  /** "vm/101". */
  readonly what: string;
  /** undefined: not read. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** Where the config is. */
  readonly configAt: AnswerRef;
}

/** A guest that becomes a virtual machine. */
export interface GuestContext extends GuestInput {
  /** Of the virtual machine, and of the VLANs of its interfaces. */
  readonly site: string;
  readonly ref: VirtualMachineRef;
  /** What NetBox has of it. */
  readonly found: Found | undefined;
  /** undefined: there are no rules. */
  readonly ruled: RuledMachine | undefined;
}
