/**
 * TABLE: what in NetBox can depend on an object of ours, of the types that `tidy` deletes. Source: the relations of
 * NetBox's models, and filtersets.py of each app.
 */
import pMap from "p-map";
import { contentTypeOf, type NetBoxObject, type ObjectType } from "../types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../types/surveyed.ts";
import { NETBOX_MAC_ADDRESS } from "../types/writable.ts";
import { type NetBox, type Query, Refusal, refusalText } from "./client.ts";

interface DependentKind {
  /** "dcim/cables" */
  readonly path: string;
  readonly model: string;
  readonly plural: string;
  /** Finds those of an object. */
  readonly query: (id: string) => Query;
  /**
   * keeps (default): the object stays. goes: NetBox deletes it with the object. clears: NetBox empties this
   * field of it, which is right if it is ours.
   */
  readonly effect?: "goes" | { readonly clears: string };
}

const by = (name: string) => (id: string): Query => [[name, id]];

/** A generic relation. */
const about = (prefix: string, contentType: string) => (id: string): Query => [
  [`${prefix}_type`, contentType],
  [`${prefix}_id`, id],
];

const TYPES = new Map(SURVEYED.map(({ name, type }) => [name, type]));

/** Of a type with a survey. */
function kind(
  name: SurveyedName,
  query: DependentKind["query"],
  effect?: DependentKind["effect"],
): DependentKind {
  const { path, model, plural } = TYPES.get(name) as ObjectType<never>;
  return { path, model, plural, query, ...(effect && { effect }) };
}

function journal(contentType: string): DependentKind {
  return {
    path: "extras/journal-entries",
    model: "JournalEntry",
    plural: "journal entries",
    query: about("assigned_object", contentType),
  };
}

function contacts(contentType: string): DependentKind {
  return {
    path: "tenancy/contact-assignments",
    model: "ContactAssignment",
    plural: "contact assignments",
    query: about("object", contentType),
  };
}

function images(contentType: string): DependentKind {
  return {
    path: "extras/image-attachments",
    model: "ImageAttachment",
    plural: "image attachments",
    query: about("object", contentType),
  };
}

function services(filter: string): DependentKind {
  return { path: "ipam/services", model: "Service", plural: "services", query: by(filter) };
}

/** Of both kinds of interfaces. */
function onInterface(contentType: string, filter: string): readonly DependentKind[] {
  return [
    kind("ip-address", by(filter)),
    {
      path: "ipam/fhrp-group-assignments",
      model: "FHRPGroupAssignment",
      plural: "FHRP group assignments",
      query: about("interface", contentType),
    },
    {
      path: "vpn/tunnel-terminations",
      model: "TunnelTermination",
      plural: "tunnel terminations",
      query: about("termination", contentType),
    },
    {
      path: "vpn/l2vpn-terminations",
      model: "L2VPNTermination",
      plural: "L2VPN terminations",
      query: by(filter),
    },
    journal(contentType),
    { ...NETBOX_MAC_ADDRESS, query: by(filter), effect: "goes" },
  ];
}

/** TABLE: the parts of a device besides its interfaces: path and model. */
const DEVICE_PARTS = {
  "console-ports": "ConsolePort",
  "console-server-ports": "ConsoleServerPort",
  "power-ports": "PowerPort",
  "power-outlets": "PowerOutlet",
  "front-ports": "FrontPort",
  "rear-ports": "RearPort",
  "cooling-intakes": "CoolingIntake",
  "cooling-outflows": "CoolingOutflow",
  "module-bays": "ModuleBay",
  "device-bays": "DeviceBay",
  "inventory-items": "InventoryItem",
} as const;

const DEVICE_CONTEXT = {
  path: "dcim/virtual-device-contexts",
  model: "VirtualDeviceContext",
  plural: "virtual device contexts",
} as const;

const DEVICE = "dcim.device";
const PORT = "dcim.interface";
const MACHINE = "virtualization.virtualmachine";
const NIC = "virtualization.vminterface";

