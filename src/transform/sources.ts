/**
 * Input records of the mapping tables: the joined answers of a guest or node. A slot that is named as an
 * answer (`resources`, `config`, …) holds that answer's row as Proxmox sent it, or is absent when it
 * was not read; all other slots are made from those and the policy.
 */
import type { Address } from "../base/ip-address.ts";
import type { Findable } from "../netbox/objects.ts";
import type { ClusterRef } from "../netbox/types/cluster.ts";
import type { DevicePolicy, DeviceRef } from "../netbox/types/device.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import type { InterfaceRef, InterfaceType } from "../netbox/types/interface.ts";
import type { IPAddressRef } from "../netbox/types/ip-address.ts";
import type { L2VPNRef } from "../netbox/types/l2vpn.ts";
import type { PlatformRef } from "../netbox/types/platform.ts";
import type { VirtualMachineRef } from "../netbox/types/virtual-machine.ts";
import type { VLANRef } from "../netbox/types/vlan.ts";
import type { VMInterfaceRef } from "../netbox/types/vm-interface.ts";
import type { GuestKind } from "../proxmox/endpoints.ts";
import type { Net } from "../proxmox/nics.ts";
import type { AnswerRows } from "../proxmox/rows.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import type { AddressDecision, InterfaceDecision, MachineDecision } from "./rules/match.ts";
import type { Policy } from "./policy.ts";

/** The answers of a thing; absent means not read. */
export type AnswersOf<Name extends keyof AnswerRows> = { readonly [N in Name]?: AnswerRows[N] };

/** A thing, by its name in left-out.json, and the answer that it was read from. */
export interface Subject {
  readonly what: string;
  readonly answer: AnswerRef;
}

/** What a thing was read from: its name in left-out.json, its answers, and where each of them is. */
export type Origin<Name extends keyof AnswerRows = keyof AnswerRows> =
  & AnswersOf<Name>
  & Findable
  & {
    readonly subject: Subject;
    /** Where its answers are, read or not. */
    readonly places: { readonly [N in Name]?: AnswerRef };
    /** "net0", "scsi0": the key in the config that a row calls `netN` or `diskN`. */
    readonly key?: string;
    /** What the rules of the policy file say about it. */
    readonly rules?: RuledValues | undefined;
  };

/** Of a machine, an interface or an address. */
export type RuledValues =
  & Partial<MachineDecision["values"]>
  & Partial<InterfaceDecision["values"]>
  & Partial<AddressDecision["values"]>;

export interface ClusterSource extends Origin<"clusterStatus"> {
  readonly policy: Policy;
  /** In NetBox. */
  readonly name: string;
  /** By Proxmox VE or the settings. */
  readonly called: string;
  /** The cluster's scope; absent when its nodes are in several sites. */
  readonly site: string | undefined;
  readonly capturedAt: string;
  readonly ref: ClusterRef;
  /** The global tags and the host's. */
  readonly tags: readonly TagRef[];
  readonly hostTag: string;
}

/** With NETWORK_DEPTH=full: the mode of an interface, and stubs of its VLANs. */
export interface SentVlans {
  readonly mode: "access" | "tagged" | "tagged-all";
  readonly untagged: VLANRef | undefined;
  /** undefined: not all of them can be sent, and Diode would remove the others from the list in NetBox. */
  readonly tagged: readonly VLANRef[] | undefined;
}

export interface NodeSource extends Origin<"nodes" | "clusterStatus" | "nodeStatus"> {
  readonly cluster: ClusterSource;
  /** As Proxmox calls it. */
  readonly node: string;
  /** Its name in NetBox. */
  readonly name: string;
  readonly site: string;
  readonly ref: DeviceRef;
  /** With what rules say about its type, manufacturer and role. */
  readonly policy: DevicePolicy;
  /** The cluster's, and those of rules. */
  readonly tags: readonly TagRef[];
  /** Of its type, manufacturer and role, which the devices of all clusters share. */
  readonly sharedTags: readonly TagRef[];
  readonly platform: PlatformRef | undefined;
  readonly primary: Primary;
}

