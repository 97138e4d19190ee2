/** A guest's config → its disks, and the volumes that are none. */
import { parseDisk } from "../parse/disk.ts";
import { text } from "../../snapshot/scalar.ts";
import type { ConfigParts, ConfigScene } from "./guest-config.ts";
import type { DiskSource } from "./sources.ts";

export function readDisks({ config, volumeKeys }: ConfigParts, at: ConfigScene): DiskSource[] {
  const { scene: { cluster, ledger }, kind, ref, places } = at;
  const disks: DiskSource[] = [];
  for (const key of volumeKeys) {
    const subject = at.subject(key);
    const volume = text(config[key]);
    const disk = parseDisk({ kind, key }, volume, cluster.policy.diskBaseUnit);
    if ("reason" in disk) ledger.leave(subject, disk.reason, { detail: volume });
    else {disks.push({
        subject,
        places,
        cluster,
        config,
        key,
        pool: disk.pool,
        sizeMb: disk.sizeMb,
        guest: ref,
      });}
  }
  return disks;
}
