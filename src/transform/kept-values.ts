/** What a rule says of an object that NetBox keeps as it is, because Diode finds it by that very field. */
import { BY_NAME, type NetBoxObject, partOf, textOf } from "../netbox/types/object-type.ts";
import { NETBOX_VRF } from "../netbox/types/vrf.ts";
import type { NodeContext } from "./context.ts";
import type { OtherValue } from "./plan/collect.ts";
import type { Decided } from "./rules/match.ts";
import { ruledText } from "./rules/texts.ts";
import type { Subject } from "./sources.ts";
import { foundName } from "./target/names.ts";
import { alone, writerOf } from "./target/target.ts";

const WORDS = { tenant: "tenant", vrf: "VRF" } as const;

/** A note if NetBox has another value; `tidy` can change it, once NetBox has what the rule names. */
export function keepValue(
  field: OtherValue["field"],
  ruled: Decided<string> | undefined,
  { type, object, subject, node: { cluster, ledger, run } }: {
    readonly type: OtherValue["type"];
    readonly object: NetBoxObject;
    readonly subject: Subject;
    readonly node: Pick<NodeContext, "cluster" | "ledger" | "run">;
  },
): void {
  if (ruled === undefined) return;
  const { target, observations } = run;
  const to = field === "tenant"
    ? foundName(target, "tenant", ruled.value)
    : alone(target.objects.having(NETBOX_VRF, BY_NAME, ruled.value));
  if (to !== undefined && partOf(object, field, "id") === to.id) return;
  const rule = ruledText(WORDS[field], ruled);
  const known = textOf(partOf(object, field, "name"));
  const has = known === null ? `it has no ${WORDS[field]} in NetBox` : `NetBox has "${known}"`;
  const next = to === undefined
    ? `make the ${WORDS[field]} in NetBox, survey again, and tidy assigns it`
    : writerOf(object, cluster.hostTags) === "ours"
    ? "tidy assigns it"
    : "tidy assigns it after the next push and survey";
  ledger.note(subject, "rule-not-applied", `${rule}; ${has}: ${next}`);
  if (to === undefined) return;
  observations?.otherValues.push({
    type,
    object,
    field,
    to: { type: field, object: to },
    rule,
    subject,
  });
}
