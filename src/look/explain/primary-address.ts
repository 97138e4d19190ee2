/** A machine's primary addresses are sent by those addresses, in the step that assigns them to it. */
import type { StepName } from "../../entities/order.ts";
import type { Made } from "../../transform/transform.ts";
import { holderOf } from "../holder.ts";
import { contains } from "./contains.ts";

/** What the stub of a machine may say of it that is no part of what names it. */
export const PRIMARY_FIELDS: ReadonlySet<string> = new Set(["primary_ip4", "primary_ip6"]);

/** The address that sends this field of a machine; undefined: none does, or it is another field. */
export function primaryAddressOf(
  { entity }: Made,
  field: string,
  made: ReadonlyMap<StepName, readonly Made[]>,
): Made | undefined {
  if (!PRIMARY_FIELDS.has(field)) return undefined;
  return made.get("ip-address")?.find((address) => {
    const machine = holderOf(address.step, address.entity)?.ref;
    return machine !== undefined && Object.hasOwn(machine, field) &&
      contains(entity, nameOf(machine));
  });
}

function nameOf(machine: object): object {
  return Object.fromEntries(Object.entries(machine).filter(([key]) => !PRIMARY_FIELDS.has(key)));
}