export interface InterfaceSource extends Origin<"network"> {
  readonly cluster: ClusterSource;
  readonly name: string;
  readonly type: InterfaceType;
  readonly device: DeviceRef;
  readonly ref: InterfaceRef;
  /** Only with ALL_INTERFACES. */
  readonly lag: InterfaceRef | undefined;
  readonly bridge: InterfaceRef | undefined;
  readonly parent: InterfaceRef | undefined;
  /** Only with ALL_INTERFACES or NETWORK_DEPTH=full. */
  readonly mac: string | undefined;
  readonly vlans: SentVlans | undefined;
  /** Only with NETWORK_DEPTH=full. */
  readonly description: string | undefined;
}

export interface GuestSource extends Origin<"resources" | "config" | "osinfo"> {
  readonly cluster: ClusterSource;
  readonly vmid: number;
  readonly kind: GuestKind;
  readonly node: string;
  readonly name: string;
  readonly site: string;
  readonly ref: VirtualMachineRef;
  /** The cluster's and its own. */
  readonly tags: readonly TagRef[];
  readonly platform: PlatformRef | null | undefined;
  readonly primary: Primary;
  /** Only with GUEST_SERIAL. */
  readonly serial?: string | undefined;
  /** GONE_STATUS: Proxmox VE has no such guest any more. */
  readonly goneStatus?: "offline" | "decommissioning" | undefined;
}

/** `network`: the row of its bridge, with NETWORK_DEPTH=full. */
export interface NicSource extends Origin<"config" | "network" | "sdnZones" | "sdnVnets"> {
  readonly cluster: ClusterSource;
  readonly key: string;
  readonly name: string;
  readonly net: Net;
  readonly ref: VMInterfaceRef;
  readonly vlan: VLANRef | undefined;
  readonly vlans: SentVlans | undefined;
  /** Without a VLAN: does it have none? */
  readonly isVlanKnown: boolean;
  /** Of the EVPN zone that it is in. */
  readonly vrf?: string | undefined;
  /** Its place in the L2VPN of its VNet. */
  readonly termination?: L2vpnTerminationSource | undefined;
}

export interface L2vpnTerminationSource extends Origin<"config" | "sdnZones" | "sdnVnets"> {
  readonly cluster: ClusterSource;
  readonly l2vpn: L2VPNRef;
  readonly nic: VMInterfaceRef;
}

export interface DiskSource extends Origin<"config"> {
  readonly cluster: ClusterSource;
  readonly key: string;
  readonly pool?: string;
  readonly sizeMb: number;
  readonly guest: VirtualMachineRef;
}

export interface AddressSource extends
  Origin<
    | "network"
    | "config"
    | "agentInterfaces"
    | "lxcInterfaces"
    | "resources"
    | "sdnZones"
    | "sdnVnets"
  > {
  readonly cluster: ClusterSource;
  readonly address: Address;
  readonly ref: IPAddressRef;
  /** Cloud-init is to give it to the guest: it is not known to have it. */
  readonly isIntended?: boolean;
  /** Of the machine whose interface it is assigned to. */
  readonly isPrimary: boolean;
  /** Of a guest that is gone, or that has returned; else the user's value stays. */
  readonly status?: "active" | "deprecated" | undefined;
}

/** By family. null: the answers were read, and have no address; undefined: there may be one. */
export interface Primary {
  readonly 4: IPAddressRef | null | undefined;
  readonly 6: IPAddressRef | null | undefined;
}

/** An object of several things. */
export interface SharedSource extends Findable {
  /** What it was seen on, in the order of the answers; empty without `keepOrigins`. */
  readonly origins: readonly Origin[];
}
/** Its tags and its time come from all clusters that hold it. */
export interface TaggedSource extends SharedSource {
  readonly tags: readonly TagRef[];
}
