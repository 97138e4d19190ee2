/** The API of NetBox's Diode plugin, as Diode's reconciler calls it. */
import { contentTypeOf } from "../../../src/netbox/types/object-type.ts";
import { ENTITY_TYPES } from "../../../src/netbox/types/order.ts";
import type { NetBox } from "../server/netbox.ts";
import type { QueuedEntity } from "../../helpers/diode-queue.ts";
import type { SentEntity } from "./entity-files.ts";

/** Where the plugin is, and the token of the reconciler. */
export type PluginPlace = Pick<NetBox, "url" | "diode">;

/** Source: netbox_diode_plugin/api/common.py, ChangeSetResult.to_dict. */
export interface ChangeSetResult {
  readonly change_set?: ChangeSet | null;
  readonly errors?: unknown;
  readonly warnings?: unknown;
}

export interface ChangeSet {
  readonly changes: readonly Change[];
  readonly warnings?: unknown;
}

interface Change {
  readonly change_type: "create" | "update" | "noop";
  readonly object_type: string;
}

/** Source: netbox_diode_plugin/api/views.py, BulkPlanApplyView. */
export interface BulkResult {
  /** The id of the request. */
  readonly id: string;
  /** Null when planning failed. */
  readonly change_set: ChangeSet | null;
  readonly errors: { readonly plan?: unknown; readonly apply?: unknown } | null;
  readonly warnings?: unknown;
}

/** An error of NetBox about one object. */
export interface Complaint {
  /** "virtualization.virtualmachine" */
  readonly objectType: string;
  /** "primary_ip4", or "__all__". */
  readonly field: string;
  readonly words: string;
}

export async function generateDiff(netbox: NetBox, sent: SentEntity): Promise<ChangeSetResult> {
  return resultOf("generate-diff", await post(netbox, "generate-diff", wireOf(sent)));
}

export async function applyChangeSet(netbox: NetBox, plan: ChangeSet): Promise<ChangeSetResult> {
  return resultOf("apply-change-set", await post(netbox, "apply-change-set", plan));
}

/**
 * One result for each entity, in the same order. An answer without results fails all entities,
 * as it does in the reconciler.
 */
export async function bulkPlanApply(
  netbox: PluginPlace,
  batch: readonly QueuedEntity[],
): Promise<BulkResult[]> {
  const endpoint = "bulk-plan-apply";
  const entities = batch.map((sent, i) => ({ id: String(i), ...wireOf(sent) }));
  const answer = await post(netbox, endpoint, { entities });
  const { results } = (answer.body ?? {}) as { readonly results?: readonly BulkResult[] };
  const byId = new Map(results?.map((result) => [result.id, result]));
  return entities.map(({ id }) =>
    byId.get(id) ?? { id, change_set: null, errors: { plan: errorsOf(endpoint, answer) } }
  );
}

/** { type: { field: [words] } }, or a list of { object_type, fields, message }. */
export function complaintsIn(errors: unknown): Complaint[] {
  if (typeof errors !== "object" || errors === null) return [];
  if (Array.isArray(errors)) {
    return errors.map((one: { object_type?: string; fields?: string[]; message?: string }) => ({
      objectType: one.object_type ?? "",
      field: one.fields?.join(", ") ?? "__all__",
      words: one.message ?? JSON.stringify(one),
    }));
  }
  return Object.entries(errors).flatMap(([objectType, fields]) =>
    Object.entries(typeof fields === "object" && fields !== null ? fields : { __all__: fields })
      .map(([field, words]) => ({
        objectType,
        field,
        words: [words].flat().map((word: unknown) =>
          typeof word === "string" ? word : JSON.stringify(word)
        ).join("; "),
      }))
  );
}

interface Answer {
  readonly status: number;
  readonly isOk: boolean;
  readonly text: string;
  /** Undefined when the text is not JSON. */
  readonly body: unknown;
}

async function post(netbox: PluginPlace, endpoint: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${netbox.url}/api/plugins/diode/${endpoint}/`, {
    method: "POST",
    headers: { authorization: `Bearer ${netbox.diode}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, isOk: response.ok, text, body: parsed(text) };
}

function wireOf({ step, entity }: QueuedEntity): { object_type: string; entity: object } {
  const type = contentTypeOf(ENTITY_TYPES[step.name]);
  return { object_type: type, entity: { [step.field]: entity } };
}

function resultOf(endpoint: string, answer: Answer): ChangeSetResult {
  const body = answer.body as ChangeSetResult | undefined;
  return answer.isOk && body ? body : { ...body, errors: errorsOf(endpoint, answer) };
}

/** The errors of an answer that is not a result. */
function errorsOf(endpoint: string, { status, text, body }: Answer): unknown {
  const { errors } = (body ?? {}) as { readonly errors?: unknown };
  return errors ?? { [endpoint]: { __all__: [`HTTP ${status}: ${firstWords(text)}`] } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The start of the text of a Django error page. */
function firstWords(text: string): string {
  return text.replaceAll(/<[^>]*>|\s+/g, " ").trim().slice(0, 300);
}
