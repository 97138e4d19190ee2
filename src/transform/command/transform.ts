/** transform <run>…: writes the entity files of snapshots. bootstrap: the static entities alone. */
import { inputError, reasonOf, usageError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { flagOf } from "../../base/setting.ts";
import { TOOL } from "../../base/tool.ts";
import { shownSteps } from "../../netbox/types/steps.ts";
import {
  ENTITIES_FOLDER,
  type EntitySummary,
  writeEntities,
} from "../../run-folder/entity-writer.ts";
import { NOTES, REASONS } from "../../run-folder/left-out.ts";
import { type EarlierSet, earlierSet, type ReadableSet } from "../../run-folder/earlier-set.ts";
import { openEntities, readEntityManifest } from "../../run-folder/entity-set.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import {
  openTargetFolder,
  refuseOtherScope,
  type TargetFolder,
  targetSource,
} from "../../run-folder/target-files.ts";
import type { TargetSource } from "../../run-folder/target.ts";
import { readTarget } from "../../run-folder/target-objects.ts";
import { recordedRules } from "../../run-folder/recorded-rules.ts";
import { shownPlace } from "../../run-folder/store/store.ts";
import { optionReader } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";
import { bootstrapTime, readSettings } from "../../terminal/settings.ts";
import { countTable, groupDigits, renderTable } from "../../terminal/tables.ts";
import { MAPPING_VERSION } from "../mapping/tables.ts";
import { elsewhereFacts } from "../plan/planner.ts";
import { checkSettings, parsePolicy } from "../policy.ts";
import {
  isBootstrapOn,
  recordedTexts,
  SETTINGS,
  settingsInForce,
  type SettingTexts,
} from "../settings.ts";
import type { RuleSet } from "../rules/match.ts";
import { lackingNames } from "../target/ruled-names.ts";
import { NetBoxTarget } from "../target/target.ts";
import { type Batch, bootstrap, transform, type TransformInput } from "../transform.ts";

export const DEFAULT_BOOTSTRAP_FOLDER = "snapshots/bootstrap";

/** Needs no Proxmox setting. */
export async function runBootstrap(session: Session): Promise<EntitySummary> {
  const target = session.option("out") ?? session.operands[0] ?? DEFAULT_BOOTSTRAP_FOLDER;
  const store = await session.openTarget(target);
  const facts = { tool: TOOL, mapping_version: MAPPING_VERSION, snapshots: [] };
  const summary = await writeEntities(store, bootstrap(bootstrapTime(session.io.env)), facts);
  printSummary(session, summary, { target: store.place, netbox: undefined });
  return summary;
}

/** transform, or with --check the tests of the policy file alone. */
export async function runTransformOrCheck(session: Session): Promise<void> {
  if (!session.isOn("check")) {
    await runTransform(session);
    return;
  }
  const given = await readSettings(session.context, SETTINGS);
  checkSettings(given);
  const { runCheck } = await import("./check.ts");
  const opened = await Promise.all(session.operands.map((run) => openRun(run, given, session)));
  const netbox = await readNetBox(session, opened);
  await runCheck(session, opened, netbox?.target);
}

