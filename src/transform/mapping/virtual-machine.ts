/** virtualization.VirtualMachine: a QEMU guest or an LXC container. */
import { MAX_NAME, MAX_SERIAL } from "../../netbox/names.ts";
import { int64 } from "../../netbox/types/shape.ts";
import type { VirtualMachine, VirtualMachineStatus } from "../../netbox/types/virtual-machine.ts";
import {
  configMemoryMib,
  coresTimesSockets,
  MAX_INTEGER,
  mibOf,
  vcpusOf,
} from "../../proxmox/hardware.ts";
import { flag, isBlank, text, textOrNone } from "../../proxmox/values.ts";
import type { GuestSource } from "../sources.ts";
import { namedBy, withRuled } from "./ruled.ts";
import {
  EMPTY,
  extension,
  METADATA,
  owned,
  rowBuilder,
  sentElsewhere,
  skip,
  type Table,
  USERS,
} from "./table.ts";
import { GUEST_STATUS, guestStatus, OTHER_GUEST_STATUS, valuesText } from "./values.ts";

const guest = rowBuilder<GuestSource>();

type VirtualMachineCustomFields = {
  proxmox_vmid: { text: string };
  proxmox_node: { text: string };
  proxmox_vm_type: { text: string };
  proxmox_ha_state?: { text: string };
};

/** Custom fields of type text. Source: the mapping document. */
export const VIRTUAL_MACHINE_CUSTOM_FIELDS: Table<GuestSource, VirtualMachineCustomFields> = {
  proxmox_vmid: guest.from(["resources.vmid"], "as text", (g) => ({ text: String(g.vmid) })),
  proxmox_node: guest.from(["resources.node"], "as it is", (g) => ({ text: g.node })),
  proxmox_vm_type: guest.from(["resources.type"], "qemu or lxc", (g) => ({ text: g.kind })),
  proxmox_ha_state: guest.clearing(
    guest.from(["resources.hastate"], "as it is, if the guest is under HA", (g) => {
      const state = textOrNone(g.resources?.hastate);
      return typeof state === "string" ? { text: state } : state;
    }),
    { text: "" },
  ),
};

