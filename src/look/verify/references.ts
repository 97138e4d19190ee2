/** Which object each field of an entity names. */
import type { StepName } from "../../entities/order.ts";

/** The object is no entity of ours: NetBox has it, or makes it, as the user's own. */
const USERS = "user's";

/** TABLE: field of an entity or of a stub → the step whose entity it names, wherever it stands. */
const NAMED_BY: Readonly<Record<string, StepName | typeof USERS>> = {
  tags: "tag",
  type: "cluster-type",
  cluster: "cluster",
  platform: "platform",
  untagged_vlan: "vlan",
  virtual_machine: "virtual-machine",
  device: "device",
  parent: "interface",
  bridge: "interface",
  lag: "interface",
  assigned_object_interface: "interface",
  assigned_object_vm_interface: "vm-interface",
  primary_ip4: "ip-address",
  primary_ip6: "ip-address",
  site: USERS,
  scope_site: USERS,
  tenant: USERS,
  device_type: USERS,
  role: USERS,
  manufacturer: USERS,
  primary_mac_address: USERS,
};

const CUSTOM_FIELDS = "custom_fields";

export interface Reference {
  readonly step: StepName;
  /** What names the object: the stub, or for a custom field its name. */
  readonly stub: object;
  /** "vm_interface.virtual_machine.cluster", "tag.tags[2]" */
  readonly field: string;
}

/** All that an entity names, stubs in stubs included; `within` stands before each field. */
export function* referencesOf(entity: object, within: string): Generator<Reference> {
  for (const [name, value] of Object.entries(entity)) {
    if (typeof value !== "object" || value === null) continue;
    const field = `${within}${name}`;
    if (name === CUSTOM_FIELDS) yield* customFieldsOf(value as object, field);
    const step = NAMED_BY[name];
    if (step === undefined) continue;
    if (Array.isArray(value)) {
      for (const [i, stub] of value.entries()) {
        yield* referenceOf(stub as object, step, `${field}[${i}]`);
      }
    } else yield* referenceOf(value as object, step, field);
  }
}

function* referenceOf(
  stub: object,
  step: StepName | typeof USERS,
  field: string,
): Generator<Reference> {
  // An empty stub clears a relation, and names nothing.
  if (Object.keys(stub).length === 0) return;
  if (step !== USERS) yield { step, stub, field };
  yield* referencesOf(stub, `${field}.`);
}

function* customFieldsOf(fields: object, field: string): Generator<Reference> {
  for (const name of Object.keys(fields)) {
    yield { step: "custom-field", stub: { name }, field: `${field}.${name}` };
  }
}