export async function runTransform(session: Session): Promise<EntitySummary> {
  const { operands: runs } = session;
  const given = await readSettings(session.context, SETTINGS);
  if (isBootstrapOn(given)) {
    if (session.option("target") !== undefined) {
      throw usageError("BOOTSTRAP (--bootstrap) and --target exclude each other", {
        hint: "Transform a run with --target: its entities include the static ones",
      });
    }
    if (runs.length > 1) {
      throw usageError("BOOTSTRAP (--bootstrap) cannot be used with several run folders", {
        hint: "Name one folder for the static entities, or leave BOOTSTRAP out",
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
  // The order of the arguments does not matter.
  opened.sort((a, b) => compareNatural(a.snapshot.name, b.snapshot.name));
  checkNames(opened.map(({ snapshot }) => snapshot.name));
  warnPartial(session, opened);
  checkGoneStatus(opened, session);
  const netbox = await readNetBox(session, opened);
  const since = await openEarlier(session, netbox?.isScoped);
  const elsewhere = await openElsewhere(session);
  await warnOfLess(session, target, {
    isTargeted: netbox !== undefined,
    isRuled: given.rules !== undefined,
  });
  for (const { policy } of opened.slice(0, 1)) {
    warnLacking(session, netbox?.target, policy.rules);
  }
  const store = await session.openTarget(target);
  const snapshots = opened.map(({ snapshot: { name, sha256 }, used }) => ({
    ...(runs.length > 1 ? { name } : {}),
    sha256,
    policy: used,
  }));
  const facts = {
    tool: TOOL,
    mapping_version: MAPPING_VERSION,
    snapshots,
    ...(netbox && { target: netbox.source }),
    ...(since && { since: since.sha256 }),
    ...elsewhereFacts({ elsewhere }),
  };
  const batches = transform(
    opened,
    netbox &&
      {
        target: netbox.target,
        plan: { source: netbox.source, locate: netbox.locate, since, elsewhere },
      },
  );
  const summary = await writeEntities(store, warnUnknownNodes(session, batches), facts);
  printSummary(session, summary, { target: store.place, netbox: netbox?.source });
  return summary;
}

/** What rules name and NetBox lacks is made: perhaps it is only mistyped. */
export function warnLacking(
  { log }: Pick<Session, "log">,
  target: NetBoxTarget | undefined,
  rules: RuleSet,
): void {
  for (const sentence of lackingNames(target ?? NetBoxTarget.NONE, rules)) log.warn(sentence);
}

/** Entities that were made with a target or with rules are about to be replaced by ones that are not. */
async function warnOfLess(
  session: Session,
  run: string,
  { isTargeted, isRuled }: { readonly isTargeted: boolean; readonly isRuled: boolean },
): Promise<void> {
  if (isTargeted && isRuled) return;
  const store = await session.openStore(run);
  const { manifest } = await readEntityManifest(store).catch(() => undefined) ?? {};
  if (!isTargeted && manifest?.target !== undefined) {
    session.log.warn(
      `The entity files in ${store.place} were made with a target (${manifest.target.url}), these are not: ` +
        "a push may overwrite or double what people keep in NetBox. Use --target (run: --survey)",
    );
  }
  const { file } = recordedRules(manifest?.snapshots[0]?.policy["rules"] ?? "") ?? {};
  if (!isRuled && file !== undefined) {
    session.log.warn(
      `The entity files in ${store.place} were made with the rules of ${file}, these are not. Use --config`,
    );
  }
}

/** The target that --target names. @throws AppError "input" if it lacks a type, or is for another run. */
async function readNetBox(session: Session, inputs: readonly TransformInput[]) {
  const place = session.option("target");
  if (place === undefined) return undefined;
  const folder = await openTargetFolder(await session.openStore(place));
  refuseOtherScope(folder, inputs.map(({ snapshot: { sha256 } }) => sha256));
  return {
    target: await targetOf(folder),
    source: targetSource(folder),
    locate: folder.locate,
    isScoped: folder.manifest.scope !== undefined,
  };
}

/** The run that --since names. @throws AppError "usage" without --target; "input" if it cannot be read. */
async function openEarlier(session: Session, isScoped = false): Promise<EarlierSet | undefined> {
  const run = session.option("since");
  if (run === undefined) return undefined;
  if (session.option("target") === undefined) {
    throw usageError("--since requires --target", {
      hint: "Name what survey wrote: only what NetBox still has can be removed from it",
    });
  }
  if (isScoped) {
    throw usageError("--since cannot be used with a target that survey --for wrote", {
      hint: "Survey again without --for: what is gone is not among what the run needs",
    });
  }
  return earlierSet(await openEntities(await session.openStore(run)));
}

/** The runs that --elsewhere names. @throws AppError "usage" without --since; "input" if one cannot be read. */
export async function openElsewhere(session: Session): Promise<readonly ReadableSet[]> {
  const runs = optionReader(session).list("elsewhere") ?? [];
  if (runs.length > 0 && session.option("since") === undefined) {
    throw usageError("--elsewhere requires --since", {
      hint: "Name an earlier run: only guests that it has can have moved",
    });
  }
  return await Promise.all(
    runs.map(async (run) => earlierSet(await openEntities(await session.openStore(run)))),
  );
}

/** @throws AppError "usage" if guests that are gone cannot be known. */
function checkGoneStatus(inputs: readonly TransformInput[], session: Session): void {
  const status = inputs.map(({ policy }) => policy.goneStatus).find((each) => each !== "keep");
  const lacking = ["target", "since"].filter((name) => session.option(name) === undefined);
  if (status === undefined || lacking.length === 0) return;
  // The first run of a history.
  if (session.option("history") !== undefined && session.option("target") !== undefined) return;
  const setting = `GONE_STATUS (--${flagOf("GONE_STATUS", SETTINGS.GONE_STATUS)})`;
  throw usageError(
    `${setting} is "${status}", which requires --target and --since: no --${
      lacking.join(" and no --")
    } is given`,
    { hint: "Name what survey wrote, and an earlier run, or set GONE_STATUS to keep" },
  );
}

/** @throws AppError "input" if a file was changed, or if types are missing: they must not look empty. */
export async function targetOf(folder: TargetFolder): Promise<NetBoxTarget> {
  const { place, manifest: { missing, unread = [], netbox } } = folder;
  if (missing.length > 0) {
    const reasons = missing.map(({ reason }) => reason).join("; ");
    throw inputError(`Cannot use the target in ${place}, which is incomplete: ${reasons}`, {
      hint: "Grant the permissions in NetBox, then run survey with --resume",
    });
  }
  const facts = { url: netbox.url, unread: unread.map(({ type }) => type) };
  return new NetBoxTarget(await readTarget(folder), facts);
}

/** With the texts of the settings in force. */
async function openRun(
  run: string,
  given: SettingTexts,
  session: Session,
): Promise<TransformInput & { readonly used: Readonly<Record<string, string>> }> {
  const snapshot = await openSnapshot(await session.openStore(run));
  // The given settings alone first: an error after that is in the manifest.
  parsePolicy({ PROXMOX_HOST: "recorded", ...given });
  const texts = { ...recordedTexts(snapshot.manifest), ...given };
  try {
    return { snapshot, policy: parsePolicy(texts), used: settingsInForce(texts) };
  } catch (cause) {
    throw inputError(
      `Cannot use the settings in the manifest of ${shownPlace(run)}: ${reasonOf(cause)}`,
      {
        hint: "Set that setting with its flag or in the environment",
        cause,
      },
    );
  }
}

/** Settings of one cluster cannot apply to several; see README.md, "Several clusters". */
function checkSeveral(given: SettingTexts, out: string | undefined): void {
  for (const name of ["CLUSTER_NAME", "PROXMOX_HOST"] as const) {
    if (given[name] === undefined) continue;
    const setting = `${name} (--${flagOf(name, SETTINGS[name])})`;
    throw usageError(`${setting} is "${given[name]}", which cannot name several clusters`, {
      hint: "Leave it out: each snapshot's manifest names its own cluster and host",
    });
  }
  if (out === undefined) {
    throw usageError("Several run folders require --out", {
      hint: "Name a run folder for the entity files of all of them",
    });
  }
}

function checkNames(names: readonly string[]): void {
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated === undefined) return;
  throw usageError(`Two run folders have the name "${repeated}"`, {
    hint: "The entity files name each snapshot by its folder: rename one of them",
  });
}

function warnPartial(session: Session, inputs: readonly TransformInput[]): void {
  for (const { snapshot: { name, manifest } } of inputs) {
    if (manifest.outcome === "complete") continue;
    const sentence = `Snapshot "${name}" is partial: ${manifest.incomplete.length} answers are ` +
      "missing; what depends on them stays as it is in NetBox";
    if (session.isOn("require-complete")) {
      session.log.error(sentence);
      session.exitWith("incomplete");
    } else session.log.warn(sentence);
  }
}

/** At once, since these are probably typing errors. */
async function* warnUnknownNodes(
  session: Session,
  batches: AsyncIterable<Batch>,
): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    for (const { code, sentence } of batch.notes) {
      if (code === "unknown-node" || code === "unknown-device") session.log.warn(sentence);
    }
    yield batch;
  }
}

/** `target` is the run folder; `netbox`, where --target comes from. */
function printSummary(
  session: Session,
  summary: EntitySummary,
  { target, netbox }: { readonly target: string; readonly netbox: TargetSource | undefined },
): void {
  const folder = printable(`${target.replace(/\/+$/, "")}/${ENTITIES_FOLDER}`);
  if (session.isJson) {
    const { counts, leftOut, notes, files, plan } = summary;
    const found = netbox === undefined ? {} : { target: netbox, found: summary.found, plan };
    const document = { folder, counts, ...found, left_out: leftOut, notes, files };
    session.print(JSON.stringify(document, null, 2));
    return;
  }
  const sections = [
    netbox === undefined
      ? `Made ${total(summary.counts)} entities`
      : `Made ${total(summary.counts)} entities, of which ${netbox.url} had ${
        total(summary.found)
      } when it was surveyed at ${netbox.surveyed_at}`,
    renderTable(
      ["Step", "Entities", ...(netbox === undefined ? [] : ["In NetBox"])],
      shownSteps(summary.counts).map(({ number, name }) => [
        `${number} ${name}`,
        summary.counts[name] ?? 0,
        ...(netbox === undefined ? [] : [summary.found[name] ?? 0]),
      ]),
    ),
  ];
  if (Object.keys(summary.leftOut).length > 0) {
    sections.push(
      `Left out ${total(summary.leftOut)}`,
      countTable("Reason", summary.leftOut, REASONS),
    );
  }
  if (Object.keys(summary.notes).length > 0) {
    sections.push(`Noted ${total(summary.notes)}`, countTable("Note", summary.notes, NOTES));
  }
  if (summary.plan !== undefined && Object.keys(summary.plan).length > 0) {
    const items = Object.entries(summary.plan).map(([action, count]) =>
      `${groupDigits(count)} ${action}`
    );
    sections.push(`Plan: ${items.join(", ")}; see tidy`);
  }
  sections.push(
    `Files are in ${folder}; ${folder}/left-out.json names each thing that was left out`,
  );
  session.print(`\n${sections.join("\n\n")}\n`);
}

function total(counts: Readonly<Record<string, number>>): string {
  return groupDigits(Object.values(counts).reduce((sum, count) => sum + count, 0));
}
