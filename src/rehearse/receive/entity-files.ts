/**
 * Requests → files in the form of `transform`, each request one file: netbox/01-tag-0001.json and so
 * on, numbered as they come. What no step of ours makes, such as a request of another program with
 * entities of many kinds, goes to other/0001.json.
 */
import { encodeUtf8 } from "../../base/text.ts";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { type Step, type StepName, STEPS } from "../../netbox/types/order.ts";
import { ENTITIES_FORMAT } from "../../netbox/types/schema.ts";
import { ENTITIES_FOLDER, requestText, type Tool } from "../../run-folder/entity-writer.ts";
import { createLeftOutWriter } from "../../run-folder/left-out-file.ts";
import { type FileEntry, fileEntry, seal } from "../../run-folder/manifest.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { type RequestJson, requestJson } from "./received.ts";

export interface EntityFiles {
  /** @throws AppError "usage" when the file cannot be written. */
  add(request: Uint8Array): Promise<void>;
  /** Puts netbox/ in its place, manifest last; without a request the old one stays. */
  finish(): Promise<void>;
}

export async function createEntityFiles(store: Store, tool: Tool): Promise<EntityFiles> {
  const draft = await store.draft(ENTITIES_FOLDER);
  const leftOut = createLeftOutWriter(draft);
  const files: FileEntry[] = [];
  const numbers = new Map<Step | undefined, number>();
  const counts = Object.fromEntries(STEPS.map(({ name }) => [name, 0])) as Record<StepName, number>;
  return {
    async add(bytes) {
      const request = requestJson(bytes);
      const text = encodeUtf8(requestText(request));
      const step = stepOf(request);
      const number = (numbers.get(step) ?? 0) + 1;
      numbers.set(step, number);
      const digits = String(number).padStart(4, "0");
      if (step === undefined) return await store.write(`other/${digits}.json`, text);
      const name = `${step.number}-${step.name}-${digits}.json`;
      counts[step.name] += request.entities.length;
      files.push(fileEntry(`${ENTITIES_FOLDER}/${name}`, text));
      await draft.write(name, text);
    },
    async finish() {
      if (files.length === 0) return await draft.discard();
      const { name, bytes, sha256 } = await leftOut.finish();
      files.push({ path: `${ENTITIES_FOLDER}/${name}`, bytes, sha256 });
      files.sort((a, b) => compareCodeUnits(a.path, b.path));
      const manifest = { format: ENTITIES_FORMAT, tool, snapshots: [], counts };
      const sealed = seal({ ...manifest, left_out: {}, notes: {}, files });
      await draft.commit("manifest.json", encodeUtf8(sealed));
    },
  };
}

/** The step that all entities of a request belong to. */
function stepOf({ entities }: RequestJson): Step | undefined {
  return STEPS.find(({ field }) => entities.every((entity) => Object.hasOwn(entity, field)));
}
