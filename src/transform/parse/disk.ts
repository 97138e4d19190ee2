/**
 * "local-lvm:vm-100-disk-0,iothread=1,size=32G" → { pool: "local-lvm", sizeMb: 32768 }
 * "local:iso/debian.iso,media=cdrom" → { reason: "cdrom" }
 * Source: PVE/QemuServer/Drive.pm ($drivedesc_base), PVE/LXC/Config.pm ($rootfs_desc, $mp_desc).
 */
import type { Reason } from "../../entities/left-out.ts";
import type { GuestKind } from "../../snapshot/paths.ts";
import { parsePropertyString } from "../../snapshot/property-string.ts";
import { parseSizeMb } from "./size.ts";

/** A disk, or why it is none. */
export type Disk =
  | { readonly pool?: string; readonly sizeMb: number }
  | { readonly reason: Reason };

const DISK_KEYS: Readonly<Record<GuestKind, RegExp>> = {
  qemu: /^(?:scsi|virtio|ide|sata)\d+$/,
  lxc: /^(?:rootfs|mp\d+)$/,
};
const CLOUD_INIT_REGEXP = /[:/](?:vm-\d+-)?cloudinit(?:\.[a-z0-9]+)?$/i;

export function parseDisk(
  volume: { readonly kind: GuestKind; readonly key: string },
  text: unknown,
  base: 1000 | 1024,
): Disk {
  const { kind, key } = volume;
  if (!DISK_KEYS[kind].test(key)) return { reason: "not-in-mapping" };
  const pairs = typeof text === "string" ? parsePropertyString(text, "file") : undefined;
  const file = pairs?.get("file") ?? pairs?.get("volume");
  if (pairs === undefined || file === undefined || file === "") return { reason: "unparsable" };
  const size = pairs.get("size");
  const sizeMb = size === undefined ? 0 : parseSizeMb(size, base);
  if (sizeMb === undefined) return { reason: "unparsable" };
  if (pairs.get("media") === "cdrom" || file === "cdrom") return { reason: "cdrom" };
  if (file === "none") return { reason: "no-volume" };
  if (CLOUD_INIT_REGEXP.test(file)) return { reason: "cloud-init" };
  // A path of the node, mounted into the container: it has a size on the node, not here.
  if (kind === "lxc" && file.startsWith("/")) return { reason: "bind-mount" };
  if (sizeMb === 0) return { reason: "no-size" };
  const colon = file.startsWith("/") ? -1 : file.indexOf(":");
  return colon > 0 ? { pool: file.slice(0, colon), sizeMb } : { sizeMb };
}
