/** Pushes into a NetBox that people work in, and judges what became of their objects. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../../../helpers/lab.ts";
import { readEntityFiles } from "../../diode/entity-files.ts";
import { KINDS } from "../../judge/facts.ts";
import { pictureOf, type TypeName } from "../../judge/picture.ts";
import type { Settings } from "../../judge/plan.ts";
import {
  additions,
  allChanges,
  changesOfOthers,
  duplicates,
  wrongCounts,
} from "../../judge/respect.ts";
import { outdated } from "../../judge/up-to-date.ts";
import { expectedOf, type Input, type Trial } from "../../trial.ts";
import type { Change, RunChange } from "./change.ts";
import { inputOf, LAB, later } from "./lab.ts";
import { People } from "./people.ts";

type Counts = Readonly<Partial<Record<TypeName, number>>>;

/**
 * survey → transform --target → push, after what people made, after what they changed, and again
 * without a change. If people made nothing before, the first push is into an empty NetBox.
 */
export async function respectAll(trial: Trial, changes: readonly Change[]): Promise<void> {
  const people = new People(trial.netbox);
  const first = inputFor(changes);
  const second = inputFor([...changes, ...changes.map((one) => one.second ?? {})], later);
  const early = changes.filter(({ made }) => made !== undefined);
  const late = changes.filter((one) => (one.changed ?? one.second) !== undefined);
  const isAtSite = early.some((one) => one.isAtSite);
  if (isAtSite) await people.make("site", { name: "Proxmox" });
  for (const { made } of early) await made?.(people);
  if (early.length === 0) await trial.push(await trial.transform(first));
  else {
    const site = { site: isAtSite ? -1 : 0 };
    const adds = sumOf([await countsOf(first), site, ...early.map((one) => one.adds)]);
    await respect(trial, first, { changes, says: early, adds });
  }
  if (late.length > 0) {
    for (const { changed } of late) await changed?.(people);
    const adds = sumOf(late.map((one) => one.adds));
    await respect(trial, second, { changes, says: late, adds });
  }
  await repeat(trial, late.length > 0 ? second : first);
  if (changes.some(({ isAlternating }) => isAlternating)) await repeat(trial, first);
}

function inputFor(runs: readonly RunChange[], day: (lab: Lab) => Lab = (lab) => lab): Input {
  const lab = runs.reduce((lab: Lab, run) => run.lab?.(lab) ?? lab, LAB);
  const settings: Settings = Object.assign({}, ...runs.map((run) => run.settings));
  return inputOf(day(lab), settings);
}

/** No field of the user's may change, nothing may exist twice, and what is ours must be up to date. */
async function respect(
  trial: Trial,
  input: Input,
  { changes, says, adds }: {
    readonly changes: readonly Change[];
    /** Those that this push has to say something about. */
    readonly says: readonly Change[];
    readonly adds: Counts;
  },
): Promise<void> {
  const before = await pictureOf(trial.netbox);
  const said = await pushWithTarget(trial, input);
  const after = await pictureOf(trial.netbox);
  const taken = changes.flatMap((one) => one.taken ?? []);
  const isExpected = (sentence: string): boolean =>
    changes.some(({ unlike }) => unlike?.test(sentence) === true);
  trial.findings.push(
    ...changesOfOthers(before, after, taken),
    ...duplicates(after),
    ...wrongCounts(additions(before, after), adds),
    ...outdated(await expectedOf(input), after).filter((sentence) => !isExpected(sentence)),
    ...says.flatMap((one) => one.says ?? []).filter((one) => !one.test(said))
      .map((one) => `left-out.json does not say ${one}`),
  );
}

/** The same again must change nothing. */
async function repeat(trial: Trial, input: Input): Promise<void> {
  const before = await pictureOf(trial.netbox);
  await pushWithTarget(trial, input);
  const changes = allChanges(before, await pictureOf(trial.netbox));
  trial.findings.push(...changes.map((change) => `pushed again: ${change}`));
}

/** Returns the text of left-out.json. */
async function pushWithTarget(trial: Trial, input: Input): Promise<string> {
  await trial.netbox.clearCache();
  return trial.withTarget((target) =>
    trial.withRun({ ...input, target }, async (run) => {
      const said = await readFile(join(run, "netbox/left-out.json"), "utf8");
      await trial.push(await readEntityFiles(run));
      return said;
    })
  );
}

/** How many objects of each type the input makes in an empty NetBox. */
async function countsOf(input: Input): Promise<Counts> {
  const expected = await expectedOf(input);
  return Object.fromEntries(KINDS.map((kind) => [kind, expected.page(kind).size]));
}

function sumOf(all: readonly (Counts | undefined)[]): Counts {
  const sum: Partial<Record<TypeName, number>> = {};
  for (const [type, count] of all.flatMap((one) => Object.entries(one ?? {}))) {
    sum[type as TypeName] = (sum[type as TypeName] ?? 0) + count;
  }
  return sum;
}
