/** A NetBox model with the objects of a target folder, to which entities can be applied. */
import { objectReferences } from "../../src/netbox/types/object-references.ts";
import { partOf } from "../../src/netbox/types/object-type.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import { readTarget } from "../../src/run-folder/target-objects.ts";
import { ModelNetBox, type Shown } from "./applied.ts";

/** More than a target of a test has of one type. */
const IDS_OF_A_TYPE = 10_000;

/** Ids of a model are unique over all types. */
export async function modelOf(folder: string): Promise<ModelNetBox> {
  const objects = await readTarget(await openTargetFolder(await openStore(folder)));
  const model = new ModelNetBox();
  const first = new Map(SURVEYED.map(({ name }, i) => [name, (i + 1) * IDS_OF_A_TYPE]));
  const move = (part: unknown, type: Parameters<typeof first.get>[0]): void => {
    const row = part as { id: number } | null | undefined;
    if (row) row.id += first.get(type) ?? 0;
  };
  for (const { name, type } of SURVEYED) {
    for (const object of objects.all(type)) {
      // Equal parts are one object there.
      const row = JSON.parse(JSON.stringify(object)) as Shown;
      const { assigned_object: assigned } = row;
      move(partOf(assigned, "virtual_machine"), "virtual-machine");
      move(partOf(assigned, "device"), "device");
      for (const { key, type, id } of Array.from(objectReferences(name, row))) {
        move([row[key]].flat().find((part) => partOf(part, "id") === id), type);
      }
      move(row, name);
      model.add(name, { tags: [], custom_fields: {}, ...row });
    }
  }
  model.refresh();
  return model;
}
