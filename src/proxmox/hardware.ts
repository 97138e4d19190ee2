/** Processors, memory, ports and disks: amounts as Proxmox VE writes them, in the units of NetBox. */
import type { GuestKind } from "./endpoints.ts";
import { count, flag, isBlank, number, parsePropertyString, text, textOrNone } from "./values.ts";

const BYTES_PER_MIB = 2 ** 20;
/** Six digits, two of them decimals. Source: netbox virtualization/models/virtualmachines.py, vcpus. */
const MAX_VCPUS = 9999.99;
/** Of NetBox's integers: sizes of disks and memory, speeds. Source: Django, PositiveIntegerField. */
export const MAX_INTEGER = 2 ** 31 - 1;

/** 4, "0.5", 1.999 → 4, 0.5, 2: two decimals; undefined for other values and above the maximum. */
export function vcpusOf(value: unknown): number | undefined {
  return upTo(MAX_VCPUS, Math.round((number(value) ?? NaN) * 100) / 100);
}

/** Of a config; a blank value counts as 1. undefined if one of the two cannot be read. */
export function coresTimesSockets(cores: unknown, sockets: unknown): number | undefined {
  const amount = (value: unknown): number => isBlank(value) ? 1 : number(value) ?? NaN;
  return vcpusOf(amount(cores) * amount(sockets));
}

/** Bytes → MiB, rounded; undefined for other values and above `most`. */
export function mibOf(bytes: unknown, most: number): number | undefined {
  return upTo(most, Math.round((number(bytes) ?? NaN) / BYTES_PER_MIB));
}

/** A config's memory in MiB: an integer up to PVE 8.0, then a text, "4096" or "current=4096". */
export function configMemoryMib(value: unknown, most: number): number | undefined {
  const [current = ""] = text(value)?.replace(/^current=/, "").split(",", 1) ?? [];
  return upTo(most, Math.round(number(current) ?? NaN));
}

function upTo(most: number, amount: number): number | undefined {
  return amount >= 0 && amount <= most ? amount : undefined;
}

/** Source: netbox dcim/constants.py, INTERFACE_MTU_MAX. */
const MAX_MTU_BYTES = 65_536;
const KBPS_PER_MBPS = 1000;

/** "9000" → 9000 bytes; undefined for values that NetBox does not accept. */
export function mtuOf(value: unknown): number | undefined {
  const mtu = count(value);
  return mtu !== undefined && mtu >= 1 && mtu <= MAX_MTU_BYTES ? mtu : undefined;
}

/** Mbps → kbps. Source: netbox dcim/models/device_components.py, Interface.speed: 32 bits. */
export function speedKbps(value: unknown): number | undefined {
  const kbps = Math.round((number(value) ?? 0) * KBPS_PER_MBPS);
  return kbps > 0 && kbps <= MAX_INTEGER ? kbps : undefined;
}

/** A disk, or the reason why a volume is not one. */
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
const VOLUME_KEYS: Readonly<Record<GuestKind, RegExp>> = {
  qemu: /^(?:scsi|virtio|ide|sata|efidisk|tpmstate|unused)\d+$/,
  lxc: /^(?:rootfs|mp\d+|unused\d+)$/,
};
const CLOUD_INIT_REGEXP = /[:/](?:vm-\d+-)?cloudinit(?:\.[a-z0-9]+)?$/i;

/** "scsi0", "efidisk0", "unused0": a volume, mapped or not, among the keys of a config. */
export function isVolumeKey(kind: GuestKind, key: string): boolean {
  return VOLUME_KEYS[kind].test(key);
}

/**
 * "local-lvm:vm-100-disk-0,iothread=1,size=32G" → { pool: "local-lvm", sizeMb: 32768 }
 * "local:iso/debian.iso,media=cdrom" → { reason: "cdrom" }
 * Source: PVE/QemuServer/Drive.pm ($drivedesc_base), PVE/LXC/Config.pm ($rootfs_desc, $mp_desc).
 */
export function parseDisk(
  { kind, key }: { readonly kind: GuestKind; readonly key: string },
  text: unknown,
  base: 1000 | 1024,
): Disk {
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
  // A path of the node, mounted into the container: its size is that of the node's file system.
  if (kind === "lxc" && file.startsWith("/")) return { reason: "bind-mount" };
  if (sizeMb === 0) return { reason: "no-size" };
  const colon = file.startsWith("/") ? -1 : file.indexOf(":");
  return colon > 0 ? { pool: file.slice(0, colon), sizeMb } : { sizeMb };
}

const SIZE_REGEXP = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:iB)?)?$/;
const POWERS: Readonly<Record<string, number>> = { "": 0, K: 1, M: 2, G: 3, T: 4 };

/**
 * "32G", "2252M", "1000204632K", "1.5T", "8GiB", "4194304" (bytes) → MB, rounded, at least 1; 0 for a size of 0 ("0T": a
 * directory without a limit); undefined for other texts. With base 1024 an MB is a MiB, as in NetBox up to 4.0.
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

/**
 * "uuid=…,serial=U04tMDAx,base64=1" → "SN-001"; null: none; undefined: cannot be parsed.
 * Source: PVE/QemuServer.pm, $smbios1_fmt.
 */
export function serialOf(smbios: unknown): string | null | undefined {
  const written = textOrNone(smbios);
  if (typeof written !== "string") return written;
  const pairs = parsePropertyString(written, "uuid");
  if (pairs === undefined) return undefined;
  const serial = pairs.get("serial");
  if (isBlank(serial)) return null;
  const isEncoded = flag(pairs.get("base64") ?? false) ?? false;
  const decoded = isEncoded ? decodeBase64(serial ?? "") : serial;
  return decoded === undefined ? undefined : textOrNone(decoded);
}

function decodeBase64(value: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(value), (unit) => unit.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
