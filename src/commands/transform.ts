/** transform <run>…: snapshots → the entity files beside them. */
import { writeEntities } from "../entities/write.ts";
import { usageError } from "../kernel/errors.ts";
import { openStore } from "../kernel/store.ts";
import { TOOL } from "../kernel/tool.ts";
import { openSnapshot } from "../snapshot/read.ts";
import { parseFlag, parsePolicy } from "../transform/policy.ts";
import { SETTINGS, type SettingTexts } from "../transform/settings.ts";
import { type Batch, transform, type TransformInput } from "../transform/transform.ts";
import { runBootstrap } from "./bootstrap.ts";
import type { Session } from "./session.ts";
import { readSettings, settingsInForce, storeCredentials, withRecorded } from "./settings.ts";
import { printSummary } from "./summary.ts";

export async function runTransform(session: Session): Promise<void> {
  const { operands: runs } = session;
  const given = await readSettings(session.context, SETTINGS);
  if (parseFlag("BOOTSTRAP", given.BOOTSTRAP ?? "false")) return await runBootstrap(session);
  const out = session.option("out");
  const target = out ?? runs[0];
  if (target === undefined) {
    throw usageError("No run folder is named", {
      hint: "Name one that capture or simulate wrote, such as snapshots/example",
    });
  }
  if (runs.length > 1) checkSeveral(given, out);
  const opened = await Promise.all(runs.map((run) => openRun(run, given)));
  checkNames(opened.map(({ input }) => input.snapshot.name));
  warnPartial(session, opened.map(({ input }) => input));
  const store = await openStore(target, storeCredentials());
  try {
    const snapshots = opened.map(({ input: { snapshot }, policy }) => ({
      ...(runs.length > 1 ? { name: snapshot.name } : {}),
      sha256: snapshot.sha256,
      policy,
    }));
    const batches = warning(session, transform(opened.map(({ input }) => input)));
    const summary = await writeEntities(store, batches, { tool: TOOL, snapshots });
    printSummary(session, summary, target);
  } finally {
    for (const each of [store, ...opened.map((run) => run.store)]) await each.close();
  }
}

async function openRun(run: string, given: SettingTexts) {
  const store = await openStore(run, storeCredentials());
  const snapshot = await openSnapshot(store);
  const texts = withRecorded(given, snapshot.manifest);
  const input: TransformInput = { snapshot, policy: parsePolicy(texts) };
  return { store, input, policy: settingsInForce(texts) };
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
    session.log.warn(
      `Snapshot "${name}" is partial: ${manifest.incomplete.length} answers are missing; what they would ` +
        "have told is left as it is in NetBox",
    );
    if (session.isOn("require-complete")) session.exitWith("incomplete");
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
