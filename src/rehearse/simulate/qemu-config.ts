/** A virtual machine → its config, as /nodes/{node}/qemu/{vmid}/config answers. */
import { type Entries, vmDisks } from "./disks.ts";
import type { Guest } from "./guest.ts";
import type { Nic } from "./nics.ts";
import { createRandom, type Random } from "../random.ts";
import type { Site } from "./site.ts";

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

/** Strings that stand outside of Proxmox's grammar, as hand-edited files have them. */
const UNPARSABLE: readonly [Entries, ...Entries[]] = [
  { net7: "bogus,,=,bridge" },
  { net8: "virtio=XX:YY:ZZ,bridge=vmbr0,tag=five" },
  { scsi9: "local-lvm:vm-1-disk-9,size=twelve" },
  { virtio9: ",,," },
  { net9: "virtio" },
];

/** Source: PVE/QemuServer.pm, $confdesc. A key that is absent stands for its default. */
export function qemuConfig(site: Site, guest: Guest): Record<string, unknown> {
  const random = createRandom(site.seed, `config/${guest.number}`);
  const disks = vmDisks(guest, random);
  return {
    ...disks,
    ...netEntries(guest, random),
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
    ...(site.isRare("unparsable", guest.number) ? random.pick(UNPARSABLE) : {}),
  };
}

/** 512 MiB is the default, and so may be absent. A string since PVE 8.1. */
function memoryText(guest: Guest): string | undefined {
  return guest.memoryMib === 512 && guest.vmid % 2 === 0 ? undefined : String(guest.memoryMib);
}

/** The order of drives, or what older releases wrote. */
function bootOf(disks: Entries, random: Random): string {
  const order = `order=${Object.keys(disks)[0] ?? "scsi0"};ide2;net0`;
  return random.weighted([[90, order], [6, "cdn"], [2, " "], [2, "c"]]);
}

function onbootOf(random: Random): number | undefined {
  return random.weighted([[65, 1], [5, 0], [30, undefined]]);
}

function agentText(guest: Guest, random: Random): string | undefined {
  if (guest.agent !== "off") return random.pick(AGENT_ON);
  return random.weighted([[70, undefined], [20, "0"], [10, "enabled=0"]]);
}

function netEntries(guest: Guest, random: Random): Entries {
  return Object.fromEntries(guest.nics.map((nic) => [`net${nic.slot}`, netText(nic, random)]));
}

/** "virtio=BC:24:11:2E:C5:4A,bridge=vmbr0,firewall=1,tag=20" */
function netText(nic: Nic, random: Random): string {
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

/** What cloud-init is told: intent, not facts. */
function cloudInitOf(guest: Guest, disks: Entries): Record<string, unknown> {
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

/** What some people set and most do not. */
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
