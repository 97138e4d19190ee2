/** virtualization.VirtualMachine: a QEMU guest or an LXC container. */
import { CLUSTER_STUB, clusterKey, type ClusterRef, NETBOX_CLUSTER } from "./cluster.ts";
import {
  choiceField,
  cleared,
  COMMON,
  type CustomFields,
  customFields,
  type CustomFieldValue,
  identity,
  integerField,
  named,
  numberField,
  textField,
} from "./fields.ts";
import {
  BY_NAME_IN_ANY_CASE,
  byOwner,
  hasName,
  hasNameInAnyCase,
  hasTenant,
  type Named,
  type NetBoxObject,
  partOf,
  referenceTo,
  stubAt,
} from "./object-type.ts";
import { type EntityType, type Key, type Machine } from "./entity-type.ts";
import { deviceRole } from "./device-type.ts";
import { PLATFORM_STUB } from "./platform.ts";
import {
  ANY_TEXT,
  CLEARED,
  either,
  type ObjectOf,
  optional,
  stub,
  TEXT,
  type ValueOf,
} from "./shape.ts";
import {
  NETBOX_TENANT,
  SITE_STUB,
  siteRef,
  TENANT_STUB,
  tenantOf,
  type TenantPolicy,
} from "./site.ts";

export const VIRTUAL_MACHINE_PARTS = {
  name: TEXT,
  cluster: CLUSTER_STUB,
  site: optional(SITE_STUB),
  tenant: optional(TENANT_STUB),
};
export const VIRTUAL_MACHINE_STUB = stub(VIRTUAL_MACHINE_PARTS, "virtual-machine");
export type VirtualMachineRef = ValueOf<typeof VIRTUAL_MACHINE_STUB>;

/** Source: netbox virtualization/choices.py, VirtualMachineStatusChoices. */
export const VIRTUAL_MACHINE_STATUSES = [
  "offline",
  "active",
  "planned",
  "staged",
  "failed",
  "decommissioning",
  "paused",
] as const;
export type VirtualMachineStatus = typeof VIRTUAL_MACHINE_STATUSES[number];

const FIELDS = {
  name: textField(),
  status: optional(choiceField(...VIRTUAL_MACHINE_STATUSES)),
  cluster: identity(CLUSTER_STUB),
  site: optional(named(SITE_STUB)),
  tenant: optional(named(TENANT_STUB)),
  role: optional(deviceRole()),
  platform: optional(named(either(PLATFORM_STUB, CLEARED))),
  vcpus: optional(numberField()),
  memory: optional(integerField()),
  start_on_boot: optional(choiceField("on", "off")),
  description: optional(textField()),
  serial: optional(textField()),
  comments: optional(textField(ANY_TEXT)),
  // Each is set by its address.
  primary_ip4: optional(cleared()),
  primary_ip6: optional(cleared()),
  ...COMMON,
  custom_fields: customFields(),
};
export type VirtualMachine = ObjectOf<typeof FIELDS>;

export type VirtualMachineIdentity = Pick<VirtualMachineRef, "name" | "cluster" | "tenant">;

export const NETBOX_VIRTUAL_MACHINE = {
  model: "VirtualMachine",
  path: "virtualization/virtual-machines",
  plural: "virtual machines",
  fields: FIELDS,
  key: virtualMachineKey,
  label: ({ name }) => name,
  sortedBy: ({ cluster, custom_fields: fields }: VirtualMachine) => [
    cluster.name,
    customText(fields["proxmox_node"]) ?? "",
    customText(fields["proxmox_vmid"]) ?? "",
  ],
  // ip-address.ts reads the primary addresses.
  reads: ["name", "cluster", "tenant", "primary_ip4", "primary_ip6"],
  owner: ({ cluster }) => referenceTo(NETBOX_CLUSTER, cluster),
  filters: BY_NAME_IN_ANY_CASE,
  is: (machine, object, clusterId) =>
    isInCluster(machine, object, clusterId) && hasTenant(machine, object),
  stubOf: (object, known) => ({
    name: object["name"],
    ...stubAt("cluster", { object, type: NETBOX_CLUSTER, known }),
    ...stubAt("tenant", { object, type: NETBOX_TENANT, known }),
  }),
  resembles: isInCluster,
} satisfies EntityType<VirtualMachineIdentity>;

/** NetBox ignores the case of the names of virtual machines and devices. */
function virtualMachineKey({ name, cluster, tenant }: VirtualMachineIdentity): Key {
  return [name.toLowerCase(), clusterKey(cluster), tenant?.name];
}

function isInCluster(machine: Named, object: NetBoxObject, clusterId: number): boolean {
  return hasNameInAnyCase(machine, object) && partOf(object, "cluster", "id") === clusterId;
}

/** The VMID. Files of other programs may have no custom fields. */
export function vmidOf(
  { custom_fields: fields }: { readonly custom_fields?: CustomFields },
): string | undefined {
  return customText(fields?.["proxmox_vmid"]);
}

function customText(value: CustomFieldValue | undefined): string | undefined {
  return value !== undefined && "text" in value ? String(value.text) : undefined;
}

export function virtualMachineRef(
  name: string,
  { cluster, site, policy }: {
    readonly cluster: ClusterRef;
    readonly site: string;
    readonly policy: TenantPolicy;
  },
): VirtualMachineRef {
  return { name, cluster, site: siteRef(site), ...tenantOf(policy) };
}

/** An interface or a disk. */
export interface PartIdentity {
  readonly virtual_machine: VirtualMachineIdentity;
  readonly name: string;
}

export const PART_OF_VIRTUAL_MACHINE = {
  key: ({ virtual_machine, name }) => [virtualMachineKey(virtual_machine), name],
  label: ({ virtual_machine, name }) => `${virtual_machine.name}/${name}`,
  machine: ({ virtual_machine: ref }: PartIdentity): Machine => ({ step: "virtual-machine", ref }),
  reads: ["name", "virtual_machine"],
  owner: ({ virtual_machine }) => referenceTo(NETBOX_VIRTUAL_MACHINE, virtual_machine),
  filters: [byOwner("virtual_machine")],
  is: (part, object, id) => hasName(part, object) && partOf(object, "virtual_machine", "id") === id,
  stubOf: (object, known) => ({
    ...stubAt("virtual_machine", { object, type: NETBOX_VIRTUAL_MACHINE, known }),
    name: object["name"],
  }),
} satisfies Partial<EntityType<PartIdentity>>;
