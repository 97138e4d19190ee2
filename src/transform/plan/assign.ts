/**
 * assign: what a rule says of an object that Diode finds by the very field that the rule sets: the tenant of a
 * machine, the VRF of an address. Diode would make a second object.
 */
import { partOf } from "../../netbox/types/object-type.ts";
import { type ItemDraft, type OwnObjects } from "./objects.ts";
import type { OtherValue } from "./collect.ts";

const TYPES = ["device", "virtual-machine", "ip-address"] as const;

function rank({ type }: OtherValue): number {
  return TYPES.indexOf(type);
}

/** Of objects that are ours; of several things that NetBox has as one, the first decides. */
export function planAssignments(values: readonly OtherValue[], own: OwnObjects): ItemDraft[] {
  const first = new Map(
    values.toReversed().map((each) => [`${each.type} ${each.object.id} ${each.field}`, each]),
  );
  const ours = [...first.values()].filter(({ object }) => own.isOurs(object));
  return ours.toSorted((a, b) => rank(a) - rank(b) || a.object.id - b.object.id)
    .map(({ type, object, field, to, rule, subject }) => {
      const { id } = object;
      const from = partOf(object, field, "id");
      return own.draft("assign", { type, object }, {
        changes: [{
          type,
          id,
          field,
          from: typeof from === "number" ? from : null,
          to: to.object.id,
        }],
        why: `${rule} is for ${subject.what}, and NetBox has ${
          from === undefined ? `no ${field}` : `another ${field}`
        }`,
        answers: [subject.answer],
        objects: [to],
      });
    });
}
