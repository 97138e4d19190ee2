/** Virtual machines, their interfaces, disks and addresses. */
import { addressesOf, type Nic, nicsOf } from "./expect-nic.ts";
import { cidrText, hostText, isAssignable, isLinkLocal, isLoopback } from "./address.ts";
import type { Fact } from "./facts.ts";
import { type Guest, guestsOf } from "./guest.ts";
import { type Ledger, take } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import { byNumber, isRaw, number, pairsOf, text } from "./raw.ts";

const MIB = 2 ** 20;

/** "VM Platform Mapping (from ostype)". */
const PLATFORMS: Readonly<Record<string, string | null>> = {
  l24: "Linux",
  l26: "Linux",
  w2k: "Windows 2000",
  w2k3: "Windows Server 2003",
  w2k8: "Windows Server 2008",
  wvista: "Windows Vista",
  win7: "Windows 7",
  win8: "Windows 8/2012",
  win10: "Windows 10/2016/2019",
  win11: "Windows 11/2022",
  solaris: "Solaris",
  debian: "Debian",
  ubuntu: "Ubuntu",
  centos: "CentOS",
  fedora: "Fedora",
  opensuse: "openSUSE",
  archlinux: "Arch Linux",
  alpine: "Alpine Linux",
  gentoo: "Gentoo",
  nixos: "NixOS",
  unmanaged: null,
  other: null,
};

export function expectGuests(plan: Plan, ledger: Ledger): void {
  for (const guest of guestsOf(plan)) expectGuest(guest, ledger);
}

function expectGuest(guest: Guest, ledger: Ledger): void {
  const { plan, row, kind, config, key, home } = guest;
  const { book } = ledger;
  const nics = nicsOf(guest);
  const primary = expectNics(guest, nics, ledger);
  expectDisks(guest, ledger);
  const own = (text(row["tags"]) ?? text(config?.["tags"]) ?? "").split(/[;,\s]+/)
    .filter((tag) => tag !== "");
  for (const tag of own) book.put("tag", tag, {});
  const platform = platformOf(guest);
  if (platform) book.put("platform", platform, { tags: plan.tags });
  book.put("site", home, {});
  book.put("virtual-machine", key, {
    status: { running: "active", stopped: "offline" }[String(row["status"])] ?? "staged",
    site: home,
    tenant: plan.tenant,
    platform,
    vcpus: vcpusOf(guest),
    memory: memoryOf(guest),
    start_on_boot: config && (Number(config["onboot"] ?? 0) === 1 ? "on" : "off"),
    comments: config && (text(config["description"]) ?? null),
    ...primary,
    proxmox_vmid: String(guest.vmid),
    proxmox_node: guest.node,
    proxmox_vm_type: kind,
    proxmox_ha_state: text(row["hastate"]) ?? null,
    tags: [...new Set([...plan.tags, ...own])],
  });
}

function expectNics(guest: Guest, nics: readonly Nic[], ledger: Ledger): Record<string, Fact> {
  const { plan, home, key } = guest;
  const { book } = ledger;
  for (const { name, pairs, mac } of nics) {
    const vid = /^[+-]?\d+$/.test(pairs.get("tag") ?? "") ? Number(pairs.get("tag")) : undefined;
    const isVlan = vid !== undefined && vid >= 1 && vid <= 4094;
    const mtu = number(pairs.get("mtu"));
    if (isVlan) book.put("vlan", `${home}/${vid}`, { name: `VLAN ${vid}`, tags: plan.tags });
    if (mac) book.put("mac-address", `${mac} on vm-interface ${key}/${name}`, {});
    book.put("vm-interface", `${key}/${name}`, {
      enabled: pairs.get("link_down") !== "1",
      mtu: mtu === undefined || mtu === 1 ? undefined : mtu,
      mac,
      mode: pairs.has("trunks") ? "tagged" : isVlan ? "access" : undefined,
      untagged_vlan: isVlan ? `${home}/${vid}` : pairs.has("tag") ? undefined : null,
      tags: plan.tags,
    });
  }
  const found = addressesOf(guest, nics);
  const kept = found.addresses.filter(({ address, nic }) =>
    nic !== undefined && !isLoopback(address) && !isLinkLocal(address) && isAssignable(address) &&
    take(address, ledger)
  );
  for (const { address, nic } of kept) {
    book.put("ip-address", hostText(address), {
      address: cidrText(address),
      assigned: `vm-interface ${key}/${nic?.name}`,
      tags: plan.tags,
    });
  }
  const primary = (family: 4 | 6): Fact => {
    const first = kept.find(({ address }) => address.family === family);
    return first ? cidrText(first.address) : found.isAll(family) ? null : undefined;
  };
  return { primary_ip4: primary(4), primary_ip6: primary(6) };
}

