/**
 * "local-lvm:vm-100-disk-0,iothread=1,size=32G" → { pool: "local-lvm", sizeMb: 32768 }
 * "local:iso/debian.iso,media=cdrom" → { reason: "cdrom" }
 * Source: PVE/QemuServer/Drive.pm ($drivedesc_base), PVE/LXC/Config.pm ($rootfs_desc, $mp_desc).
 */
import type { GuestKind } from "./endpoints.ts";
import { parsePropertyString } from "./values.ts";

/** A disk, or why it is none. */
export type Disk =
  | { readonly pool?: string; readonly sizeMb: number }
  | {
    readonly reason:
      | "bind-mount"
      | "cdrom"
      | "cloud-init"
      | "no-size"
      | "no-volume"
      | "not-in-mapping"
      | "unparsable";
  };

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

/** "32G", "2252M", "1000204632K", "1.5T", "8GiB", "4194304" (bytes) → megabytes. */

const SIZE_REGEXP = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:iB)?)?$/;
const POWERS: Readonly<Record<string, number>> = { "": 0, K: 1, M: 2, G: 3, T: 4 };

/** What NetBox's integers hold: sizes of disks and memory, speeds. Source: Django, PositiveIntegerField. */
export const MAX_INTEGER = 2 ** 31 - 1;

/**
 * Nearest whole MB, at least 1; 0 for a size of nothing ("0", "0T": a directory without a limit);
 * undefined when the text is no size. With base 1024 an MB is a MiB, as NetBox up to 4.0 had it.
 * Source: PVE/JSONSchema.pm, parse_size and format_size.
 */
export function parseSizeMb(text: string, base: 1000 | 1024): number | undefined {
  const [, amount, unit = ""] = SIZE_REGEXP.exec(text.trim()) ?? [];
  const power = POWERS[unit];
  if (amount === undefined || power === undefined) return undefined;
  const mb = Number(amount) * base ** (power - 2);
  if (mb === 0) return 0;
  return Math.round(mb) <= MAX_INTEGER ? Math.max(1, Math.round(mb)) : undefined;
}
