/** transform <run>…: snapshots → the entity files beside them. */
import { inputError, reasonOf, usageError } from "../../base/errors.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { TOOL } from "../../base/tool.ts";
import { writeEntities } from "../../run-folder/entity-writer.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { MAPPING_VERSION } from "../mapping/tables.ts";
import {
  isBootstrapOn,
  parsePolicy,
  recordedTexts,
  SETTINGS,
  settingsInForce,
  type SettingTexts,
} from "../settings.ts";
import { type Batch, transform, type TransformInput } from "../transform.ts";
import { runBootstrap } from "./bootstrap.ts";
import { printSummary } from "./summary.ts";

export async function runTransform(session: Session): Promise<void> {
  const { operands: runs } = session;
  const given = await readSettings(session.context, SETTINGS);
  if (isBootstrapOn(given)) {
    if (runs.length > 1) {
      throw usageError("Setting BOOTSTRAP is on, and several run folders are named", {
        hint: "Name one folder, which the static entities go to; or leave BOOTSTRAP out",
      });
    }
    return await runBootstrap(session);
  }
  const out = session.option("out");
  const target = out ?? runs[0];
  if (target === undefined) {
    throw usageError("No run folder is named", {
      hint: "Name one that capture or simulate wrote, such as snapshots/example",
    });
  }
  if (runs.length > 1) checkSeveral(given, out);
  const opened = await Promise.all(runs.map((run) => openRun(run, given, session)));
  // So that the order in which they are named changes nothing.
  opened.sort((a, b) => compareNatural(a.input.snapshot.name, b.input.snapshot.name));
  checkNames(opened.map(({ input }) => input.snapshot.name));
  warnPartial(session, opened.map(({ input }) => input));
  const store = await session.openTarget(target);
  const snapshots = opened.map(({ input: { snapshot }, policy }) => ({
    ...(runs.length > 1 ? { name: snapshot.name } : {}),
    sha256: snapshot.sha256,
    policy,
  }));
  const batches = warning(session, transform(opened.map(({ input }) => input)));
  const facts = { tool: TOOL, mapping_version: MAPPING_VERSION, snapshots };
  const summary = await writeEntities(store, batches, facts);
  printSummary(session, summary, target);
}

async function openRun(run: string, given: SettingTexts, session: Session) {
  const snapshot = await openSnapshot(await session.openStore(run));
  const { manifest } = snapshot;
  // What the user gave is judged by itself: only then is all that is wrong the manifest's fault.
  parsePolicy({ PROXMOX_HOST: "recorded", ...given });
  const texts = { ...recordedTexts(manifest), ...given };
  try {
    const input: TransformInput = { snapshot, policy: parsePolicy(texts) };
    return { input, policy: settingsInForce(texts) };
  } catch (cause) {
    throw inputError(
      `Cannot use the settings that the manifest of ${run} records: ${reasonOf(cause)}`,
      { hint: "Give that setting, as a flag or in the environment", cause },
    );
  }
}

/** What names one cluster cannot name several. Source: mapping.md, "Several snapshots at once". */
function checkSeveral(given: SettingTexts, out: string | undefined): void {
  for (const name of ["CLUSTER_NAME", "PROXMOX_HOST"] as const) {
    if (given[name] === undefined) continue;
    throw usageError(`Setting ${name} is "${given[name]}", and several run folders are named`, {
      hint: "Leave it out: each snapshot's manifest names its own cluster and host",
    });
  }
  if (out === undefined) {
    throw usageError("Several run folders are named, and --out is not", {
      hint: "Name the run folder that the entity files of all of them go to",
    });
  }
}

function checkNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw usageError(`Two run folders are called "${twice}"`, {
    hint: "The entity files name each snapshot by its folder: rename one of them",
  });
}

function warnPartial(session: Session, inputs: readonly TransformInput[]): void {
  for (const { snapshot: { name, manifest } } of inputs) {
    if (manifest.outcome === "complete") continue;
    const sentence =
      `Snapshot "${name}" is partial: ${manifest.incomplete.length} answers are missing; what they would ` +
      "have told is left as it is in NetBox";
    if (session.isOn("require-complete")) {
      session.log.error(sentence);
      session.exitWith("incomplete");
    } else session.log.warn(sentence);
  }
}

/** Says at once what is likely a slip of the user's. */
async function* warning(session: Session, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    for (const { code, sentence } of batch.notes) {
      if (code === "unknown-node") session.log.warn(sentence);
    }
    yield batch;
  }
}
