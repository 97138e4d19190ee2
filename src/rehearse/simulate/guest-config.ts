/** The config of a simulated guest. */
import { createRandom, type Random, type Weighted } from "../random.ts";
import type { Nic, SimulatedGuest } from "./guest.ts";
import { lockOf, moreVmConfig } from "./networks.ts";
import type { Site } from "./site.ts";

/** Config key → value. */
type Entries = Record<string, string>;

const STORAGES: Weighted<string> = [
  [30, "local-lvm"],
  [20, "local-zfs"],
  [40, "ceph-rbd"],
  [10, "nfs-vm"],
];
/** Has files in a folder per guest instead of volumes. */
const FILE_STORAGE = "nfs-vm";
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

/** MiB → "32G", "2252M", "1T": the largest unit that divides exactly. Source: PVE/JSONSchema.pm, format_size. */
function sizeText(mib: number): string {
  if (mib % 2 ** 20 === 0) return `${mib / 2 ** 20}T`;
  return mib % 1024 === 0 ? `${mib / 1024}G` : `${mib}M`;
}

function volume(guest: SimulatedGuest, storage: string, number: number): string {
  const name = `${guest.isTemplate ? "base" : "vm"}-${guest.vmid}-disk-${number}`;
  if (storage !== FILE_STORAGE) return `${storage}:${name}`;
  return `${storage}:${guest.vmid}/${name}.${guest.kind === "lxc" ? "raw" : "qcow2"}`;
}

/** Disks, CD drive, cloud-init, EFI and TPM state, an unused volume, a passed-through disk. */
function vmDisks(guest: SimulatedGuest, random: Random): Entries {
  const bus = random.weighted(BUSES);
  const isUefi = random.chance(guest.system.family === "windows" ? 0.9 : 0.2);
  const disks: Entries = {};
  for (const [number, mib] of guest.disksMib.entries()) {
    const place = volume(guest, random.weighted(STORAGES), number);
    disks[`${bus}${number}`] = vmDisk(guest, { place, number, size: sizeText(mib) }, random);
  }
  if (bus !== "ide") Object.assign(disks, cdDrive(guest, random));
  const next = guest.disksMib.length;
  const storage = random.weighted(STORAGES);
  if (isUefi) {
    const size = random.pick(["4M", "528K", "1M"]);
    disks.efidisk0 = `${volume(guest, storage, next)},efitype=4m,pre-enrolled-keys=1,size=${size}`;
  }
  if (isUefi && guest.system.ostype === "win11") {
    disks.tpmstate0 = `${volume(guest, storage, next + 1)},size=4M,version=v2.0`;
  }
  if (random.chance(0.04)) disks.unused0 = volume(guest, storage, next + 2);
  if (random.chance(0.005)) {
    const path = `/dev/disk/by-id/ata-ST4000NM0035_${random.hex(8).toUpperCase()}`;
    disks.scsi20 = random.chance(0.5) ? `${path},size=3907018584K` : path;
  }
  return disks;
}

function vmDisk(
  guest: SimulatedGuest,
  { place, number, size }: { place: string; number: number; size: string },
  random: Random,
): string {
  const options = random.pick(VM_OPTIONS);
  if (random.chance(0.01)) return `file=${place},size=${size}`;
  if (random.chance(0.03)) {
    // A linked clone: the volume of the template, then its own.
    const [storage = ""] = place.split(":");
    return `${storage}:base-9000-disk-${number}/vm-${guest.vmid}-disk-${number},size=${size}`;
  }
  // `size` can be at any position.
  return random.chance(0.2)
    ? `${place},size=${size},${options}`
    : `${place},${options},size=${size}`;
}

function cdDrive(guest: SimulatedGuest, random: Random): Entries {
  const cloudInit = `${random.weighted(STORAGES)}:vm-${guest.vmid}-cloudinit,media=cdrom`;
  const drive = random.weighted([
    [50, "none,media=cdrom"],
    [8, "local:iso/debian-12.11.0-amd64-netinst.iso,media=cdrom,size=670M"],
    [2, "cdrom,media=cdrom"],
    [10, cloudInit],
    [8, `${cloudInit},size=4M`],
    [2, `local:${guest.vmid}/vm-${guest.vmid}-cloudinit.qcow2,media=cdrom,size=4M`],
    [20, ""],
  ]);
  if (drive === "") return {};
  // Cloud-init drives can be on any bus.
  return { [drive.includes("cloudinit") && random.chance(0.1) ? "scsi15" : "ide2"]: drive };
}