function expectDisks({ plan, kind, key, config }: Guest, { book }: Ledger): void {
  if (config === undefined) return;
  const isDisk = kind === "qemu" ? /^(?:scsi|virtio|ide|sata)\d+$/ : /^(?:rootfs|mp\d+)$/;
  const base = Number(plan.settings["DISK_BASE_UNIT"] ?? 1024);
  for (const name of Object.keys(config).filter((name) => isDisk.test(name)).sort(byNumber)) {
    const pairs = pairsOf(config[name]);
    const volume = pairs.get("") ?? pairs.get("file") ?? pairs.get("volume") ?? "";
    const isSkipped = pairs.get("media") === "cdrom" || ["", "none", "cdrom"].includes(volume) ||
      /cloudinit/.test(volume) || (kind === "lxc" && volume.startsWith("/"));
    const sizeMb = sizeOf(pairs.get("size") ?? "", base);
    if (isSkipped || !sizeMb) continue;
    const pool = volume.startsWith("/") || !volume.includes(":") ? null : volume.split(":")[0];
    book.put("virtual-disk", `${key}/${name}`, {
      size: sizeMb,
      proxmox_storage_pool: pool ?? null,
      tags: plan.tags,
    });
  }
}

/** "32G" → 32768; 0 and undefined: none. */
function sizeOf(size: string, base: number): number | undefined {
  const [, amount, unit = ""] = /^([\d.]+)([KMGT]?)(?:iB)?$/.exec(size) ?? [];
  if (amount === undefined) return undefined;
  const mb = Number(amount) * base ** ("KMGT".indexOf(unit || "-") - 1);
  return mb === 0 ? 0 : Math.max(1, Math.round(mb));
}

function platformOf({ kind, config, ask, plan }: Guest): string | null | undefined {
  const osinfo = kind === "qemu" ? ask("agent/get-osinfo") : undefined;
  const result = isRaw(osinfo) && isRaw(osinfo["result"]) ? osinfo["result"] : undefined;
  const name = text(result?.["name"]);
  const version = text(result?.["version-id"]);
  if (name !== undefined) return version && version !== "N/A" ? `${name} ${version}` : name;
  if (config === undefined) return undefined;
  const agent = pairsOf(config["agent"]);
  const isEnabled = (agent.get("") ?? agent.get("enabled")) === "1";
  const keeps = plan.settings["PLATFORM_WITHOUT_AGENT"] === "keep";
  if (keeps && isEnabled && result === undefined) return undefined;
  const ostype = text(config["ostype"]);
  if (ostype === undefined) return null;
  const known = PLATFORMS[ostype];
  return known === undefined ? titled(ostype) : known;
}

function titled(ostype: string): string {
  return ostype.replaceAll(
    /[A-Za-z]+/g,
    (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase(),
  );
}

function vcpusOf({ row, config, kind }: Guest): number | undefined {
  const cores = number(config?.["cores"]);
  const sockets = kind === "qemu" ? number(config?.["sockets"]) : undefined;
  const product = cores === undefined && sockets === undefined ? 0 : (cores ?? 1) * (sockets ?? 1);
  const vcpus = Math.round((number(row["maxcpu"]) ?? product) * 100) / 100;
  return vcpus === 0 ? undefined : vcpus;
}

function memoryOf({ row, config }: Guest): number | undefined {
  const listed = number(row["maxmem"]);
  if (listed !== undefined) return Math.round(listed / MIB) || undefined;
  const pairs = pairsOf(config?.["memory"]);
  return number(pairs.get("current") ?? pairs.get(""));
}
