/**
 * `npm run test:netbox`: end-to-end tests in a real NetBox with Diode's plugin.
 *
 *   npm run test:netbox -- --full                 the big cases too, and all cases on every release
 *   npm run test:netbox -- --only "the example"   cases whose name contains this text
 *   npm run test:netbox -- --release 4.7.3        one release
 *   npm run test:netbox -- --mode single          apply as older Diode servers do; bulk: as the newest
 *   npm run test:netbox -- --seed 7               another order within the batches
 *   npm run test:netbox -- --set-up DIR           folder of the installed programs
 *
 * Exit codes: 0 all passed · 1 a case failed · 69 the tests could not run on this machine.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderTable } from "../../src/terminal/tables.ts";
import { ROOT } from "../helpers/golden.ts";
import type { Case } from "./cases/case.ts";
import { CASES } from "./cases/cases.ts";
import { type Mode, MODES } from "./diode/reconciler.ts";
import { type Job, type Outcome, runLanes } from "./lanes.ts";
import type { Package } from "./set-up/packages.ts";
import { type SetUp, setUp, Unavailable } from "./set-up/set-up.ts";

const UNAVAILABLE = 69;
const MAX_LANES = 4;
const SEED = 20_260_102;

const { values: flags } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [""] },
    release: { type: "string" },
    mode: { type: "string" },
    seed: { type: "string", default: String(SEED) },
    "set-up": { type: "string", default: join(ROOT, "test/.cache/netbox") },
  },
});

const seed = Number(flags.seed);
if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${flags.seed} is not a whole number`);
const modes = MODES.filter((mode) => flags.mode === undefined || mode === flags.mode);
if (modes.length === 0) throw new Error(`--mode ${flags.mode} is not one of ${MODES.join(", ")}`);

process.exitCode = await main();

async function main(): Promise<number> {
  const from = performance.now();
  const site = await setUp({ folder: flags["set-up"], print }).catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
    print(`The tests in a real NetBox could not run. ${error.message}`);
    return undefined;
  });
  if (site === undefined) return UNAVAILABLE;
  try {
    printReleases(site);
    print(`Set up in ${seconds(from)}`);
    const releases = site.packages.chosen;
    const jobs = jobsOf(releases);
    const lanes = Math.min(MAX_LANES, availableParallelism(), jobs.length);
    const outcomes = await runLanes(jobs, { lanes, setUp: site, seed, onEnd: printOutcome });
    const failed = outcomes.filter(({ findings }) => findings.length > 0);
    print(tableOf(releases, outcomes));
    const sent = outcomes.reduce((sum, one) => sum + one.sent, 0);
    print(`${sent} entities in ${seconds(from)}, set-up included`);
    print(`${outcomes.length - failed.length} passed, ${failed.length} failed`);
    return failed.length === 0 && outcomes.length > 0 ? 0 : 1;
  } finally {
    await site.stop();
  }
}

function printReleases({ packages }: SetUp): void {
  const { onPyPi, accepted, chosen } = packages;
  print(`PyPI has NetBox ${onPyPi.join(", ")} for this Python`);
  print(`The plugin ${chosen[0]?.plugin} takes NetBox ${accepted.min} to ${accepted.max}`);
  print(`Tested here: ${chosen.map(({ netbox }) => netbox).join(" and ")}`);
}

/** All cases on the newest release; on others, the cases with `isForAll`. */
function jobsOf(releases: readonly Package[]): Job[] {
  const cases = CASES.filter(({ name, isBig }) =>
    flags.only.some((part) => name.includes(part)) && (flags.full || !isBig)
  );
  return releases.flatMap((release, i) =>
    cases.filter(({ isForAll }) => i === 0 || isForAll || flags.full || flags.release)
      .filter(() => flags.release === undefined || flags.release === release.netbox)
      .flatMap((each) => modesOf(each).map((mode) => ({ each, release, mode })))
  );
}

/** With `--mode`, cases without modes run in that mode. */
function modesOf({ modes: own = flags.mode === undefined ? ["bulk"] : MODES }: Case): Mode[] {
  return modes.filter((mode) => own.includes(mode));
}

function nameOf({ each, mode }: Pick<Job, "each" | "mode">): string {
  return mode === "bulk" ? each.name : `${each.name} (${mode})`;
}

function printOutcome(outcome: Outcome): void {
  const { each, release, mode, findings, remarks, sent, seconds: took } = outcome;
  const head = `${findings.length === 0 ? "ok    " : "FAILED"} ${release.netbox}  ${
    nameOf(outcome)
  }`;
  print(`${head}  (${sent} entities, ${took.toFixed(1)} s)`);
  for (const remark of remarks) print(`  · ${remark}`);
  for (const finding of findings) print(`  ✗ ${finding}`);
  if (findings.length === 0) return;
  const full = each.isBig ? "--full " : "";
  const only = `${full}--only ${JSON.stringify(each.name)} --release ${release.netbox}`;
  print(`  Again in the same order: npm run test:netbox -- ${only} --mode ${mode} --seed ${seed}`);
}

function tableOf(releases: readonly Package[], outcomes: readonly Outcome[]): string {
  const cell = (name: string, release: Package): string => {
    const outcome = outcomes.find((one) => nameOf(one) === name && one.release === release);
    if (outcome === undefined) return "-";
    const { findings, sent, seconds: took } = outcome;
    const result = findings.length === 0 ? "ok" : `FAILED (${findings.length})`;
    return `${result}  ${sent} entities, ${took.toFixed(0)} s`;
  };
  const rows = CASES.flatMap((each) =>
    MODES.map((mode) => ({ each, mode, name: nameOf({ each, mode }) }))
  );
  const ran = rows.filter(({ name }) => outcomes.some((one) => nameOf(one) === name));
  return renderTable(
    ["Holds", "Case", ...releases.map(({ netbox }) => `NetBox ${netbox}`)],
    ran.map(({ each, name }) => [
      each.holds,
      name,
      ...releases.map((release) => cell(name, release)),
    ]),
  );
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(0)} s`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