const DEPENDENTS: { readonly [Name in SurveyedName]?: readonly DependentKind[] } = {
  "device": [
    kind("interface", by("device_id")),
    kind("virtual-machine", by("device_id")),
    services("device_id"),
    contacts(DEVICE),
    images(DEVICE),
    journal(DEVICE),
    ...Object.entries(DEVICE_PARTS).map(([path, model]) => ({
      path: `dcim/${path}`,
      model,
      plural: path.replaceAll("-", " "),
      query: by("device_id"),
    })),
    {
      path: "dcim/device-bays",
      model: "DeviceBay",
      plural: "device bays",
      query: by("installed_device_id"),
    },
    { ...DEVICE_CONTEXT, query: by("device_id") },
    {
      path: "dcim/virtual-chassis",
      model: "VirtualChassis",
      plural: "virtual chassis",
      query: by("master_id"),
    },
  ],
  "interface": [
    kind("interface", by("parent_id")),
    ...onInterface(PORT, "interface_id"),
    {
      path: "dcim/inventory-items",
      model: "InventoryItem",
      plural: "inventory items",
      query: about("component", PORT),
    },
    {
      path: "circuits/virtual-circuit-terminations",
      model: "VirtualCircuitTermination",
      plural: "virtual circuit terminations",
      query: by("interface_id"),
    },
    kind("interface", by("bridge_id"), { clears: "bridge" }),
    kind("interface", by("lag_id"), { clears: "lag" }),
  ],
  "virtual-machine": [
    kind("vm-interface", by("virtual_machine_id")),
    kind("virtual-disk", by("virtual_machine_id")),
    services("virtual_machine_id"),
    contacts(MACHINE),
    images(MACHINE),
    journal(MACHINE),
  ],
  "vm-interface": [
    kind("vm-interface", by("parent_id")),
    kind("vm-interface", by("bridge_id")),
    ...onInterface(NIC, "vminterface_id"),
  ],
  "virtual-disk": [journal("virtualization.virtualdisk")],
  "ip-address": [
    services("ip_address_id"),
    kind("ip-address", by("nat_inside_id")),
    {
      path: "vpn/tunnel-terminations",
      model: "TunnelTermination",
      plural: "tunnel terminations",
      query: by("outside_ip_id"),
    },
    contacts("ipam.ipaddress"),
    journal("ipam.ipaddress"),
    ...(["primary_ip4", "primary_ip6"] as const).flatMap((field) => [
      kind("virtual-machine", by(`${field}_id`), { clears: field }),
      kind("device", by(`${field}_id`), { clears: field }),
      // Contexts are people's.
      { ...DEVICE_CONTEXT, query: by(`${field}_id`) },
    ]),
    // `transform` sends no out-of-band address.
    kind("device", by("oob_ip_id")),
  ],
  "vlan": [
    kind("interface", by("vlan_id")),
    kind("vm-interface", by("vlan_id")),
    kind("prefix", by("vlan_id")),
    kind("vlan", by("qinq_svlan_id")),
    {
      path: "wireless/wireless-lans",
      model: "WirelessLAN",
      plural: "wireless LANs",
      query: by("vlan_id"),
    },
    {
      path: "vpn/l2vpn-terminations",
      model: "L2VPNTermination",
      plural: "L2VPN terminations",
      query: by("vlan_id"),
    },
    journal("ipam.vlan"),
  ],
  "prefix": [contacts("ipam.prefix"), journal("ipam.prefix")],
};

export interface Dependent {
  readonly path: string;
  readonly plural: string;
  readonly object: NetBoxObject;
  readonly effect: DependentKind["effect"];
}

export interface FoundDependents {
  readonly dependents: readonly Dependent[];
  /** Why some of them are not known: the token may not view them, or NetBox does not list them. */
  readonly unknown: readonly string[];
}

/** @throws AppError "remote". */
export async function dependentsOf(
  netbox: NetBox,
  { type, id }: { readonly type: SurveyedName; readonly id: number },
  { concurrency, customFields }: {
    /** Requests under way at once. */
    readonly concurrency: number;
    /** All that NetBox has: one of the type "object" can name the object. */
    readonly customFields: readonly NetBoxObject[];
  },
): Promise<FoundDependents> {
  const naming = customFieldKinds(type, customFields);
  const kinds = [...DEPENDENTS[type] ?? [], ...naming.kinds];
  const found = await pMap(kinds, (each) => listed(netbox, each, id), { concurrency });
  return {
    dependents: found.flatMap(({ dependents }) => dependents),
    unknown: [...new Set([...naming.unknown, ...found.flatMap(({ unknown }) => unknown)])],
  };
}

const BY_CONTENT_TYPE = new Map(SURVEYED.map(({ type }) => [contentTypeOf(type), type]));

/** The objects that can name one of the type in a custom field of people's. */
function customFieldKinds(
  type: SurveyedName,
  customFields: readonly NetBoxObject[],
): { readonly kinds: readonly DependentKind[]; readonly unknown: readonly string[] } {
  const own = contentTypeOf(TYPES.get(type) as ObjectType<never>);
  const naming = customFields.filter((each) => each["related_object_type"] === own)
    .flatMap(({ name, object_types }) =>
      (object_types as readonly string[]).map((holder) => ({ name: String(name), holder }))
    );
  const kinds = naming.flatMap(({ name, holder }) => {
    const found = BY_CONTENT_TYPE.get(holder);
    if (found === undefined) return [];
    const { path, model, plural } = found;
    const title = `${plural} with the custom field "${name}"`;
    return [{ path, model, plural: title, query: by(`cf_${name}`) }];
  });
  const unknown = naming.filter(({ holder }) => !BY_CONTENT_TYPE.has(holder))
    .map(({ name, holder }) => `the custom field "${name}" of any ${holder} may name it`);
  return { kinds, unknown };
}

async function listed(
  netbox: NetBox,
  { path, model, plural, query, effect }: DependentKind,
  id: number,
): Promise<FoundDependents> {
  const dependents: Dependent[] = [];
  try {
    for await (const objects of netbox.list(path, query(String(id)))) {
      dependents.push(...objects.map((object) => ({ path, plural, object, effect })));
    }
    return { dependents, unknown: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A release of NetBox that does not have the type.
    if (error.status === 404) return { dependents, unknown: [] };
    return { dependents, unknown: [refusalText({ path, model, plural }, error)] };
  }
}
