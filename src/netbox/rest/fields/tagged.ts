/** Words for objects that a device brings with it: what NetBox shows of them in passing lacks their tags. */
import type { DeviceRoleRef, DeviceTypeRef, ManufacturerRef } from "../../types/schema.ts";
import { unjudged } from "../findings.ts";
import type { Reference } from "../kinds.ts";
import { partOf, textOf } from "../part.ts";
import { type FieldRow, type Held, judgeList, type Outcome } from "./field.ts";
import { tagName, tagNames } from "./words.ts";

/** { id: 1, model: "Proxmox Node", manufacturer: { name: "Proxmox", … }, … }, and the tags of both. */
export function deviceType(key: string): FieldRow<DeviceTypeRef> {
  const typeOf = (value: DeviceTypeRef): Tagged => ({ kind: "device-type", identity: value });
  const makerOf = ({ manufacturer }: DeviceTypeRef): Tagged => ({
    kind: "manufacturer",
    identity: manufacturer,
  });
  return {
    reads: [key],
    how: "an object, by its model and its manufacturer; looked up for their tags",
    needs: (value) => [typeOf(value), makerOf(value)],
    judge(held) {
      const { field, value, object } = held;
      const shown = object[key];
      const netbox = typeText(partOf(shown, "manufacturer", "name"), partOf(shown, "model"));
      const sent = typeText(value.manufacturer.name, value.model);
      if (netbox !== sent) return [{ field, netbox, sent }];
      return [
        ...tagsOf(typeOf(value), { ...held, field: `${field}.tags` }),
        ...tagsOf(makerOf(value), { ...held, field: `${field}.manufacturer.tags` }),
      ];
    },
  };
}

/** { id: 1, name: "Hypervisor", … }, and its tags. */
export function deviceRole(key: string): FieldRow<DeviceRoleRef> {
  const roleOf = (value: DeviceRoleRef): Tagged => ({ kind: "device-role", identity: value });
  return {
    reads: [key],
    how: "an object, by its name; looked up for its tags",
    needs: (value) => [roleOf(value)],
    judge(held) {
      const { field, value, object } = held;
      const netbox = textOf(partOf(object, key, "name"));
      if (netbox !== value.name) return [{ field, netbox, sent: value.name }];
      return tagsOf(roleOf(value), { ...held, field: `${field}.tags` });
    },
  };
}

type Tagged = Extract<Reference, { readonly kind: "device-type" | "device-role" | "manufacturer" }>;

function tagsOf(
  reference: Tagged,
  { field, resolve }: Pick<Held<unknown>, "field" | "resolve">,
): readonly Outcome[] {
  const { tags } = reference.identity as ManufacturerRef;
  if (tags === undefined) return [];
  const found = resolve(reference);
  if (found.state === "unclear") return [unjudged(found, field)];
  const shown = found.state === "found" ? found.object["tags"] : undefined;
  const netbox = (Array.isArray(shown) ? shown : []).map(tagName).filter((name) => name !== null);
  return judgeList({ field, netbox, sent: tagNames(tags) });
}

function typeText(manufacturer: unknown, model: unknown): string | null {
  return model === undefined ? null : `${textOf(manufacturer)} ${textOf(model)}`;
}
