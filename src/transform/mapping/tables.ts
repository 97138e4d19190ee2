/** All mapping tables, in emission order. */
import type { Entities } from "../../netbox/types/order.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import { CLUSTER_TYPE } from "./cluster-type.ts";
import { CLUSTER } from "./cluster.ts";
import { CUSTOM_FIELD } from "./custom-field.ts";
import { DEVICE, DEVICE_CUSTOM_FIELDS } from "./device.ts";
import { INTERFACE } from "./interface.ts";
import { IP_ADDRESS } from "./ip-address.ts";
import { L2VPN_TABLE, L2VPN_TERMINATION } from "./l2vpn.ts";
import { PLATFORM } from "./platform.ts";
import { PREFIX } from "./prefix.ts";
import { compile, type Row, type Table } from "./table.ts";
import { TAG } from "./tag.ts";
import { VIRTUAL_DISK } from "./virtual-disk.ts";
import { VIRTUAL_MACHINE, VIRTUAL_MACHINE_CUSTOM_FIELDS } from "./virtual-machine.ts";
import { VLAN_GROUP } from "./vlan-group.ts";
import { VLAN_TABLE } from "./vlan.ts";
import { VM_INTERFACE } from "./vm-interface.ts";
import { VRF_TABLE } from "./vrf.ts";

/**
 * Recorded in netbox/manifest.json: `verify` repeats a transform of the same version and expects the
 * same bytes. Raise it with the first change after a release that makes other entities, records, notes
 * or files of the same snapshot and settings; `npm run golden` refuses such a change without it.
 */
export const MAPPING_VERSION = 1;

export const TABLES = {
  "tag": TAG,
  "custom-field": CUSTOM_FIELD,
  "cluster-type": CLUSTER_TYPE,
  "cluster": CLUSTER,
  "platform": PLATFORM,
  "vrf": VRF_TABLE,
  "vlan-group": VLAN_GROUP,
  "l2vpn": L2VPN_TABLE,
  "vlan": VLAN_TABLE,
  "vm-interface": VM_INTERFACE,
  "interface": INTERFACE,
  "l2vpn-termination": L2VPN_TERMINATION,
  "ip-address": IP_ADDRESS,
  "prefix": PREFIX,
  "virtual-machine": VIRTUAL_MACHINE,
  "virtual-disk": VIRTUAL_DISK,
  "device": DEVICE,
} satisfies { readonly [Name in StepName]: Table<never, Entities[Name]> };

type SourceOf<Rows> = Rows[keyof Rows] extends Row<infer Source, unknown> ? Source : never;

/** Step → what its table reads. */
export type Sources = { [Name in StepName]: SourceOf<(typeof TABLES)[Name]> };

/** The custom fields of a step, one row each, where it has several. */
export const CUSTOM_FIELD_TABLES = {
  "virtual-machine": VIRTUAL_MACHINE_CUSTOM_FIELDS,
  "device": DEVICE_CUSTOM_FIELDS,
} as const;

type Compiled = {
  readonly [Name in StepName]: (source: Sources[Name], clearEmpty: boolean) => Entities[Name];
};

/** The same tables, ready to run. */
export const COMPILED = Object.fromEntries(
  Object.entries(TABLES).map(([name, table]) => [name, compile(table as Table<unknown, unknown>)]),
) as unknown as Compiled;
