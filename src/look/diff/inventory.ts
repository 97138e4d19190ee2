/**
 * TABLE: the keys of each answer that are inventory, and why the others are not compared. Rows have every key
 * of Proxmox VE 7 to 9; `others` decides about keys of newer releases.
 * Sources: PVE/API2/Cluster.pm, Nodes.pm, Network.pm; PVE/QemuServer.pm and PVE/LXC/Config.pm
 * ($confdesc); qemu-ga, guest-get-osinfo.
 */
import { type Reading, thenRead } from "../../proxmox/answers.ts";
import type { AnswerName } from "../../proxmox/rows.ts";
import { type Fields, fieldsOf } from "./differences.ts";

/** All but what agents and containers answer about themselves: their addresses are compared in things.ts. */
export type ComparedAnswer = Exclude<
  AnswerName,
  "agentInterfaces" | "agentHostName" | "lxcInterfaces"
>;

export interface InventoryRow {
  /** A nested key is written "cpuinfo.model". */
  readonly inventory: readonly string[];
  /** Reason → keys that are not compared. */
  readonly ignored: Readonly<Record<string, readonly string[]>>;
  /** Keys that are not in the row. */
  readonly others: "inventory" | "ignored";
}

/** "cpu mem" → ["cpu", "mem"] */
const words = (text: string): readonly string[] => text.split(" ");

const MEASURED = "a momentary measurement";
const IDENTITY = "identifies the row";
const IN_NODES = "compared in /nodes";

export const INVENTORY: Readonly<Record<ComparedAnswer, InventoryRow>> = {
  clusterStatus: {
    inventory: ["ip", "nodeid"],
    ignored: {
      [IDENTITY]: words("id type name"),
      [IN_NODES]: words("level online nodes"),
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
      "for a running container it comes from the file system; the config has the sizes": [
        "maxdisk",
      ],
      "set while a task runs": ["lock"],
    },
    others: "ignored",
  },
  nodes: {
    inventory: words("status maxcpu maxmem level ssl_fingerprint host-arch"),
    ignored: {
      [IDENTITY]: words("id type node"),
      [MEASURED]: words("cpu mem disk uptime"),
      "compared in the status of the node": ["maxdisk"],
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
      [IN_NODES]: ["memory.total", "cpuinfo.cpus"],
      "same as kversion": ["current-kernel"],
      "depends on the model and on the kernel": words(
        "cpuinfo.flags cpuinfo.hvm cpuinfo.user_hz cpuinfo.vendor cpuinfo.family",
      ),
    },
    others: "ignored",
  },
  network: {
    inventory: [],
    ignored: {
      [IDENTITY]: ["iface"],
      "position in the file: an inserted line changes all that follow": ["priority"],
      "1, null or absent, depending on the release": ["exists"],
      "derived from the addresses": ["families"],
    },
    others: "inventory",
  },
  config: {
    inventory: [],
    ignored: {
      "changes with every edit": ["digest"],
      "compared in the listing": words("name hostname tags template"),
      "set while a task runs": ["lock"],
      "state of the running machine": ["running-nets-host-mtu"],
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
  sdnZones: {
    inventory: [],
    ignored: { [IDENTITY]: ["zone"], "not in the running configuration": ["digest"] },
    others: "inventory",
  },
  sdnVnets: {
    inventory: [],
    ignored: { [IDENTITY]: words("vnet type"), "not in the running configuration": ["digest"] },
    others: "inventory",
  },
  sdnSubnets: {
    inventory: [],
    ignored: {
      [IDENTITY]: words("subnet id type"),
      "parts of the ID": words("cidr network mask zone"),
      "not in the running configuration": ["digest"],
    },
    others: "inventory",
  },
};

export function isInventory(answer: ComparedAnswer, key: string): boolean {
  const { inventory, ignored, others } = INVENTORY[answer];
  if (inventory.includes(key)) return true;
  return others === "inventory" && !Object.values(ignored).some((keys) => keys.includes(key));
}

/** The compared keys of a row of the answer. */
export function inventoryOf(row: object, answer: ComparedAnswer): Fields {
  return fieldsOf(row, (key) => isInventory(answer, key));
}

export function fieldsIn(reading: Reading<object>, answer: ComparedAnswer): Reading<Fields> {
  return thenRead(reading, (data) => ({ value: inventoryOf(data, answer) }));
}
