/** Diode does not order entities: every order must give the same NetBox. */
import { numbersFrom, shuffled } from "../../helpers/shuffled.ts";
import { describe } from "../findings.ts";
import { dumpDifferences } from "../judge/dump.ts";
import type { Trial } from "../trial.ts";
import type { Case } from "./case.ts";

/** TABLE: the run, and whether it takes minutes. */
const RUNS: readonly (Pick<Case, "isBig"> & { readonly name: string; readonly run: string })[] = [
  { name: "the fixture pve8", run: "test/fixtures/pve8" },
  { name: "the example", run: "snapshots/example", isBig: true },
  ...["pve7", "pve9", "standalone", "two-sites"].map((name) => ({
    name: `the fixture ${name}`,
    run: `test/fixtures/${name}`,
    isBig: true as const,
  })),
];

export const ORDER_CASES: readonly Case[] = RUNS.map(({ name, run, ...rest }) => ({
  ...rest,
  holds: "4",
  name: `${name} in a random order, then in order, gives the same NetBox`,
  run: (trial) => inAnyOrder(trial, run),
}));

/** Failures in the random order are expected, and become remarks. */
async function inAnyOrder(trial: Trial, run: string): Promise<void> {
  const entities = await trial.transform({ runs: [run] });
  await trial.push(entities);
  const expected = await trial.dump();
  await trial.reset();
  const results = await trial.tryPush(shuffled(entities, numbersFrom(trial.seed)), {
    bootstrapWait: false,
  });
  const failed = results.filter(({ verdict }) => verdict === "failed");
  trial.remarks.push(`${failed.length} of ${entities.length} failed in the random order`);
  trial.remarks.push(...failed.flatMap(describe));
  await trial.push(entities);
  trial.findings.push(...dumpDifferences(expected, await trial.dump()));
}
