/** A type of entities: an object type with a table of fields, a natural key and an order. */
import type { EntityFields } from "./fields.ts";
import type { ObjectType } from "./object-type.ts";

/** A type that has a step of its own. */
export interface EntityType<Identity> extends ObjectType<Identity> {
  readonly fields: EntityFields;
  /**
   * Two entities are one object of NetBox when their keys are equal.
   * Source: diode-netbox-plugin, docs/matching-criteria-documentation.md.
   */
  key(identity: Identity): Key;
  /** As people call it: "web-01/net0". */
  label(identity: Identity): string;
  /** The order within the step: "pve", 100 comes before "pve1", 7. Parts come in the order of their machines. */
  sortedBy?(entity: never): readonly string[];
  /** The machine or device that it is a part of. */
  machine?(entity: never): Machine | undefined;
}

export type Key = string | undefined | readonly Key[];

/** The device or virtual machine that an entity is a part of. */
export interface Machine {
  readonly step: "virtual-machine" | "device";
  /** Its stub. */
  readonly ref: object;
}
