/** compare <run>: checks in NetBox, or in a survey of it, that the entity files of a run folder arrived. */
import { usageError } from "../../base/errors.ts";
import { printableJson } from "../../base/log.ts";
import {
  parseStep,
  shownSteps,
  STEP_NAMES,
  type StepName,
  STEPS,
} from "../../netbox/types/steps.ts";
import { openEntities, type TransformedSet } from "../../run-folder/entity-set.ts";
import { openTargetFolder, refuseOtherScope } from "../../run-folder/target-files.ts";
import { interruptible } from "../../terminal/process.ts";
import { markdownFormat, terminalFormat } from "../../terminal/document.ts";
import { netboxConnection } from "../../terminal/netbox.ts";
import { openProgress } from "../../terminal/progress.ts";
import type { Session } from "../../terminal/session.ts";
import { optionReader } from "../../terminal/options.ts";
import { compare, type CompareInput, type Judged } from "../../arrival/compare.ts";
import { CompareRecord, type CompareSubject, compareText } from "./report.ts";

/** Four sections have to fit into a comment. */
const MARKDOWN = markdownFormat({ mostChars: 15_000, isFolded: true });

type Task = Omit<CompareInput, "signal" | "onStatus">;

export async function runCompare(session: Session): Promise<void> {
  const [run] = session.operands;
  if (run === undefined) {
    throw usageError("A run folder is required", {
      hint: "Name one that transform or bootstrap wrote, such as snapshots/example",
    });
  }
  if (session.isJson && session.isOn("markdown")) {
    throw usageError("--json and --markdown exclude each other");
  }
  const record = await compareAll(session, await readTask(session, run));
  const isVerbose = session.isOn("verbose");
  if (session.isOn("markdown")) session.data(compareText(record, MARKDOWN, isVerbose));
  else if (!session.isJson) {
    session.print(`\n${compareText(record, terminalFormat(), isVerbose)}\n`);
  }
  if (session.isOn("exit-code")) exitBy(session, record);
}

async function readTask(session: Session, run: string): Promise<Task> {
  const target = session.option("target");
  if (target !== undefined && session.option("netbox") !== undefined) {
    throw usageError("--netbox and --target exclude each other", {
      hint: "--target compares with a survey of NetBox, without a network",
    });
  }
  const netbox = target === undefined
    ? await netboxConnection(session)
    : { ...await openTargetFolder(await session.openStore(target)), concurrency: 1 };
  const set = await openEntities(await session.openStore(run));
  if ("manifest" in netbox) {
    refuseOtherScope(netbox, set.manifest.snapshots.map(({ sha256 }) => sha256));
  }
  return { netbox, concurrency: netbox.concurrency, steps: stepsOf(session, set), set };
}

function subjectOf({ set: { place }, netbox }: Task): CompareSubject {
  if (!("manifest" in netbox)) return { place, url: netbox.url };
  const { manifest } = netbox;
  return {
    place,
    url: manifest.netbox.url,
    target: {
      place: netbox.place,
      surveyedAt: manifest.surveyed_at,
    },
  };
}

/** In emission order. */
function stepsOf(session: Session, { manifest }: TransformedSet): readonly StepName[] {
  const asked = optionReader(session).listOf("only", STEP_NAMES, parseStep);
  const all = asked === undefined ? shownSteps(manifest.counts) : STEPS;
  return all.map(({ name }) => name).filter((name) => asked?.includes(name) ?? true);
}

async function compareAll(session: Session, task: Task): Promise<CompareRecord> {
  const record = new CompareRecord(subjectOf(task), task.steps);
  const json = session.isJson ? new CompareJson(session.data) : undefined;
  const isVerbose = session.isOn("verbose");
  const { counts } = task.set.manifest;
  const total = task.steps.reduce((sum, step) => sum + (counts[step] ?? 0), 0);
  const progress = openProgress(session);
  try {
    await interruptible(session.io, async (signal) => {
      const judgements = compare({
        ...task,
        signal,
        onStatus(status) {
          record.status = status;
          json?.open(record);
        },
      });
      for await (const judged of judgements) {
        record.add(judged);
        json?.add(judged, isVerbose);
        progress.show({ parts: [{ name: "entities", done: record.totals.entities, total }] });
      }
    });
    record.isComplete = true;
  } finally {
    progress.end();
    json?.close(record);
  }
  return record;
}

/** What was not judged may not have arrived. */
function exitBy(session: Session, { totals }: CompareRecord): void {
  if (totals.different + totals.missing > 0) session.exitWith("differences");
  else if (totals.unjudged > 0) session.exitWith("incomplete");
}

/** JSON, printed while the comparison runs: a finding a line, then the counts. */
export class CompareJson {
  readonly #print: (text: string) => void;
  #pending: string | undefined;
  #isOpen = false;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  /** Call it when the status of NetBox is known. */
  open({ subject, status }: CompareRecord): void {
    const { url, target } = subject;
    const netbox = { url, version: status?.version, diode_plugin: status?.plugin };
    this.#print(`{\n"netbox": ${printableJson(netbox)},`);
    if (target !== undefined) {
      const { place, surveyedAt: surveyed_at } = target;
      this.#print(`"target": ${printableJson({ place, surveyed_at })},`);
    }
    this.#print(`"run": ${printableJson(subject.place)},\n"findings": [`);
    this.#isOpen = true;
  }

  /** What is equal is only counted, unless NetBox has more of it and `isVerbose`. */
  add(found: Judged, isVerbose: boolean): void {
    const { file: _file, index: _index, differences, unjudged, more, doubled, ...judged } = found;
    const shownMore = isVerbose ? more : [];
    if (judged.verdict === "equal" && shownMore.length === 0) return;
    this.#line(printableJson({
      ...judged,
      ...(differences.length === 0 ? {} : { differences }),
      ...(unjudged.length === 0 ? {} : { unjudged }),
      ...(doubled && { doubled: doubled.urls }),
      ...(shownMore.length === 0 ? {} : { more: shownMore }),
    }));
  }

  /** Call it after a failure, too, so that the output is valid JSON. */
  close({ steps, totals, isComplete }: CompareRecord): void {
    if (!this.#isOpen) return;
    if (this.#pending !== undefined) this.#print(this.#pending);
    this.#print(`],\n"steps": ${printableJson(steps, 2)},`);
    this.#print(`"totals": ${printableJson(totals)},\n"complete": ${isComplete}\n}`);
  }

  /** Every line but the last ends with a comma. */
  #line(text: string): void {
    if (this.#pending !== undefined) this.#print(`${this.#pending},`);
    this.#pending = text;
  }
}
