/** virtualization.VirtualDisk: a volume of a guest. */
import { int64 } from "../../netbox/types/shape.ts";
import type { VirtualDisk } from "../../netbox/types/virtual-disk.ts";
import type { DiskSource } from "../sources.ts";
import { METADATA, owned, rowBuilder, skip, type Table, USERS } from "./table.ts";

const disk = rowBuilder<DiskSource>();

export const VIRTUAL_DISK: Table<DiskSource, VirtualDisk> = {
  virtual_machine: owned.key(disk.from(["stub.virtual-machine"], "its guest", (d) => d.guest)),
  name: owned.key(disk.from(
    ["config.diskN"],
    "the key: scsi*, virtio*, ide*, sata*; rootfs, mp*",
    (d) => d.key,
  )),
  size: disk.from(
    ["config.diskN", "setting.DISK_BASE_UNIT"],
    "`size=` in MB: M × 1, G × 1024, T × 1024²; also K and bytes, at least 1",
    (d) => int64(d.sizeMb),
  ),
  custom_fields: disk.from(
    ["config.diskN"],
    "proxmox_storage_pool: the text before the first `:`",
    (d) => (d.pool === undefined ? undefined : { proxmox_storage_pool: { text: d.pool } }),
  ),
  tags: owned.union(
    disk.from(["stub.tags"], "the global tags and the host's", (d) => d.cluster.tags),
  ),
  ...skip(USERS, "description", "owner"),
  ...skip(METADATA, "metadata"),
};
