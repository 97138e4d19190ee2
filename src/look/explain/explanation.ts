/** The result of `explain`, as --json prints it. */
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import type { Owner, Read } from "../../transform/mapping/table.ts";
import type { SettingName } from "../../transform/settings.ts";

/** A thing and all of its entities. */
export interface Explanation {
  /** "vm/101", as in left-out.json; "vlan/30" for shared objects. */
  readonly what: string;
  /** Its own first, then those of its parts in the order of the steps. */
  readonly entities: readonly ExplainedEntity[];
  /** Shared objects that it uses: "tag/prod". */
  readonly shared: readonly string[];
  readonly left_out: readonly LeftOut[];
  readonly notes: readonly Note[];
}

export interface ExplainedEntity {
  readonly step: StepName;
  /** "vm/101/net0". */
  readonly what: string;
  /** "web-01/net0" */
  readonly name: string;
  /** Location in the run folder; absent if no entity file has exactly this entity. */
  readonly line?: LineRef;
  /** null: NetBox does not have it; absent: there is no target. */
  readonly netbox?: ObjectInNetBox | null;
  readonly timestamp: ManifestRead;
  /** One for each row of the step's table. */
  readonly fields: readonly ExplainedField[];
}

export interface ObjectInNetBox {
  readonly id: number;
  /** For a browser. */
  readonly url: string;
}

export interface LineRef {
  /** "netbox/11-virtual-machine-0001.json" */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** TABLE: what happens to a field. */
export type FieldOutcome =
  | "sent"
  /** Sent as NetBox has it, to name the object there. */
  | "as-found"
  /** Not sent, because NetBox has a value that is not ours. */
  | "kept"
  /** Sent with another entity, which the reads name: the primary address of a machine. */
  | "elsewhere"
  /** Sent empty, to clear it in NetBox (CLEAR_EMPTY). */
  | "cleared"
  /** Proxmox VE has no value. */
  | "empty"
  /** Not read, or not valid in NetBox. */
  | "absent"
  /** Too large for a request; recorded in left-out.json. */
  | "left-out"
  /** Never sent: see the row. */
  | "never";

export interface ExplainedField {
  /** "memory", "custom_fields.proxmox_vmid" */
  readonly field: string;
  readonly fate: FieldOutcome;
  /** In the entity. */
  readonly value?: unknown;
  /** What NetBox has, in words; absent if that is nothing. */
  readonly netbox?: string;
  /** The row of the mapping table. */
  readonly row: {
    readonly kind: "mapped" | "fixed" | "skipped";
    readonly reads: readonly Read[];
    readonly how: string;
    /** Absent if it is never sent. */
    readonly owner?: Owner;
  };
  readonly reads: readonly ExplainedRead[];
}

export type ExplainedRead = AnswerRead | SettingRead | RuleRead | StubRead | ManifestRead;

/** A key of an answer. */
export interface AnswerRead {
  /** "config.netN" */
  readonly read: Read;
  /** The thing that the answer is about: "vm/101/net0". */
  readonly of: string;
  /** The key in the answer: "net0". */
  readonly key: string;
  /** "pve/nodes/pve1.json" */
  readonly file: string;
  /** API path: the key of the answer in that file. */
  readonly path: string;
  /** Line of the answer, from 1; absent if the file has none. */
  readonly line?: number;
  /** JSON pointer (RFC 6901) to the key, or to the row that lacks it. */
  readonly pointer?: string;
  /** As Proxmox VE sent it. */
  readonly value?: unknown;
  /** Why there is no value. */
  readonly missing?: string;
}

export interface SettingRead {
  /** "setting.SITE_NAME" */
  readonly read: Read;
  /** Absent if it is not set. */
  readonly value?: string;
  /** "given", "manifest.json", "default" */
  readonly from: string;
}

/** A value that a rule of the policy file sets. */
export interface RuleRead {
  /** "rule.tenant" */
  readonly read: Read;
  /** The thing that it is set on: "vm/101". */
  readonly of: string;
  /** "tenant"; of a custom field, with its name: "custom_fields.backup_class". */
  readonly key: string;
  readonly value: unknown;
  /** "policy.yaml:12": the file and the line of the rule. */
  readonly rule: string;
}

/** A reference to another object. */
export interface StubRead {
  /** "stub.virtual-machine" */
  readonly read: Read;
  /** The entities that it names; empty for objects of the user. */
  readonly names: readonly string[];
  /** What its own fields are read from. */
  readonly reads: readonly ExplainedRead[];
}

/** The time of capture. */
export interface ManifestRead {
  /** "manifest.captured_at" */
  readonly read: Read;
  readonly file: string;
  readonly pointer: string;
  readonly value: string;
}

export type SettingsInForce = Readonly<Record<SettingName, SettingInForce>>;

/** Text of a setting and its origin: "given", "manifest.json", "default". */
export interface SettingInForce {
  readonly text?: string;
  readonly from: string;
}
