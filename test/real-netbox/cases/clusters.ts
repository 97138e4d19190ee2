/** Two clusters with guests and nodes of the same names, transformed and pushed separately. */
import { expectedOf, type Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { keepPrimaryAddress, REASSIGN_PRIMARY } from "./reassigned-primary.ts";

export const CLUSTER_CASES: readonly Case[] = [
  {
    holds: "6",
    name: "two clusters in two sites, pushed one after the other, stay separate",
    run: inTwoSites,
  },
];

/** Both have a guest with this address, which NetBox has once. */
const SHARED = "172.16.99.5";

async function inTwoSites(trial: Trial): Promise<void> {
  const north = { runs: ["test/fixtures/pve8"], settings: { SITE_NAME: "North" } };
  const south = { runs: ["test/fixtures/second-cluster"], settings: { SITE_NAME: "South" } };
  const expected = await expectedOf(north);
  await trial.push(await trial.transform(north));
  await trial.push(await trial.transform(south), REASSIGN_PRIMARY);
  expected.turnTo(await expectedOf(south), { clears: false });
  keepPrimaryAddress(SHARED, await expectedOf(north), expected);
  await trial.compare(expected);
}
