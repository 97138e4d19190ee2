/** VirtualDisk: the volumes of a guest. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import type { GuestKind } from "../../../src/proxmox/endpoints.ts";
import { only } from "../../helpers/in-memory.ts";
import { guest101 } from "../../helpers/lab.ts";

async function diskOf(text: unknown, settings = {}) {
  return only((await guest101({ config: { scsi0: text } }, settings)).of("virtual-disk"));
}

async function reasonsOf(kind: GuestKind, key: string, text: unknown): Promise<string[]> {
  const outcome = await guest101({ kind, config: { [key]: text } });
  expect(outcome.of("virtual-disk")).toEqual([]);
  return outcome.reasonsOf(`vm/101/${key}`);
}

const KEYS: readonly [GuestKind, string[]][] = [
  ["qemu", ["ide0", "sata5", "scsi0", "scsi30", "virtio2", "virtio15"]],
  ["lxc", ["mp0", "mp255", "rootfs"]],
];

describe("a disk", () => {
  test.each(KEYS)("of a %s guest is named by its key, one of %j", async (kind, keys) => {
    const config = Object.fromEntries(keys.map((key) => [key, "local:vm-1-disk-0,size=1G"]));
    const outcome = await guest101({ kind, config });
    expect(outcome.of("virtual-disk").map(({ name }) => name)).toEqual(keys);
    expect(outcome.reasonsOf("vm/101/rootfs")).toEqual([]);
  });

  test.each([["qemu", "rootfs"], ["qemu", "mp0"], ["lxc", "scsi0"], ["lxc", "dev0"]] as const)(
    "of a %s guest is never made from the key %s",
    async (kind, key) => {
      const outcome = await guest101({ kind, config: { [key]: "local:vm-1-disk-0,size=1G" } });
      expect(outcome.of("virtual-disk")).toEqual([]);
    },
  );

  test.each([
    ["local-lvm:vm-100-disk-0,iothread=1,size=32G", "local-lvm"],
    ["size=8G,file=zfs:base-9000-disk-0/vm-101-disk-0", "zfs"],
    ["local:100/base.raw/101/vm-101-disk-0.qcow2,size=8G", "local"],
    ["volume=ceph:vm-1-disk-0,size=8G", "ceph"],
  ])("%s: the storage pool is the text before the first colon, %s", async (text, pool) => {
    expect((await diskOf(text)).custom_fields).toEqual({ proxmox_storage_pool: { text: pool } });
  });

  test("that is passed through has a size but no storage pool", async () => {
    const disk = await diskOf("/dev/disk/by-path/pci-0000:00:1f.2-ata-1,size=1000204632K");
    expect([disk.custom_fields, disk.size]).toEqual([undefined, "976762"]);
  });
});

describe("the size of a disk in MB", () => {
  test.each([
    ["2252M", "2252"],
    ["32G", "32768"],
    ["1T", "1048576"],
    ["1.5T", "1572864"],
    ["32.5G", "33280"],
    ["528K", "1"],
    ["1536K", "2"],
    ["4194304", "4"],
    ["1", "1"],
    ["8GiB", "8192"],
    ["4000MiB", "4000"],
  ])("of %s is %s", async (size, mb) => {
    expect((await diskOf(`local:vm-1-disk-0,size=${size},ssd=1`)).size).toBe(mb);
    expect((await diskOf(`size=${size},file=local:vm-1-disk-0`)).size).toBe(mb);
  });

  test.each([["2252M", "2252"], ["32G", "32000"], ["1T", "1000000"], ["5000000", "5"]])(
    "of %s is %s with DISK_BASE_UNIT=1000",
    async (size, mb) => {
      const settings = { DISK_BASE_UNIT: "1000" };
      expect((await diskOf(`local:vm-1-disk-0,size=${size}`, settings)).size).toBe(mb);
    },
  );
});

describe("a volume that is not a disk is listed", () => {
  test.each([
    ["none,media=cdrom", "cdrom"],
    ["cdrom,media=cdrom", "cdrom"],
    ["cdrom", "cdrom"],
    ["local:iso/debian-12.iso,media=cdrom,size=649M", "cdrom"],
    ["none", "no-volume"],
    ["local-lvm:vm-101-cloudinit,size=4M", "cloud-init"],
    ["local:101/vm-101-cloudinit.qcow2,size=4M", "cloud-init"],
    ["ceph:vm-555-cloudinit", "cloud-init"],
    ["/dev/disk/by-id/ata-X", "no-size"],
    ["local:vm-1-disk-0", "no-size"],
    ["local:vm-1-disk-0,size=0", "no-size"],
    ["local:vm-1-disk-0,size=0T", "no-size"],
    ["local:vm-1-disk-0,size=12X", "unparsable"],
    ["size=32G", "unparsable"],
    ["local:a,local:b,size=1G", "unparsable"],
    ["", "unparsable"],
    [null, "unparsable"],
  ])("%j as %s", async (text, reason) => {
    for (const key of ["scsi1", "ide2"]) {
      expect(await reasonsOf("qemu", key, text)).toEqual([reason]);
    }
  });

  test.each([
    ["mp0", "/srv/shared,mp=/shared", "bind-mount"],
    ["mp1", "/dev/sdb1,mp=/data,size=8G", "bind-mount"],
    ["mp2", "volume=/mnt/nas,mp=/nas", "bind-mount"],
    ["rootfs", "/var/lib/ct/101", "bind-mount"],
    ["rootfs", "local:subvol-101-disk-0,size=0T", "no-size"],
    ["unused0", "local:vm-101-disk-1", "not-in-mapping"],
  ])("%s %s of a container as %s", async (key, text, reason) => {
    expect(await reasonsOf("lxc", key, text)).toEqual([reason]);
  });

  test.each([
    ["efidisk0", "local-lvm:vm-100-disk-0,efitype=4m,size=4M"],
    ["tpmstate0", "local-lvm:vm-100-disk-1,size=4M,version=v2.0"],
    ["unused0", "local-lvm:vm-100-disk-2"],
  ])("%s as not-in-mapping", async (key, text) => {
    expect(await reasonsOf("qemu", key, text)).toEqual(["not-in-mapping"]);
  });

  test("unless its name only contains cloudinit", async () => {
    expect((await diskOf("local:vm-101-cloudinit-data,size=1G")).size).toBe("1024");
    expect((await diskOf("cloudinit:vm-101-disk-0,size=1G")).size).toBe("1024");
  });

  test.each(["scsihw", "virtiofs0", "scsi", "ide2a", "mpx"])(
    "unless its key is not a volume: %s",
    async (key) => {
      const outcome = await guest101({ config: { [key]: "virtio-scsi-pci" } });
      expect(outcome.of("virtual-disk")).toEqual([]);
      expect(outcome.reasonsOf(`vm/101/${key}`)).toEqual([]);
    },
  );
});