/** rootfs and mount points; some of them are directories or devices of the node. */
function containerDisks(guest: SimulatedGuest, random: Random): Entries {
  const disks: Entries = {};
  for (const [number, mib] of guest.disksMib.entries()) {
    const place = volume(guest, random.weighted(STORAGES), number);
    // "0T": a directory without a limit.
    const size = random.chance(0.004) ? "0T" : sizeText(mib);
    if (number === 0) disks.rootfs = `${place},size=${size}`;
    else {
      const options = random.pick(MOUNT_OPTIONS);
      disks[`mp${number - 1}`] = `${place},mp=/srv/data${number},size=${size}${options}`;
    }
  }
  if (random.chance(0.07)) disks.mp8 = "/srv/shared,mp=/mnt/shared";
  if (random.chance(0.005)) disks.mp9 = "/dev/sdb1,mp=/mnt/usb";
  if (random.chance(0.02)) disks.unused0 = volume(guest, random.weighted(STORAGES), 9);
  return disks;
}

const MODELS: Weighted<string> = [[6, "virtio"], [1, "e1000"], [1, "vmxnet3"], [1, "e1000e"]];
const AGENT_ON = [
  "1",
  "enabled=1",
  "enabled=1,fstrim_cloned_disks=1,type=virtio",
  "1,freeze-fs-on-backup=0",
] as const;
const AGENT_OFF: Weighted<string | undefined> = [[70, undefined], [20, "0"], [10, "enabled=0"]];
const CPUS = ["host", "x86-64-v2-AES", "x86-64-v3", "kvm64", "cputype=host,flags=+aes"] as const;
const QEMU_VERSIONS = ["6.2.0", "8.1.5", "9.0.2", "9.2.0", "10.0.2"] as const;
const SSH_KEY =
  "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIFhtcGxlLWtleS1vZi1hLXNpbXVsYXRlZC1zaXRl%20admin%40sim.example%0A";

/** Values that cannot be parsed, as in hand-edited files. */
const UNPARSABLE_VM: readonly Entries[] = [
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
    ...Object.fromEntries(guest.nics.map((nic) => [`net${nic.slot}`, vmNic(nic, random)])),
    ...(disks.efidisk0 === undefined ? {} : {
      bios: "ovmf",
      machine: random.pick(["q35", "pc-q35-9.2+pve1", "pc-q35-8.1"]),
    }),
    ...(Object.values(disks).some((text) => text.includes("cloudinit")) ? cloudInit(guest) : {}),
    balloon: random.chance(0.2) ? random.pick([0, 1024, 2048]) : undefined,
    hotplug: random.chance(0.1) ? "network,disk,usb" : undefined,
    hostpci0: random.chance(0.01) ? "0000:01:00.0,pcie=1" : undefined,
    lock: random.chance(0.003)
      ? random.pick(["backup", "snapshot", "migrate"])
      : lockOf(site, guest),
    parent: random.chance(0.08) ? "before-upgrade" : undefined,
    protection: random.chance(0.05) ? 1 : undefined,
    startup: random.chance(0.15) ? "order=2,up=30" : undefined,
    tablet: random.chance(0.1) ? 0 : undefined,
    usb0: random.chance(0.005) ? "host=1-1.2" : undefined,
    agent: guest.agent === "off" ? random.weighted(AGENT_OFF) : random.pick(AGENT_ON),
    // The order, or the form of older releases.
    boot: random.weighted([
      [90, `order=${Object.keys(disks)[0] ?? "scsi0"};ide2;net0`],
      [6, "cdn"],
      [2, " "],
      [2, "c"],
    ]),
    cores: guest.cores === 1 && random.chance(0.3) ? undefined : guest.cores,
    cpu: random.pick(CPUS),
    description: guest.description,
    digest: random.hex(40),
    // A string since PVE 8.1.
    memory: random.chance(0.01) ? `current=${guest.memoryMib}` : memoryOf(guest)?.toString(),
    meta: `creation-qemu=${random.pick(QEMU_VERSIONS)},ctime=${
      random.between(1_640_000_000, 1_767_000_000)
    }`,
    name: guest.name,
    numa: 0,
    onboot: random.weighted([[65, 1], [5, 0], [30, undefined]]),
    ostype: guest.system.ostype,
    scsihw: random.pick(["virtio-scsi-single", "virtio-scsi-pci"]),
    smbios1: `uuid=${random.uuid()}`,
    sockets: guest.sockets === 1 && random.chance(0.1) ? undefined : guest.sockets,
    tags: guest.tags,
    template: guest.isTemplate ? 1 : undefined,
    vmgenid: random.uuid(),
    ...moreVmConfig(site, guest),
    ...(site.isRare("unparsable", guest.number) ? random.pick(UNPARSABLE_VM) : {}),
  };
}

