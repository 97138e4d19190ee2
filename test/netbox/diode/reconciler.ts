/**
 * What Diode's reconciler does with every entity, by itself and one after the other: it asks the
 * plugin for the difference, and has it applied if there is one.
 */
import type { NetBox } from "../server/netbox.ts";
import type { SentEntity } from "./entity-files.ts";

export type Verdict = "no-change" | "applied" | "failed";

export interface Reconciled {
  readonly sent: SentEntity;
  readonly verdict: Verdict;
  /** Objects of NetBox that it made or changed: "create virtualization.virtualmachine". */
  readonly changes: readonly string[];
  /** NetBox's own words, by the type of the object and its field. */
  readonly complaints: readonly Complaint[];
  /** What the plugin left aside without failing. */
  readonly warnings: readonly Complaint[];
}

export interface Complaint {
  /** "virtualization.virtualmachine" */
  readonly objectType: string;
  /** "primary_ip4", or "__all__". */
  readonly field: string;
  readonly words: string;
}

/** Source: netbox_diode_plugin/api/common.py, ChangeSetResult.to_dict. */
interface Answer {
  readonly change_set?: ChangeSet | null;
  readonly errors?: unknown;
  readonly warnings?: unknown;
}
interface ChangeSet {
  readonly changes: readonly Change[];
  readonly warnings?: unknown;
}
interface Change {
  readonly change_type: "create" | "update" | "noop";
  readonly object_type: string;
}

/** Emission order's fields → the models of NetBox. Source: netbox_diode_plugin/api/supported_models.py. */
const OBJECT_TYPES: Readonly<Record<SentEntity["step"]["name"], string>> = {
  "tag": "extras.tag",
  "custom-field": "extras.customfield",
  "cluster-type": "virtualization.clustertype",
  "cluster": "virtualization.cluster",
  "platform": "dcim.platform",
  "vlan": "ipam.vlan",
  "vm-interface": "virtualization.vminterface",
  "interface": "dcim.interface",
  "ip-address": "ipam.ipaddress",
  "prefix": "ipam.prefix",
  "virtual-machine": "virtualization.virtualmachine",
  "virtual-disk": "virtualization.virtualdisk",
  "device": "dcim.device",
};

/** Sends them in the order of the list. Never throws for what NetBox refuses. */
export async function reconcile(
  netbox: NetBox,
  entities: readonly SentEntity[],
): Promise<Reconciled[]> {
  const results: Reconciled[] = [];
  for (const sent of entities) results.push(await reconcileOne(netbox, sent));
  return results;
}

async function reconcileOne(netbox: NetBox, sent: SentEntity): Promise<Reconciled> {
  const { step, entity } = sent;
  const planned = await post(netbox, "generate-diff", {
    object_type: OBJECT_TYPES[step.name],
    entity: { [step.field]: entity },
  });
  const plan = planned.change_set;
  const failed = complaintsIn(planned.errors);
  const warnings = [...complaintsIn(planned.warnings), ...complaintsIn(plan?.warnings)];
  const changes = (plan?.changes ?? []).filter(({ change_type: type }) => type !== "noop")
    .map(({ change_type: type, object_type: on }) => `${type} ${on}`);
  if (failed.length > 0) return { sent, verdict: "failed", changes, complaints: failed, warnings };
  if (!plan || plan.changes.length === 0) {
    return { sent, verdict: "no-change", changes: [], complaints: [], warnings };
  }
  const applied = await post(netbox, "apply-change-set", plan);
  const complaints = complaintsIn(applied.errors);
  const verdict = complaints.length > 0 ? "failed" : "applied";
  return {
    sent,
    verdict,
    changes,
    complaints,
    warnings: [...warnings, ...complaintsIn(applied.warnings)],
  };
}

async function post(netbox: NetBox, door: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${netbox.url}/api/plugins/diode/${door}/`, {
    method: "POST",
    headers: { authorization: `Bearer ${netbox.diode}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer) return answer;
  const errors = answer?.errors ??
    { [door]: { __all__: [`HTTP ${response.status}: ${firstWords(text)}`] } };
  return { ...answer, errors };
}

function parsed(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}

/** Of a page that Django shows when it fails. */
function firstWords(text: string): string {
  return text.replaceAll(/<[^>]*>|\s+/g, " ").trim().slice(0, 300);
}

/** { type: { field: [words] } }, or a list of { object_type, fields, message }. */
function complaintsIn(errors: unknown): Complaint[] {
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
