/** A container → its config, as /nodes/{node}/lxc/{vmid}/config answers. */
import { containerDisks, type Entries } from "./disks.ts";
import type { Guest } from "./guest.ts";
import type { Nic } from "./nics.ts";
import { createRandom, type Random } from "../random.ts";
import type { Site } from "./site.ts";

const FEATURES = ["nesting=1", "nesting=1,keyctl=1", "mount=nfs;cifs,nesting=1"] as const;

/** Strings that stand outside of Proxmox's grammar, as hand-edited files have them. */
const UNPARSABLE: readonly [Entries, ...Entries[]] = [
  { net7: "name=,hwaddr=XX:YY,ip=10.0.0.300/99" },
  { mp7: "local-lvm:vm-1-disk-7,mp=/broken,size=?" },
  { net8: "eth8" },
];

/** Source: PVE/LXC/Config.pm, $confdesc. A key that is absent stands for its default. */
export function lxcConfig(site: Site, guest: Guest): Record<string, unknown> {
  const random = createRandom(site.seed, `config/${guest.number}`);
  return {
    ...containerDisks(guest, random),
    ...netEntries(guest, random),
    arch: random.chance(0.02) ? "arm64" : "amd64",
    cores: guest.cores,
    cpulimit: guest.cpulimit,
    description: guest.description === undefined ? undefined : `${guest.description}\n`,
    digest: random.hex(40),
    features: random.chance(0.4) ? random.pick(FEATURES) : undefined,
    hostname: guest.name,
    // Raw lines of the file: the only value of a config that is an array.
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
    ...(site.isRare("unparsable", guest.number) ? random.pick(UNPARSABLE) : {}),
  };
}

function netEntries(guest: Guest, random: Random): Entries {
  // Two NICs of one name are a mistake that Proxmox lets one make in the file.
  const isTwice = random.chance(0.005);
  return Object.fromEntries(guest.nics.map((nic, number) => {
    const name = `eth${isTwice ? 0 : number}`;
    return [`net${nic.slot}`, netText(nic, { random, name })];
  }));
}

/** "name=eth0,bridge=vmbr0,firewall=1,gw=10.0.0.1,hwaddr=BC:24:11:CC:DD:01,ip=10.0.0.60/24,tag=30,type=veth" */
function netText(nic: Nic, how: { random: Random; name: string }): string {
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
