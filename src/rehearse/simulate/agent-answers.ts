/** A virtual machine → what its guest agent answers. Source: qemu-ga; PVE/API2/Qemu/Agent.pm. */
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer } from "../../proxmox/answers.ts";
import { createRandom, type Random } from "../random.ts";
import { addressOf, type Nic, type SimulatedGuest } from "./guest.ts";
import { linkLocal, type Site } from "./site.ts";

type InterfaceRow = Record<string, unknown>;

interface AgentAnswers {
  readonly osinfo: Answer;
  readonly interfaces: Answer;
}

const QUESTION = "network-get-interfaces";
const DISABLED = refusal(
  "CommandDisabled",
  `The command guest-${QUESTION} has been disabled for this instance`,
);

/** The answers of both agent requests. */
export function agentAnswers(site: Site, guest: SimulatedGuest): [path: string, answer: Answer][] {
  const { osinfo, interfaces } = bothAnswers(site, guest);
  const address = addressOf(guest);
  return [[PATHS.osinfo(address), osinfo], [PATHS.agentInterfaces(address), interfaces]];
}

function bothAnswers(site: Site, guest: SimulatedGuest): AgentAnswers {
  switch (guest.agent) {
    case "off":
      return twice({ skipped: "agent-off" });
    case "not-running":
      return {
        osinfo: { status: 500, error: "QEMU guest agent is not running" },
        interfaces: { skipped: "agent-not-running" },
      };
    case "hangs":
      return { osinfo: hung(guest, "get-osinfo"), interfaces: hung(guest, QUESTION) };
    case "error":
      return twice(refusal("CommandNotFound", "The command has not been found"));
    case "disabled":
      return { ...good(site, guest), interfaces: DISABLED };
    case "timeout":
      return { ...good(site, guest), interfaces: { failed: "timeout" } };
    case "ok":
      return good(site, guest);
  }
}

function good(site: Site, guest: SimulatedGuest): AgentAnswers {
  return {
    osinfo: success(guest.system.osinfo ?? {}),
    interfaces: success(interfaceRows(site, guest)),
  };
}

function success(result: unknown): Answer {
  return { status: 200, data: { result } };
}

/** An error with HTTP 200: `result` is an object instead of a list. */
function refusal(errorClass: string, desc: string): Answer {
  return success({ error: { class: errorClass, desc } });
}

function hung(guest: SimulatedGuest, command: string): Answer {
  return {
    status: 500,
    error: `VM ${guest.vmid} qga command 'guest-${command}' failed - got timeout`,
  };
}

function twice(answer: Answer): AgentAnswers {
  return { osinfo: answer, interfaces: answer };
}

function interfaceRows(site: Site, guest: SimulatedGuest): InterfaceRow[] {
  const random = createRandom(site.seed, `agent/${guest.number}`);
  const { family, nicName } = guest.system;
  if (family === "windows") return windowsRows(guest, random);
  const nics = guest.nics.flatMap((nic, number) => {
    const name = nicName.replace("#", String(number + (nicName.startsWith("ens") ? 18 : 0)));
    return linuxRows(nic, { name, random });
  });
  const rows = [loopback(family === "bsd" ? "lo0" : "lo", random), ...nics];
  if (family === "linux" && random.chance(0.15)) rows.push(...dockerRows(random));
  if (random.chance(0.02)) rows.push(tunnel(random));
  return rows;
}

/** A NIC; sometimes with a bridge that has its MAC and addresses, or with a VLAN interface. */
function linuxRows(nic: Nic, how: { name: string; random: Random }): InterfaceRow[] {
  const { name, random } = how;
  const mac = nic.mac.toLowerCase();
  if (!nic.isUp) return [{ name, "hardware-address": mac }];
  const addresses = addressesOf(nic, random);
  if (random.chance(0.03)) {
    return [{ name, "hardware-address": mac }, row("br0", { mac, addresses, random })];
  }
  const rows = [row(name, { mac, addresses, random })];
  if (nic.trunks !== undefined) {
    rows.push(row(`${name}.5`, { mac, addresses: [v6(linkLocal(nic.mac), 64)], random }));
  }
  return rows;
}

