/**
 * netbox/plan.json: what a run asks of NetBox that Diode cannot do. `transform --target` makes it of the
 * snapshots, the target and, with --since, an earlier run; `tidy` does it.
 */
import { type } from "arktype";
import { inputError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { decodeUtf8 } from "../base/text.ts";
import { STEP_NAMES } from "../netbox/types/steps.ts";
import { SURVEYED } from "../netbox/types/surveyed.ts";
import { TargetSource } from "./target.ts";

export const PLAN_FILE = "netbox/plan.json";

/** The newest format that this program reads, and the only one that it writes. */
export const PLAN_FORMAT = 1;

/** TABLE: action → what it does, in the order in which they are done. */
export const ACTIONS = {
  release: "Take an address from a machine that no longer has it, for the machine that has it now",
  rename: "Give an object the name that Proxmox VE has for it now",
  assign: "Give a machine the tenant, or an address the VRF, that a rule says",
  retire:
    "Set a machine that is gone to GONE_STATUS and its addresses to deprecated, through Diode",
  remove: "Delete what an earlier run wrote and Proxmox VE no longer has",
  untag: "Take a tag from a machine that Proxmox VE has taken from its guest",
  join: "Make one of two objects with the same natural key",
} as const;
export type Action = keyof typeof ACTIONS;

/** A text, a number, a flag, or nothing. */
const Plain = type("string | number | boolean | null");

/** Where it can be read why: an answer of Proxmox VE, an object of the target, an entity of the earlier run. */
const PlanEvidence = type({
  of: "'answer' | 'target' | 'earlier'",
  /** "pve/nodes/pve1.json", "target/24-virtual-machine-0001.jsonl", "netbox/11-virtual-machine-0001.json" */
  file: "string",
  /** Of an answer: its path, such as "/nodes/pve1/qemu/101/config". */
  "path?": "string",
  /** From 1. */
  "line?": "number.integer >= 1",
  /** Which of several snapshots. */
  "snapshot?": "string",
});
export type PlanEvidence = typeof PlanEvidence.infer;

const SurveyedType = type.enumerated(...SURVEYED.map(({ name }) => name));

/** One field of one object. Objects are named by their ids. */
const PlanChange = type({
  type: SurveyedType,
  id: "number.integer",
  /**
   * "name"; "primary_ip4", "untagged_vlan", "vlan", "tenant", "vrf": the id of the object that it names; "assigned_object":
   * "virtualization.vminterface:12"; "tags", "tagged_vlans": one member of the list.
   */
  field: "string",
  from: Plain,
  /** null: nothing; of a list: the member is taken out. */
  to: Plain,
});
export type PlanChange = typeof PlanChange.infer;

export const PlanItem = type({
  action: type.enumerated(...Object.keys(ACTIONS) as Action[]),
  /** The object that it is about. */
  type: SurveyedType,
  id: "number.integer",
  /** Its page in NetBox. */
  url: "string",
  /** As people call it: "web-01/net0". */
  name: "string",
  /** In this order. Of `remove` and `retire`: none. Of `join`: what is moved before the object is deleted. */
  changes: PlanChange.array(),
  /** Of `join`: the object that stays. */
  "into?": "number.integer",
  /** Of `retire`: the status that its entity has. */
  "status?": "string",
  /** Of `remove`: fields that a run sent, although otherwise only people fill them in. */
  "sent?": "string[]",
  /** A sentence. */
  why: "string",
  evidence: PlanEvidence.array(),
  /**
   * What the plan relies on: path in the REST object → value, such as "name", "cluster.id",
   * "custom_fields.proxmox_vmid"; "tags": names that are among those of the object.
   */
  seen: type({ "[string]": Plain.or("string[]") }),
});
export type PlanItem = typeof PlanItem.infer;

/** What an item would be, but for something that people made, or because it is not due or may be elsewhere. */
const KeptItem = type({
  action: type.enumerated(...Object.keys(ACTIONS) as Action[]),
  type: SurveyedType,
  id: "number.integer",
  url: "string",
  name: "string",
  /** A sentence: what depends on it, and where; since when it is gone; or where it may be. */
  because: "string",
});
export type KeptItem = typeof KeptItem.infer;

const PlanGuest = type({
  vmid: "string",
  kind: "string",
  node: "string",
  name: "string",
  cluster: "string",
});

/** One of `guest` and `device`. */
const GoneSince = type({
  "guest?": PlanGuest,
  /** As the earlier run named it. */
  "device?": { name: "string", site: { name: "string" }, "tenant?": { name: "string" } },
  /** `captured_at` of the first run that read the listing and did not have it, nor any since. */
  since: "string.date.iso",
  /** A run gave its machine the status of GONE_STATUS. */
  "retired?": "boolean",
});
export type GoneSince = typeof GoneSince.infer;

/**
 * What an earlier run wrote, and NetBox still has, although this run does not: the next plan considers it, too,
 * whatever becomes of this one. Without it, what one run could not read would never be removed.
 */
const Carried = type({
  entities: type({
    step: type.enumerated(...STEP_NAMES),
    entity: "object",
    /** The guest that it is, or is a part of. */
    "guest?": PlanGuest,
  }).array(),
  /** Tags that guests no longer have. */
  tags: type({ guest: PlanGuest, tag: "string" }).array(),
  /** Guests and nodes that are gone, and that NetBox still has; absent: none. */
  "gone?": GoneSince.array(),
});
export type Carried = typeof Carried.infer;

export const TidyPlan = type({
  format: "number.integer >= 1",
  /** What it was made with. */
  target: TargetSource,
  /** Hash of the earlier entity set; absent: nothing is removed, retired or untagged. */
  "since?": "string.hex",
  /** Hashes of the entity sets of other clusters, in which guests that are gone were looked for. */
  "elsewhere?": "string.hex[]",
  /** Objects in the target that have our host tags: the whole, of which --max-removed is a share. */
  ours: "number.integer >= 0",
  /** In the order in which they are done: by action, then so that nothing refers to what is deleted. */
  items: PlanItem.array(),
  kept: KeptItem.array(),
  /** Absent without an earlier run. */
  "carried?": Carried,
});
export type TidyPlan = typeof TidyPlan.infer;

/** A plan that is not written yet. */
export type MadePlan = Omit<TidyPlan, "format">;

/** Action → how many items; those without any are absent. */
export function countActions({ items }: Pick<TidyPlan, "items">): Partial<Record<Action, number>> {
  const counted = (Object.keys(ACTIONS) as Action[]).map((action) =>
    [action, items.filter((item) => item.action === action).length] as const
  );
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

/**
 * The file: one item a line.
 *
 * {"format":1,"target":{…},"ours":52,"items":[
 * {"action":"rename","type":"virtual-machine","id":7,…}
 * ],"kept":[
 * ]}
 */
export function planText({ items, kept, carried, ...facts }: MadePlan): string {
  const lines = (list: readonly object[]): string =>
    list.length === 0 ? "" : `\n${list.map((each) => JSON.stringify(each)).join(",\n")}`;
  const head = JSON.stringify({ format: PLAN_FORMAT, ...facts }).slice(0, -1);
  const lists = Object.entries<readonly object[]>(carried ?? {})
    .map(([name, list]) => `"${name}":[${lines(list)}\n]`);
  const end = carried === undefined ? "" : `,"carried":{${lists.join(",")}}`;
  return `${head},"items":[${lines(items)}\n],"kept":[${lines(kept)}\n]${end}}\n`;
}

/** `what` names the file in errors. @throws AppError "input" unless it is a plan of this format. */
export function parsePlan(bytes: Uint8Array, what: string): TidyPlan {
  const document = parseJson(decodeUtf8(bytes, what), what);
  const format = (document as { readonly format?: unknown } | null)?.format;
  if (typeof format === "number" && format > PLAN_FORMAT) {
    throw inputError(
      `Cannot read ${what}: it has plan format ${format}, and this program reads up to ${PLAN_FORMAT}`,
      { hint: "Use the version of proxmox-diode that transformed it, or a newer one" },
    );
  }
  const plan = TidyPlan(document);
  if (plan instanceof type.errors) {
    throw inputError(`Cannot read ${what}: ${plan.summary.split("\n", 1)[0]}`, {
      hint: "Run transform again with --target",
    });
  }
  return plan;
}
