/** A guest's config → its disks, and the volumes that are none. */
import { compareNatural } from "../../kernel/natural-order.ts";
import type { GuestKind } from "../../snapshot/paths.ts";
import type { VirtualMachineRef } from "../../entities/schema.ts";
import { isVolumeKey, parseDisk } from "../parse/disk.ts";
import { text } from "../parse/scalar.ts";
import type { Config, ConfigScene } from "./guest-config.ts";
import type { DiskSource } from "./sources.ts";

/** "ide2", "scsi0", "efidisk0": every volume of a config. */
export function volumeKeys(config: Config, kind: GuestKind): string[] {
  return Object.keys(config).filter((key) => isVolumeKey(kind, key)).sort(compareNatural);
}

export function readDisks(
  config: Config,
  guest: { readonly ref: VirtualMachineRef; readonly kind: GuestKind },
  scene: ConfigScene,
): DiskSource[] {
  const { cluster, ledger } = scene;
  return volumeKeys(config, guest.kind).flatMap((key) => {
    const subject = scene.subject(key);
    const disk = parseDisk({ kind: guest.kind, key }, config[key], cluster.policy.diskBaseUnit);
    if ("reason" in disk) {
      ledger.leave(subject, disk.reason, { detail: text(config[key]) });
      return [];
    }
    return [{
      subject,
      cluster,
      config,
      key,
      pool: disk.pool,
      sizeMb: disk.sizeMb,
      guest: guest.ref,
    }];
  });
}