function addressesOf(nic: Nic, random: Random): unknown[] {
  const { ipv4, prefix, ipv6 } = nic.lease;
  const addresses = [v4(ipv4, prefix)];
  if (ipv6 !== undefined) addresses.push(v6(ipv6, 64));
  // A temporary address (RFC 8981); the agent does not mark it as such.
  if (ipv6 !== undefined && random.chance(0.1)) {
    const groups = Array.from({ length: 4 }, () => random.between(0x1000, 0xffff).toString(16));
    addresses.push(v6([ipv6.split("::")[0], ...groups].join(":"), 64));
  }
  return [...addresses, v6(linkLocal(nic.mac), 64)];
}

/** Names with blanks, zone ids, a loopback without MAC; old agents have no IPv6 prefix lengths. */
function windowsRows(guest: SimulatedGuest, random: Random): InterfaceRow[] {
  const isOld = random.chance(0.1);
  const prefix6 = isOld ? -1 : 64;
  const rows = guest.nics.map((nic, number) => {
    const name = number === 0 ? "Ethernet" : `Ethernet ${number + 1}`;
    const { ipv4, prefix, ipv6 } = nic.lease;
    const zone = random.between(3, 19);
    const local = v6(`${linkLocal(nic.mac)}%${zone}`, prefix6);
    const addresses = nic.isUp ? [local, v4(ipv4, prefix)] : [local];
    if (nic.isUp && ipv6 !== undefined) addresses.push(v6(ipv6, prefix6));
    return row(name, { mac: nic.mac.toLowerCase(), addresses, random });
  });
  const addresses = [v6("::1", isOld ? -1 : 128), v4("127.0.0.1", isOld ? -1 : 8)];
  const loop = row("Loopback Pseudo-Interface 1", { mac: undefined, addresses, random });
  return [...rows, loop];
}

/** Docker bridges have the same addresses in every guest; veth interfaces only link-local ones. */
function dockerRows(random: Random): InterfaceRow[] {
  const bridge = (name: string, address: string): InterfaceRow =>
    row(name, { mac: containerMac(random), addresses: [v4(address, 16)], random });
  const rows = [bridge("docker0", "172.17.0.1")];
  if (random.chance(0.5)) rows.push(bridge(`br-${random.hex(12)}`, "172.18.0.1"));
  for (let veth = random.below(4); veth > 0; veth -= 1) {
    const mac = containerMac(random);
    rows.push(row(`veth${random.hex(7)}`, { mac, addresses: [v6(linkLocal(mac), 64)], random }));
  }
  if (random.chance(0.05)) {
    rows.push({ name: `cali${random.hex(11)}`, "hardware-address": "ee:ee:ee:ee:ee:ee" });
  }
  return rows;
}

function containerMac(random: Random): string {
  return ["02", "42", ...(random.hex(8).match(/../g) ?? [])].join(":");
}

function loopback(name: string, random: Random): InterfaceRow {
  return row(name, {
    mac: "00:00:00:00:00:00",
    addresses: [v4("127.0.0.1", 8), v6("::1", 128)],
    random,
  });
}

/** Layer 3 tunnels have no MAC address. */
function tunnel(random: Random): InterfaceRow {
  const addresses = [v4(`100.96.${random.below(256)}.${random.below(256)}`, 32)];
  return row("tun0", { mac: "00:00:00:00:00:00", addresses, random });
}

function row(
  name: string,
  facts: { mac: string | undefined; addresses: readonly unknown[]; random: Random },
): InterfaceRow {
  const { random } = facts;
  return {
    name,
    "hardware-address": facts.mac,
    "ip-addresses": facts.addresses,
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

function v4(address: string, prefix: number): unknown {
  return { "ip-address": address, "ip-address-type": "ipv4", prefix };
}

function v6(address: string, prefix: number): unknown {
  return { "ip-address": address, "ip-address-type": "ipv6", prefix };
}
