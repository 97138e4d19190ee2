/** dcim.Device: a node. */
import { MAX_NAME } from "../../netbox/names.ts";
import type { Device } from "../../netbox/types/device.ts";
import { isForLocation } from "../../netbox/types/scope.ts";
import { int64 } from "../../netbox/types/shape.ts";
import { mibOf } from "../../proxmox/hardware.ts";
import { count, number, textOrNone } from "../../proxmox/values.ts";
import type { NodeSource } from "../sources.ts";
import { withRuled } from "./ruled.ts";
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
import { NODE_STATUS, nodeStatus, OTHER_NODE_STATUS, valuesText } from "./values.ts";

const node = rowBuilder<NodeSource>();
const RACKED = "physical location: not in Proxmox VE";
const NOT_ANSWERED = "in no structured answer of Proxmox VE";

type DeviceCustomFields = {
  proxmox_cpu_count?: { integer: `${bigint}` };
  proxmox_memory_mb?: { integer: `${bigint}` };
};

/** Its custom fields; an offline node has neither, and none is sent as 0. */
export const DEVICE_CUSTOM_FIELDS: Table<NodeSource, DeviceCustomFields> = {
  proxmox_cpu_count: node.from(["nodes.maxcpu"], "as it is", (n) => {
    const cpus = count(n.nodes?.maxcpu);
    return cpus ? { integer: int64(cpus) } : undefined;
  }),
  proxmox_memory_mb: node.from(["nodes.maxmem"], "÷ 2^20 in MiB", (n) => {
    const mib = mibOf(n.nodes?.maxmem, Number.MAX_SAFE_INTEGER);
    return mib ? { integer: int64(mib) } : undefined;
  }),
};

export const DEVICE: Table<NodeSource, Device> = {
  name: owned.key(node.from(
    ["nodes.node", "clusterStatus.name"],
    `as it is; a node of the same name in another cluster of the site becomes \`node (cluster)\`; at most ${MAX_NAME} characters`,
    (n) => n.name,
  )),
  device_type: owned.firstWriter(node.from(
    [
      "setting.NODE_DEVICE_TYPE",
      "setting.NODE_MANUFACTURER",
      "stub.tags",
      "rule.device_type",
      "rule.manufacturer",
    ],
    "Proxmox Node, by the manufacturer Proxmox; both with the global tags and those of all hosts",
    ({ policy, sharedTags: tags }) => ({
      manufacturer: { name: policy.nodeManufacturer, tags },
      model: policy.nodeDeviceType,
      tags,
    }),
  )),
  role: owned.firstWriter(node.from(
    ["setting.NODE_DEVICE_ROLE", "stub.tags", "rule.role"],
    "Hypervisor, with the global tags and those of all hosts",
    ({ policy, sharedTags: tags }) => ({ name: policy.nodeDeviceRole, tags }),
  )),
  site: owned.key(
    node.from(
      ["stub.site", "rule.site"],
      "its entry in NODE_SITE_MAP, else SITE_NAME; or a rule's",
      (n) => n.ref.site,
    ),
  ),
  tenant: owned.key(
    node.from(["stub.tenant", "rule.tenant"], "TENANT_NAME, or a rule's", (n) => n.ref.tenant),
  ),
  platform: node.from(
    ["nodeStatus.pveversion"],
    "`Proxmox VE X.Y` of `pve-manager/X.Y.Z/…`",
    (n) => n.platform,
  ),
  status: node.from(
    ["nodes.status", "clusterStatus.online"],
    valuesText(NODE_STATUS, OTHER_NODE_STATUS),
    (n) => {
      const listed = textOrNone(n.nodes?.status);
      const online = number(n.clusterStatus?.online);
      if (listed === undefined && online === undefined) return undefined;
      return nodeStatus(listed ?? (online === 1 ? "online" : "offline"));
    },
  ),
  cluster: owned.firstWriter(node.from(
    ["setting.DEVICE_CLUSTER", "stub.cluster"],
    "DEVICE_CLUSTER: its cluster, unless that is scoped to another site or to a location, which NetBox refuses",
    clusterOf,
  )),
  primary_ip4: node.clearing(
    node.from(
      ["stub.ip-address", "network.method"],
      "set in step 09, by its first IPv4 address in the order of its interfaces file",
      ({ primary }) => sentElsewhere(primary[4]),
    ),
    EMPTY,
  ),
  primary_ip6: node.clearing(
    node.from(
      ["stub.ip-address", "network.method6"],
      "set in step 09, by its first IPv6 address in the order of its interfaces file",
      ({ primary }) => sentElsewhere(primary[6]),
    ),
    EMPTY,
  ),
  description: extension(
    node.from(["rule.description"], "a rule's", (n) => n.rules?.description?.value),
  ),
  comments: extension(
    node.from(["rule.comments"], "a rule's", (n) => n.rules?.comments?.value),
  ),
  custom_fields: withRuled(
    node.nested("see the custom fields below; and those of rules", DEVICE_CUSTOM_FIELDS),
  ),
  tags: owned.union(node.from(
    ["stub.tags", "rule.tags"],
    "the global tags, the host's, and those of rules",
    (n) => n.tags,
  )),
  ...skip(NOT_ANSWERED, "oob_ip", "serial", "airflow", "cooling_method"),
  ...skip(USERS, "asset_tag", "owner"),
  ...skip(RACKED, "location", "rack", "position", "face", "latitude", "longitude"),
  ...skip("a node is one machine", "virtual_chassis", "vc_position", "vc_priority"),
  ...skip(METADATA, "config", "metadata"),
};

function clusterOf({ cluster, site }: NodeSource): Device["cluster"] {
  const isThere = cluster.site === undefined || cluster.site === site;
  // NetBox wants the device at the location of its cluster.
  const isNarrower = cluster.found !== undefined && isForLocation(cluster.found.object);
  return cluster.policy.deviceCluster && isThere && !isNarrower ? cluster.ref : undefined;
}
