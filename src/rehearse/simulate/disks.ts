/** A guest → the disk entries of its config, in Proxmox's own spelling. */
import type { Guest } from "./guest.ts";
import type { Random, Weighted } from "../random.ts";

/** Config keys and their strings. */
export type Entries = Record<string, string>;

interface Storage {
  readonly name: string;
  /** Keeps files in a folder per guest, not volumes. */
  readonly isFile: boolean;
}

const STORAGES: Weighted<Storage> = [
  [30, { name: "local-lvm", isFile: false }],
  [20, { name: "local-zfs", isFile: false }],
  [40, { name: "ceph-rbd", isFile: false }],
  [10, { name: "nfs-vm", isFile: true }],
];
const BUSES: Weighted<string> = [[80, "scsi"], [12, "virtio"], [5, "sata"], [3, "ide"]];
const VM_OPTIONS = [
  "iothread=1",
  "discard=on,iothread=1,ssd=1",
  "cache=writeback,discard=on",
  "backup=0",
] as const;
const MOUNT_OPTIONS = [
  "",
  ",backup=1",
  ",quota=1",
  ",mountoptions=noatime;discard",
  ",ro=1",
] as const;
const UNITS = ["M", "G", "T"] as const;

/** MiB → "32G", "2252M", "1T": the largest unit that divides exactly. Source: PVE/JSONSchema.pm, format_size. */
export function sizeText(mib: number): string {
  let size = mib;
  let unit = 0;
  while (unit < 2 && size % 1024 === 0) {
    size /= 1024;
    unit += 1;
  }
  return `${size}${UNITS[unit]}`;
}

/** Disks, CD drive, cloud-init, firmware and TPM state, a detached volume, a disk passed through. */
export function vmDisks(guest: Guest, random: Random): Entries {
  const bus = random.weighted(BUSES);
  const isUefi = random.chance(guest.system.family === "windows" ? 0.9 : 0.2);
  const disks: Entries = {};
  for (const [number, mib] of guest.disksMib.entries()) {
    disks[`${bus}${number}`] = vmDisk(guest, { random, number, mib });
  }
  if (bus !== "ide") Object.assign(disks, cdDrive(guest, random));
  const next = guest.disksMib.length;
  const storage = random.weighted(STORAGES);
  if (isUefi) {
    const size = random.pick(["4M", "528K", "1M"]);
    const place = volume(guest, { storage, number: next });
    disks.efidisk0 = `${place},efitype=4m,pre-enrolled-keys=1,size=${size}`;
  }
  if (isUefi && guest.system.ostype === "win11") {
    const place = volume(guest, { storage, number: next + 1 });
    disks.tpmstate0 = `${place},size=4M,version=v2.0`;
  }
  if (random.chance(0.04)) disks.unused0 = volume(guest, { storage, number: next + 2 });
  if (random.chance(0.005)) disks.scsi20 = passedThrough(random);
  return disks;
}

/** rootfs and mount points; some of those are folders or devices of the node. */
export function containerDisks(guest: Guest, random: Random): Entries {
  const disks: Entries = {};
  for (const [number, mib] of guest.disksMib.entries()) {
    const place = volume(guest, { storage: random.weighted(STORAGES), number });
    // "0T" is a folder without a limit.
    const size = random.chance(0.004) ? "0T" : sizeText(mib);
    if (number === 0) disks.rootfs = `${place},size=${size}`;
    else {disks[`mp${number - 1}`] = `${place},mp=/srv/data${number},size=${size}${
        random.pick(MOUNT_OPTIONS)
      }`;}
  }
  if (random.chance(0.07)) disks.mp8 = "/srv/shared,mp=/mnt/shared";
  if (random.chance(0.005)) disks.mp9 = "/dev/sdb1,mp=/mnt/usb";
  if (random.chance(0.02)) {
    disks.unused0 = volume(guest, { storage: random.weighted(STORAGES), number: 9 });
  }
  return disks;
}

function vmDisk(guest: Guest, disk: { random: Random; number: number; mib: number }): string {
  const { random, number, mib } = disk;
  const place = volume(guest, { storage: random.weighted(STORAGES), number });
  const options = random.pick(VM_OPTIONS);
  const size = `size=${sizeText(mib)}`;
  if (random.chance(0.01)) return `file=${place},${size}`;
  if (random.chance(0.03)) return cloned(guest, { place, number }) + `,${size}`;
  // The size may stand anywhere.
  return random.chance(0.2) ? `${place},${size},${options}` : `${place},${options},${size}`;
}

/** A linked clone: the template's volume, then its own. */
function cloned(guest: Guest, disk: { place: string; number: number }): string {
  const [storage = ""] = disk.place.split(":");
  return `${storage}:base-9000-disk-${disk.number}/vm-${guest.vmid}-disk-${disk.number}`;
}

function cdDrive(guest: Guest, random: Random): Entries {
  const { name } = random.weighted(STORAGES);
  const drive = random.weighted([
    [50, "none,media=cdrom"],
    [8, "local:iso/debian-12.11.0-amd64-netinst.iso,media=cdrom,size=670M"],
    [2, "cdrom,media=cdrom"],
    [10, `${name}:vm-${guest.vmid}-cloudinit,media=cdrom`],
    [8, `${name}:vm-${guest.vmid}-cloudinit,media=cdrom,size=4M`],
    [2, `local:${guest.vmid}/vm-${guest.vmid}-cloudinit.qcow2,media=cdrom,size=4M`],
    [20, ""],
  ]);
  if (drive === "") return {};
  // Nothing keeps cloud-init from any other bus.
  return { [drive.includes("cloudinit") && random.chance(0.1) ? "scsi15" : "ide2"]: drive };
}

function passedThrough(random: Random): string {
  const path = `/dev/disk/by-id/ata-ST4000NM0035_${random.hex(8).toUpperCase()}`;
  return random.chance(0.5) ? `${path},size=3907018584K` : path;
}

function volume(guest: Guest, at: { storage: Storage; number: number }): string {
  const { storage, number } = at;
  const name = `${guest.isTemplate ? "base" : "vm"}-${guest.vmid}-disk-${number}`;
  if (!storage.isFile) return `${storage.name}:${name}`;
  return `${storage.name}:${guest.vmid}/${name}.${guest.kind === "lxc" ? "raw" : "qcow2"}`;
}
