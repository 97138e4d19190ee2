/**
 * TABLE: which keys of which answers are inventory, and why the others are not. A row names every key
 * that Proxmox VE 7 to 9 sends; `others` says what a key of a newer one is.
 * Sources: PVE/API2/Cluster.pm, Nodes.pm, Network.pm; PVE/QemuServer.pm and PVE/LXC/Config.pm
 * ($confdesc); qemu-ga, guest-get-osinfo and guest-network-get-interfaces.
 */
import type { EndpointName } from "../../proxmox/endpoints.ts";
import type { AnswerRows } from "../../proxmox/rows.ts";

export type AnswerName = keyof AnswerRows;

export interface InventoryRow {
  /** Of a nested key "cpuinfo.model". */
  readonly inventory: readonly string[];
  /** Why → the keys that are not compared. */
  readonly ignored: Readonly<Record<string, readonly string[]>>;
  /** What the row does not name: settings are inventory, and what is measured is mostly telemetry. */
  readonly others: "inventory" | "ignored";
}

/** "cpu mem" → ["cpu", "mem"] */
const words = (text: string): readonly string[] => text.split(" ");

const MEASURED = "a measurement of the moment";
const IDENTITY = "names the row itself";
const TOLD_BY_NODES = "/nodes tells it";

export const INVENTORY: Readonly<Record<AnswerName, InventoryRow>> = {
  clusterStatus: {
    inventory: ["ip", "nodeid"],
    ignored: {
      [IDENTITY]: words("id type name"),
      [TOLD_BY_NODES]: words("level online nodes"),
      [MEASURED]: ["quorate"],
      "depends on the node that answered": ["local"],
      "counts the edits of corosync.conf": ["version"],
    },
    others: "ignored",
  },
  resources: {
    inventory: words("name node status template maxcpu maxmem tags pool hastate"),
    ignored: {
      [IDENTITY]: words("id type vmid"),
      [MEASURED]: words("cpu mem memhost disk uptime netin netout diskread diskwrite"),
      "of a running container it is what its file system says; the config has the sizes": [
        "maxdisk",
      ],
      "held while a task runs": ["lock"],
    },
    others: "ignored",
  },
  nodes: {
    inventory: words("status maxcpu maxmem level ssl_fingerprint host-arch"),
    ignored: {
      [IDENTITY]: words("id type node"),
      [MEASURED]: words("cpu mem disk uptime"),
      "the status of the node tells it": ["maxdisk"],
    },
    others: "ignored",
  },
  nodeStatus: {
    inventory: words(
      "pveversion kversion rootfs.total swap.total cpuinfo.model cpuinfo.cores cpuinfo.sockets " +
        "boot-info.mode boot-info.secureboot",
    ),
    ignored: {
      [MEASURED]: words(
        "cpu wait idle loadavg uptime ksm cpuinfo.mhz memory.used memory.free memory.available " +
          "swap.used swap.free rootfs.used rootfs.free rootfs.avail",
      ),
      [TOLD_BY_NODES]: ["memory.total", "cpuinfo.cpus"],
      "kversion tells it": ["current-kernel"],
      "goes with the model, and with the kernel that reads it": words(
        "cpuinfo.flags cpuinfo.hvm cpuinfo.user_hz cpuinfo.vendor cpuinfo.family",
      ),
    },
    others: "ignored",
  },
  network: {
    inventory: [],
    ignored: {
      [IDENTITY]: ["iface"],
      "the place in the file: one line more moves all that follow": ["priority"],
      "1, null or absent, by the release": ["exists"],
      "follows from the addresses": ["families"],
    },
    others: "inventory",
  },
  config: {
    inventory: [],
    ignored: {
      "changes with every edit, whatever it edits": ["digest"],
      "the listing tells it": words("name hostname tags template"),
      "held while a task runs": ["lock"],
      "what the running machine was started with": ["running-nets-host-mtu"],
    },
    others: "inventory",
  },
  osinfo: {
    inventory: words(
      "id name pretty-name version version-id variant variant-id machine kernel-release",
    ),
    ignored: { "the build of kernel-release": ["kernel-version"] },
    others: "ignored",
  },
  agentInterfaces: {
    inventory: ["ip-addresses"],
    ignored: { [IDENTITY]: ["name", "hardware-address"], [MEASURED]: ["statistics"] },
    others: "ignored",
  },
  lxcInterfaces: {
    inventory: words("ip-addresses inet inet6"),
    ignored: {
      [IDENTITY]: words("name hwaddr hardware-address"),
    },
    others: "ignored",
  },
};

/** Answers that are not compared at all, and why. */
export const IGNORED_ANSWERS: Readonly<Record<Exclude<EndpointName, AnswerName>, string>> = {
  version: "is that of the node that answered; the status of each node has its own",
  acl: "is about the token",
  permissions: "is about the token",
};

/** A key is also what the row says of the object that it stands in. */
export function isInventory(answer: AnswerName, key: string): boolean {
  const { inventory, ignored, others } = INVENTORY[answer];
  if (inventory.includes(key)) return true;
  return others === "inventory" && !Object.values(ignored).some((keys) => keys.includes(key));
}
