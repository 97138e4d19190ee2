/**
 * `npm run test:netbox`: everything that must hold, in a real NetBox with Diode's plugin.
 *
 *   npm run test:netbox -- --full                 the big cases too, and all of them on every release
 *   npm run test:netbox -- --only "the example"   cases whose name holds this text
 *   npm run test:netbox -- --release 4.7.3        one release
 *   npm run test:netbox -- --set-up DIR           where what is installed is kept
 *
 * Exit codes: 0 all passed · 1 something failed · 69 it could not run here.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderTable } from "../../src/commands/text/tables.ts";
import { ROOT } from "../helpers/golden.ts";
import type { Case } from "./cases/case.ts";
import { CASES } from "./cases/cases.ts";
import { type Job, type Outcome, runLanes } from "./lanes.ts";
import type { Package } from "./set-up/packages.ts";
import { type SetUp, setUp, Unavailable } from "./set-up/set-up.ts";

const UNAVAILABLE = 69;
const MAX_LANES = 4;

const { values: flags } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [""] },
    release: { type: "string" },
    "set-up": { type: "string", default: join(ROOT, "test/.cache/netbox") },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const from = performance.now();
  const site = await setUp({ folder: flags["set-up"], say }).catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
    say(`The tests in a real NetBox could not run. ${error.message}`);
    return undefined;
  });
  if (site === undefined) return UNAVAILABLE;
  try {
    sayReleases(site);
    say(`Set up in ${seconds(from)}`);
    const releases = site.packages.chosen;
    const jobs = jobsOf(releases);
    const lanes = Math.min(MAX_LANES, availableParallelism(), jobs.length);
    const outcomes = await runLanes(jobs, { lanes, setUp: site, onEnd: sayOutcome });
    const failed = outcomes.filter(({ findings }) => findings.length > 0);
    say(tableOf(releases, outcomes));
    const sent = outcomes.reduce((sum, one) => sum + one.sent, 0);
    say(`${sent} entities in ${seconds(from)}, set-up included`);
    say(`${outcomes.length - failed.length} passed, ${failed.length} failed`);
    return failed.length === 0 && outcomes.length > 0 ? 0 : 1;
  } finally {
    await site.stop();
  }
}

function sayReleases({ packages }: SetUp): void {
  const { onPyPi, accepted, chosen } = packages;
  say(`PyPI has NetBox ${onPyPi.join(", ")} for this Python`);
  say(`The plugin ${chosen[0]?.plugin} takes NetBox ${accepted.min} to ${accepted.max}`);
  say(`Tested here: ${chosen.map(({ netbox }) => netbox).join(" and ")}`);
}

/** The newest release has all cases, the others those that are for all. */
function jobsOf(releases: readonly Package[]): Job[] {
  const cases = CASES.filter(({ name, isBig }) =>
    flags.only.some((part) => name.includes(part)) && (flags.full || !isBig)
  );
  return releases.flatMap((release, i) =>
    cases.filter(({ isForAll }) => i === 0 || isForAll || flags.full || flags.release)
      .filter(() => flags.release === undefined || flags.release === release.netbox)
      .map((each) => ({ each, release }))
  );
}

function sayOutcome({ each, release, findings, remarks, sent, seconds: took }: Outcome): void {
  const head = `${findings.length === 0 ? "ok    " : "FAILED"} ${release.netbox}  ${each.name}`;
  say(`${head}  (${sent} entities, ${took.toFixed(1)} s)`);
  for (const remark of remarks) say(`  · ${remark}`);
  for (const finding of findings) say(`  ✗ ${finding}`);
}

function tableOf(releases: readonly Package[], outcomes: readonly Outcome[]): string {
  const cell = (each: Case, release: Package): string => {
    const outcome = outcomes.find((one) => one.each === each && one.release === release);
    if (outcome === undefined) return "-";
    const { findings, sent, seconds: took } = outcome;
    const result = findings.length === 0 ? "ok" : `FAILED (${findings.length})`;
    return `${result}  ${sent} entities, ${took.toFixed(0)} s`;
  };
  const ran = CASES.filter((each) => outcomes.some((one) => one.each === each));
  return renderTable(
    ["Holds", "Case", ...releases.map(({ netbox }) => `NetBox ${netbox}`)],
    ran.map((each) => [each.holds, each.name, ...releases.map((release) => cell(each, release))]),
  );
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(0)} s`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
