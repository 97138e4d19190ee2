/** Disks and mount points: which keys are disks, their size and their storage pool. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GuestKind } from "../../src/proxmox/endpoints.ts";
import { type Disk, parseDisk, parseSizeMb } from "../../src/proxmox/hardware.ts";
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
  ])("%s is parsed", (text, expected) => {
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
  ])("%s is left out as %s", (text, reason) => {
    expect(qemu(text)).toEqual({ reason });
  });

  test.each(["scsi0", "scsi30", "virtio15", "ide0", "ide2", "sata5"])(
    "may have the key %s",
    (key) => {
      expect(qemu("ceph:vm-1-disk-0,size=1G", key)).toEqual({ pool: "ceph", sizeMb: 1024 });
      expect(qemu("ceph:vm-1-cloudinit,size=4M", key)).toEqual({ reason: "cloud-init" });
    },
  );

  test.each(["efidisk0", "tpmstate0", "unused0", "unused255"])(
    "with the key %s is left out as not-in-mapping",
    (key) => {
      expect(qemu("ceph:vm-1-disk-0,size=4M", key)).toEqual({ reason: "not-in-mapping" });
    },
  );

  test.each(["scsihw", "scsi", "net0", "boot", "bootdisk", "ostype", "rootfs", "mp0", "xscsi0"])(
    "never has the key %s",
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
  ])("with key %s and value %s is a disk or left out", (key, text, expected) => {
    expect(lxc(text, key)).toEqual(expected);
  });

  test.each(["scsi0", "efidisk0", "net0", "mp", "memory"])("never has the key %s", (key) => {
    expect(lxc("ceph:vm-1-disk-0,size=1G", key)).toEqual({ reason: "not-in-mapping" });
  });
});

describe("for any text,", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,12}$/);

  test("pool and size are found in any order of the parts", () => {
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

  test("the base of a megabyte is given by the caller", () => {
    const disk = { kind: "qemu", key: "virtio0" } as const;
    expect(parseDisk(disk, "ceph:a,size=32G", 1000)).toEqual({ pool: "ceph", sizeMb: 32_000 });
  });

  test("parseDisk gives a disk with a size or a known reason, and never throws", () => {
    const keys = fc.constantFrom("scsi0", "ide2", "rootfs", "mp0", "unused0", "net0");
    const words = ["local:", "vm-1-disk-0", "cloudinit", "none", "/dev/sda", "size", "=", ",", "G"];
    const text = fc.oneof(anyText(), anyValue(), lookalike(...words));
    const kinds = fc.constantFrom<GuestKind>("qemu", "lxc");
    fc.assert(fc.property(kinds, keys, text, (kind, key, written) => {
      const disk = parseDisk({ kind, key }, written, 1024);
      if ("reason" in disk) return Object.hasOwn(REASONS, disk.reason);
      const isPool = disk.pool === undefined || /^[^:]+$/s.test(disk.pool);
      return isPool && Number.isSafeInteger(disk.sizeMb) && disk.sizeMb >= 1;
    }));
  });
});

/** Sizes in Proxmox VE's format, parsed to whole MB as in NetBox's virtual disks. */

const UNITS = ["", "K", "M", "G", "T"] as const;
const BYTES_PER_MIB = 2 ** 20;

const base = fc.constantFrom(1000 as const, 1024 as const);
const unit = fc.constantFrom(...UNITS);
/** As in Proxmox VE: whole, or with up to three decimals. */
const amount = fc.tuple(fc.nat({ max: 1999 }), fc.constantFrom(1, 10, 100, 1000))
  .map(([digits, divisor]) => digits / divisor);

/** Proxmox VE's format_size: the largest unit that divides exactly. */
function formatSize(bytes: number): string {
  const power = [4, 3, 2, 1].find((candidate) => bytes % 1024 ** candidate === 0) ?? 0;
  return `${bytes / 1024 ** power}${UNITS[power]}`;
}