export const VIRTUAL_MACHINE: Table<GuestSource, VirtualMachine> = {
  name: owned.key(guest.from(
    ["resources.name", "resources.vmid"],
    `as it is; the later of two guests of one name, case aside, becomes \`name (vmid)\`; at most ${MAX_NAME} characters`,
    (g) => g.name,
  )),
  status: guest.from(
    [
      "resources.status",
      "resources.lock",
      "config.lock",
      "setting.SUSPENDED_STATUS",
      "setting.GONE_STATUS",
      "rule.status",
    ],
    `${
      valuesText(GUEST_STATUS, OTHER_GUEST_STATUS)
    }; stopped with the lock \`suspended\`, SUSPENDED_STATUS; of a guest that is gone, GONE_STATUS`,
    (g) => {
      if (g.goneStatus !== undefined) return g.goneStatus;
      if (g.rules?.status !== undefined) return g.rules.status.value as VirtualMachineStatus;
      const status = textOrNone(g.resources?.status);
      const { suspendedStatus } = g.cluster.policy;
      if (suspendedStatus !== undefined && status === "stopped" && isSuspended(g)) {
        return suspendedStatus;
      }
      // Blank is "staged", as any other value is.
      return status === undefined ? undefined : guestStatus(status ?? "");
    },
  ),
  cluster: owned.key(guest.from(["stub.cluster"], "its cluster", (g) => g.ref.cluster)),
  site: owned.firstWriter(
    guest.from(
      ["stub.site", "rule.site"],
      "its cluster's scope, else its node's site; a rule's only if its cluster has no scope",
      (g) => g.ref.site,
    ),
  ),
  tenant: owned.key(
    guest.from(["stub.tenant", "rule.tenant"], "TENANT_NAME, or a rule's", (g) => g.ref.tenant),
  ),
  role: extension(guest.from(["rule.role"], "a rule's", ({ rules }) => namedBy(rules?.role))),
  platform: guest.clearing(
    guest.from(
      [
        "osinfo.name",
        "osinfo.version-id",
        "config.ostype",
        "config.agent",
        "setting.PLATFORM_WITHOUT_AGENT",
        "rule.platform",
      ],
      "QEMU: the agent's name and version-id, else ostype; LXC: ostype",
      (g) => g.platform,
    ),
    EMPTY,
  ),
  vcpus: guest.from(
    ["resources.maxcpu", "config.cores", "config.sockets"],
    "maxcpu, else cores × sockets; two decimals; 0 is left off",
    vcpus,
  ),
  memory: guest.from(
    ["resources.maxmem", "config.memory"],
    "maxmem ÷ 2^20 in MiB, else the config's",
    memoryMib,
  ),
  start_on_boot: guest.from(
    ["config.onboot"],
    "1 → on; 0, or absent in a config that was read → off",
    (g) => {
      if (g.config === undefined) return undefined;
      const isOn = isBlank(g.config.onboot) ? false : flag(g.config.onboot);
      if (isOn === undefined) return undefined;
      return isOn ? "on" : "off";
    },
  ),
  description: extension(
    guest.from(["rule.description"], "a rule's", (g) => g.rules?.description?.value),
  ),
  serial: extension(
    guest.from(
      ["config.smbios1", "setting.GUEST_SERIAL"],
      `GUEST_SERIAL: QEMU: \`serial=\`, decoded with \`base64=1\`; at most ${MAX_SERIAL} characters`,
      (g) => g.serial,
    ),
  ),
  comments: guest.clearing(
    guest.from(
      ["config.description", "rule.comments"],
      "as it is, trimmed; or a rule's",
      ({ rules, config }) =>
        rules?.comments?.value ??
          (config === undefined ? undefined : textOrNone(config.description)),
    ),
    "",
  ),
  primary_ip4: guest.clearing(
    guest.from(
      ["stub.ip-address"],
      "set in step 09, by its first IPv4 address in the order of its NICs",
      ({ primary }) => sentElsewhere(primary[4]),
    ),
    EMPTY,
  ),
  primary_ip6: guest.clearing(
    guest.from(
      ["stub.ip-address"],
      "set in step 09, by its first IPv6 address in the order of its NICs",
      ({ primary }) => sentElsewhere(primary[6]),
    ),
    EMPTY,
  ),
  tags: owned.union(guest.from(
    ["stub.tags", "resources.tags", "config.tags", "rule.tags"],
    "the global tags, the host's, the guest's own, and those of rules",
    (g) => g.tags,
  )),
  custom_fields: withRuled(
    guest.nested("see the custom fields below; and those of rules", VIRTUAL_MACHINE_CUSTOM_FIELDS),
  ),
  ...skip("a guest moves from node to node; proxmox_node shows where it runs", "device"),
  ...skip("NetBox derives it from the virtual disks and refuses any other value", "disk"),
  ...skip(USERS, "owner"),
  ...skip(
    "the mapping document does not name it; proxmox_vm_type distinguishes QEMU from LXC",
    "virtual_machine_type",
  ),
  ...skip(METADATA, "metadata"),
};

function vcpus({ resources, config = {}, kind }: GuestSource): number | undefined {
  const sockets = kind === "qemu" ? config.sockets : undefined;
  const isGiven = !isBlank(config.cores) || !isBlank(sockets);
  const written = isGiven ? coresTimesSockets(config.cores, sockets) : undefined;
  return (vcpusOf(resources?.maxcpu) ?? written) || undefined;
}

/** Suspended to disk: Proxmox VE locks the guest until it is resumed. Source: PVE/QemuServer.pm, vm_suspend. */
function isSuspended({ resources, config }: GuestSource): boolean {
  return [resources?.lock, config?.lock].some((lock) => text(lock) === "suspended");
}

function memoryMib({ resources, config }: GuestSource): `${bigint}` | undefined {
  const listed = mibOf(resources?.maxmem, MAX_INTEGER);
  const mib = listed ?? configMemoryMib(config?.memory, MAX_INTEGER);
  return mib ? int64(mib) : undefined;
}
