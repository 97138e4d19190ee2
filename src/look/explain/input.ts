/** A run folder, transformed or not → what there is to explain, and with which settings. */
import { inputError } from "../../base/errors.ts";
import type { SettingRow } from "../../base/setting.ts";
import {
  ENTITY_MANIFEST_FILE,
  openEntities,
  type TransformedSet,
} from "../../run-folder/entity-set.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import { MANIFEST_FILE, type Snapshot } from "../../run-folder/snapshot.ts";
import type { Store } from "../../run-folder/store/store.ts";
import {
  recordedTexts,
  type SettingName,
  SETTINGS,
  type SettingTexts,
} from "../../transform/settings.ts";
import { readRunParts } from "../run.ts";

export interface ExplainInput {
  readonly snapshot: Snapshot;
  readonly settings: SettingsInForce;
  /** The entity files beside it; undefined: there are none yet. */
  readonly entities: TransformedSet | undefined;
}

export type SettingsInForce = Readonly<Record<SettingName, SettingInForce>>;

/** A setting's text, and who said so: "given", "manifest.json", "default". */
export interface SettingInForce {
  readonly text?: string;
  readonly from: string;
}

/**
 * What was recorded when the entity files were made goes before what capture recorded, so that the
 * explanation fits the files.
 * @throws AppError "input" when there is no snapshot, or a part is unfinished, changed or newer.
 */
export async function openExplainInput(store: Store, given: SettingTexts): Promise<ExplainInput> {
  const parts = await readRunParts(store);
  if (parts.snapshot === "absent" && parts.entities === "finished") {
    throw noSnapshot(await openEntities(store));
  }
  const snapshot = await openSnapshot(store);
  const entities = parts.entities === "absent" ? undefined : await openEntities(store);
  const madeOf = entities?.manifest.snapshots.find(({ sha256 }) => sha256 === snapshot.sha256);
  const settings = layeredSettings({
    "given": given,
    [ENTITY_MANIFEST_FILE]: madeOf?.policy ?? {},
    [MANIFEST_FILE]: recordedTexts(snapshot.manifest),
  });
  return { snapshot, settings, entities };
}

/** Each setting from the first layer that has it, by the name of that layer. */
export function layeredSettings(layers: Readonly<Record<string, SettingTexts>>): SettingsInForce {
  const rows = Object.entries<SettingRow>(SETTINGS).map(([name, row]) => {
    const [from, texts] = Object.entries(layers)
      .find(([, layer]) => layer[name as SettingName] !== undefined) ?? ["default"];
    const text = texts?.[name as SettingName] ?? row.default;
    return [name, text === undefined ? { from } : { text, from }];
  });
  return Object.fromEntries(rows) as SettingsInForce;
}

/** Entity files alone: the answers that they were made of stand elsewhere. */
function noSnapshot({ place, manifest }: TransformedSet): Error {
  const names = manifest.snapshots.flatMap(({ name }) => name ?? []);
  const folder = names.length === 0
    ? "the snapshot that they were made of"
    : `one of the snapshots that they were made of: ${names.join(", ")}`;
  return inputError(`Found entity files in ${place}, but no snapshot`, {
    hint: manifest.snapshots.length === 0
      ? "bootstrap wrote them: they are the same everywhere, and come from no answer"
      : `Name the run folder of ${folder}`,
  });
}
