/** Disks and mount points: what is one, how large it is, which pool it lies in. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Disk, parseDisk } from "../../src/proxmox/hardware.ts";
import type { GuestKind } from "../../src/proxmox/endpoints.ts";
import { REASONS } from "../../src/run-folder/left-out.ts";
import { anyText, anyValue, lookalike } from "../helpers/arbitraries.ts";

function qemu(text: unknown, key = "scsi0"): Disk {
  return parseDisk({ kind: "qemu", key }, text, 1024);
}

function lxc(text: unknown, key = "mp0"): Disk {
  return parseDisk({ kind: "lxc", key }, text, 1024);
}

describe("a disk of a QEMU guest", () => {
  test.each<[string, Disk]>([
    ["local-lvm:vm-100-disk-0,iothread=1,size=32G", { pool: "local-lvm", sizeMb: 32_768 }],
    ["vmdata-1:vm-111-disk-0,size=2252M", { pool: "vmdata-1", sizeMb: 2252 }],
    ["ceph:vm-555-disk-0,discard=on,size=50G,ssd=1", { pool: "ceph", sizeMb: 51_200 }],
    ["local:100/vm-100-disk-0.raw,backup=0,size=2G", { pool: "local", sizeMb: 2048 }],
    ["local:100/base-100-disk-0.raw/101/vm-101-disk-0.qcow2,size=8G", {
      pool: "local",
      sizeMb: 8192,
    }],
    ["zfs:base-9000-disk-0/vm-101-disk-0,size=1T", { pool: "zfs", sizeMb: 1_048_576 }],
    ["file=local-lvm:vm-1-disk-0,size=8G", { pool: "local-lvm", sizeMb: 8192 }],
    ["volume=local-lvm:vm-1-disk-0,size=8G", { pool: "local-lvm", sizeMb: 8192 }],
    ["size=8G,file=local-lvm:vm-1-disk-0", { pool: "local-lvm", sizeMb: 8192 }],
    ["size=8G,local-lvm:vm-1-disk-0", { pool: "local-lvm", sizeMb: 8192 }],
    ["local-lvm:vm-1-disk-0,media=disk,size=528K", { pool: "local-lvm", sizeMb: 1 }],
    ["local-lvm:vm-1-cloudinit-tests,size=8G", { pool: "local-lvm", sizeMb: 8192 }],
    ["/dev/disk/by-id/ata-X,size=1000204632K", { sizeMb: 976_762 }],
    ["/dev/disk/by-path/pci-0000:00:1f.2-ata-1,size=1G", { sizeMb: 1024 }],
  ])("%s is read", (text, expected) => {
    expect(qemu(text)).toEqual(expected);
  });

  test.each<[string, string]>([
    ["none,media=cdrom", "cdrom"],
    ["cdrom,media=cdrom", "cdrom"],
    ["cdrom", "cdrom"],
    ["local:iso/debian-12.iso,media=cdrom,size=649M", "cdrom"],
    ["size=649M,media=cdrom,file=local:iso/debian-12.iso", "cdrom"],
    ["ceph:vm-555-cloudinit,media=cdrom", "cdrom"],
    ["none", "no-volume"],
    ["local-lvm:vm-101-cloudinit,size=4M", "cloud-init"],
    ["local:101/vm-101-cloudinit.qcow2,size=4M", "cloud-init"],
    ["local:101/vm-101-cloudinit.raw", "cloud-init"],
    ["local:cloudinit", "cloud-init"],
    ["/dev/sdb", "no-size"],
    ["local-lvm:vm-1-disk-0", "no-size"],
    ["local-lvm:vm-1-disk-0,size=0", "no-size"],
    ["local-lvm:vm-1-disk-0,size=0T", "no-size"],
    ["local-lvm:vm-1-disk-0,size=huge", "unparsable"],
    ["local-lvm:vm-1-disk-0,size=1G,size=2G", "unparsable"],
    ["local-lvm:vm-1-disk-0,local-lvm:vm-1-disk-1,size=1G", "unparsable"],
    ["size=8G", "unparsable"],
    ["", "unparsable"],
  ])("%s is none: %s", (text, reason) => {
    expect(qemu(text)).toEqual({ reason });
  });

  test.each(["scsi0", "scsi30", "virtio15", "ide0", "ide2", "sata5"])("stands at %s", (key) => {
    expect(qemu("ceph:vm-1-disk-0,size=1G", key)).toEqual({ pool: "ceph", sizeMb: 1024 });
    expect(qemu("ceph:vm-1-cloudinit,size=4M", key)).toEqual({ reason: "cloud-init" });
  });

  test.each(["efidisk0", "tpmstate0", "unused0", "unused255"])(
    "at %s is a volume that the mapping document does not name",
    (key) => {
      expect(qemu("ceph:vm-1-disk-0,size=4M", key)).toEqual({ reason: "not-in-mapping" });
    },
  );

  test.each(["scsihw", "scsi", "net0", "boot", "bootdisk", "ostype", "rootfs", "mp0", "xscsi0"])(
    "is not at %s",
    (key) => {
      expect(qemu("ceph:vm-1-disk-0,size=1G", key)).toEqual({ reason: "not-in-mapping" });
    },
  );
});

describe("a volume of a container", () => {
  test.each<[string, string, Disk]>([
    ["rootfs", "local-lvm:vm-101-disk-0,size=8G", { pool: "local-lvm", sizeMb: 8192 }],
    ["rootfs", "local:101/vm-101-disk-0.raw,size=4G", { pool: "local", sizeMb: 4096 }],
    ["mp0", "ceph:vm-101-disk-1,mp=/data,size=8G,backup=1", { pool: "ceph", sizeMb: 8192 }],
    ["mp255", "volume=ceph:vm-101-disk-1,mp=/data,size=8G", { pool: "ceph", sizeMb: 8192 }],
    ["rootfs", "zfs:subvol-101-disk-0,size=0T", { reason: "no-size" }],
    ["mp1", "/srv/shared,mp=/shared", { reason: "bind-mount" }],
    ["mp1", "mp=/shared,volume=/srv/shared", { reason: "bind-mount" }],
    ["mp1", "/dev/sdb1,mp=/data,size=8G", { reason: "bind-mount" }],
    ["rootfs", "/srv/ct/101", { reason: "bind-mount" }],
    ["unused0", "local-lvm:vm-101-disk-3", { reason: "not-in-mapping" }],
  ])("at %s, %s, is told from what is none", (key, text, expected) => {
    expect(lxc(text, key)).toEqual(expected);
  });

  test.each(["scsi0", "efidisk0", "net0", "mp", "memory"])("is not at %s", (key) => {
    expect(lxc("ceph:vm-1-disk-0,size=1G", key)).toEqual({ reason: "not-in-mapping" });
  });
});

describe("laws", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,12}$/);

  test("the pool and the size are found in any order of the parts", () => {
    const others = ["iothread=1", "ssd=1", "cache=none", "serial=a=b"];
    const order = fc.shuffledSubarray(["file", "size", ...others], { minLength: 6 });
    fc.assert(fc.property(name, order, (pool, parts) => {
      const spelled: Record<string, string> = { file: `file=${pool}:vm-1-disk-0`, size: "size=3G" };
      const text = parts.map((part) => spelled[part] ?? part).join(",");
      expect(qemu(text)).toEqual({ pool, sizeMb: 3072 });
    }));
  });

  test("the pool is the text before the first colon", () => {
    fc.assert(fc.property(name, name, name, (pool, volume, more) => {
      const disk = qemu(`${pool}:${volume}:x${more},size=1G`);
      expect(disk).toEqual({ pool, sizeMb: 1024 });
    }));
  });

  test("the base of a megabyte is the caller's", () => {
    const disk = { kind: "qemu", key: "virtio0" } as const;
    expect(parseDisk(disk, "ceph:a,size=32G", 1000)).toEqual({ pool: "ceph", sizeMb: 32_000 });
  });

  test("no value throws; each is a disk of a size or has a reason of the closed list", () => {
    const keys = fc.constantFrom("scsi0", "ide2", "rootfs", "mp0", "unused0", "net0");
    const words = ["local:", "vm-1-disk-0", "cloudinit", "none", "/dev/sda", "size", "=", ",", "G"];
    const text = fc.oneof(anyText(), anyValue(), lookalike(...words));
    const kinds = fc.constantFrom<GuestKind>("qemu", "lxc");
    fc.assert(fc.property(kinds, keys, text, (kind, key, written) => {
      const disk = parseDisk({ kind, key }, written, 1024);
      if ("reason" in disk) expect(REASONS).toHaveProperty(disk.reason);
      else {
        expect(disk.sizeMb).toSatisfy((mb: number) => Number.isSafeInteger(mb) && mb >= 1);
        expect(disk.pool ?? "pool").toMatch(/^[^:]+$/s);
      }
    }));
  });
});
