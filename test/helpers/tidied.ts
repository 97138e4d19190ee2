/** Does to a NetBox model what a plan says, as `tidy --apply` does to NetBox: one change at a time, in order. */
import { contentTypeOf } from "../../src/netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import type { PlanItem } from "../../src/run-folder/tidy-plan.ts";
import type { ModelNetBox, Shown } from "./applied.ts";

/** What is done of an item. */
export type PlannedItem = Pick<PlanItem, "action" | "type" | "id" | "changes">;
type Change = PlannedItem["changes"][number];

/** Field → the type of the object that it names. */
const REFERENCES: Readonly<Record<string, SurveyedName>> = {
  primary_ip4: "ip-address",
  primary_ip6: "ip-address",
  untagged_vlan: "vlan",
  vlan: "vlan",
};
const DELETING = ["remove", "join"];

/** @throws Error when NetBox would refuse a change. */
export function tidied(netbox: ModelNetBox, items: readonly PlannedItem[]): void {
  for (const { action, type, id, changes } of items) {
    for (const change of changes) makeChange(netbox, change);
    if (DELETING.includes(action)) remove(netbox, type, id);
  }
  netbox.refresh();
}

function makeChange(netbox: ModelNetBox, { type, id, field, from, to }: Change): void {
  const row = rowOf(netbox, type, id);
  const reference = REFERENCES[field];
  if (field === "tags" || field === "tagged_vlans") {
    const members = (row[field] ?? []) as Shown[];
    row[field] = members.filter((member) => member["name"] !== from && member.id !== from);
    return;
  }
  if (field === "assigned_object") return assign(netbox, row, to);
  row[field] = reference === undefined || to === null
    ? to
    : { ...rowOf(netbox, reference, Number(to)) };
}

/** "virtualization.vminterface:12" */
function assign(netbox: ModelNetBox, row: Shown, to: Change["to"]): void {
  const isPrimary = machinesOf(netbox).some((machine) =>
    ["primary_ip4", "primary_ip6"].some((key) => idAt(machine[key]) === row.id)
  );
  if (isPrimary) throw new Error(`Cannot reassign IP address ${row.id}: it is a primary one`);
  const [contentType = "", id] = to === null ? [] : String(to).split(":");
  const surveyed = SURVEYED.find(({ type }) => contentTypeOf(type) === contentType);
  row["assigned_object_type"] = to === null ? null : contentType;
  row["assigned_object"] = surveyed === undefined
    ? null
    : { ...rowOf(netbox, surveyed.name, Number(id)) };
}

/** With what NetBox deletes along with it. */
function remove(netbox: ModelNetBox, type: SurveyedName, id: number): void {
  rowOf(netbox, type, id);
  for (const part of PARTS[type] ?? []) {
    for (const row of netbox.all(part.type)) {
      if (idAt(row[part.key]) === id) remove(netbox, part.type, row.id);
    }
  }
  netbox.remove(type, { id });
  if (type !== "ip-address") return;
  for (const machine of machinesOf(netbox)) {
    for (const key of ["primary_ip4", "primary_ip6"]) {
      if (idAt(machine[key]) === id) machine[key] = null;
    }
  }
}

/** TABLE: type → what NetBox deletes with an object of it. Source: NetBox, models of each app (CASCADE). */
const PARTS: Partial<
  Record<SurveyedName, readonly { readonly type: SurveyedName; readonly key: string }[]>
> = {
  "virtual-machine": [
    { type: "vm-interface", key: "virtual_machine" },
    { type: "virtual-disk", key: "virtual_machine" },
  ],
  "device": [{ type: "interface", key: "device" }],
  "vm-interface": [{ type: "ip-address", key: "assigned_object" }],
  "interface": [{ type: "ip-address", key: "assigned_object" }],
};

function rowOf(netbox: ModelNetBox, type: SurveyedName, id: number): Shown {
  return netbox.one(type, (row) => row.id === id);
}

function machinesOf(netbox: ModelNetBox): readonly Shown[] {
  return [...netbox.all("virtual-machine"), ...netbox.all("device")];
}

function idAt(shown: unknown): unknown {
  return (shown as { readonly id?: unknown } | null | undefined)?.id;
}
