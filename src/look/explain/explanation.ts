/** What `explain` answers with; `--json` prints it as it is. */
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import type { StepName } from "../../netbox/types/order.ts";
import type { Read } from "../../transform/mapping/table.ts";

/** One thing, and all that came of it. */
export interface Explanation {
  /** "vm/101", as left-out.json names it; "vlan/30" for what things share. */
  readonly what: string;
  /** Its own first, then those of its parts in emission order. */
  readonly entities: readonly ExplainedEntity[];
  /** Objects that it shares with others, each explained by this name: "tag/prod". */
  readonly shared: readonly string[];
  readonly left_out: readonly LeftOut[];
  readonly notes: readonly Note[];
}

export interface ExplainedEntity {
  readonly step: StepName;
  /** "vm/101/net0". */
  readonly what: string;
  /** As people call it: "web-01/net0". */
  readonly name: string;
  /** Where it stands below the run folder; absent when no entity file holds it as it is here. */
  readonly line?: LineRef;
  readonly timestamp: ManifestRead;
  /** Of every row of the step's table. */
  readonly fields: readonly ExplainedField[];
}

export interface LineRef {
  /** "netbox/11-virtual-machine-0001.json" */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What became of a field. */
export type FieldOutcome =
  | "sent"
  /** Another entity, which the reads name, sends it: an address tells its machine that it is primary. */
  | "elsewhere"
  /** Sent to empty it in NetBox (CLEAR_EMPTY). */
  | "cleared"
  /** Proxmox says that there is none. */
  | "empty"
  /** Not read, or nothing that NetBox takes. */
  | "absent"
  /** Too large for a request; left-out.json has it. */
  | "left-out"
  /** No row of the table ever sends it. */
  | "never";

export interface ExplainedField {
  /** "memory", "custom_fields.proxmox_vmid" */
  readonly field: string;
  readonly fate: FieldOutcome;
  /** As it stands in the entity. */
  readonly value?: unknown;
  /** The row of the mapping table. */
  readonly row: {
    readonly kind: "mapped" | "fixed" | "skipped";
    readonly reads: readonly Read[];
    readonly how: string;
  };
  readonly reads: readonly ExplainedRead[];
}

export type ExplainedRead = AnswerRead | SettingRead | StubRead | ManifestRead;

/** A key of an answer. */
export interface AnswerRead {
  /** "config.netN" */
  readonly read: Read;
  /** The thing whose answer it is: "vm/101/net0". */
  readonly of: string;
  /** As it stands in the answer: "net0". */
  readonly key: string;
  /** "pve/nodes/pve1.json" */
  readonly file: string;
  /** The API path, which is the answer's key in that file. */
  readonly path: string;
  /** Of the answer, from 1; absent when the file holds none. */
  readonly line?: number;
  /** Within the answer, of the key or of the row that lacks it (RFC 6901). */
  readonly pointer?: string;
  /** As Proxmox sent it. */
  readonly value?: unknown;
  /** Why there is no value. */
  readonly missing?: string;
}

export interface SettingRead {
  /** "setting.SITE_NAME" */
  readonly read: Read;
  /** Absent: it is not set. */
  readonly value?: string;
  /** Who said so. */
  readonly from: string;
}

/** Another object, as the value names it. */
export interface StubRead {
  /** "stub.virtual-machine" */
  readonly read: Read;
  /** The entities that it names; none when they are the user's own. */
  readonly names: readonly string[];
  /** What it is made of. */
  readonly reads: readonly ExplainedRead[];
}

/** When the snapshot was captured. */
export interface ManifestRead {
  /** "manifest.captured_at" */
  readonly read: Read;
  readonly file: string;
  readonly pointer: string;
  readonly value: string;
}