describe("a size in binary megabytes", () => {
  test.each([
    ["32G", 32_768],
    ["2252M", 2252],
    ["1T", 1_048_576],
    ["1.5T", 1_572_864],
    ["0.5G", 512],
    ["8GiB", 8192],
    ["512MiB", 512],
    ["4194304", 4],
    ["8589934592", 8192],
    ["2048K", 2],
    ["1000204632K", 976_762],
    ["1.4M", 1],
    ["1.6M", 2],
    ["528K", 1],
    ["100K", 1],
    ["1K", 1],
    ["1", 1],
    ["0.1K", 1],
  ])("%s is %i", (text, mb) => {
    expect(parseSizeMb(text, 1024)).toBe(mb);
  });

  test.each(["0", "0T", "0G", "0K", "0.0M"])("of %s is 0: no limit was set", (text) => {
    expect(parseSizeMb(text, 1024)).toBe(0);
    expect(parseSizeMb(text, 1000)).toBe(0);
  });

  test.each(["", " ", "G", "32GB", "32 G", "32P", "-1G", "+1G", "1e3G", ".5G", "1.G", "1,5G"])(
    "is undefined for %j",
    (text) => {
      expect(parseSizeMb(text, 1024)).toBeUndefined();
    },
  );

  test.each(["none", "32G,ssd=1", "32G 32G", "0x10G", "NaN", "Infinity", "١G", "9".repeat(400)])(
    "is also undefined for %j",
    (text) => {
      expect(parseSizeMb(text, 1024)).toBeUndefined();
    },
  );

  test("is the number that Proxmox VE formatted", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (mb) => {
      expect(parseSizeMb(formatSize(mb * BYTES_PER_MIB), 1024)).toBe(mb);
      expect(parseSizeMb(`${mb}M`, 1024)).toBe(mb);
    }));
  });

  test("is rounded, and at least 1", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      const mb = parseSizeMb(`${bytes}`, 1024) ?? 0;
      expect(mb).toBeGreaterThanOrEqual(1);
      if (mb > 1) expect(Math.abs(mb * BYTES_PER_MIB - bytes)).toBeLessThanOrEqual(2 ** 19);
      else expect(bytes).toBeLessThanOrEqual(1.5 * BYTES_PER_MIB);
    }));
  });
});

describe("a size in decimal megabytes", () => {
  test.each([
    ["32G", 32_000],
    ["1T", 1_000_000],
    ["1.5T", 1_500_000],
    ["2252M", 2252],
    ["4500K", 5],
    ["528K", 1],
    ["3600000", 4],
  ])("%s is %i", (text, mb) => {
    expect(parseSizeMb(text, 1000)).toBe(mb);
  });

  test("equals the binary size if the unit is M, and is smaller for larger units", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2_000 }), (whole) => {
      expect(parseSizeMb(`${whole}M`, 1000)).toBe(whole);
      expect(parseSizeMb(`${whole}G`, 1000)).toBe(whole * 1000);
      expect(parseSizeMb(`${whole}T`, 1000)).toBe(whole * 1_000_000);
    }));
  });
});

describe("sizes of any base", () => {
  test("grow with the amount", () => {
    fc.assert(fc.property(amount, amount, unit, base, (a, b, letter, mb) => {
      const [small = 0, large = 0] = [a, b].sort((x, y) => x - y)
        .map((value) => parseSizeMb(`${value}${letter}`, mb));
      expect(small).toBeLessThanOrEqual(large);
    }));
  });

  test("grow with the unit", () => {
    fc.assert(fc.property(amount, base, (value, mb) => {
      const sizes = UNITS.map((letter) => parseSizeMb(`${value}${letter}`, mb) ?? -1);
      expect(sizes).not.toContain(-1);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    }));
  });

  test("are the same with the suffix iB", () => {
    const letters = fc.constantFrom("K", "M", "G", "T");
    fc.assert(fc.property(amount, letters, base, (value, letter, mb) => {
      const size = parseSizeMb(`${value}${letter}`, mb);
      expect(size).toBeDefined();
      expect(parseSizeMb(`${value}${letter}iB`, mb)).toBe(size);
    }));
  });

  test("are safe integers for any text", () => {
    const text = fc.oneof(anyText(), lookalike("K", "M", "G", "T", "iB", ".", "-", "e9", "0", " "));
    fc.assert(fc.property(text, base, (written, mb) => {
      const size = parseSizeMb(written, mb);
      if (size === undefined) return;
      expect(Number.isSafeInteger(size)).toBe(true);
      expect(size).toBeGreaterThanOrEqual(0);
    }));
  });
});
