/** A guest → the answer of its config request. */
import { createRandom, type Random, type Weighted } from "../random.ts";
import type { Nic, SimulatedGuest } from "./guest.ts";
import type { Site } from "./site.ts";

/** Config key → value. */
export type Entries = Record<string, string>;

interface Storage {
  readonly name: string;
  /** Files in a folder per guest instead of volumes. */
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

/** Disks, CD drive, cloud-init, EFI and TPM state, an unused volume, a passed-through disk. */
export function vmDisks(guest: SimulatedGuest, random: Random): Entries {
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

/** rootfs and mount points; some of them are directories or devices of the node. */
export function containerDisks(guest: SimulatedGuest, random: Random): Entries {
  const disks: Entries = {};
  for (const [number, mib] of guest.disksMib.entries()) {
    const place = volume(guest, { storage: random.weighted(STORAGES), number });
    // "0T": a directory without a limit.
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

function vmDisk(
  guest: SimulatedGuest,
  disk: { random: Random; number: number; mib: number },
): string {
  const { random, number, mib } = disk;
  const place = volume(guest, { storage: random.weighted(STORAGES), number });
  const options = random.pick(VM_OPTIONS);
  const size = `size=${sizeText(mib)}`;
  if (random.chance(0.01)) return `file=${place},${size}`;
  if (random.chance(0.03)) return cloned(guest, { place, number }) + `,${size}`;
  // `size` can be at any position.
  return random.chance(0.2) ? `${place},${size},${options}` : `${place},${options},${size}`;
}

/** A linked clone: the volume of the template, then its own. */
function cloned(guest: SimulatedGuest, disk: { place: string; number: number }): string {
  const [storage = ""] = disk.place.split(":");
  return `${storage}:base-9000-disk-${disk.number}/vm-${guest.vmid}-disk-${disk.number}`;
}

function cdDrive(guest: SimulatedGuest, random: Random): Entries {
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
  // Cloud-init drives can be on any bus.
  return { [drive.includes("cloudinit") && random.chance(0.1) ? "scsi15" : "ide2"]: drive };
}

function passedThrough(random: Random): string {
  const path = `/dev/disk/by-id/ata-ST4000NM0035_${random.hex(8).toUpperCase()}`;
  return random.chance(0.5) ? `${path},size=3907018584K` : path;
}

function volume(guest: SimulatedGuest, at: { storage: Storage; number: number }): string {
  const { storage, number } = at;
  const name = `${guest.isTemplate ? "base" : "vm"}-${guest.vmid}-disk-${number}`;
  if (!storage.isFile) return `${storage.name}:${name}`;
  return `${storage.name}:${guest.vmid}/${name}.${guest.kind === "lxc" ? "raw" : "qcow2"}`;
}

const MODELS = [
  "virtio",
  "virtio",
  "virtio",
  "virtio",
  "virtio",
  "virtio",
  "e1000",
  "vmxnet3",
  "e1000e",
] as const;
const AGENT_ON = [
  "1",
  "enabled=1",
  "enabled=1,fstrim_cloned_disks=1,type=virtio",
  "1,freeze-fs-on-backup=0",
] as const;
const CPUS = ["host", "x86-64-v2-AES", "x86-64-v3", "kvm64", "cputype=host,flags=+aes"] as const;
const QEMU_VERSIONS = ["6.2.0", "8.1.5", "9.0.2", "9.2.0", "10.0.2"] as const;
const SSH_KEY =
  "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIFhtcGxlLWtleS1vZi1hLXNpbXVsYXRlZC1zaXRl%20admin%40sim.example%0A";

/** Values that cannot be parsed, as in hand-edited files. */
const UNPARSABLE_VM: readonly [Entries, ...Entries[]] = [
  { net7: "bogus,,=,bridge" },
  { net8: "virtio=XX:YY:ZZ,bridge=vmbr0,tag=five" },
  { scsi9: "local-lvm:vm-1-disk-9,size=twelve" },
  { virtio9: ",,," },
  { net9: "virtio" },
];

/** Source: PVE/QemuServer.pm, $confdesc. Absent keys have their default. */
export function qemuConfig(site: Site, guest: SimulatedGuest): Record<string, unknown> {
  const random = createRandom(site.seed, `config/${guest.number}`);
  const disks = vmDisks(guest, random);
  return {
    ...disks,
    ...vmNics(guest, random),
    ...firmwareOf(disks, random),
    ...cloudInitOf(guest, disks),
    ...habitsOf(random),
    agent: agentText(guest, random),
    boot: bootOf(disks, random),
    cores: guest.cores === 1 && random.chance(0.3) ? undefined : guest.cores,
    cpu: random.pick(CPUS),
    description: guest.description,
    digest: random.hex(40),
    memory: random.chance(0.01) ? `current=${guest.memoryMib}` : memoryText(guest),
    meta: `creation-qemu=${random.pick(QEMU_VERSIONS)},ctime=${
      random.between(1_640_000_000, 1_767_000_000)
    }`,
    name: guest.name,
    numa: 0,
    onboot: onbootOf(random),
    ostype: guest.system.ostype,
    scsihw: random.pick(["virtio-scsi-single", "virtio-scsi-pci"]),
    smbios1: `uuid=${random.uuid()}`,
    sockets: guest.sockets === 1 && random.chance(0.1) ? undefined : guest.sockets,
    tags: guest.tags,
    template: guest.isTemplate ? 1 : undefined,
    vmgenid: random.uuid(),
    ...(site.isRare("unparsable", guest.number) ? random.pick(UNPARSABLE_VM) : {}),
  };
}

/** The default of 512 MiB may be absent. A string since PVE 8.1. */
function memoryText(guest: SimulatedGuest): string | undefined {
  return guest.memoryMib === 512 && guest.vmid % 2 === 0 ? undefined : String(guest.memoryMib);
}

/** Boot order, or the form of older releases. */
function bootOf(disks: Entries, random: Random): string {
  const order = `order=${Object.keys(disks)[0] ?? "scsi0"};ide2;net0`;
  return random.weighted([[90, order], [6, "cdn"], [2, " "], [2, "c"]]);
}

function onbootOf(random: Random): number | undefined {
  return random.weighted([[65, 1], [5, 0], [30, undefined]]);
}

function agentText(guest: SimulatedGuest, random: Random): string | undefined {
  if (guest.agent !== "off") return random.pick(AGENT_ON);
  return random.weighted([[70, undefined], [20, "0"], [10, "enabled=0"]]);
}

function vmNics(guest: SimulatedGuest, random: Random): Entries {
  return Object.fromEntries(guest.nics.map((nic) => [`net${nic.slot}`, vmNic(nic, random)]));
}

/** "virtio=BC:24:11:2E:C5:4A,bridge=vmbr0,firewall=1,tag=20" */
function vmNic(nic: Nic, random: Random): string {
  const model = random.pick(MODELS);
  const mac = random.chance(0.02) ? nic.mac.toLowerCase() : nic.mac;
  const parts = [
    random.chance(0.03) ? `model=${model},macaddr=${mac}` : `${model}=${mac}`,
    `bridge=${nic.lease.bridge}`,
    random.chance(0.5) ? "firewall=1" : undefined,
    nic.isLinkDown ? "link_down=1" : undefined,
    nic.mtu === undefined ? undefined : `mtu=${nic.mtu}`,
    random.chance(0.05) ? "queues=4" : undefined,
    random.chance(0.02) ? "rate=12.5" : undefined,
    nic.lease.vid === undefined ? undefined : `tag=${nic.lease.vid}`,
    nic.trunks === undefined ? undefined : `trunks=${nic.trunks}`,
  ];
  return parts.filter((part) => part !== undefined).join(",");
}

function firmwareOf(disks: Entries, random: Random): Record<string, unknown> {
  if (disks.efidisk0 === undefined) return {};
  return { bios: "ovmf", machine: random.pick(["q35", "pc-q35-9.2+pve1", "pc-q35-8.1"]) };
}

/** Cloud-init settings. */
function cloudInitOf(guest: SimulatedGuest, disks: Entries): Record<string, unknown> {
  if (!Object.values(disks).some((text) => text.includes("cloudinit"))) return {};
  const { ipv4, prefix, gateway } = guest.nics[0]?.lease ?? {};
  return {
    ciuser: "admin",
    ipconfig0: ipv4 === undefined ? "ip=dhcp" : `ip=${ipv4}/${prefix},gw=${gateway}`,
    nameserver: "10.250.0.53",
    searchdomain: "sim.example",
    serial0: "socket",
    sshkeys: SSH_KEY,
    vga: "serial0",
  };
}

/** Rarely used options. */
function habitsOf(random: Random): Record<string, unknown> {
  return {
    balloon: random.chance(0.2) ? random.pick([0, 1024, 2048]) : undefined,
    hotplug: random.chance(0.1) ? "network,disk,usb" : undefined,
    hostpci0: random.chance(0.01) ? "0000:01:00.0,pcie=1" : undefined,
    lock: random.chance(0.003) ? random.pick(["backup", "snapshot", "migrate"]) : undefined,
    parent: random.chance(0.08) ? "before-upgrade" : undefined,
    protection: random.chance(0.05) ? 1 : undefined,
    startup: random.chance(0.15) ? "order=2,up=30" : undefined,
    tablet: random.chance(0.1) ? 0 : undefined,
    usb0: random.chance(0.005) ? "host=1-1.2" : undefined,
  };
}

const FEATURES = ["nesting=1", "nesting=1,keyctl=1", "mount=nfs;cifs,nesting=1"] as const;

/** Values that cannot be parsed, as in hand-edited files. */
const UNPARSABLE_CONTAINER: readonly [Entries, ...Entries[]] = [
  { net7: "name=,hwaddr=XX:YY,ip=10.0.0.300/99" },
  { mp7: "local-lvm:vm-1-disk-7,mp=/broken,size=?" },
  { net8: "eth8" },
];

/** Source: PVE/LXC/Config.pm, $confdesc. Absent keys have their default. */
export function lxcConfig(site: Site, guest: SimulatedGuest): Record<string, unknown> {
  const random = createRandom(site.seed, `config/${guest.number}`);
  return {
    ...containerDisks(guest, random),
    ...containerNics(guest, random),
    arch: random.chance(0.02) ? "arm64" : "amd64",
    cores: guest.cores,
    cpulimit: guest.cpulimit,
    description: guest.description === undefined ? undefined : `${guest.description}\n`,
    digest: random.hex(40),
    features: random.chance(0.4) ? random.pick(FEATURES) : undefined,
    hostname: guest.name,
    // Raw lines of the file: the only config value that is an array.
    lxc: random.chance(0.03) ? [["lxc.cgroup2.devices.allow", "c 10:200 rwm"]] : undefined,
    memory: guest.memoryMib === 512 && guest.vmid % 2 === 0 ? undefined : guest.memoryMib,
    nameserver: random.chance(0.3) ? "10.250.0.53" : undefined,
    onboot: random.weighted([[75, 1], [5, 0], [20, undefined]]),
    ostype: guest.distribution,
    searchdomain: random.chance(0.3) ? "sim.example" : undefined,
    startup: random.chance(0.1) ? "order=3" : undefined,
    swap: random.pick([512, 512, 0, 1024]),
    tags: guest.tags,
    template: guest.isTemplate ? 1 : undefined,
    timezone: random.chance(0.05) ? "host" : undefined,
    unprivileged: random.chance(0.85) ? 1 : undefined,
    ...(site.isRare("unparsable", guest.number) ? random.pick(UNPARSABLE_CONTAINER) : {}),
  };
}

function containerNics(guest: SimulatedGuest, random: Random): Entries {
  // Two NICs of the same name: possible by editing the file.
  const isTwice = random.chance(0.005);
  return Object.fromEntries(guest.nics.map((nic, number) => {
    const name = `eth${isTwice ? 0 : number}`;
    return [`net${nic.slot}`, containerNicText(nic, { random, name })];
  }));
}

/** "name=eth0,bridge=vmbr0,firewall=1,gw=10.0.0.1,hwaddr=BC:24:11:CC:DD:01,ip=10.0.0.60/24,tag=30,type=veth" */
function containerNicText(nic: Nic, how: { random: Random; name: string }): string {
  const { random, name } = how;
  const { lease } = nic;
  const isStatic = nic.method === "static";
  const ip = isStatic ? `${lease.ipv4}/${lease.prefix}` : nic.method;
  const parts = [
    `name=${name}`,
    `bridge=${lease.bridge}`,
    random.chance(0.5) ? "firewall=1" : undefined,
    isStatic ? `gw=${lease.gateway}` : undefined,
    isStatic && lease.gateway6 !== undefined ? `gw6=${lease.gateway6}` : undefined,
    `hwaddr=${nic.mac}`,
    nic.method === "none" ? undefined : `ip=${ip}`,
    ...ip6Parts(nic, random),
    nic.isLinkDown ? "link_down=1" : undefined,
    nic.mtu === undefined || nic.mtu === 1 ? undefined : `mtu=${nic.mtu}`,
    lease.vid === undefined ? undefined : `tag=${lease.vid}`,
    nic.trunks === undefined ? undefined : `trunks=${nic.trunks.replaceAll(/-\d+/g, "")}`,
    "type=veth",
  ];
  return parts.filter((part) => part !== undefined).join(",");
}

function ip6Parts(nic: Nic, random: Random): string[] {
  const { ipv6 } = nic.lease;
  if (ipv6 === undefined) return random.chance(0.05) ? ["ip6=manual"] : [];
  return nic.method === "static" ? [`ip6=${ipv6}/64`] : [`ip6=${random.pick(["auto", "dhcp"])}`];
}
