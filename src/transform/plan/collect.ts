/** What transform notices about objects of NetBox while it reads the answers: the plan is made of it. */
import { canonicalHost } from "../../base/ip-address.ts";
import type { Found } from "../../netbox/objects.ts";
import type { NetBoxObject } from "../../netbox/types/object-type.ts";
import type { SurveyedName } from "../../netbox/types/surveyed.ts";
import type { AnswerRef } from "../../run-folder/left-out.ts";
import type { Subject } from "../sources.ts";
import type { HeldAddress } from "../target/target.ts";

/** An object that was found although Proxmox VE has another name for it. */
export interface OtherName {
  readonly type: "virtual-machine" | "vm-interface" | "interface";
  readonly object: NetBoxObject;
  /** The name that it would get in an empty NetBox. */
  readonly to: string;
  /** By what it was found. */
  readonly by: "VMID" | "MAC address" | "alternative name";
  readonly subject: Subject;
}

/** An object whose field, by which Diode finds it, has another value than a rule says. */
export interface OtherValue {
  readonly type: "virtual-machine" | "device" | "ip-address";
  readonly object: NetBoxObject;
  readonly field: "tenant" | "vrf";
  readonly to: TypedObject;
  /** 'tenant "Customer A" (policy.yaml:3)' */
  readonly rule: string;
  readonly subject: Subject;
}

/** An object, and its type. */
export interface TypedObject {
  readonly type: SurveyedName;
  readonly object: NetBoxObject;
}

/** An address that a run gives to one machine, and NetBox has as the primary address of another one. */
export interface ContestedAddress extends HeldAddress {
  readonly host: string;
  /** What has it now. */
  readonly subject: Subject;
}

/** What was read of a guest or node that NetBox has. */
export interface SeenMachine {
  readonly found: Found;
  readonly subject: Subject;
  /** Families of which all its addresses are known. */
  readonly families: readonly (4 | 6)[];
  /** The answers that its addresses come from. */
  readonly answers: readonly AnswerRef[];
  /** Of a guest: are all NICs, disks and own tags known? */
  readonly isNicsRead?: boolean;
  readonly isDisksRead?: boolean;
  readonly isTagsRead?: boolean;
  /** Of a node: the names of all interfaces that it has, sent or not; undefined: not all are known. */
  readonly ports?: ReadonlySet<string> | undefined;
}

export class Observations {
  readonly otherNames: OtherName[] = [];
  readonly otherValues: OtherValue[] = [];
  readonly contested: ContestedAddress[] = [];
  readonly machines = new Map<NetBoxObject, SeenMachine>();
  /** Addresses that machines have in the answers, and do not get. */
  readonly #unassigned = new Map<NetBoxObject, Set<string>>();

  seeMachine(machine: SeenMachine): void {
    this.machines.set(machine.found.object, machine);
  }

  /** An address, with a mask or not, that the machine has and that is not given to it. */
  seeUnassigned(machine: Found | undefined, address: string): void {
    const host = canonicalHost(address.split("/", 1)[0] ?? "");
    if (machine === undefined || host === undefined) return;
    const hosts = this.#unassigned.get(machine.object) ?? new Set();
    this.#unassigned.set(machine.object, hosts.add(host));
  }

  hasUnassigned(machine: NetBoxObject, host: string): boolean {
    return this.#unassigned.get(machine)?.has(host) ?? false;
  }
}
