/** A guest's config, sorted into its parts, and the scene in which they are read. */
import { compareNatural } from "../../kernel/natural-order.ts";
import type { GuestKind } from "../../snapshot/paths.ts";
import type { VirtualMachineRef } from "../../entities/schema.ts";
import type { Scene } from "./scene.ts";
import type { Subject } from "./ledger.ts";
import type { Origin } from "./sources.ts";

export type Config = Readonly<Record<string, unknown>>;

/** A config that was read, with the keys of its NICs and volumes in natural order. */
export interface ConfigParts {
  readonly config: Config;
  /** "net0", "net2", "net10". */
  readonly nicKeys: readonly string[];
  /** "efidisk0", "ide2", "scsi0": every volume, mapped or not. */
  readonly volumeKeys: readonly string[];
}

/** Where the parts of one guest's config are read. */
export interface ConfigScene {
  readonly scene: Scene;
  readonly kind: GuestKind;
  readonly vmid: number;
  readonly ref: VirtualMachineRef;
  /** The site of the virtual machine and of its interfaces' VLANs. */
  readonly guestSite: string;
  /** "net1" → "vm/101/net1" and the answer that it stands in. */
  readonly subject: (part: string) => Subject;
  /** Where the config stands. */
  readonly places: Origin<"config">["places"];
}

const NIC_REGEXP = /^net\d+$/;
const VOLUME_REGEXPS: Readonly<Record<GuestKind, RegExp>> = {
  qemu: /^(?:scsi|virtio|ide|sata|efidisk|tpmstate|unused)\d+$/,
  lxc: /^(?:rootfs|mp\d+|unused\d+)$/,
};

export function partsOf(config: Config, kind: GuestKind): ConfigParts {
  const nicKeys: string[] = [];
  const volumeKeys: string[] = [];
  const volume = VOLUME_REGEXPS[kind];
  for (const key of Object.keys(config)) {
    if (NIC_REGEXP.test(key)) nicKeys.push(key);
    else if (volume.test(key)) volumeKeys.push(key);
  }
  return {
    config,
    nicKeys: nicKeys.sort(compareNatural),
    volumeKeys: volumeKeys.sort(compareNatural),
  };
}
