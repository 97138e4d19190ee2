/**
 * Snapshots in memory, and the output of `transform` for them:
 *
 *   const { of, leftOut } = await transformed(inMemory(oneGuest({ config: { cores: 4 } })));
 *   of("virtual-machine")[0]?.vcpus
 */
import { digest } from "../../src/base/digest.ts";
import type { Entities } from "../../src/netbox/types/order.ts";
import type { StepName } from "../../src/netbox/types/steps.ts";
import { CLUSTER_FILE, NODES_FOLDER, recordedPath } from "../../src/proxmox/endpoints.ts";
import type { LeftOut, Note } from "../../src/run-folder/left-out.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { AnswersFile, Snapshot } from "../../src/run-folder/snapshot.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { type SettingTexts } from "../../src/transform/settings.ts";
import type { MadePlan } from "../../src/run-folder/tidy-plan.ts";
import type { PlanOptions } from "../../src/transform/plan/planner.ts";
import type { NetBoxTarget } from "../../src/transform/target/target.ts";
import { transform } from "../../src/transform/transform.ts";
import type { AnswersByPath, Site } from "./snapshot-builder.ts";

export interface Outcome {
  /** All entities, in the order in which they are written. */
  readonly all: readonly Emitted[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
  /** Only if it was asked for. */
  readonly plan: MadePlan | undefined;
  /** The entities of one step. */
  of<Name extends StepName>(step: Name): Entities[Name][];
  /** "vm/101/net1" → the reasons of its records. */
  reasonsOf(what: string): string[];
  /** "vm/101" → the codes of its notes. */
  codesOf(what: string): string[];
}

export interface Emitted {
  readonly step: StepName;
  readonly entity: Entities[StepName];
  readonly capturedAt: string;
}

/** A snapshot as `openSnapshot` reads it; `site.settings` are the settings that capture recorded. */
export function inMemory(site: Site, name = "lab"): Snapshot {
  return {
    name,
    manifest: {
      format: 1,
      tool: { name: "proxmox-diode", version: "0.1.0" },
      source: { host: site.host ?? "pve1.example.net" },
      ...(site.settings && { settings: site.settings }),
      scope: { nodes: ["*"] },
      captured_at: site.capturedAt ?? "2026-01-02T03:04:05Z",
      outcome: "complete",
      incomplete: [],
      counts: { answers: 0, failed: 0, nodes: Object.keys(site.nodes).length },
      files: [],
    },
    sha256: digest(JSON.stringify([name, site])),
    nodes: Object.keys(site.nodes),
    cluster: () => Promise.resolve(answersFile(CLUSTER_FILE, site.cluster)),
    node(node) {
      const answers = Object.hasOwn(site.nodes, node) ? site.nodes[node] : undefined;
      const file = `${NODES_FOLDER}${node}.json`;
      return Promise.resolve(answers && answersFile(file, answers));
    },
  };
}

/** Every answer of a snapshot, in the form that `inMemory` accepts. */
export async function siteOf(snapshot: Snapshot): Promise<Site> {
  const { source, settings, captured_at } = snapshot.manifest;
  const nodes: Record<string, AnswersByPath> = {};
  for (const node of snapshot.nodes) nodes[node] = read(await snapshot.node(node));
  return {
    cluster: read(await snapshot.cluster()),
    nodes,
    host: source.host,
    ...(settings && { settings }),
    capturedAt: captured_at,
  };
}

/** Transforms one or several snapshots, with the settings in their manifests as defaults. */
export async function transformed(
  snapshots: Snapshot | readonly Snapshot[],
  settings: SettingTexts = {},
  target?: NetBoxTarget,
  plan?: PlanOptions,
): Promise<Outcome> {
  const inputs = [snapshots].flat().map((snapshot: Snapshot) => {
    const { source, scope, settings: recorded } = snapshot.manifest;
    const texts = { PROXMOX_HOST: source.host, nodes: scope.nodes.join(","), ...recorded };
    return { snapshot, policy: parsePolicy({ ...texts, ...settings }) };
  });
  const all: Emitted[] = [];
  const leftOut: LeftOut[] = [];
  const notes: Note[] = [];
  let planned: MadePlan | undefined;
  for await (const batch of transform(inputs, target && { target, plan })) {
    planned ??= batch.plan;
    all.push(...batch.made.map(({ step, entity, capturedAt }) => ({ step, entity, capturedAt })));
    leftOut.push(...batch.leftOut);
    notes.push(...batch.notes);
  }
  return {
    all,
    leftOut,
    notes,
    plan: planned,
    of: <Name extends StepName>(name: Name) =>
      all.flatMap(({ step, entity }) => (step === name ? [entity as Entities[Name]] : [])),
    reasonsOf: (what) => leftOut.flatMap((record) => (record.what === what ? [record.reason] : [])),
    codesOf: (what) => notes.flatMap((note) => (note.what === what ? [note.code] : [])),
  };
}

/** The one item of a list. */
export function only<Item>(items: readonly Item[]): Item {
  const [first, ...rest] = items;
  if (first === undefined || rest.length > 0) throw new Error(`${items.length} items, and not one`);
  return first;
}

function answersFile(file: string, answers: AnswersByPath): AnswersFile {
  const isRecorded = (path: string): boolean => Object.hasOwn(answers, path);
  const pathOf = (path: string): string => recordedPath(path, isRecorded);
  return {
    file,
    paths: () => Object.keys(answers),
    pathOf,
    get: (path): Answer | undefined => isRecorded(pathOf(path)) ? answers[pathOf(path)] : undefined,
  };
}

function read(file: AnswersFile | undefined): AnswersByPath {
  const paths = [...(file?.paths() ?? [])];
  return Object.fromEntries(paths.flatMap((path): [string, Answer][] => {
    const answer = file?.get(path);
    return answer === undefined ? [] : [[path, answer]];
  }));
}
