/** Complete outputs for tests of rules: the example and the fixtures under several policies. */
import { join } from "node:path";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { ROOT } from "./golden.ts";
import { inMemory, type Outcome, siteOf, transformed } from "./in-memory.ts";
import type { Site } from "./snapshot-builder.ts";

export interface WholeCase {
  readonly name: string;
  readonly runs: readonly string[];
  readonly settings: SettingTexts;
}

/** Every extension that adds entities or fields. */
export const ALL_EXTENSIONS: SettingTexts = {
  ALL_INTERFACES: "true",
  NETWORK_DEPTH: "full",
  LXC_LIVE_ADDRESSES: "true",
  CLOUD_INIT_ADDRESSES: "true",
  GUEST_SERIAL: "true",
  SUSPENDED_STATUS: "paused",
  CLEAR_EMPTY: "true",
  DEVICE_CLUSTER: "true",
  TENANT_NAME: "Brightwater",
  NODE_DEVICE_TYPE: "R650",
  NODE_MANUFACTURER: "Dell",
  NODE_DEVICE_ROLE: "Virtualisation host",
};
const TWO_SITES = { NODE_SITE_MAP: "pve3:Cellar, pve4:Cellar" };
const EXAMPLE = ["snapshots/example"];
const CLUSTERS = ["snapshots/example", "test/fixtures/pve8", "test/fixtures/second-cluster"];

export const WHOLE_CASES: readonly WholeCase[] = [
  { name: "the example", runs: EXAMPLE, settings: {} },
  { name: "the example with extensions", runs: EXAMPLE, settings: ALL_EXTENSIONS },
  { name: "the example in two sites", runs: EXAMPLE, settings: TWO_SITES },
  {
    name: "the example, its cluster scoped to a site that is not its nodes'",
    runs: EXAMPLE,
    settings: { ...TWO_SITES, CLUSTER_SCOPE: "site", PREFIX_SCOPE: "site" },
  },
  {
    name: "the example without a scope",
    runs: EXAMPLE,
    settings: { ...ALL_EXTENSIONS, CLUSTER_SCOPE: "none" },
  },
  { name: "three clusters in one site", runs: CLUSTERS, settings: { SITE_NAME: "Yard" } },
  { name: "three clusters with extensions", runs: CLUSTERS, settings: ALL_EXTENSIONS },
  {
    name: "trunks, Open vSwitch and cloud-init",
    runs: ["test/fixtures/vlans"],
    settings: ALL_EXTENSIONS,
  },
  { name: "a zone of each kind", runs: ["test/fixtures/sdn"], settings: ALL_EXTENSIONS },
  ...["pve7", "pve9", "standalone", "standalone-no-sys-audit", "two-sites"].map((name) => ({
    name: `the fixture ${name}`,
    runs: [`test/fixtures/${name}`],
    settings: {},
  })),
];

/** Every answer of a committed snapshot. */
export async function siteIn(folder: string): Promise<Site> {
  return siteOf(await openSnapshot(await openStore(join(ROOT, folder))));
}

const cache = new Map<string, Promise<Outcome>>();

/** Made once per process. */
export function outcomeOf(each: WholeCase): Promise<Outcome> {
  const known = cache.get(each.name);
  const made = known ?? makeOutcome(each);
  cache.set(each.name, made);
  return made;
}

async function makeOutcome({ runs, settings }: WholeCase): Promise<Outcome> {
  const snapshots = runs.map(async (run) => inMemory(await siteIn(run), run));
  return transformed(await Promise.all(snapshots), settings);
}