/** The default of 512 MiB may be absent. */
function memoryOf({ memoryMib, vmid }: SimulatedGuest): number | undefined {
  return memoryMib === 512 && vmid % 2 === 0 ? undefined : memoryMib;
}

function cloudInit(guest: SimulatedGuest): Entries {
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

/** { bridge: "vmbr0", tag: 20 } → "bridge=vmbr0,tag=20"; keys that are undefined are left out. */
function propertyString(values: Readonly<Record<string, string | number | undefined>>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return set.map((pair) => pair.join("=")).join(",");
}

/** "virtio=BC:24:11:2E:C5:4A,bridge=vmbr0,firewall=1,tag=20" */
function vmNic(nic: Nic, random: Random): string {
  const model = random.weighted(MODELS);
  const mac = random.chance(0.02) ? nic.mac.toLowerCase() : nic.mac;
  return propertyString({
    ...(random.chance(0.03) ? { model, macaddr: mac } : { [model]: mac }),
    bridge: nic.lease.bridge,
    firewall: random.chance(0.5) ? 1 : undefined,
    link_down: nic.isLinkDown ? 1 : undefined,
    mtu: nic.mtu,
    queues: random.chance(0.05) ? 4 : undefined,
    rate: random.chance(0.02) ? 12.5 : undefined,
    tag: nic.lease.vid,
    trunks: nic.trunks,
  });
}

const FEATURES = ["nesting=1", "nesting=1,keyctl=1", "mount=nfs;cifs,nesting=1"] as const;

/** Values that cannot be parsed, as in hand-edited files. */
const UNPARSABLE_CONTAINER: readonly Entries[] = [
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
    memory: memoryOf(guest),
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
    return [`net${nic.slot}`, containerNic(nic, name, random)];
  }));
}

/** "name=eth0,bridge=vmbr0,firewall=1,gw=10.0.0.1,hwaddr=BC:24:11:CC:DD:01,ip=10.0.0.60/24,tag=30,type=veth" */
function containerNic(nic: Nic, name: string, random: Random): string {
  const { lease, method } = nic;
  const isStatic = method === "static";
  return propertyString({
    name,
    bridge: lease.bridge,
    firewall: random.chance(0.5) ? 1 : undefined,
    gw: isStatic ? lease.gateway : undefined,
    gw6: isStatic ? lease.gateway6 : undefined,
    hwaddr: nic.mac,
    ip: isStatic ? `${lease.ipv4}/${lease.prefix}` : method === "none" ? undefined : method,
    ip6: ip6Of(nic, random),
    link_down: nic.isLinkDown ? 1 : undefined,
    mtu: nic.mtu === 1 ? undefined : nic.mtu,
    tag: lease.vid,
    trunks: nic.trunks?.replaceAll(/-\d+/g, ""),
    type: "veth",
  });
}

function ip6Of({ lease: { ipv6 }, method }: Nic, random: Random): string | undefined {
  if (ipv6 === undefined) return random.chance(0.05) ? "manual" : undefined;
  return method === "static" ? `${ipv6}/64` : random.pick(["auto", "dhcp"]);
}
