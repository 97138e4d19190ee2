/**
 * TABLE: the shapes of schema.ts once more, for files that others may have touched: what each field
 * holds, and no field that is not named. An entity is its own stub and more.
 */
import { scope, type Type, type } from "arktype";
import type { Step, StepName } from "../netbox/types/order.ts";
import type { Entities } from "../netbox/types/schema.ts";

const TAGGED = { tags: "slugged[]" } as const;
const NAMED = { name: "text" } as const;
const SLUGGED = { ...NAMED, "slug?": "text" } as const;
const CLUSTER = { ...NAMED, type: "named", "scope_site?": "slugged" } as const;
/** What an address says of the machine that it is the primary one of. */
const PRIMARY_OF = { "primary_ip4?": "bareAddress", "primary_ip6?": "bareAddress" } as const;
const MACHINE = {
  ...NAMED,
  cluster: "cluster",
  "site?": "slugged",
  "tenant?": "slugged",
  ...PRIMARY_OF,
} as const;
const NIC = { virtual_machine: "machine", ...NAMED } as const;
const DEVICE = {
  ...NAMED,
  device_type: "deviceType",
  role: "tagged",
  site: "slugged",
  "tenant?": "slugged",
  ...PRIMARY_OF,
} as const;
const PORT = {
  device: "device",
  ...NAMED,
  type: "'bridge' | 'lag' | 'virtual' | 'other'",
} as const;
const VLAN = { vid: "int64", ...NAMED, "site?": "slugged" } as const;
const ADDRESS = {
  address: "text",
  "assigned_object_interface?": "port",
  "assigned_object_vm_interface?": "nic",
} as const;
const PRIMARY = {
  "primary_ip4?": "empty",
  "primary_ip6?": "empty",
  "platform?": "slugged | empty",
} as const;

/** What the definitions below call by a word. */
const WORDS = {
  text: "string > 0",
  int64: "/^-?\\d{1,19}$/",
  empty: {},
  named: NAMED,
  slugged: SLUGGED,
  tagged: { ...SLUGGED, "tags?": "slugged[]" },
  deviceType: {
    manufacturer: "tagged",
    model: "text",
    "slug?": "text",
    "tags?": "slugged[]",
  },
  bareAddress: { address: "text" },
  mac: { mac_address: "text" },
  customText: { text: "string" },
  customInteger: { integer: "int64" },
  customFields: { "[string]": "customText | customInteger" },
  cluster: CLUSTER,
  machine: MACHINE,
  nic: NIC,
  device: DEVICE,
  port: PORT,
  vlan: VLAN,
  address: ADDRESS,
} as const;

const ENTITIES = {
  "tag": { ...SLUGGED, "color?": "/^[0-9a-f]{6}$/" },
  "custom-field": {
    ...NAMED,
    type: "'text' | 'integer'",
    label: "text",
    description: "text",
    object_types: "text[]",
  },
  "cluster-type": { ...NAMED, slug: "text", ...TAGGED },
  "cluster": { ...CLUSTER, status: "'active'", ...TAGGED },
  "platform": { ...SLUGGED, ...TAGGED },
  "vlan": { ...VLAN, ...TAGGED },
  "vm-interface": {
    ...NIC,
    "enabled?": "boolean",
    "mtu?": "int64",
    "primary_mac_address?": "mac",
    "mode?": "'access' | 'tagged'",
    "untagged_vlan?": "vlan | empty",
    ...TAGGED,
  },
  "interface": {
    ...PORT,
    "enabled?": "boolean",
    "mtu?": "int64",
    "speed?": "int64",
    "parent?": "port",
    "bridge?": "port",
    "lag?": "port",
    "primary_mac_address?": "mac",
    ...TAGGED,
  },
  "ip-address": { ...ADDRESS, ...TAGGED },
  "prefix": { prefix: "text", "scope_site?": "slugged", ...TAGGED },
  "virtual-machine": {
    ...MACHINE,
    ...PRIMARY,
    "status?": "'active' | 'offline' | 'staged'",
    "vcpus?": "number > 0",
    "memory?": "int64",
    "start_on_boot?": "'on' | 'off'",
    "comments?": "string",
    custom_fields: "customFields",
    ...TAGGED,
  },
  "virtual-disk": {
    virtual_machine: "machine",
    ...NAMED,
    size: "int64",
    "custom_fields?": "customFields",
    ...TAGGED,
  },
  "device": {
    ...DEVICE,
    ...PRIMARY,
    "status?": "'active' | 'offline'",
    "cluster?": "cluster",
    "custom_fields?": "customFields",
    ...TAGGED,
  },
} as const satisfies Record<StepName, object>;

export type Shapes = { readonly [Name in StepName]: Type<Entities[Name]> };

/** What to do with fields that stand in no shape, as a newer version may write them. */
export type OtherFields = "reject" | "ignore";

const COMPILED = new Map<OtherFields, Shapes>();

export function entityShapes(otherFields: OtherFields): Shapes {
  const shapes = COMPILED.get(otherFields) ?? compile(otherFields);
  COMPILED.set(otherFields, shapes);
  return shapes;
}

function compile(otherFields: OtherFields): Shapes {
  const words = scope(closed(WORDS, otherFields) as typeof WORDS);
  const shapes = Object.entries(closed(ENTITIES, otherFields)).map(([name, shape]) => [
    name,
    words.type(shape as typeof NAMED),
  ]);
  return Object.fromEntries(shapes) as Shapes;
}

/** `{"timestamp":"2026-01-02T03:04:05Z","tag":{…}}`, the entity aside */
const Line = type({ "+": "reject", timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ });

export interface EntityLine {
  readonly timestamp: string;
  readonly entity: Entities[StepName];
}

export interface ShapeFault {
  /** "vm_interface.untagged_vlan.vid" */
  readonly field: string;
  readonly problem: string;
}

/** An item of a request → its entity and its time, or what is wrong with it. */
export function readLine(
  item: unknown,
  { name, field }: Step,
  otherFields: OtherFields,
): EntityLine | readonly ShapeFault[] {
  const { [field]: entity, ...rest } = Object(item) as Record<string, unknown>;
  const line = Line(rest);
  const checked = entityShapes(otherFields)[name](entity);
  const faults = [
    ...(line instanceof type.errors ? faultsOf(line, []) : []),
    ...(checked instanceof type.errors ? faultsOf(checked, [field]) : []),
  ];
  if (faults.length > 0) return faults;
  return { timestamp: rest["timestamp"] as string, entity: entity as Entities[StepName] };
}

function faultsOf(errors: type.errors, within: readonly string[]): ShapeFault[] {
  return errors.map(({ propString, problem }) => ({
    field: [...within, propString].filter((part) => part !== "").join("."),
    problem,
  }));
}

function closed(definitions: object, otherFields: OtherFields): object {
  const entries = Object.entries(definitions).map(([name, definition]) => [
    name,
    typeof definition === "string" ? definition : { "+": otherFields, ...definition },
  ]);
  return Object.fromEntries(entries) as object;
}
