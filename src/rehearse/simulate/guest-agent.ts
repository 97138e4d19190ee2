/** The answers of a virtual machine's guest agent. Source: qemu-ga; PVE/API2/Qemu/Agent.pm. */
import type { Answer } from "../../proxmox/answers.ts";
import { createRandom, type Random } from "../random.ts";
import type { Nic, SimulatedGuest } from "./guest.ts";
import { linkLocal, type Site } from "./site.ts";

type InterfaceRow = Record<string, unknown>;

const INTERFACES = "network-get-interfaces";

/** The answers to get-osinfo and network-get-interfaces. */
export function agentAnswers(
  site: Site,
  guest: SimulatedGuest,
): readonly [osinfo: Answer, interfaces: Answer] {
  const osinfo = success(guest.system.osinfo ?? {});
  switch (guest.agent) {
    case "off":
      return [{ skipped: "agent-off" }, { skipped: "agent-off" }];
    case "not-running":
      return [
        { status: 500, error: "QEMU guest agent is not running" },
        { skipped: "agent-not-running" },
      ];
    case "hangs":
      return [hung(guest, "get-osinfo"), hung(guest, INTERFACES)];
    case "error": {
      const answer = refusal("CommandNotFound", "The command has not been found");
      return [answer, answer];
    }
    case "disabled": {
      const text = `The command guest-${INTERFACES} has been disabled for this instance`;
      return [osinfo, refusal("CommandDisabled", text)];
    }
    case "timeout":
      return [osinfo, { failed: "timeout" }];
    case "ok":
      return [osinfo, success(interfaceRows(site, guest))];
  }
}

function success(result: unknown): Answer {
  return { status: 200, data: { result } };
}

/** An error with HTTP 200: `result` is an object instead of a list. */
function refusal(errorClass: string, desc: string): Answer {
  return success({ error: { class: errorClass, desc } });
}

function hung({ vmid }: SimulatedGuest, command: string): Answer {
  return { status: 500, error: `VM ${vmid} qga command 'guest-${command}' failed - got timeout` };
}

function interfaceRows(site: Site, guest: SimulatedGuest): InterfaceRow[] {
  const random = createRandom(site.seed, `agent/${guest.number}`);
  const { family, nicName } = guest.system;
  if (family === "windows") return windowsRows(guest, random);
  const nics = guest.nics.flatMap((nic, number) => {
    const name = nicName.replace("#", String(number + (nicName.startsWith("ens") ? 18 : 0)));
    return linuxRows(nic, name, random);
  });
  const loopback = [inet("127.0.0.1", 8), inet("::1", 128)];
  const rows = [row(family === "bsd" ? "lo0" : "lo", [NO_MAC, loopback], random), ...nics];
  if (family === "linux" && random.chance(0.15)) rows.push(...dockerRows(random));
  if (random.chance(0.02)) {
    const address = inet(`100.96.${random.below(256)}.${random.below(256)}`, 32);
    rows.push(row("tun0", [NO_MAC, [address]], random));
  }
  return rows;
}

/** A NIC; sometimes with a bridge that has its MAC and addresses, or with a VLAN interface. */
function linuxRows(nic: Nic, name: string, random: Random): InterfaceRow[] {
  const mac = nic.mac.toLowerCase();
  if (!nic.isUp) return [{ name, "hardware-address": mac }];
  const addresses = addressesOf(nic, random);
  if (random.chance(0.03)) {
    return [{ name, "hardware-address": mac }, row("br0", [mac, addresses], random)];
  }
  const rows = [row(name, [mac, addresses], random)];
  if (nic.trunks === undefined) return rows;
  return [...rows, row(`${name}.5`, [mac, [inet(linkLocal(mac), 64)]], random)];
}

function addressesOf(nic: Nic, random: Random): unknown[] {
  const { ipv4, prefix, ipv6 } = nic.lease;
  const addresses = [inet(ipv4, prefix)];
  if (ipv6 !== undefined) addresses.push(inet(ipv6, 64));
  // A temporary address (RFC 8981); the agent does not mark it as such.
  if (ipv6 !== undefined && random.chance(0.1)) {
    const groups = Array.from({ length: 4 }, () => random.between(0x1000, 0xffff).toString(16));
    addresses.push(inet([ipv6.split("::")[0], ...groups].join(":"), 64));
  }
  return [...addresses, inet(linkLocal(nic.mac), 64)];
}

/** Names with blanks, zone ids, a loopback without MAC; old agents have no IPv6 prefix lengths. */
function windowsRows(guest: SimulatedGuest, random: Random): InterfaceRow[] {
  const isOld = random.chance(0.1);
  const prefix6 = isOld ? -1 : 64;
  const rows = guest.nics.map((nic, number) => {
    const name = number === 0 ? "Ethernet" : `Ethernet ${number + 1}`;
    const { ipv4, prefix, ipv6 } = nic.lease;
    const zone = random.between(3, 19);
    const local = inet(`${linkLocal(nic.mac)}%${zone}`, prefix6);
    const addresses = nic.isUp ? [local, inet(ipv4, prefix)] : [local];
    if (nic.isUp && ipv6 !== undefined) addresses.push(inet(ipv6, prefix6));
    return row(name, [nic.mac.toLowerCase(), addresses], random);
  });
  const loopback = [inet("::1", isOld ? -1 : 128), inet("127.0.0.1", isOld ? -1 : 8)];
  return [...rows, row("Loopback Pseudo-Interface 1", [undefined, loopback], random)];
}

/** Docker bridges have the same addresses in every guest; veth interfaces only link-local ones. */
function dockerRows(random: Random): InterfaceRow[] {
  const bridge = (name: string, address: string): InterfaceRow =>
    row(name, [containerMac(random), [inet(address, 16)]], random);
  const rows = [bridge("docker0", "172.17.0.1")];
  if (random.chance(0.5)) rows.push(bridge(`br-${random.hex(12)}`, "172.18.0.1"));
  for (let veth = random.below(4); veth > 0; veth -= 1) {
    const mac = containerMac(random);
    rows.push(row(`veth${random.hex(7)}`, [mac, [inet(linkLocal(mac), 64)]], random));
  }
  if (random.chance(0.05)) {
    rows.push({ name: `cali${random.hex(11)}`, "hardware-address": "ee:ee:ee:ee:ee:ee" });
  }
  return rows;
}

function containerMac(random: Random): string {
  return ["02", "42", ...(random.hex(8).match(/../g) ?? [])].join(":");
}

/** Of loopbacks and of tunnels of layer 3. */
const NO_MAC = "00:00:00:00:00:00";

function row(
  name: string,
  [mac, addresses]: readonly [mac: string | undefined, addresses: readonly unknown[]],
  random: Random,
): InterfaceRow {
  return {
    name,
    "hardware-address": mac,
    "ip-addresses": addresses,
    statistics: {
      "rx-bytes": random.below(2 ** 32),
      "rx-dropped": 0,
      "rx-errs": 0,
      "rx-packets": random.below(2 ** 24),
      "tx-bytes": random.below(2 ** 32),
      "tx-dropped": 0,
      "tx-errs": 0,
      "tx-packets": random.below(2 ** 24),
    },
  };
}

function inet(address: string, prefix: number): unknown {
  const type = address.includes(":") ? "ipv6" : "ipv4";
  return { "ip-address": address, "ip-address-type": type, prefix };
}
